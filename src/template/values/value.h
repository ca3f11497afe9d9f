/*
 * value.h - what an expression can be: 16 bytes, passed by value
 *
 * Everything that a value points to lives in the arena of the rendering (or
 * of the compiled template, for constants), so values are copied freely and
 * never freed one by one.  Strings are bytes that somebody holds with a
 * length: a slice of a string costs nothing.  Lists and dicts are shared by
 * reference and may change, as in Python.
 *
 * This header is the representation and what needs no rendering; what may
 * fail or call back (str(), comparing, iterating) stands in ops.h.
 */
#ifndef POSTRIDER_TEMPLATE_VALUE_H
#define POSTRIDER_TEMPLATE_VALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "template/py/pyint.h"
#include "template/py/span.h"

struct render;
struct dict;
struct iterator;
struct object;
struct undefined;

enum value_kind {
	VALUE_MISSING,		/* no value: an argument that was not given, a name not yet bound */
	VALUE_ERROR,		/* only as a result: the failure is described in the rendering */
	VALUE_UNDEFINED,	/* `undefined` */
	VALUE_NONE,
	VALUE_BOOL,		/* `number`: 0 or 1 */
	VALUE_INT,		/* `number`, or `big` when VALUE_BIG is among the flags */
	VALUE_FLOAT,		/* `real` */
	VALUE_STRING,		/* `text` and `len`; Markup when VALUE_MARKUP is among the flags */
	VALUE_TUPLE,		/* `list` */
	VALUE_LIST,		/* `list` */
	VALUE_DICT,		/* `dict` */
	VALUE_VIEW,		/* `dict`: its keys, values or items, see enum value_view in `len` */
	VALUE_RANGE,		/* `range` */
	VALUE_ITERATOR,		/* `iterator`: a generator; can be gone through once */
	VALUE_OBJECT,		/* `object`: a function, macro, loop, namespace, ... */
	VALUE_KINDS,
};

/* Flags of a value. */
enum {
	VALUE_MARKUP = 1,	/* of a string: safe to print, Python's type is Markup */
	VALUE_ASCII = 2,	/* of a string: known to have no byte above 127 */
	VALUE_BIG = 4,		/* of an int: `big` holds it, since 64 bits do not */
};

enum value_view { VIEW_KEYS, VIEW_VALUES, VIEW_ITEMS };

struct value {
	uint8_t kind;		/* enum value_kind */
	uint8_t flags;
	uint32_t len;		/* bytes of a string */
	union {
		int64_t number;
		double real;
		const char *text;	/* valid UTF-8, may hold NUL, need not end with one */
		const struct pyint_big *big;
		struct list *list;
		struct dict *dict;
		struct range *range;
		struct iterator *iterator;
		struct object *object;
		struct undefined *undefined;
	};
};

/* A list or a tuple.  A tuple never changes once others see it. */
struct list {
	struct value *items;
	size_t count, room;
	const char *const *names;	/* NULL, or of a named tuple: `count` attribute names */
};

struct range {
	int64_t start, stop, step;	/* step is not 0 */
	uint64_t count;
};

/*
 * Something that gives one item after another.  A lazy filter makes a struct
 * that begins with this one, in the arena.
 */
struct iterator {
	/* 1 and an item, 0 at the end (not called again), -1 after render_fail() */
	int (*next)(struct render *render, struct iterator *self, struct value *item);
	const char *type;	/* Python's name of the type: "generator" */
	bool done;
};

enum undefined_kind { UNDEFINED_DEFAULT, UNDEFINED_CHAINABLE, UNDEFINED_STRICT };

struct undefined {
	enum undefined_kind kind;
	const char *hint;	/* NULL, or the whole message */
	struct value owner;	/* what lacks it; MISSING: it is a variable */
	struct value name;	/* the name or element asked for */
};

/* ---- making values ---- */

static inline struct value value_missing(void)
{
	return (struct value){ .kind = VALUE_MISSING };
}

static inline struct value value_error(void)
{
	return (struct value){ .kind = VALUE_ERROR };
}

static inline struct value value_none(void)
{
	return (struct value){ .kind = VALUE_NONE };
}

static inline struct value value_bool(bool b)
{
	return (struct value){ .kind = VALUE_BOOL, .number = b };
}

static inline struct value value_int(int64_t number)
{
	return (struct value){ .kind = VALUE_INT, .number = number };
}

static inline struct value value_pyint(struct pyint n)
{
	if (n.big)
		return (struct value){ .kind = VALUE_INT, .flags = VALUE_BIG, .big = n.big };
	return value_int(n.small);
}

static inline struct value value_float(double real)
{
	return (struct value){ .kind = VALUE_FLOAT, .real = real };
}

/* Whether `len` bytes are all below 128. */
bool value_is_ascii(const char *text, size_t len);

/* Borrows the bytes, which must live as long as the rendering and be below
 * 4 GB.  `flags` may have VALUE_MARKUP; VALUE_ASCII is found out. */
struct value value_text(const char *text, size_t len, unsigned flags);

static inline struct value value_literal(const char *text)
{
	return value_text(text, strlen(text), 0);
}

static inline struct value value_list(struct list *list)
{
	return (struct value){ .kind = VALUE_LIST, .list = list };
}

static inline struct value value_tuple(struct list *list)
{
	return (struct value){ .kind = VALUE_TUPLE, .list = list };
}

static inline struct value value_dict(struct dict *dict)
{
	return (struct value){ .kind = VALUE_DICT, .dict = dict };
}

static inline struct value value_iterator(struct iterator *iterator)
{
	return (struct value){ .kind = VALUE_ITERATOR, .iterator = iterator };
}

static inline struct value value_object(struct object *object)
{
	return (struct value){ .kind = VALUE_OBJECT, .object = object };
}

/* ---- asking ---- */

static inline bool value_failed(struct value v)
{
	return v.kind == VALUE_ERROR;
}

static inline bool value_given(struct value v)
{
	return v.kind != VALUE_MISSING;
}

static inline bool value_is_markup(struct value v)
{
	return v.kind == VALUE_STRING && (v.flags & VALUE_MARKUP);
}

/* An int or a bool, which is an int in Python. */
static inline bool value_is_int(struct value v)
{
	return v.kind == VALUE_INT || v.kind == VALUE_BOOL;
}

static inline bool value_is_number(struct value v)
{
	return value_is_int(v) || v.kind == VALUE_FLOAT;
}

/* Of an int or a bool. */
static inline struct pyint value_to_pyint(struct value v)
{
	if (v.flags & VALUE_BIG)
		return (struct pyint){ 0, v.big };
	return pyint_of(v.number);
}

/* Of a string. */
static inline struct span value_span(struct value v)
{
	return (struct span){ v.text, v.len };
}

static inline bool value_is_text(struct value v, const char *text)
{
	return v.kind == VALUE_STRING && v.len == strlen(text) && !memcmp(v.text, text, v.len);
}

/* Code points of a string; O(1) when it is ASCII. */
size_t value_points(struct value string);

/* ---- lists; they grow in the arena ---- */

struct list *list_new(struct arena *arena, size_t room);
void list_append(struct arena *arena, struct list *list, struct value item);

/* A tuple of `count` items, copied. */
struct value value_tuple_of(struct arena *arena, const struct value *items, size_t count);

#endif
