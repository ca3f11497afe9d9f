/*
 * connect.c - from a host's name to a socket
 */
#include "smtp/connect.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"

enum {
	ADDRESSES_MAX = 12,
	ATTEMPT_DELAY_MS = 250,		/* RFC 8305 5 */
};

struct attempt {
	const struct addrinfo *address;
	int fd;			/* -1: not begun, or failed */
	int error;		/* errno of the failure; 0: none */
};

struct race {
	struct attempt attempts[ADDRESSES_MAX];
	size_t count, begun;
	int64_t next_ms;	/* when the next attempt is due, by the monotonic clock */
};

static void describe(const struct sockaddr *address, socklen_t len, struct connect_peer *peer)
{
	char host[64], port[8];

	if (getnameinfo(address, len, host, sizeof host, port, sizeof port,
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(host, sizeof host, "?"), snprintf(port, sizeof port, "?");
	snprintf(peer->text, sizeof peer->text, strchr(host, ':') ? "[%s]:%s" : "%s:%s", host, port);
	if (address->sa_family == AF_INET6) {
		const struct sockaddr_in6 *six = (const void *)address;

		peer->loopback = IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
	} else {
		const struct sockaddr_in *four = (const void *)address;

		peer->loopback = ntohl(four->sin_addr.s_addr) >> 24 == 127;
	}
}

/* The resolver's order within a family is kept; families take turns (RFC 8305 4). */
static void line_up(struct race *race, const struct addrinfo *list)
{
	const struct addrinfo *of[2] = { list, list };
	int family[2] = { list->ai_family, list->ai_family == AF_INET6 ? AF_INET : AF_INET6 };

	for (size_t turn = 0; race->count < ADDRESSES_MAX && (of[0] || of[1]); turn ^= 1) {
		while (of[turn] && of[turn]->ai_family != family[turn])
			of[turn] = of[turn]->ai_next;
		if (!of[turn])
			continue;
		race->attempts[race->count++] = (struct attempt){ of[turn], -1, 0 };
		of[turn] = of[turn]->ai_next;
	}
}

/* True when connected at once. */
static bool begin(struct race *race)
{
	struct attempt *attempt = &race->attempts[race->begun++];
	const struct addrinfo *address = attempt->address;
	int on = 1;

	race->next_ms = clock_monotonic_ms() + ATTEMPT_DELAY_MS;
	attempt->fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (attempt->fd < 0) {
		attempt->error = errno;
		return false;
	}
	setsockopt(attempt->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(attempt->fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	if (connect(attempt->fd, address->ai_addr, address->ai_addrlen) == 0)
		return true;
	if (errno != EINPROGRESS && errno != EINTR) {
		attempt->error = errno;
		close(attempt->fd);
		attempt->fd = -1;
	}
	return false;
}

static bool any_running(const struct race *race)
{
	for (size_t i = 0; i < race->begun; i++)
		if (race->attempts[i].fd >= 0)
			return true;
	return false;
}

/* Waits for one of the attempts; its index when connected, else -1. */
static int wait_for_one(struct race *race, int64_t until_ms)
{
	struct pollfd polls[ADDRESSES_MAX];
	int64_t wake = race->begun < race->count && race->next_ms < until_ms ? race->next_ms : until_ms;
	int64_t left = wake - clock_monotonic_ms();

	for (size_t i = 0; i < race->begun; i++)
		polls[i] = (struct pollfd){ race->attempts[i].fd, POLLOUT, 0 };
	if (poll(polls, race->begun, left < 0 ? 0 : (int)left) <= 0)
		return -1;
	for (size_t i = 0; i < race->begun; i++) {
		struct attempt *attempt = &race->attempts[i];
		socklen_t len = sizeof attempt->error;

		if (attempt->fd < 0 || !polls[i].revents)
			continue;
		if (getsockopt(attempt->fd, SOL_SOCKET, SO_ERROR, &attempt->error, &len) < 0)
			attempt->error = errno;
		if (!attempt->error)
			return (int)i;
		close(attempt->fd);
		attempt->fd = -1;
	}
	return -1;
}

static int run(struct race *race, int64_t until_ms)
{
	for (;;) {
		int64_t now = clock_monotonic_ms();

		if (race->begun < race->count && (!any_running(race) || now >= race->next_ms)) {
			if (begin(race))
				return (int)race->begun - 1;
			continue;
		}
		if (now >= until_ms || !any_running(race))
			return -1;
		int winner = wait_for_one(race, until_ms);
		if (winner >= 0)
			return winner;
	}
}

static void explain(const struct race *race, int64_t timeout_ms, struct error *error)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < race->begun; i++) {
		const struct attempt *attempt = &race->attempts[i];
		struct connect_peer peer = { 0 };

		describe(attempt->address->ai_addr, attempt->address->ai_addrlen, &peer);
		if (i)
			buf_puts(&text, "; ");
		if (attempt->error == ECONNREFUSED) {
			buf_printf(&text, "connection refused by %s", peer.text);
		} else if (attempt->error && attempt->error != ETIMEDOUT) {
			buf_printf(&text, "%s cannot be reached: %s", peer.text,
				   strerror(attempt->error));
		} else {
			buf_printf(&text, "no answer from %s within ", peer.text);
			units_print_duration(timeout_ms, &text);
		}
	}
	error_set(error, "%s", buf_str(&text));
	buf_clear(&text);
}

int connect_any(const struct addrinfo *list, int64_t timeout_ms, struct connect_peer *peer,
		struct error *error)
{
	struct race race = { .count = 0 };

	line_up(&race, list);
	int winner = run(&race, clock_monotonic_ms() + timeout_ms);
	for (size_t i = 0; i < race.begun; i++)
		if ((int)i != winner && race.attempts[i].fd >= 0)
			close(race.attempts[i].fd);
	if (winner < 0) {
		explain(&race, timeout_ms, error);
		return -1;
	}
	const struct addrinfo *address = race.attempts[winner].address;
	describe(address->ai_addr, address->ai_addrlen, peer);
	return race.attempts[winner].fd;
}

int connect_to(const char *host, int port, int64_t timeout_ms, struct connect_peer *peer,
	       struct error *error)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	char service[8];

	snprintf(service, sizeof service, "%d", port);
	int failed = getaddrinfo(host, service, &hints, &list);
	if (failed)
		return error_set(error, "the host name %s cannot be resolved: %s", host,
				 failed == EAI_SYSTEM ? strerror(errno) : gai_strerror(failed));
	int fd = connect_any(list, timeout_ms, peer, error);
	freeaddrinfo(list);
	return fd;
}
