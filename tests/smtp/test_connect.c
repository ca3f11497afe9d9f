/* test_connect.c - several addresses of a host, some of them no good */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "smtp/connect.h"

enum kind { GOOD, REFUSES, DEAF, GOOD6, REFUSES6 };

struct end {
	struct addrinfo info;
	struct sockaddr_storage address;
	int listener, fillers[8];
};

static void listen_at(struct end *end, enum kind kind)
{
	bool six = kind == GOOD6 || kind == REFUSES6;
	struct sockaddr_in *four = (struct sockaddr_in *)&end->address;
	struct sockaddr_in6 *long_one = (struct sockaddr_in6 *)&end->address;
	socklen_t len = six ? sizeof *long_one : sizeof *four;

	*end = (struct end){ .listener = -1 };
	memset(end->fillers, -1, sizeof end->fillers);
	if (six) {
		*long_one = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_addr = in6addr_loopback };
	} else {
		*four = (struct sockaddr_in){ .sin_family = AF_INET,
					      .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	}
	end->listener = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM, 0);
	if (bind(end->listener, (struct sockaddr *)&end->address, len) < 0)
		skip();		/* this host has no IPv6 */
	assert_int_equal(getsockname(end->listener, (struct sockaddr *)&end->address, &len), 0);
	end->info = (struct addrinfo){ .ai_family = six ? AF_INET6 : AF_INET, .ai_socktype = SOCK_STREAM,
				       .ai_addr = (struct sockaddr *)&end->address, .ai_addrlen = len };
	if (kind == REFUSES || kind == REFUSES6)
		return;		/* bound, so that nobody else takes the port, but not listening */
	assert_int_equal(listen(end->listener, kind == DEAF ? 0 : 8), 0);
	for (int i = 0; kind == DEAF && i < 8; i++) {
		end->fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
		connect(end->fillers[i], end->info.ai_addr, len);
	}
}

static void close_end(struct end *end)
{
	close(end->listener);
	for (int i = 0; i < 8; i++)
		if (end->fillers[i] >= 0)
			close(end->fillers[i]);
}

/* Connects to ends of these kinds; returns the index of the one reached, -1: none. */
static int try(const enum kind *kinds, size_t count, int64_t timeout_ms, int64_t *took_ms,
	       struct error *error)
{
	struct end ends[4];
	struct connect_peer peer = { 0 };
	struct sockaddr_storage reached;
	socklen_t len = sizeof reached;
	int winner = -1;

	for (size_t i = 0; i < count; i++)
		listen_at(&ends[i], kinds[i]);
	for (size_t i = 0; i + 1 < count; i++)
		ends[i].info.ai_next = &ends[i + 1].info;
	int64_t begun = clock_monotonic_ms();
	int fd = connect_any(&ends[0].info, timeout_ms, &peer, error);
	*took_ms = clock_monotonic_ms() - begun;
	if (fd >= 0) {
		int nodelay = 0;
		socklen_t size = sizeof nodelay;

		assert_int_equal(getpeername(fd, (struct sockaddr *)&reached, &len), 0);
		for (size_t i = 0; i < count; i++)
			if (len == ends[i].info.ai_addrlen && !memcmp(&reached, &ends[i].address, len))
				winner = (int)i;
		assert_true(winner >= 0);
		assert_true(peer.loopback);
		assert_true(fcntl(fd, F_GETFL) & O_NONBLOCK);
		assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &size);
		assert_true(nodelay);
		close(fd);
	}
	for (size_t i = 0; i < count; i++)
		close_end(&ends[i]);
	return winner;
}

static void the_first_good_one_is_taken(void **unused)
{
	struct error error = ERROR_INIT;
	int64_t took;

	(void)unused;
	assert_int_equal(try((enum kind[]){ GOOD, GOOD }, 2, 2000, &took, &error), 0);
	assert_int_equal(try((enum kind[]){ REFUSES, GOOD }, 2, 2000, &took, &error), 1);
	assert_true(took < 200);	/* a refusal is not waited for */
	assert_int_equal(try((enum kind[]){ DEAF, GOOD }, 2, 2000, &took, &error), 1);
	assert_true(took >= 240 && took < 1000);	/* RFC 8305: 250 ms later */
	assert_int_equal(try((enum kind[]){ DEAF, REFUSES, GOOD }, 3, 2000, &took, &error), 2);
	assert_true(took < 1000);
	error_clear(&error);
}

static void families_take_turns(void **unused)
{
	struct error error = ERROR_INIT;
	int64_t took;

	(void)unused;
	/* The two of the first family are deaf: the other family comes second, not third. */
	assert_int_equal(try((enum kind[]){ DEAF, DEAF, GOOD6 }, 3, 2000, &took, &error), 2);
	assert_true(took >= 240 && took < 450);
	assert_int_equal(try((enum kind[]){ REFUSES6, GOOD }, 2, 2000, &took, &error), 1);
	assert_int_equal(try((enum kind[]){ GOOD6, GOOD }, 2, 2000, &took, &error), 0);
	error_clear(&error);
}

static void each_failure_is_named(void **unused)
{
	struct error error = ERROR_INIT;
	int64_t took;

	(void)unused;
	assert_int_equal(try((enum kind[]){ DEAF, REFUSES }, 2, 500, &took, &error), -1);
	assert_true(took >= 490 && took < 1500);
	assert_non_null(strstr(error.text, "no answer from 127.0.0.1:"));
	assert_non_null(strstr(error.text, " within 500ms; connection refused by 127.0.0.1:"));
	error_clear(&error);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_good_one_is_taken),
		cmocka_unit_test(families_take_turns),
		cmocka_unit_test(each_failure_is_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
