/*
 * methods_dict.h - filling a dict as dict(), namespace() and update() do
 */
#ifndef POSTRIDER_TEMPLATE_METHODS_DICT_H
#define POSTRIDER_TEMPLATE_METHODS_DICT_H

#include "template/values/ops.h"

/* Adds a dict's entries or what pairs an iterable gives; 0 or -1. */
int methods_dict_update(struct render *render, struct dict *dict, struct value from);

/* The same from `*args`, one at most, and `**kwargs` of the function `name`. */
int methods_dict_fill(struct render *render, struct dict *dict, const char *name, struct value positional,
		      struct value named);

#endif
