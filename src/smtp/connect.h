/*
 * connect.h - a TCP connection to a host by name, within a time
 *
 * Tries the host's addresses as RFC 8305 describes: families in turn, the
 * next one 250 ms after the last or at once when that has failed, all side by
 * side; the first to answer is taken.
 */
#ifndef POSTRIDER_CONNECT_H
#define POSTRIDER_CONNECT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct connect_peer {
	char text[80];		/* "192.0.2.1:587", "[2001:db8::1]:587" */
	bool loopback;
};

/*
 * Returns a non-blocking socket (close-on-exec, no Nagle delay, keep-alive)
 * with its peer described, or -1 with each address's reason in `error`.
 */
int connect_to(const char *host, int port, int64_t timeout_ms, struct connect_peer *peer,
	       struct error *error);

struct addrinfo;

/* The same for addresses that are known: `list` as getaddrinfo(3) gives it. */
int connect_any(const struct addrinfo *list, int64_t timeout_ms, struct connect_peer *peer,
		struct error *error);

#endif
