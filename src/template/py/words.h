/*
 * words.h - small things that Jinja's filters do with text and numbers
 */
#ifndef POSTRIDER_TEMPLATE_PY_WORDS_H
#define POSTRIDER_TEMPLATE_PY_WORDS_H

#include "base/error.h"
#include "template/py/span.h"

/* How many runs of \w there are. */
size_t words_count(struct span s);

/* "1.0 kB", "1 Byte", "2.5 MiB"; -1 for minus infinity. */
int words_file_size(double bytes, bool binary, struct buf *out, struct error *error);

#endif
