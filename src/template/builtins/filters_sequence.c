/*
 * filters_sequence.c - filters of sequences that give their result at once
 *
 * Those that give a generator stand in filters_lazy.c.
 */
#include "base/random.h"
#include "template/builtins/attrpath.h"
#include "template/values/native.h"
#include "template/py/seek.h"
#include "template/py/split.h"
#include "template/values/registry.h"
#include "template/builtins/text.h"

/* ---- single items ---- */

static struct value filter_first(struct render *render, struct value self, const struct value *args)
{
	struct cursor cursor;
	struct value item;
	int more;

	(void)args;
	if (cursor_open(render, &cursor, self) < 0)
		return value_error();
	more = cursor_next(render, &cursor, &item);
	if (more < 0)
		return value_error();
	return more > 0 ? item : undefined_hint(render, "No first item, sequence was empty.");
}

/* Whether Python's reversed() takes it. */
static bool is_reversible(struct value v)
{
	switch (v.kind) {
	case VALUE_STRING:
	case VALUE_TUPLE:
	case VALUE_LIST:
	case VALUE_DICT:
	case VALUE_VIEW:
	case VALUE_RANGE:
	case VALUE_UNDEFINED:
		return true;
	default:
		return false;
	}
}

static struct value last_item(struct render *render, struct value v)
{
	int64_t count;
	struct value list;

	if (v.kind == VALUE_LIST || v.kind == VALUE_TUPLE)
		return v.list->items[v.list->count - 1];
	if (v.kind == VALUE_STRING) {
		count = (int64_t)value_points(v);
		/* By index, so that of Markup it is Markup; first goes through plain text. */
		return value_slice_points(v, (size_t)count - 1, (size_t)count);
	}
	if (v.kind == VALUE_RANGE)
		return value_subscript(render, v, value_int(-1));
	list = value_to_list(render, v);
	return value_failed(list) ? list : list.list->items[list.list->count - 1];
}

static struct value filter_last(struct render *render, struct value self, const struct value *args)
{
	int64_t count;

	(void)args;
	if (!is_reversible(self))
		return render_fail(render, FAIL_TYPE, "'%s' object is not reversible", value_class_name(self));
	count = value_length(render, self);
	if (count < 0)
		return value_error();
	return count > 0 ? last_item(render, self) : undefined_hint(render, "No last item, sequence was empty.");
}

static struct value filter_random(struct render *render, struct value self, const struct value *args)
{
	int64_t count = value_length(render, self);

	(void)args;
	if (count < 0)
		return value_error();
	if (count == 0)
		return undefined_hint(render, "No random item, sequence was empty.");
	return value_subscript(render, self, value_int((int64_t)(random_unit() * (double)count)));
}

/* min() or max() by the attribute's order; the first of equals. */
static struct value extreme(struct render *render, struct value self, const struct value *args, const char *op)
{
	struct value best, best_key, item, key;
	int sensitive = value_truth(render, args[0]), more;
	struct attrpath path;
	struct cursor cursor;

	if (sensitive < 0 || cursor_open(render, &cursor, self) < 0)
		return value_error();
	more = cursor_next(render, &cursor, &best);
	if (more == 0)
		return undefined_hint(render, "No aggregated item, sequence was empty.");
	if (more < 0 || attrpath_init(render, &path, args[1]) < 0)
		return value_error();
	path.ignore_case = !sensitive;
	best_key = attrpath_get(render, &path, best);
	if (value_failed(best_key))
		return best_key;
	while ((more = cursor_next(render, &cursor, &item)) > 0) {
		int better;

		key = attrpath_get(render, &path, item);
		better = value_failed(key) ? -1 : value_order(render, op, key, best_key);
		if (better < 0)
			return value_error();
		if (better) {
			best = item;
			best_key = key;
		}
	}
	return more < 0 ? value_error() : best;
}

static struct value filter_min(struct render *render, struct value self, const struct value *args)
{
	return extreme(render, self, args, "<");
}

static struct value filter_max(struct render *render, struct value self, const struct value *args)
{
	return extreme(render, self, args, ">");
}

/* ---- the whole in one value ---- */

static struct value filter_sum(struct render *render, struct value self, const struct value *args)
{
	struct value sum = args[1], item;
	struct attrpath path;
	struct cursor cursor;
	int more;

