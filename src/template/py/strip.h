/*
 * strip.h - str.strip() and its kin
 */
#ifndef POSTRIDER_TEMPLATE_PY_STRIP_H
#define POSTRIDER_TEMPLATE_PY_STRIP_H

#include "template/py/span.h"

enum strip_side { STRIP_LEFT = 1, STRIP_RIGHT = 2, STRIP_BOTH = 3 };

/* Without white space at the sides; a part of `s`. */
struct span strip_space(struct span s, enum strip_side side);

/* Without the code points that stand in `chars`. */
struct span strip_chars(struct span s, struct span chars, enum strip_side side);

#endif
