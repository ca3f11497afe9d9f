/* ops_container.c - length, items, attributes, slices, iteration. */
#include "base/arena.h"
#include "template/values/machine.h"
#include "template/py/utf8.h"
#include "template/values/registry.h"
#include "template/template.h"
#include "template/values/type.h"

int64_t value_length(struct render *render, struct value v)
{
	switch ((enum value_kind)v.kind) {
	case VALUE_STRING:
		return (int64_t)value_points(v);
	case VALUE_TUPLE:
	case VALUE_LIST:
		return (int64_t)v.list->count;
	case VALUE_DICT:
	case VALUE_VIEW:
		return v.dict->count;
	case VALUE_RANGE:
		return (int64_t)v.range->count;
	case VALUE_UNDEFINED:
		if (v.undefined->kind != UNDEFINED_STRICT)
			return 0;
		undefined_fail(render, v);
		return -1;
	case VALUE_OBJECT:
		if (v.object->class->length)
			return v.object->class->length(render, v.object);
		break;
	default:
		break;
	}
	render_fail(render, FAIL_TYPE, "object of type '%s' has no len()", value_class_name(v));
	return -1;
}

/* ---- items ---- */

static struct value range_item(const struct range *range, uint64_t at)
{
	return value_int((int64_t)((uint64_t)range->start + at * (uint64_t)range->step));
}

/* An item by place; MISSING outside. */
static struct value item_at(struct value v, int64_t at)
{
	int64_t count = v.kind == VALUE_STRING ? (int64_t)value_points(v) :
			v.kind == VALUE_RANGE ? (int64_t)v.range->count : (int64_t)v.list->count;

	if (at < 0)
		at += count;
	if (at < 0 || at >= count)
		return value_missing();
	if (v.kind == VALUE_STRING)
		return value_slice_points(v, (size_t)at, (size_t)at + 1);
	return v.kind == VALUE_RANGE ? range_item(v.range, (uint64_t)at) : v.list->items[at];
}

static bool is_indexed(struct value v)
{
	return v.kind == VALUE_STRING || v.kind == VALUE_LIST || v.kind == VALUE_TUPLE ||
	       v.kind == VALUE_RANGE;
}

/* v[key] by the types alone: MISSING where Python raises LookupError or TypeError. */
static struct value find_item(struct render *render, struct value v, struct value key)
{
	if (v.kind == VALUE_DICT) {
		uint32_t hash;
		if (key.kind == VALUE_UNDEFINED && key.undefined->kind == UNDEFINED_STRICT)
			return undefined_fail(render, key);
		return dict_hash(key, &hash) ? dict_get_hashed(v.dict, key, hash) : value_missing();
	}
	if (is_indexed(v))
		return value_is_int(key) && !(key.flags & VALUE_BIG) ? item_at(v, key.number)
								     : value_missing();
	if (v.kind == VALUE_OBJECT && v.object->class->item)
		return v.object->class->item(render, v.object, key);
	return value_missing();
}

/* ---- attributes ---- */

static struct value named_item(const struct list *tuple, struct value name)
{
	for (size_t i = 0; tuple->names && i < tuple->count; i++)
		if (value_is_text(name, tuple->names[i]))
			return tuple->items[i];
	return value_missing();
}

/* getattr(v, name): MISSING where Python raises AttributeError. */
static struct value find_attribute(struct render *render, struct value v, struct value name,
				   const struct attribute *attribute)
{
	const struct callable *method = attribute ? attribute_method(attribute, v) : NULL;

	if (method)
		return method->row->flags & NATIVE_PROPERTY ? method->row->call(render, v, NULL)
							    : callable_bound(render, method, v);
	if (v.kind == VALUE_OBJECT && v.object->class->attribute)
		return v.object->class->attribute(render, v.object, name);
	return v.kind == VALUE_TUPLE ? named_item(v.list, name) : value_missing();
}

/* What Undefined keeps under names of its own, or MISSING. */
static struct value undefined_attribute(struct render *render, struct value v, const struct attribute *attribute)
{
	const struct undefined *undefined = v.undefined;

