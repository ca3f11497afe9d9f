/*
 * registry.h - the tables of natives, looked up by name, and their signatures
 *
 * Built once in a process, from the tables that registry.c lists, and never
 * changed afterwards.
 */
#ifndef POSTRIDER_TEMPLATE_REGISTRY_H
#define POSTRIDER_TEMPLATE_REGISTRY_H

#include "template/values/native.h"

enum { NATIVE_MAX_PARAMS = 16 };

/* A row with its signature read. */
struct callable {
	struct object object;		/* so that a global is a value */
	const struct native *row;
	const char *pyname;		/* in messages */
	const char *type;		/* of a method's receiver; NULL: no method */
	unsigned implicit;		/* arguments that Python's counterpart gets besides: the value, a context */
	unsigned count;			/* parameters, * and ** among them */
	unsigned positional_only;	/* this many from the first cannot be named */
	bool keyword_only;		/* all have to be */
	int star, star_star;		/* their places, or -1 */
	struct value names[NATIVE_MAX_PARAMS];
	struct value defaults[NATIVE_MAX_PARAMS];
	uint32_t required, optional;	/* bits; optional ones without a default are MISSING */
};

/* The name of an attribute, with the method that each kind has under it. */
struct attribute {
	struct value name;
	uint32_t hash;
	const struct callable *methods[VALUE_KINDS];	/* NULL: none */
};

/* The method or property that a value has under the name; NULL: none. */
static inline const struct callable *attribute_method(const struct attribute *attribute, struct value v)
{
	const struct callable *method = attribute->methods[v.kind];

	if (method && (method->row->flags & NATIVE_MARKUP) && !value_is_markup(v))
		return NULL;
	return method;
}

/* NULL when there is none. */
const struct callable *registry_filter(struct value name);
const struct callable *registry_test(struct value name);
const struct attribute *registry_attribute(struct value name, uint32_t hash);

/* All of them by name. */
const struct dict *registry_filters(void);
const struct dict *registry_tests(void);
const struct dict *registry_globals(void);

/* A global, or MISSING. */
struct value registry_global(struct value name, uint32_t hash);
struct value registry_i18n(struct value name, uint32_t hash, bool newstyle); /* of globals_i18n or globals_i18n_new */

/*
 * Puts arguments into the parameters' places: slots[callable->count].  0, or
 * -1 and a TypeError.
 */
int callable_bind(struct render *render, const struct callable *callable,
		  struct arguments arguments, struct value *slots);

/*
 * Calls with every parameter in its place.  Natives are free to look through
 * the whole of a text once: a long one counts as work, whatever they do.
 */
static inline struct value callable_run(struct render *render, const struct callable *callable,
					struct value self, const struct value *slots)
{
	if (self.kind == VALUE_STRING && self.len > 4096 && render_work(render, self.len) < 0)
		return value_error();
	return callable->row->call(render, self, slots);
}

/* Binds and calls. */
struct value callable_call(struct render *render, const struct callable *callable, struct value self,
			   struct arguments arguments);

/* A method with its receiver. */
struct value callable_bound(struct render *render, const struct callable *callable, struct value self);

/* What attribute_get() does but for a plain key of a dict. */
struct value attribute_find(struct render *render, struct value v, const struct attribute *attribute);

/* value_getattr() for a name known at compile time. */
static inline struct value attribute_get(struct render *render, struct value v, const struct attribute *attribute)
{
	if (v.kind != VALUE_DICT || attribute->methods[VALUE_DICT])
		return attribute_find(render, v, attribute);
	struct value found = dict_get_hashed(v.dict, attribute->name, attribute->hash);
	return value_given(found) ? found : undefined_of(render, v, attribute->name);
}

extern const struct object_class callable_class;

#endif