	if (cursor_open(render, &cursor, self) < 0 || attrpath_init(render, &path, args[0]) < 0)
		return value_error();
	if (sum.kind == VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "sum() can't sum strings [use ''.join(seq) instead]");
	while ((more = cursor_next(render, &cursor, &item)) > 0) {
		item = attrpath_get(render, &path, item);
		if (value_failed(item))
			return item;
		sum = value_binary(render, "+", sum, item);
		if (value_failed(sum))
			return sum;
	}
	return more < 0 ? value_error() : sum;
}

/* Each item by the attribute, as a list. */
static struct value pick(struct render *render, struct value self, struct value attribute)
{
	struct value list = value_to_list(render, self);
	struct attrpath path;

	if (value_failed(list) || attribute.kind == VALUE_NONE)
		return list;
	if (attrpath_init(render, &path, attribute) < 0)
		return value_error();
	for (size_t i = 0; i < list.list->count; i++) {
		list.list->items[i] = attrpath_get(render, &path, list.list->items[i]);
		if (value_failed(list.list->items[i]))
			return value_error();
	}
	return list;
}

static bool any_html(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (value_has_html(list->items[i]))
			return true;
	return false;
}

static int add_joined_item(struct render *render, struct value item, bool escaping)
{
	if (escaping) {
		item = value_escape(render, item);
		if (value_failed(item))
			return -1;
		buf_add(render->out, item.text, item.len);
		return 0;
	}
	return value_print(render, item);
}

/* The items as text, escaped where they must be. */
static struct value join(struct render *render, const struct list *list, struct value separator, bool escaping)
{
	size_t capture = render_capture(render);

	separator = escaping ? value_escape(render, separator) : value_str(render, separator);
	if (value_failed(separator))
		return separator;
	for (size_t i = 0; i < list->count; i++) {
		size_t before = render->out->len;
		if (i > 0)
			buf_add(render->out, separator.text, separator.len);
		if (add_joined_item(render, list->items[i], escaping) < 0 ||
		    render_work(render, render->out->len - before) < 0)
			return value_error();
	}
	return render_captured(render, capture, escaping ? VALUE_MARKUP : 0);
}

static struct value filter_join(struct render *render, struct value self, const struct value *args)
{
	struct value list = pick(render, self, args[1]);

	if (value_failed(list))
		return list;
	return join(render, list.list, args[0],
		    render_autoescape(render) && (value_has_html(args[0]) || any_html(list.list)));
}

/* ---- order ---- */

/* A list gone through from its end; what reversed() gives. */
struct reversed {
	struct iterator iterator;
	const struct list *list;
	size_t left;
};

static int reversed_next(struct render *render, struct iterator *self, struct value *item)
{
	struct reversed *reversed = (struct reversed *)self;

	(void)render;
	if (reversed->left == 0)
		return 0;
	*item = reversed->list->items[--reversed->left];
	return 1;
}

static const char *reversed_type(struct value v)
{
	switch (v.kind) {
	case VALUE_LIST:
		return "list_reverseiterator";
	case VALUE_DICT:
		return "dict_reversekeyiterator";
	case VALUE_RANGE:
		return "range_iterator";
	default:
		return "reversed";
	}
}

static struct value reverse_list(const struct list *list)
{
	for (size_t i = 0, j = list->count; i + 1 < j; i++) {
		struct value item = list->items[i];

		list->items[i] = list->items[--j];
		list->items[j] = item;
	}
	return value_list((struct list *)list);
}

static struct value filter_reverse(struct render *render, struct value self, const struct value *args)
{
	struct reversed *reversed;
	struct value list;

	(void)args;
	if (self.kind == VALUE_STRING)
		return value_slice(render, self, value_missing(), value_missing(), value_int(-1));
	if (self.kind == VALUE_NONE || value_is_number(self) ||
	    (self.kind == VALUE_OBJECT && self.object->class->next == NULL))
		return render_fail(render, FAIL_TEMPLATE, "argument must be iterable");
	list = value_to_list(render, self);
	if (value_failed(list))
		return list;
	if (!is_reversible(self))
		return reverse_list(list.list);
	reversed = arena_alloc(render->arena, sizeof *reversed);
	*reversed = (struct reversed){ { reversed_next, reversed_type(self), false }, list.list, list.list->count };
	return value_iterator(&reversed->iterator);
}

