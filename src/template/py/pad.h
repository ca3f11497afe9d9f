/*
 * pad.h - text in fields: center, ljust, rjust, zfill, expandtabs; slices
 */
#ifndef POSTRIDER_TEMPLATE_PY_PAD_H
#define POSTRIDER_TEMPLATE_PY_PAD_H

#include <stdint.h>

#include "base/error.h"
#include "template/py/span.h"

enum pad_side { PAD_LEFT, PAD_RIGHT, PAD_CENTER };

/* Adds `s` and fill characters on the given side, so that there are `width`
 * code points: a number that the caller has to bound, as in the next two. */
void pad_add(struct span s, int64_t width, uint32_t fill, enum pad_side side, struct buf *out);

void pad_zfill(struct span s, int64_t width, struct buf *out);
void pad_expand_tabs(struct span s, int64_t size, struct buf *out);

/*
 * The indices that start:stop:step choose in a sequence of `length`: the
 * first of them, and how many.  `step` is not 0.
 */
struct pad_slice {
	bool has_start, has_stop;
	int64_t start, stop, step;
};

int64_t pad_slice_count(const struct pad_slice *slice, int64_t length, int64_t *first);

/* s[start:stop:step] of text. */
void pad_slice_text(struct span s, const struct pad_slice *slice, struct buf *out);

#endif
