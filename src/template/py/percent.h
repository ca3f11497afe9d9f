/*
 * percent.h - printf-style formatting, str % x
 *
 * The format is read conversion by conversion; the caller finds each value
 * and says which of the functions below prints it.
 */
#ifndef POSTRIDER_TEMPLATE_PY_PERCENT_H
#define POSTRIDER_TEMPLATE_PY_PERCENT_H

#include "template/py/pyint.h"

enum { PERCENT_STAR = -2, PERCENT_NONE = -1, PERCENT_MOST = INT32_MAX };

struct percent {
	bool keyed;			/* %(key)s */
	struct span key;
	bool left, plus, blank, alternate, zero;
	int64_t width, precision;	/* or PERCENT_STAR: the next value says; or PERCENT_NONE */
	uint32_t type;			/* the letter */
	size_t index;			/* code point of the letter, for messages */
};

/*
 * Adds the text before the next conversion to `out` ("%%" is text) and reads
 * the conversion.  `*at` is
 * the byte to begin with, 0 at first.  1: a conversion, 0: the end, -1: a
 * fault (ValueError) in `error`.
 */
int percent_next(struct span format, size_t *at, struct percent *item, struct buf *out, struct error *error);

/* The width or precision that a '*' asked for. */
int percent_set_width(struct percent *item, struct pyint n, struct error *error);
int percent_set_precision(struct percent *item, struct pyint n, struct error *error);

bool percent_is_integer(const struct percent *item);	/* d i u o x X */
bool percent_is_float(const struct percent *item);	/* e E f F g G */

/* s r a: the text of the value; c: the character (precision does not cut it). */
void percent_add_text(const struct percent *item, struct span text, struct buf *out);
int percent_add_integer(const struct percent *item, struct pyint n, struct buf *out, struct error *error);
void percent_add_float(const struct percent *item, double d, struct buf *out);

/* "unsupported format character 'y' (0x79) at index 1" */
int percent_unsupported(const struct percent *item, struct error *error);

#endif