	if (attribute->methods[VALUE_UNDEFINED])
		return type_of(render, v);
	if (value_is_text(attribute->name, "_undefined_name"))
		return undefined->name;
	if (value_is_text(attribute->name, "_undefined_hint"))
		return undefined->hint ? value_literal(undefined->hint) : value_none();
	if (value_is_text(attribute->name, "_undefined_obj"))
		return value_given(undefined->owner) ? undefined->owner : value_literal("missing");
	return value_missing();
}

/* Undefined itself, when it is chainable, or the failure. */
static struct value of_undefined(struct render *render, struct value undefined)
{
	return undefined.undefined->kind == UNDEFINED_CHAINABLE ? undefined
								: undefined_fail(render, undefined);
}

struct value attribute_find(struct render *render, struct value v, const struct attribute *attribute)
{
	struct value found;

	if (v.kind == VALUE_UNDEFINED) {
		found = undefined_attribute(render, v, attribute);
		return value_given(found) ? found : of_undefined(render, v);
	}
	found = find_attribute(render, v, attribute->name, attribute);
	if (!value_given(found))
		found = find_item(render, v, attribute->name);
	return value_given(found) ? found : undefined_of(render, v, attribute->name);
}

struct value value_getattr(struct render *render, struct value v, struct value name)
{
	uint32_t hash = dict_hash_bytes(name.text, name.len);
	const struct attribute *known = registry_attribute(name, hash);
	struct attribute unknown = { .name = name, .hash = hash };

	return attribute_get(render, v, known ? known : &unknown);
}

struct value value_getitem(struct render *render, struct value v, struct value key)
{
	if (v.kind == VALUE_UNDEFINED)
		return of_undefined(render, v);
	struct value found = find_item(render, v, key);
	if (!value_given(found) && key.kind == VALUE_STRING) {
		uint32_t hash = dict_hash_bytes(key.text, key.len);
		found = find_attribute(render, v, key, registry_attribute(key, hash));
	}
	return value_given(found) ? found : undefined_of(render, v, key);
}

static struct value fail_key(struct render *render, struct value key)
{
	size_t capture = render_capture(render);

	if (value_print_repr(render, key) < 0)
		return value_error();
	struct value text = render_captured(render, capture, 0);
	if (value_failed(text))
		return text;
	return render_fail(render, FAIL_LOOKUP, "%.*s", (int)text.len, text.text);
}

struct value value_subscript(struct render *render, struct value v, struct value key)
{
	uint32_t hash;

	if (v.kind == VALUE_UNDEFINED)
		return of_undefined(render, v);
	struct value found = find_item(render, v, key);
	if (value_given(found))
		return found;
	if (v.kind == VALUE_DICT && value_hash(render, key, &hash) < 0)
		return value_error();
	if (v.kind == VALUE_DICT || (v.kind == VALUE_OBJECT && v.object->class->item))
		return fail_key(render, key);
	if (!is_indexed(v))
		return render_fail(render, FAIL_TYPE, "'%s' object is not subscriptable", value_class_name(v));
	const char *name = v.kind == VALUE_STRING ? "string" : value_class_name(v);
	if (value_is_int(key))
		return render_fail(render, FAIL_LOOKUP, "%s%s index out of range", name,
				   v.kind == VALUE_RANGE ? " object" : "");
	return render_fail(render, FAIL_TYPE, v.kind == VALUE_STRING
			   ? "%s indices must be integers, not '%s'"
			   : "%s indices must be integers or slices, not %s", name, value_class_name(key));
}

/* ---- slices ---- */

static int slice_number(struct render *render, struct value v, int64_t absent, int64_t *out)
{
	if (v.kind == VALUE_MISSING || v.kind == VALUE_NONE) {
		*out = absent;
		return 0;
	}
	if (!value_is_int(v)) {
		render_fail(render, FAIL_TYPE,
			    "slice indices must be integers or None or have an __index__ method");
		return -1;
	}
	pyint_fits(value_to_pyint(v), out);
	return 0;
}

static int64_t clamp(int64_t at, int64_t count, int64_t least, int64_t most)
{
	if (at < 0)
		at = at < -count ? least : at + count;
	return at < least ? least : at > most ? most : at;
}

struct slice {
	int64_t start, stop, step;
	uint64_t count;
};

/* Where its i-th item stands, i < count; behind the last one a step may lead out of 64 bits. */
static int64_t slice_item(const struct slice *slice, uint64_t i)
{
	return slice->start + (int64_t)i * slice->step;
}

