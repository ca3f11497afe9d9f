/*
 * utf8.h - code points in UTF-8
 *
 * Python counts in code points, so offsets here come in two kinds: `index`
 * counts code points, `offset` bytes.
 */
#ifndef POSTRIDER_TEMPLATE_PY_UTF8_H
#define POSTRIDER_TEMPLATE_PY_UTF8_H

#include <stdint.h>

#include "template/py/span.h"

/* The code point at byte `*offset` (which must be below s.len); moves on. */
uint32_t utf8_next(struct span s, size_t *offset);

/* The code point that ends before byte `*offset` (above 0); moves back. */
uint32_t utf8_previous(struct span s, size_t *offset);

/* The first byte that is no UTF-8, or s.len: for what comes from outside. */
size_t utf8_valid(struct span s);

/* Code points. */
size_t utf8_length(struct span s);
bool utf8_is_ascii(struct span s);

/* The byte at which code point `index` begins; s.len beyond the last. */
size_t utf8_offset(struct span s, size_t index);

/* The code point count of the first `offset` bytes. */
static inline size_t utf8_index(struct span s, size_t offset)
{
	return utf8_length((struct span){ s.at, offset });
}

/* 1 to 4 bytes. */
size_t utf8_encode(uint32_t c, char out[4]);
void utf8_add(uint32_t c, struct buf *out);

#endif
