/*
 * ops.h - Python's protocols on values
 *
 * Functions that give a struct value give VALUE_ERROR on failure; those that
 * give an int give -1.
 */
#ifndef POSTRIDER_TEMPLATE_OPS_H
#define POSTRIDER_TEMPLATE_OPS_H

#include "template/values/dict.h"
#include "template/values/render.h"

/* ---- text ---- */

/* str(v).  A string is given back as it is, Markup too: soft_str(). */
struct value value_str(struct render *render, struct value v);

/* Adds str(v) or repr(v) to render->out; 0 or -1. */
int value_print(struct render *render, struct value v);
int value_print_repr(struct render *render, struct value v);

/* markupsafe.escape(v): Markup. */
struct value value_escape(struct render *render, struct value v);

/* Adds bytes with & < > " ' escaped. */
void value_print_escaped(struct buf *out, struct span text);

/* Whether v has __html__: Markup and what renders as such (a module). */
bool value_has_html(struct value v);

/* The same bytes as str (Markup flag off), or as Markup. */
static inline struct value value_plain(struct value string)
{
	string.flags &= (uint8_t)~VALUE_MARKUP;
	return string;
}

static inline struct value value_markup(struct value string)
{
	string.flags |= VALUE_MARKUP;
	return string;
}

/* A part of a string by code points, 0 <= from <= to <= value_points(). */
struct value value_slice_points(struct value string, size_t from, size_t to);

/* Python's name of the type with its module, "str", "jinja2.runtime.Macro",
 * and without, as most messages have it. */
const char *value_type_name(struct value v);
const char *value_class_name(struct value v);

/* ---- comparing ---- */

/* bool(v): 1, 0, -1 */
int value_truth_other(struct render *render, struct value v);
static inline int value_truth(struct render *render, struct value v)
{
	if (v.kind == VALUE_BOOL)
		return v.number != 0;
	return v.kind == VALUE_STRING ? v.len != 0 : value_truth_other(render, v);
}

int value_equal(struct render *render, struct value a, struct value b);	/* a == b: 1, 0, -1 */
/* a < b, a <= b, a > b, a >= b for op "<", "<=", ">", ">=": 1, 0, -1 with
 * "'<' not supported between instances of 'str' and 'int'". */
int value_order(struct render *render, const char *op, struct value a, struct value b);
int value_contains(struct render *render, struct value container, struct value item);
bool value_same(struct value a, struct value b);			/* a is b */

/* hash(v) may fail: "unhashable type: 'list'". */
int value_hash(struct render *render, struct value v, uint32_t *hash);

/* ---- arithmetic: op is one of "+ - * / // % **" ---- */

struct value value_binary(struct render *render, const char *op, struct value a, struct value b);
struct value value_negate(struct render *render, struct value v);
struct value value_positive(struct render *render, struct value v);

/* format % v, printf-style; escapes values when `format` is Markup. */
struct value value_percent(struct render *render, struct value format, struct value v);

/* An int that fits in 64 bits from an int or bool (Python's __index__); else a
 * failure "'str' object cannot be interpreted as an integer". 0 or -1. */
int value_index(struct render *render, struct value v, int64_t *out);

/* float(v) of a number; other kinds fail with a TypeError. 0 or -1. */
int value_real(struct render *render, struct value v, double *out);

/* ---- containers ---- */

/* len(v), or -1: "object of type 'int' has no len()". */
int64_t value_length(struct render *render, struct value v);

/* environment.getitem(v, key), v[key]: key first, then attribute, else Undefined. */
struct value value_getitem(struct render *render, struct value v, struct value key);
/* environment.getattr(v, name), v.name: attribute first, then key, else Undefined. */
struct value value_getattr(struct render *render, struct value v, struct value name);
/* Python's v[key], which fails with KeyError, IndexError, TypeError. */
struct value value_subscript(struct render *render, struct value v, struct value key);
/* v[start:stop:step]; MISSING or None for what is left out. */
struct value value_slice(struct render *render, struct value v, struct value start,
			 struct value stop, struct value step);

/* Going through anything iterable.
 *
 *	struct cursor cursor;
 *	struct value item;
 *	int rc;
 *	if (cursor_open(render, &cursor, v) < 0)
 *		return value_error();
 *	while ((rc = cursor_next(render, &cursor, &item)) > 0)
 *		...
 *	if (rc < 0)
 *		return value_error();
 *
 * Each step counts as one of the rendering's steps.  A cursor may live in an
 * iterator of one's own. */
struct cursor {
	struct value over;
	size_t at;		/* item, byte offset, or entry that comes next */
	uint64_t count;		/* entries of the dict when it began; numbers of a range that may be taken */
};

int cursor_open(struct render *render, struct cursor *cursor, struct value v);
int cursor_next(struct render *render, struct cursor *cursor, struct value *item);

/* list(v): a new list. */
struct value value_to_list(struct render *render, struct value v);

/* Sorts in place, stable, by keys[i] with '<' (reverse keeps ties in order, as
 * Python does): both arrays are permuted alike.  0 or -1. */
int value_sort(struct render *render, struct value *items, struct value *keys, size_t count,
	       bool reverse);

/* ---- undefined ---- */

struct value undefined_named(struct render *render, struct value name);	/* "'x' is undefined" */
struct value undefined_hint(struct render *render, const char *hint);	/* `hint` is borrowed */
/* "'dict object' has no attribute 'x'" */
struct value undefined_of(struct render *render, struct value owner, struct value name);
/* UndefinedError with its message. */
struct value undefined_fail(struct render *render, struct value undefined);
/* Adds it to render->out; 0 or -1. */
int undefined_message(struct render *render, struct value undefined);

#endif