/* PySlice_AdjustIndices: which items of `length` there are. */
static int resolve_slice(struct render *render, struct value start, struct value stop,
			 struct value step, int64_t length, struct slice *slice)
{
	int64_t from, to, by;

	if (slice_number(render, step, 1, &by) < 0)
		return -1;
	if (by == 0) {
		render_fail(render, FAIL_VALUE, "slice step cannot be zero");
		return -1;
	}
	if (by == INT64_MIN)
		by = -INT64_MAX;
	int64_t least = by < 0 ? -1 : 0, most = by < 0 ? length - 1 : length;
	if (slice_number(render, start, by < 0 ? INT64_MAX : 0, &from) < 0 ||
	    slice_number(render, stop, by < 0 ? INT64_MIN : INT64_MAX, &to) < 0)
		return -1;
	from = clamp(from, length, least, most);
	to = clamp(to, length, least, most);
	slice->start = from;
	slice->stop = to;
	slice->step = by;
	if (by > 0)
		slice->count = to > from ? (uint64_t)(to - from - 1) / (uint64_t)by + 1 : 0;
	else
		slice->count = from > to ? (uint64_t)(from - to - 1) / (uint64_t)-by + 1 : 0;
	return 0;
}

static struct value slice_text(struct render *render, struct value text, struct slice slice)
{
	if (!slice.count)
		return value_slice_points(text, 0, 0);
	if (slice.step == 1)
		return value_slice_points(text, (size_t)slice.start, (size_t)slice.start + slice.count);
	if (render_steps(render, slice.count) < 0)
		return value_error();
	/* Code points that are not side by side: found once each, in order. */
	size_t capture = render_capture(render);
	size_t *offsets = NULL, points = value_points(text), at = 0;
	if (!(text.flags & VALUE_ASCII)) {
		if (render_room(render, (points + 1) * sizeof *offsets) < 0)
			return value_error();
		offsets = arena_alloc_raw(render->arena, (points + 1) * sizeof *offsets);
		for (size_t i = 0; i < points; i++) {
			offsets[i] = at;
			utf8_next(value_span(text), &at);
		}
		offsets[points] = text.len;
	}
	for (uint64_t i = 0; i < slice.count; i++) {
		int64_t point = slice_item(&slice, i);
		size_t from = offsets ? offsets[point] : (size_t)point;
		size_t to = offsets ? offsets[point + 1] : (size_t)point + 1;
		buf_add(render->out, text.text + from, to - from);
	}
	return render_captured(render, capture, text.flags & VALUE_MARKUP);
}

static struct value slice_list(struct render *render, struct value v, struct slice slice)
{
	if (render_room(render, slice.count * sizeof(struct value)) < 0 ||
	    render_steps(render, slice.count) < 0)
		return value_error();
	struct list *list = list_new(render->arena, slice.count);
	for (uint64_t i = 0; i < slice.count; i++)
		list->items[i] = v.list->items[slice_item(&slice, i)];
	list->count = slice.count;
	return v.kind == VALUE_LIST ? value_list(list) : value_tuple(list);
}

static struct value slice_range(struct render *render, const struct range *range, struct slice slice)
{
	struct range *part = arena_alloc(render->arena, sizeof *part);

	part->start = range_item(range, (uint64_t)slice.start).number;
	part->step = (int64_t)((uint64_t)range->step * (uint64_t)slice.step);
	part->count = slice.count;
	part->stop = range_item(range, (uint64_t)slice.stop).number;
	return (struct value){ .kind = VALUE_RANGE, .range = part };
}

struct value value_slice(struct render *render, struct value v, struct value start,
			 struct value stop, struct value step)
{
	struct slice slice;

	if (v.kind == VALUE_UNDEFINED)
		return of_undefined(render, v);
	if (v.kind == VALUE_DICT)
		return render_fail(render, FAIL_TYPE, "unhashable type: 'slice'");
	if (!is_indexed(v))
		return render_fail(render, FAIL_TYPE, "'%s' object is not subscriptable", value_class_name(v));
	if (resolve_slice(render, start, stop, step, value_length(render, v), &slice) < 0)
		return value_error();
	if (v.kind == VALUE_STRING)
		return slice_text(render, v, slice);
	return v.kind == VALUE_RANGE ? slice_range(render, v.range, slice) : slice_list(render, v, slice);
}

