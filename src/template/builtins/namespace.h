/*
 * namespace.h - namespace(): the one object whose attributes a template sets
 */
#ifndef POSTRIDER_TEMPLATE_NAMESPACE_H
#define POSTRIDER_TEMPLATE_NAMESPACE_H

#include "template/values/native.h"

/* Takes the dict. */
struct value namespace_new(struct render *render, struct dict *attributes);

bool value_is_namespace(struct value v);

/* {% set v.name = value %}; `v` is a namespace, `name` a string. */
void namespace_set(struct render *render, struct value v, struct value name, struct value value);

#endif
