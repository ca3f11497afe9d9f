/*
 * format.h - str.format(), str.format_map() and format()
 *
 * printf-style formatting is value_percent() (ops.h).
 */
#ifndef POSTRIDER_TEMPLATE_FORMAT_H
#define POSTRIDER_TEMPLATE_FORMAT_H

#include "template/values/ops.h"

/* Adds format(v, spec) to render->out; 0 or -1. */
int format_value(struct render *render, struct value v, struct span spec);

/*
 * format.format(*list, **mapping), or format.format_map(mapping) when `list`
 * is NULL.  When `format` is Markup and not for format_map(), what is filled
 * in is escaped.  Attributes with a leading underscore are refused, as in
 * Jinja's sandbox.
 */
struct value format_string(struct render *render, struct value format, const struct list *list,
			   struct value mapping);

#endif