/* The keys by several attributes, "age,name": lists, which compare item by item. */
struct sort_paths {
	struct attrpath *paths;
	size_t count;
};

static int read_sort_paths(struct render *render, struct value attribute, bool sensitive, struct sort_paths *sort)
{
	struct split split = split_by(value_span(attribute), span_of(","), -1, false);
	bool several = attribute.kind == VALUE_STRING;
	struct value name = attribute;
	struct span piece;

	sort->count = 0;
	sort->paths = arena_alloc(render->arena, sizeof *sort->paths *
				  (several ? seek_count(value_span(attribute), span_of(",")) + 1 : 1));
	while (!several || split_next(&split, &piece)) {
		if (several)
			name = text_part(attribute, piece);
		if (attrpath_init(render, &sort->paths[sort->count], name) < 0)
			return -1;
		sort->paths[sort->count++].ignore_case = !sensitive;
		if (!several)
			break;
	}
	return 0;
}

static struct value sort_key(struct render *render, const struct sort_paths *sort, struct value item)
{
	struct list *key;

	if (sort->count == 1)
		return attrpath_get(render, &sort->paths[0], item);
	key = list_new(render->arena, sort->count);
	for (size_t i = 0; i < sort->count; i++) {
		struct value part = attrpath_get(render, &sort->paths[i], item);

		if (value_failed(part))
			return part;
		list_append(render->arena, key, part);
	}
	return value_list(key);
}

/* Jinja's keys are lists even of one attribute, which shows where equal
 * values have no order: [None] < [None] holds not, None < None fails.
 * Strings and ints are compared without. */
static void wrap_keys(struct render *render, struct value *keys, size_t count)
{
	bool texts = true, numbers = true;

	for (size_t i = 0; i < count; i++) {
		texts &= keys[i].kind == VALUE_STRING;
		numbers &= value_is_int(keys[i]);
	}
	for (size_t i = 0; !texts && !numbers && i < count; i++) {
		struct list *key = list_new(render->arena, 1);

		list_append(render->arena, key, keys[i]);
		keys[i] = value_list(key);
	}
}

static struct value filter_sort(struct render *render, struct value self, const struct value *args)
{
	int sensitive = value_truth(render, args[1]), reverse;
	struct value list, *keys;
	struct sort_paths sort;

	if (sensitive < 0 || read_sort_paths(render, args[2], sensitive, &sort) < 0)
		return value_error();
	list = value_to_list(render, self);
	reverse = value_failed(list) ? -1 : text_flag(render, args[0]);
	if (reverse < 0)
		return value_error();
	keys = arena_alloc_raw(render->arena, (list.list->count + 1) * sizeof *keys);
	for (size_t i = 0; i < list.list->count; i++) {
		keys[i] = sort_key(render, &sort, list.list->items[i]);
		if (value_failed(keys[i]))
			return keys[i];
	}
	if (sort.count == 1)
		wrap_keys(render, keys, list.list->count);
	return value_sort(render, list.list->items, keys, list.list->count, reverse) < 0 ? value_error() : list;
}

static struct value filter_dictsort(struct render *render, struct value self, const struct value *args)
{
	int sensitive = value_truth(render, args[0]), reverse;
	bool by_key = value_is_text(args[1], "key");
	struct value pairs, *keys;

	if (sensitive < 0)
		return value_error();
	if (!by_key && !value_is_text(args[1], "value"))
		return render_fail(render, FAIL_TEMPLATE, "You can only sort by either \"key\" or \"value\"");
	if (self.kind != VALUE_DICT)
		return text_no_attribute(render, self, "items");
	self.kind = VALUE_VIEW;
	self.len = VIEW_ITEMS;
	pairs = value_to_list(render, self);
	reverse = value_failed(pairs) ? -1 : text_flag(render, args[2]);
	if (reverse < 0)
		return value_error();
	keys = arena_alloc_raw(render->arena, (pairs.list->count + 1) * sizeof *keys);
	for (size_t i = 0; i < pairs.list->count; i++) {
		keys[i] = pairs.list->items[i].list->items[by_key ? 0 : 1];
		if (!sensitive)
			keys[i] = attrpath_fold(render, keys[i]);
		if (value_failed(keys[i]))
			return keys[i];
	}
	return value_sort(render, pairs.list->items, keys, pairs.list->count, reverse) < 0 ? value_error() : pairs;
}

