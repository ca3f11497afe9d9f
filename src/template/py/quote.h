/*
 * quote.h - repr() and ascii() of text
 */
#ifndef POSTRIDER_TEMPLATE_PY_QUOTE_H
#define POSTRIDER_TEMPLATE_PY_QUOTE_H

#include "template/py/span.h"

/* Adds 'text' as Python's repr() writes it: the quotes that need less
 * escaping, what is not printable escaped. */
void quote_repr(struct span s, struct buf *out);

/* The same with everything beyond ASCII escaped. */
void quote_ascii(struct span s, struct buf *out);

/* Adds what is a repr() already, everything beyond ASCII escaped. */
void quote_add_ascii(struct span repr, struct buf *out);

#endif
