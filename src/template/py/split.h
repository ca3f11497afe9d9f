/*
 * split.h - cutting text into pieces, one at a time
 *
 *	struct split split = split_lines(s, false);
 *	struct span piece;
 *	while (split_next(&split, &piece))
 *		...
 */
#ifndef POSTRIDER_TEMPLATE_PY_SPLIT_H
#define POSTRIDER_TEMPLATE_PY_SPLIT_H

#include <stdint.h>

#include "template/py/span.h"

struct split {
	struct span rest, separator;
	int64_t left;		/* cuts still allowed; < 0: any number */
	enum { SPLIT_SPACE, SPLIT_SEPARATOR, SPLIT_LINES } by;
	bool from_right, keep_ends, done;
};

/* str.split(None, most) and str.rsplit(None, most). */
struct split split_space(struct span s, int64_t most, bool from_right);

/* str.split(separator, most); the separator must not be empty. */
struct split split_by(struct span s, struct span separator, int64_t most, bool from_right);

struct split split_lines(struct span s, bool keep_ends);

/* The next piece, a part of the text; from the right the last comes first. */
bool split_next(struct split *split, struct span *piece);

#endif