static const char *const group_names[] = { "grouper", "list" };

static struct value new_group(struct render *render, struct value key, struct list *members)
{
	struct value group = value_tuple_of(render->arena, (struct value[]){ key, value_list(members) }, 2);

	group.list->names = group_names;
	return group;
}

/* Neighbours with equal keys become one group. */
static struct value group_neighbours(struct render *render, const struct list *items, const struct value *keys,
				     const struct attrpath *shown)
{
	struct list *groups = list_new(render->arena, 8), *members = NULL;

	for (size_t i = 0; i < items->count; i++) {
		int same = members == NULL ? 0 : value_equal(render, keys[i - 1], keys[i]);

		if (same < 0)
			return value_error();
		if (!same) {
			struct value key = shown != NULL ? attrpath_get(render, shown, items->items[i]) : keys[i];

			if (value_failed(key))
				return key;
			members = list_new(render->arena, 4);
			list_append(render->arena, groups, new_group(render, key, members));
		}
		list_append(render->arena, members, items->items[i]);
	}
	return value_list(groups);
}

static struct value filter_groupby(struct render *render, struct value self, const struct value *args)
{
	int sensitive = value_truth(render, args[2]);
	struct value list, *keys;
	struct attrpath path, shown;

	if (sensitive < 0 || attrpath_init(render, &path, args[0]) < 0)
		return value_error();
	path.fallback = args[1];
	shown = path;
	path.ignore_case = !sensitive;
	list = value_to_list(render, self);
	if (value_failed(list))
		return list;
	keys = arena_alloc_raw(render->arena, (list.list->count + 1) * sizeof *keys);
	for (size_t i = 0; i < list.list->count; i++) {
		keys[i] = attrpath_get(render, &path, list.list->items[i]);
		if (value_failed(keys[i]))
			return keys[i];
	}
	if (value_sort(render, list.list->items, keys, list.list->count, false) < 0)
		return value_error();
	return group_neighbours(render, list.list, keys, sensitive ? NULL : &shown);
}

/* ---- attr ---- */

/* Only what is an attribute: an entry of a dict is none. */
static struct value filter_attr(struct render *render, struct value self, const struct value *args)
{
	const struct attribute *attribute;
	struct value name = args[0];
	uint32_t hash;

	if (value_hash(render, name, &hash) < 0)
		return value_error();
	if (name.kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "attribute name must be string, not '%s'", value_class_name(name));
	attribute = registry_attribute(name, dict_hash_bytes(name.text, name.len));
	if (self.kind == VALUE_DICT && (attribute == NULL || attribute->methods[VALUE_DICT] == NULL))
		return undefined_of(render, self, name);
	return value_getattr(render, self, name);
}

const struct native filters_sequence[] = {
	{ "attr", "name", filter_attr, NATIVE_PASSED, NULL },
	{ "dictsort", "case_sensitive=False by='key' reverse=False", filter_dictsort, 0, NULL },
	{ "first", "", filter_first, NATIVE_PASSED, "sync_do_first" },
	{ "groupby", "attribute default=None case_sensitive=False", filter_groupby, NATIVE_PASSED, "sync_do_groupby" },
	{ "join", "d='' attribute=None", filter_join, NATIVE_PASSED, "sync_do_join" },
	{ "last", "", filter_last, NATIVE_PASSED, NULL },
	{ "max", "case_sensitive=False attribute=None", filter_max, NATIVE_PASSED, NULL },
	{ "min", "case_sensitive=False attribute=None", filter_min, NATIVE_PASSED, NULL },
	{ "random", "", filter_random, NATIVE_CONTEXT | NATIVE_PASSED, NULL },
	{ "reverse", "", filter_reverse, NATIVE_CONTEXT, NULL },
	{ "sort", "reverse=False case_sensitive=False attribute=None", filter_sort, NATIVE_PASSED, NULL },
	{ "sum", "attribute=None start=0", filter_sum, NATIVE_PASSED, "sync_do_sum" },
	{ 0 },
};
