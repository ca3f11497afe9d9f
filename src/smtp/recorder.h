/*
 * recorder.h - the flight recorder: the last lines of an SMTP dialogue
 *
 * A ring of fixed size.  What is secret or somebody's mail is never handed
 * in: the callers leave out credentials and bodies.
 */
#ifndef POSTRIDER_RECORDER_H
#define POSTRIDER_RECORDER_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

enum { RECORDER_LINES = 40, RECORDER_WIDTH = 120 };

struct recorder {
	struct recorder_line {
		int64_t unix_ms;
		char side;
		char text[RECORDER_WIDTH];
	} lines[RECORDER_LINES];
	size_t next;		/* where the next line goes */
	size_t count;		/* lines held */
};

void recorder_init(struct recorder *recorder);

/*
 * Adds one line, without its end; it is cleaned (see reply_clean()) and cut.
 * `side` is 'C' (client), 'S' (server) or '*' (what happened to the connection).
 */
void recorder_add(struct recorder *recorder, char side, const char *line, size_t len);

/* Adds the lines, oldest first, each "2026-11-23T18:13:34.123Z C: MAIL FROM:<...>\n". */
void recorder_print(const struct recorder *recorder, struct buf *out);

#endif
