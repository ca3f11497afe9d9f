/*
 * attrpath.h - the attribute that filters look up in each item: "user.name.0"
 */
#ifndef POSTRIDER_TEMPLATE_ATTRPATH_H
#define POSTRIDER_TEMPLATE_ATTRPATH_H

#include "template/values/ops.h"

struct attrpath {
	struct value *parts;	/* names and ints; none: the item itself */
	size_t count;
	struct value fallback;	/* instead of Undefined; MISSING or None: none */
	bool ignore_case;	/* what is found is lowered if it is text */
};

/* From an `attribute` argument: None, an int, or names with dots.  0 or -1. */
int attrpath_init(struct render *render, struct attrpath *path, struct value attribute);

/* What the path leads to from `item`. */
struct value attrpath_get(struct render *render, const struct attrpath *path, struct value item);

/* Jinja's ignore_case(): text in lower case, anything else as it is. */
struct value attrpath_fold(struct render *render, struct value v);

#endif
