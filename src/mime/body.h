/*
 * body.h - text as the lines of a MIME body
 */
#ifndef POSTRIDER_BODY_H
#define POSTRIDER_BODY_H

#include <stddef.h>

#include "base/buf.h"

/*
 * Adds the field Content-Transfer-Encoding, the empty line and the content,
 * every line ended by CRLF: as it is where that is safe, else as
 * quoted-printable or base64, whichever is shorter (RFC 2045 6).  `content`
 * is text without NUL, with CRLF, LF or CR at its line ends.
 */
void body_add(const char *content, size_t len, struct buf *out);

#endif
