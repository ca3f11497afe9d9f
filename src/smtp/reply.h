/*
 * reply.h - SMTP replies: RFC 5321 4.2, RFC 2034 and RFC 3463
 *
 * Pure: bytes in, replies out.  The bytes come from a server that may be
 * broken or hostile; lengths are bounded and nothing of them is trusted.
 */
#ifndef POSTRIDER_REPLY_H
#define POSTRIDER_REPLY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "smtp/session.h"

enum {
	REPLY_LINE_MAX = 4096,		/* RFC 5321 4.5.3.1.5 says 512; real ones are longer */
	REPLY_TEXT_MAX = 16384,		/* of all lines together */
};

enum reply_state {
	REPLY_PART,		/* more bytes are wanted */
	REPLY_WHOLE,		/* one reply is complete */
	REPLY_BROKEN,		/* this is no SMTP: `fault` says why */
};

/* Puts a reply together from bytes as they come. */
struct reply_reader {
	struct buf line;	/* the present line, without its end */
	struct buf text;	/* the lines of the present reply without their codes, joined by "\n" */
	int code;		/* of the present reply; 0 before its first line */
	const char *fault;	/* a literal */
	bool whole;		/* what is held was handed out: begin anew */
};

void reply_reader_init(struct reply_reader *reader);
void reply_reader_clear(struct reply_reader *reader);
void reply_reader_reset(struct reply_reader *reader);

/*
 * Takes bytes up to the end of one reply; `*used` says how many.  REPLY_WHOLE:
 * reader->code and reader->text hold it until the next call.  REPLY_BROKEN
 * stays so until reply_reader_reset().
 */
enum reply_state reply_read(struct reply_reader *reader, const char *bytes, size_t len, size_t *used);

/* True between the first byte of a reply and its last. */
bool reply_pending(const struct reply_reader *reader);

/*
 * Makes a reply for people and records of a code and the text behind it: the
 * enhanced code is taken off each line (RFC 2034 4; 4 and 5 may stand for each
 * other, since some servers mix them), lines are joined by a space, controls become spaces and bytes
 * that are no UTF-8 become "?".  The text lives in `arena`; it is cut at 1000
 * bytes, between characters.
 */
struct session_reply reply_make(int code, const char *text, size_t len, struct arena *arena);

/* A reply of our own: no code came, the text says what happened instead. */
__attribute__((format(printf, 2, 3)))
struct session_reply reply_none(struct arena *arena, const char *format, ...);

/* Adds `len` bytes with controls as spaces and what is no UTF-8 as "?". */
void reply_clean(struct buf *out, const char *text, size_t len);

#endif
