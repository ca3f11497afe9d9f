/*
 * arity.h - what Python says when arguments do not fit the parameters
 *
 * Functions written in Python, built-in functions and methods each have words
 * of their own.  All give -1 after render_fail().
 */
#ifndef POSTRIDER_TEMPLATE_ARITY_H
#define POSTRIDER_TEMPLATE_ARITY_H

#include "template/values/registry.h"

/* What built-in functions look at before any of their arguments: keywords where
 * none are taken, more arguments than parameters.  0 or -1. */
int arity_check(struct render *render, const struct callable *callable, struct arguments arguments);

/* More positional arguments than parameters. */
int arity_too_many(struct render *render, const struct callable *callable, size_t given);

/* Parameters without an argument; `slots` says which, `given` were positional. */
int arity_missing(struct render *render, const struct callable *callable, const struct value *slots, size_t given);

/* A keyword that no parameter has. */
int arity_unexpected(struct render *render, const struct callable *callable, struct value name);

/* A parameter by place and by keyword. */
int arity_twice(struct render *render, const struct callable *callable, struct value name);

#endif
