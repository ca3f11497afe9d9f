/*
 * json.h - a value as JSON text, as Python's json.dumps(sort_keys=True) writes it
 */
#ifndef POSTRIDER_TEMPLATE_JSON_H
#define POSTRIDER_TEMPLATE_JSON_H

#include "template/values/ops.h"

/* Adds to render->out; `indent` is None, a number of blanks or a string.
 * 0, or -1: "Object of type X is not JSON serializable". */
int json_print(struct render *render, struct value v, struct value indent);

#endif