/* ---- iteration ---- */

int cursor_open(struct render *render, struct cursor *cursor, struct value v)
{
	*cursor = (struct cursor){ .over = v };
	switch ((enum value_kind)v.kind) {
	case VALUE_STRING:
	case VALUE_TUPLE:
	case VALUE_LIST:
	case VALUE_ITERATOR:
		return 0;
	case VALUE_RANGE:
		cursor->count = render->limits->range;
		return 0;
	case VALUE_DICT:
	case VALUE_VIEW:
		cursor->count = v.dict->count;
		return 0;
	case VALUE_UNDEFINED:
		if (v.undefined->kind != UNDEFINED_STRICT)
			return 0;
		undefined_fail(render, v);
		return -1;
	case VALUE_OBJECT:
		if (v.object->class->next)
			return 0;
		break;
	default:
		break;
	}
	render_fail(render, FAIL_TYPE, "'%s' object is not iterable", value_class_name(v));
	return -1;
}

static int next_point(struct cursor *cursor, struct value *item)
{
	struct value text = cursor->over;
	size_t from = cursor->at;

	if (from >= text.len)
		return 0;
	if (text.flags & VALUE_ASCII)
		cursor->at++;
	else
		utf8_next(value_span(text), &cursor->at);
	/* Python's iteration over Markup gives plain str. */
	*item = value_text(text.text + from, cursor->at - from, 0);
	return 1;
}

static int next_entry(struct render *render, struct cursor *cursor, struct value *item)
{
	const struct dict *dict = cursor->over.dict;
	uint32_t at = (uint32_t)cursor->at;

	if (dict->count != cursor->count) {
		render_fail(render, FAIL_RUNTIME, "dictionary changed size during iteration");
		return -1;
	}
	const struct dict_entry *entry = dict_next(dict, &at);
	cursor->at = at;
	if (!entry)
		return 0;
	if (cursor->over.kind == VALUE_DICT || cursor->over.len == VIEW_KEYS)
		*item = entry->key;
	else if (cursor->over.len == VIEW_VALUES)
		*item = entry->value;
	else
		*item = value_tuple_of(render->arena, (struct value[]){ entry->key, entry->value }, 2);
	return 1;
}

static int next_of_iterator(struct render *render, struct iterator *iterator, struct value *item)
{
	if (iterator->done)
		return 0;
	if (render_descend(render) < 0)
		return -1;
	int rc = iterator->next(render, iterator, item);
	if (rc <= 0)
		iterator->done = true;
	return rc;
}

int cursor_next(struct render *render, struct cursor *cursor, struct value *item)
{
	struct value over = cursor->over;

	if (render_steps(render, 1) < 0)
		return -1;
	switch ((enum value_kind)over.kind) {
	case VALUE_TUPLE:
	case VALUE_LIST:
		if (cursor->at >= over.list->count)
			return 0;
		*item = over.list->items[cursor->at++];
		return 1;
	case VALUE_STRING:
		return next_point(cursor, item);
	case VALUE_DICT:
	case VALUE_VIEW:
		return next_entry(render, cursor, item);
	case VALUE_RANGE:
		if (cursor->at >= over.range->count)
			return 0;
		if (cursor->at >= cursor->count)
			return render_range(render, over.range->count);
		*item = range_item(over.range, cursor->at++);
		return 1;
	case VALUE_ITERATOR:
		return next_of_iterator(render, over.iterator, item);
	case VALUE_OBJECT:
		return over.object->class->next(render, over.object, item);
	default:
		return 0;
	}
}

struct value value_to_list(struct render *render, struct value v)
{
	struct list *list = list_new(render->arena, 0);
	struct cursor cursor;
	struct value item;
	int rc;

	/* A loop may break off; this will not. */
	if (v.kind == VALUE_RANGE && render_range(render, v.range->count) < 0)
		return value_error();
	if (cursor_open(render, &cursor, v) < 0)
		return value_error();
	while ((rc = cursor_next(render, &cursor, &item)) > 0)
		list_append(render->arena, list, item);
	return rc < 0 ? value_error() : value_list(list);
}
