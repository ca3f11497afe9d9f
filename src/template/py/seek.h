/*
 * seek.h - finding, counting and replacing text in text
 *
 * UTF-8 is searched byte by byte, which finds the same as code points would.
 */
#ifndef POSTRIDER_TEMPLATE_PY_SEEK_H
#define POSTRIDER_TEMPLATE_PY_SEEK_H

#include <stdint.h>

#include "base/error.h"
#include "template/py/span.h"

enum { SEEK_NONE = -1 };

/* The byte where `sub` stands first or last in `s`, or SEEK_NONE. */
int64_t seek_first(struct span s, struct span sub);
int64_t seek_last(struct span s, struct span sub);

bool seek_starts(struct span s, struct span prefix);
bool seek_ends(struct span s, struct span suffix);

/* Without overlaps; an empty `sub` stands between all code points. */
size_t seek_count(struct span s, struct span sub);

/* What Python's start and end (code points, negative from the end) choose:
 * bytes [*from, *to), or false when start lies behind the end. */
bool seek_range(struct span s, int64_t start, int64_t end, size_t *from, size_t *to);

/* s.replace(old, new, count) added to `out`; count < 0: all.  -1 when the
 * result would have more than `most` bytes. */
int seek_replace(struct span s, struct span old, struct span new, int64_t count, size_t most,
		 struct buf *out, struct error *error);

#endif
