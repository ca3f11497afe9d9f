/*
 * span.h - bytes that somebody else owns
 *
 * Every text in this folder is a span of valid UTF-8 that may hold NUL.
 * Results go to a struct buf of the caller's or are spans of the argument.
 */
#ifndef POSTRIDER_TEMPLATE_PY_SPAN_H
#define POSTRIDER_TEMPLATE_PY_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/buf.h"

struct span {
	const char *at;		/* borrowed */
	size_t len;		/* bytes */
};

static inline struct span span_of(const char *s)
{
	return (struct span){ s, strlen(s) };
}

static inline struct span span_buf(const struct buf *buf)
{
	return (struct span){ buf_str(buf), buf->len };
}

/* Bytes [from, to). */
static inline struct span span_cut(struct span s, size_t from, size_t to)
{
	return (struct span){ s.at + from, to - from };
}

static inline bool span_equal(struct span a, struct span b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline bool span_is(struct span a, const char *s)
{
	return span_equal(a, span_of(s));
}

static inline void span_add(struct span s, struct buf *out)
{
	buf_add(out, s.at, s.len);
}

#endif
