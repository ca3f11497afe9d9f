/*
 * mime.h - a mail as bytes
 *
 * RFC 5322 header, RFC 2047 words, RFC 2045 body: CRLF only, lines of at most
 * 78 (header) and 76 (body) bytes where folding can do it and never above
 * 998, ending in CRLF.  Bcc is no part of the input and so of no output.
 */
#ifndef POSTRIDER_MIME_H
#define POSTRIDER_MIME_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"
#include "message/address.h"

struct mime_mail {
	struct address from;
	const struct address *to, *cc;
	size_t to_count, cc_count;
	const char *subject;		/* UTF-8, one line */
	const char *message_id;		/* without <> */
	int64_t date_unix_s;		/* printed in UTC (+0000) */
	const char *content_type;	/* "text/html" or "text/plain": of `content` */
	const char *content;		/* UTF-8; any line ends; NUL is refused */
	size_t content_len;
};

/* Once a process, before the first fork or use. */
void mime_init(void);

/*
 * Adds the whole mail to `out`.  Returns 0, or -1 with the reason.
 */
int mime_build(const struct mime_mail *mail, struct buf *out, struct error *error);

#endif
