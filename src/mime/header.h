/*
 * header.h - one header field, folded and encoded
 *
 *	struct header header = header_begin(out, "Subject");
 *	header_text(&header, "Grüße");
 *	header_end(&header);
 *
 * RFC 5322 2.2.3 folding at 76 columns and RFC 2047 encoded words of at most
 * 75 characters, none of which splits a character.  GMime's own functions
 * write words of more than 170 characters where a text has no spaces, and
 * leave alone what merely looks like an encoded word.
 */
#ifndef POSTRIDER_HEADER_H
#define POSTRIDER_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "message/address.h"

struct header {
	struct buf *out;
	size_t column;		/* of the present line */
	bool fresh;		/* nothing follows the name yet */
};

struct header header_begin(struct buf *out, const char *name);

/* Unstructured text (RFC 5322 3.2.5): UTF-8 without control characters. */
void header_text(struct header *header, const char *text);

/* A list of mailboxes (RFC 5322 3.4), display names quoted or encoded as need be. */
void header_mailboxes(struct header *header, const struct address *list, size_t count);

void header_end(struct header *header);

#endif
