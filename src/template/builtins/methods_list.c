/*
 * methods_list.c - methods and attributes of list, tuple and range
 */
#include <math.h>

#include "template/values/native.h"
#include "template/builtins/text.h"

/* An index as Python's list takes it: negative from the end. */
static int read_place(struct render *render, struct value v, size_t count, int64_t *at)
{
	if (value_index(render, v, at) < 0)
		return -1;
	if (*at < 0)
		*at += (int64_t)count;
	return 0;
}

/* ---- list: changing it ---- */

static struct value list_append_method(struct render *render, struct value self, const struct value *args)
{
	list_append(render->arena, self.list, args[0]);
	return value_none();
}

static struct value list_clear(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	self.list->count = 0;
	return value_none();
}

static struct value list_extend(struct render *render, struct value self, const struct value *args)
{
	struct value more = value_to_list(render, args[0]);

	if (value_failed(more))
		return more;
	for (size_t i = 0; i < more.list->count; i++)
		list_append(render->arena, self.list, more.list->items[i]);
	return value_none();
}

static struct value list_insert(struct render *render, struct value self, const struct value *args)
{
	struct list *list = self.list;
	int64_t at;

	if (read_place(render, args[0], list->count, &at) < 0)
		return value_error();
	at = at < 0 ? 0 : at > (int64_t)list->count ? (int64_t)list->count : at;
	list_append(render->arena, list, args[1]);
	memmove(list->items + at + 1, list->items + at, (list->count - 1 - (size_t)at) * sizeof *list->items);
	list->items[at] = args[1];
	return value_none();
}

static struct value take_out(struct list *list, size_t at)
{
	struct value item = list->items[at];

	list->count--;
	memmove(list->items + at, list->items + at + 1, (list->count - at) * sizeof *list->items);
	return item;
}

static struct value list_pop(struct render *render, struct value self, const struct value *args)
{
	int64_t at;

	if (read_place(render, args[0], self.list->count, &at) < 0)
		return value_error();
	if (self.list->count == 0)
		return render_fail(render, FAIL_LOOKUP, "pop from empty list");
	if (at < 0 || at >= (int64_t)self.list->count)
		return render_fail(render, FAIL_LOOKUP, "pop index out of range");
	return take_out(self.list, (size_t)at);
}

/* The place of an item in [from, to), `to` if it is not there, -1. */
static int64_t place_of(struct render *render, const struct list *list, struct value item, int64_t from, int64_t to)
{
	for (int64_t i = from; i < to && i < (int64_t)list->count; i++) {
		int equal = value_same(list->items[i], item) ? 1 : value_equal(render, list->items[i], item);

		if (equal < 0 || render_steps(render, 1) < 0)
			return -1;
		if (equal)
			return i;
	}
	return to;
}

static struct value list_remove(struct render *render, struct value self, const struct value *args)
{
	int64_t count = (int64_t)self.list->count, at = place_of(render, self.list, args[0], 0, count);

	if (at < 0)
		return value_error();
	if (at == count)
		return render_fail(render, FAIL_VALUE, "list.remove(x): x not in list");
	take_out(self.list, (size_t)at);
	return value_none();
}

static struct value list_reverse(struct render *render, struct value self, const struct value *args)
{
	struct list *list = self.list;

	(void)render, (void)args;
	for (size_t i = 0, j = list->count; i + 1 < j; i++) {
		struct value item = list->items[i];

		list->items[i] = list->items[--j];
		list->items[j] = item;
	}
	return value_none();
}

static struct value list_sort(struct render *render, struct value self, const struct value *args)
{
	int reverse = text_flag(render, args[1]);
	struct list *list = self.list;
	struct value *keys = arena_alloc_raw(render->arena, (list->count + 1) * sizeof *keys);

	if (reverse < 0)
		return value_error();
	for (size_t i = 0; i < list->count; i++) {
		keys[i] = list->items[i];
		if (args[0].kind != VALUE_NONE)
			keys[i] = render_call(render, args[0], (struct arguments){ &list->items[i], 1, NULL, 0 });
		if (value_failed(keys[i]))
			return keys[i];
	}
	return value_sort(render, list->items, keys, list->count, reverse) < 0 ? value_error() : value_none();
}

/* ---- list and tuple: asking ---- */

static struct value list_copy(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return value_to_list(render, self);
}

static struct value list_count(struct render *render, struct value self, const struct value *args)
{
	int64_t count = (int64_t)self.list->count, found = 0, at;

