/*
 * input.h - JSON as values
 */
#ifndef POSTRIDER_TEMPLATE_INPUT_H
#define POSTRIDER_TEMPLATE_INPUT_H

#include <jansson.h>

#include "template/values/render.h"

/* The members of an object, or what any other JSON value is.  Strings are
 * borrowed from `json`. */
struct dict *input_dict(struct arena *arena, json_t *json);

#endif
