/*
 * transport.h - the connection below an SMTP session: address, socket, TLS
 *
 * The only place that knows OpenSSL's ssl.h.  libesmtp performs the handshake
 * and moves the bytes of the session itself, with the context made here; what
 * the session says beside it (QUIT, the first EHLO) goes through
 * transport_write() and transport_read().
 *
 * The socket is this module's own.  libesmtp works on a duplicate of the
 * descriptor, so that the connection can be watched, cut and asked what became
 * of it whatever the library does.
 */
#ifndef POSTRIDER_TRANSPORT_H
#define POSTRIDER_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "config/config.h"

struct transport;
struct smtp_session;	/* libesmtp's */

/* `relay` is borrowed for the transport's life. */
struct transport *transport_new(const struct config_relay *relay);
void transport_free(struct transport *transport);	/* NULL is allowed */

/*
 * Resolves the relay's host and connects, trying IPv6 and IPv4 addresses in
 * turn and side by side as RFC 8305 describes, all within timeouts.connect_ms.
 * Name resolution itself is bounded by resolv.conf(5) alone.  Returns 0, or
 * -1 with each address's reason in `error`.
 */
int transport_connect(struct transport *transport, struct error *error);

int transport_fd(const struct transport *transport);	/* -1: not connected */
const char *transport_peer(const struct transport *transport);	/* "192.0.2.1:587"; "" when none */
bool transport_is_loopback(const struct transport *transport);
bool transport_is_tls(const struct transport *transport);

/*
 * Bytes beside libesmtp, through TLS once it stands.  Both wait until the
 * monotonic clock shows `until_ms`.  read: number of bytes, 0 when the other
 * side has closed, -1 with errno (ETIMEDOUT when time is up).  write: 0 when
 * all is written, else -1 with errno.
 */
ssize_t transport_read(struct transport *transport, char *bytes, size_t size, int64_t until_ms);
int transport_write(struct transport *transport, const char *bytes, size_t len, int64_t until_ms);

enum transport_state {
	TRANSPORT_QUIET,	/* open and nothing to read */
	TRANSPORT_SPOKE,	/* there is something to read */
	TRANSPORT_CLOSED,	/* closed or reset by the other side, or not connected */
};

/* What poll(2) would say, looking through TLS; reads away what is TLS's own. */
enum transport_state transport_look(struct transport *transport);

/* Ends the connection in both directions for everyone who holds it; stays a descriptor. */
void transport_cut(struct transport *transport);

/* Says goodbye to TLS, without waiting, before a cut. */
void transport_close_notify(struct transport *transport);

/* Closes the descriptor. */
void transport_close(struct transport *transport);

/*
 * Reads the files that the relay's TLS needs, if it uses TLS and they have not
 * been read yet.  Returns 0, or -1 with the file and what is wrong with it.
 */
int transport_load_tls(struct transport *transport, struct error *error);

/* Hands libesmtp what transport_load_tls() has made.  Returns 0, or -1 with the reason. */
int transport_give_tls(struct transport *transport, struct smtp_session *session,
		       struct error *error);

/* The handshake begins now and must be over by then. */
void transport_expect_tls(struct transport *transport, int64_t until_ms);

/* The handshake is done: `ssl` is libesmtp's SSL object, borrowed until transport_tls_over(). */
void transport_tls_up(struct transport *transport, void *ssl);
void transport_tls_over(struct transport *transport);

/*
 * Why the handshake failed, or the connection ended before anything came through
 * TLS: which flaw a certificate has and what to do, for the person who must mend
 * it.  NULL when TLS itself had no complaint.
 */
const char *transport_tls_fault(struct transport *transport);

/* Empties OpenSSL's error queue, which would otherwise confuse libesmtp's next call. */
void transport_forget_errors(void);

#endif
