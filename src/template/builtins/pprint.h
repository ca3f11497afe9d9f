/*
 * pprint.h - Python's pprint.pformat(): a value laid out over lines
 */
#ifndef POSTRIDER_TEMPLATE_PPRINT_H
#define POSTRIDER_TEMPLATE_PPRINT_H

#include "template/values/ops.h"

/* The text, keys sorted, no line above 80 columns where that can be. */
struct value pprint_format(struct render *render, struct value v);

/* The same with several items a line where they fit, and what is more than
 * three deep left out (depth=3, compact=True). */
struct value pprint_summary(struct render *render, struct value v);

#endif
