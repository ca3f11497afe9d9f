/*
 * prelude.c - brings libesmtp onto a socket that is not its own
 *
 * libesmtp connects by itself, blocking and without a time-out, knows no
 * implicit TLS and obeys bytes injected behind the 220 of STARTTLS.  So the
 * real connection is made and greeted without it, and libesmtp is brought in
 * afterwards: it is told to connect to a listener of ours on 127.0.0.1; as
 * soon as it has (no byte crosses loopback), its descriptor is replaced by one
 * end of a socket pair, on which it hears a greeting and, where TLS is wanted,
 * an EHLO reply that offers STARTTLS and the 220 to that.  At the moment it
 * has read the last line of this, its descriptor is replaced by a duplicate
 * of the real socket: from there on it does EHLO, or the TLS handshake, with
 * the server itself.
 *
 * This leans on the order of libesmtp 1.1.0's callbacks: the monitor sees a
 * command before it is written and a reply before it is parsed.  The tests
 * fail loudly if that changes.
 */
#include "smtp/private.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int prelude_listen(struct session *session, char *server, size_t size)
{
	struct sockaddr_in here = { .sin_family = AF_INET,
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof here;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	session->listener = fd;
	if (bind(fd, (struct sockaddr *)&here, sizeof here) < 0 || listen(fd, 1) < 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &len) < 0)
		return -1;
	snprintf(server, size, "127.0.0.1:%d", ntohs(here.sin_port));
	return 0;
}

static bool is_connected_to(int fd, const struct sockaddr_in *listener)
{
	struct sockaddr_in peer;
	socklen_t len = sizeof peer;

	return getpeername(fd, (struct sockaddr *)&peer, &len) == 0 && len == sizeof peer &&
	       peer.sin_family == AF_INET && peer.sin_port == listener->sin_port &&
	       peer.sin_addr.s_addr == listener->sin_addr.s_addr;
}

/* libesmtp does not tell its descriptor; it is the one connected to our listener. */
static int find_descriptor(const struct session *session)
{
	struct sockaddr_in here;
	socklen_t len = sizeof here;
	long most = sysconf(_SC_OPEN_MAX);

	if (getsockname(session->listener, (struct sockaddr *)&here, &len) < 0)
		return -1;
	for (int fd = session->listener + 1; fd < most && fd < session->listener + 256; fd++)
		if (is_connected_to(fd, &here))
			return fd;
	for (int fd = 0; fd < most && fd < 65536; fd++)
		if (is_connected_to(fd, &here))
			return fd;
	return -1;
}

static void say(struct session *session, const char *lines)
{
	/* A few bytes into an empty socket pair. */
	if (write(session->far_end, lines, strlen(lines)) < 0)
		session_cut(session, reply_none(session->arena, "writing to a socket pair failed: %s",
						strerror(errno)));
}

void prelude_begin(struct session *session)
{
	int pair[2];

	session->libesmtp_fd = find_descriptor(session);
	if (session->libesmtp_fd < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) < 0) {
		session_cut(session, reply_none(session->arena, "libesmtp's socket was not found"));
		return;
	}
	session->far_end = pair[1];
	if (dup3(pair[0], session->libesmtp_fd, O_CLOEXEC) < 0)
		session_cut(session, reply_none(session->arena, "dup3: %s", strerror(errno)));
	close(pair[0]);
	session->prelude = PRELUDE_GREETING;
	say(session, "220 postrider\r\n");
}

/* libesmtp is about to write a command into the socket pair. */
void prelude_written(struct session *session, const char *bytes, size_t len)
{
	if (session->prelude == PRELUDE_EHLO && len >= 4 && !memcmp(bytes, "EHLO", 4)) {
		say(session, "250-postrider\r\n250 STARTTLS\r\n");
	} else if (session->prelude == PRELUDE_STARTTLS && len >= 8 && !memcmp(bytes, "STARTTLS", 8)) {
		say(session, "220 go ahead\r\n");
	} else {
		session_cut(session, reply_none(session->arena, "libesmtp is out of step with the prelude"));
	}
}

static void hand_over(struct session *session)
{
	session->prelude = PRELUDE_OVER;
	if (dup3(transport_fd(session->transport), session->libesmtp_fd, O_CLOEXEC) < 0)
		session_cut(session, reply_none(session->arena, "dup3: %s", strerror(errno)));
	close(session->far_end);
	session->far_end = -1;
	if (session->relay->tls == CONFIG_TLS_NONE)
		return;
	int64_t limit = session_bound(session->relay->timeouts.command_ms);
	session_enter(session, SESSION_TLS, 2 * limit);
	session->until_ms = clock_monotonic_ms() + limit;
	transport_expect_tls(session->transport, session->until_ms);
}

/* libesmtp has read a reply of ours from the socket pair. */
void prelude_read(struct session *session)
{
	switch (session->prelude) {
	case PRELUDE_GREETING:
		if (session->relay->tls == CONFIG_TLS_NONE)
			hand_over(session);
		else
			session->prelude = PRELUDE_EHLO;
		break;
	case PRELUDE_EHLO:
		session->prelude = PRELUDE_STARTTLS;
		break;
	case PRELUDE_STARTTLS:
		hand_over(session);
		break;
	case PRELUDE_OVER:
		break;
	}
}

void prelude_clear(struct session *session)
{
	if (session->listener >= 0)
		close(session->listener);
	if (session->far_end >= 0)
		close(session->far_end);
	session->listener = session->far_end = session->libesmtp_fd = -1;
	session->prelude = PRELUDE_OVER;
}
