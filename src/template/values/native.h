/*
 * native.h - filters, tests, methods and globals: rows of tables
 *
 * A row is a name, a signature and a C function:
 *
 *	{ "truncate", "length=255 killwords=False end='...' leeway=None", filter_truncate },
 *
 * The signature is a list of parameters separated by blanks, each a name or
 * name=default; a default is None, True, False, an int, a float, '...' (no
 * blanks and no escapes in it) or - for "not given", which the function sees
 * as VALUE_MISSING.  `*args` collects further positional arguments as a
 * tuple, `**kwargs` further named ones as a dict (both always given, perhaps
 * empty).  A lone "/" means that parameters before it cannot be named, a lone
 * "*" before the first that all have to be.  The
 * engine binds arguments to parameters by Python's rules, at compile time
 * where it can, and says "missing 1 required positional argument: 'x'" and
 * the like itself.
 *
 * The function gets `self` - the value that is filtered or tested, the
 * receiver of a method, MISSING for a global - and one value for each
 * parameter in the order of the signature.
 */
#ifndef POSTRIDER_TEMPLATE_NATIVE_H
#define POSTRIDER_TEMPLATE_NATIVE_H

#include "template/values/ops.h"

enum {
	NATIVE_CONTEXT = 1,	/* needs the running context: never folded at compile time */
	NATIVE_PROPERTY = 2,	/* of a method: an attribute computed when it is looked up */
	NATIVE_MARKUP = 4,	/* of a method of str: only Markup has it */
	NATIVE_TYPE = 32,	/* of a global: in Python a class, which has another name when printed */
	/* For messages about arguments, which count as Python counts: */
	NATIVE_PASSED = 8,	/* Python's function is passed a context or environment besides */
	NATIVE_BUILTIN = 16,	/* Python's function is built in, not written in Python */
};

struct native {
	const char *name;	/* NULL ends a table */
	const char *params;
	struct value (*call)(struct render *render, struct value self, const struct value *args);
	unsigned flags;
	const char *pyname;	/* what Python calls it in messages; NULL: do_NAME for filters,
				 * test_NAME for tests, NAME otherwise */
};

/*
 * The tables; native.c lists them.  Each ends with an all-zero row.  A name
 * must stand only once among filters, tests, globals, or the methods of one
 * kind.
 */
extern const struct native filters_core[], filters_html[], filters_lazy[], filters_number[], filters_sequence[],
	filters_text[];
extern const struct native tests_core[], tests_kind[], tests_order[];
extern const struct native globals_core[], globals_i18n[], globals_i18n_new[];
extern const struct native methods_dict[], methods_float[], methods_int[], methods_list[], methods_range[],
	methods_str[], methods_tuple[], methods_view[];

/*
 * Callable things that are not rows: an object begins with its class.
 */
struct object {
	const struct object_class *class;
};

struct object_class {
	const char *type;	/* "jinja2.utils.Cycler" */
	/* An attribute, or MISSING; NULL: none. */
	struct value (*attribute)(struct render *render, struct object *self, struct value name);
	/* NULL: not callable */
	struct value (*call)(struct render *render, struct object *self, struct arguments arguments);
	/* Adds str() or repr() to render->out, 0 or -1; NULL: <type object> */
	int (*print)(struct render *render, struct object *self, bool repr);
	/* Python's obj[key], or MISSING; NULL: not subscriptable */
	struct value (*item)(struct render *render, struct object *self, struct value key);
	/* 1 and an item, 0, -1; NULL: not iterable */
	int (*next)(struct render *render, struct object *self, struct value *item);
	/* len(); NULL: none, and true as a condition */
	int64_t (*length)(struct render *render, struct object *self);
	bool html;		/* has __html__: print() gives Markup */
};

#endif
