/*
 * wrap.h - textwrap.wrap() of one paragraph
 */
#ifndef POSTRIDER_TEMPLATE_PY_WRAP_H
#define POSTRIDER_TEMPLATE_PY_WRAP_H

#include <stdint.h>

#include "base/error.h"
#include "template/py/span.h"

struct wrap {
	int64_t width;			/* must be above 0 */
	bool break_long_words;
	bool split_on_hyphens;		/* words are split behind hyphens */
	bool break_on_hyphens;		/* words that are too long are broken behind one if they can be */
};

/*
 * Adds the lines that `s` becomes with `between` between them; blanks stay as
 * they are (expand_tabs=False, replace_whitespace=False) and are dropped
 * where a line breaks.  -1 and Python's message for a bad width.
 */
int wrap_add(struct span s, const struct wrap *wrap, struct span between, struct buf *out, struct error *error);

#endif
