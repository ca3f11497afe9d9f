/*
 * type.h - what Python says a value is: x.__class__.__name__
 */
#ifndef POSTRIDER_TEMPLATE_TYPE_H
#define POSTRIDER_TEMPLATE_TYPE_H

#include "template/values/native.h"

/* v.__class__, the same object each time in a rendering. */
struct value type_of(struct render *render, struct value v);

/* An attribute of the class with this full name, "jinja2.utils.Cycler", or MISSING. */
struct value type_attribute(const char *class_name, struct value attribute);

/* Adds "<class 'str'>". */
void type_print(const char *class_name, struct buf *out);

/* The attributes that values of every kind have. */
extern const struct native methods_any[];

#endif