	for (at = 0; (at = place_of(render, self.list, args[0], at, count)) < count; at++) {
		if (at < 0)
			return value_error();
		found++;
	}
	return value_int(found);
}

static int64_t bounded(int64_t at, int64_t count)
{
	if (at < 0)
		at += count;
	return at < 0 ? 0 : at > count ? count : at;
}

static int read_bound(struct render *render, struct value v, int64_t *out)
{
	if (value_is_int(v)) {
		pyint_fits(value_to_pyint(v), out);
		return 0;
	}
	render_fail(render, FAIL_TYPE, "slice indices must be integers or have an __index__ method");
	return -1;
}

static struct value list_index(struct render *render, struct value self, const struct value *args)
{
	int64_t count = (int64_t)self.list->count, from = 0, to = count, at;

	if ((value_given(args[1]) && read_bound(render, args[1], &from) < 0) ||
	    (value_given(args[2]) && read_bound(render, args[2], &to) < 0))
		return value_error();
	from = bounded(from, count);
	to = bounded(to, count);
	at = from < to ? place_of(render, self.list, args[0], from, to) : to;
	if (at < 0)
		return value_error();
	if (at < to)
		return value_int(at);
	if (self.kind == VALUE_TUPLE)
		return render_fail(render, FAIL_VALUE, "tuple.index(x): x not in tuple");
	size_t capture = render_capture(render);
	struct value shown = value_print_repr(render, args[0]) < 0 ? value_error() : render_captured(render, capture, 0);

	return value_failed(shown) ? shown : render_fail(render, FAIL_VALUE, "%.*s is not in list", (int)shown.len,
							 shown.text);
}

const struct native methods_list[] = {
	{ "append", "object /", list_append_method, 0, NULL },
	{ "clear", "", list_clear, 0, NULL },
	{ "copy", "", list_copy, 0, NULL },
	{ "count", "value /", list_count, 0, NULL },
	{ "extend", "iterable /", list_extend, 0, NULL },
	{ "index", "value start=- stop=- /", list_index, 0, NULL },
	{ "insert", "index object /", list_insert, 0, NULL },
	{ "pop", "index=-1 /", list_pop, 0, NULL },
	{ "remove", "value /", list_remove, 0, NULL },
	{ "reverse", "", list_reverse, 0, NULL },
	{ "sort", "* key=None reverse=False", list_sort, 0, NULL },
	{ 0 },
};

const struct native methods_tuple[] = {
	{ "count", "value /", list_count, 0, NULL },
	{ "index", "value start=- stop=- /", list_index, 0, NULL },
	{ 0 },
};

/* ---- range ---- */

static struct value range_start(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_int(self.range->start);
}

static struct value range_stop(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_int(self.range->stop);
}

static struct value range_step(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_int(self.range->step);
}

/* The place of a number in the range, or -1. */
static int64_t range_place(const struct range *range, struct value item)
{
	__int128 offset;
	int64_t number;

	if (item.kind == VALUE_FLOAT && fabs(item.real) < 0x1p63 && item.real == floor(item.real))
		item = value_int((int64_t)item.real);
	if (!value_is_int(item) || !pyint_fits(value_to_pyint(item), &number))
		return -1;
	offset = (__int128)number - range->start;
	if (offset % range->step != 0 || offset / range->step < 0 || offset / range->step >= (__int128)range->count)
		return -1;
	return (int64_t)(offset / range->step);
}

static struct value range_count(struct render *render, struct value self, const struct value *args)
{
	(void)render;
	return value_int(range_place(self.range, args[0]) >= 0);
}

static struct value range_index(struct render *render, struct value self, const struct value *args)
{
	int64_t at = range_place(self.range, args[0]);
	size_t capture = render_capture(render);
	struct value shown;

	if (at >= 0)
		return value_int(at);
	shown = value_print_repr(render, args[0]) < 0 ? value_error() : render_captured(render, capture, 0);
	return value_failed(shown) ? shown : render_fail(render, FAIL_VALUE, "%.*s is not in range", (int)shown.len,
							 shown.text);
}

const struct native methods_range[] = {
	{ "count", "value /", range_count, 0, NULL },
	{ "index", "value /", range_index, 0, NULL },
	{ "start", "", range_start, NATIVE_PROPERTY, NULL },
	{ "step", "", range_step, NATIVE_PROPERTY, NULL },
	{ "stop", "", range_stop, NATIVE_PROPERTY, NULL },
	{ 0 },
};
