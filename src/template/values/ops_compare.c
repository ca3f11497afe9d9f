/* ops_compare.c - truth, equality, order, membership, hashing, sorting. */
#include <math.h>

#include "base/arena.h"
#include "template/values/machine.h"

static int strict_failure(struct render *render, struct value v)
{
	undefined_fail(render, v);
	return -1;
}

static bool is_strict(struct value v)
{
	return v.kind == VALUE_UNDEFINED && v.undefined->kind == UNDEFINED_STRICT;
}

int value_truth_other(struct render *render, struct value v)
{
	switch ((enum value_kind)v.kind) {
	case VALUE_MISSING:
	case VALUE_ERROR:
	case VALUE_NONE:
	case VALUE_KINDS:
		return 0;
	case VALUE_UNDEFINED:
		return is_strict(v) ? strict_failure(render, v) : 0;
	case VALUE_BOOL:
		return v.number != 0;
	case VALUE_INT:
		return (v.flags & VALUE_BIG) || v.number != 0;
	case VALUE_FLOAT:
		return v.real != 0;
	case VALUE_STRING:
		return v.len != 0;
	case VALUE_TUPLE:
	case VALUE_LIST:
		return v.list->count != 0;
	case VALUE_DICT:
	case VALUE_VIEW:
		return v.dict->count != 0;
	case VALUE_RANGE:
		return v.range->count != 0;
	case VALUE_ITERATOR:
		return 1;
	case VALUE_OBJECT:
		break;
	}
	if (!v.object->class->length)
		return 1;
	int64_t length = v.object->class->length(render, v.object);
	return length < 0 ? -1 : length != 0;
}

bool value_same(struct value a, struct value b)
{
	if (a.kind != b.kind || a.flags != b.flags || a.len != b.len)
		return false;
	if (a.kind == VALUE_NONE)
		return true;
	/* Python has one object for each string of none or one ASCII character. */
	if (a.kind == VALUE_STRING && a.len < 2)
		return !a.len || *a.text == *b.text;
	return a.number == b.number;
}

/* ---- equality ---- */

static int equal_items(struct render *render, const struct list *a, const struct list *b)
{
	int equal = 1;

	if (a->count != b->count)
		return 0;
	if (render_descend(render) < 0 || render_steps(render, a->count) < 0)
		return -1;
	for (size_t i = 0; equal > 0 && i < a->count && i < b->count; i++)
		equal = value_same(a->items[i], b->items[i]) ? 1
			: value_equal(render, a->items[i], b->items[i]);
	return equal;
}

static int equal_dicts(struct render *render, const struct dict *a, const struct dict *b)
{
	int equal = 1;
	uint32_t at = 0;

	if (a->count != b->count)
		return 0;
	if (render_descend(render) < 0 || render_steps(render, a->count) < 0)
		return -1;
	for (const struct dict_entry *e; equal > 0 && (e = dict_next(a, &at));) {
		struct value other = dict_get_hashed(b, e->key, e->hash);
		if (!value_given(other))
			return 0;
		equal = value_same(e->value, other) ? 1 : value_equal(render, e->value, other);
	}
	return equal;
}

/* keys() and items() are sets; values() is like no other, not even of the same dict. */
static int equal_views(struct render *render, struct value a, struct value b)
{
	uint32_t at = 0;

	if (a.len != b.len || a.len == VIEW_VALUES)
		return 0;
	if (a.len == VIEW_ITEMS)
		return equal_dicts(render, a.dict, b.dict);
	if (a.dict->count != b.dict->count)
		return 0;
	if (render_steps(render, a.dict->count) < 0)
		return -1;
	for (const struct dict_entry *e; (e = dict_next(a.dict, &at));)
		if (!value_given(dict_get_hashed(b.dict, e->key, e->hash)))
			return 0;
	return 1;
}

int value_equal(struct render *render, struct value a, struct value b)
{
	if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED) {
		if (is_strict(a) || is_strict(b))
			return strict_failure(render, is_strict(a) ? a : b);
		return a.kind == b.kind;
	}
	if (a.kind != b.kind)
		return value_is_number(a) && value_is_number(b) && dict_same_key(a, b);
	switch ((enum value_kind)a.kind) {
	case VALUE_TUPLE:
	case VALUE_LIST:
		return equal_items(render, a.list, b.list);
	case VALUE_DICT:
		return equal_dicts(render, a.dict, b.dict);
	case VALUE_VIEW:
		return equal_views(render, a, b);
	default:
		return dict_same_key(a, b);
	}
}

/* ---- order ---- */

/* -1, 0, 1; 2 for what is neither (NaN) */
static int compare_numbers(struct value a, struct value b)
{
	if (a.kind != VALUE_FLOAT && b.kind != VALUE_FLOAT)
		return pyint_compare(value_to_pyint(a), value_to_pyint(b));
	if (a.kind != VALUE_FLOAT)
		return pyint_compare_double(value_to_pyint(a), b.real);
	if (b.kind != VALUE_FLOAT) {
		int turned = pyint_compare_double(value_to_pyint(b), a.real);
		return turned == 2 ? 2 : -turned;
	}
	if (isnan(a.real) || isnan(b.real))
		return 2;
	return (a.real > b.real) - (a.real < b.real);
}

static int compare_text(struct value a, struct value b)
{
	uint32_t len = a.len < b.len ? a.len : b.len;
	int rc = len ? memcmp(a.text, b.text, len) : 0;

	if (rc)
		return rc < 0 ? -1 : 1;
	return (a.len > b.len) - (a.len < b.len);
}

static int order_holds(const char *op, int compared)
{
	if (compared == 2)
		return 0;
	if (*op == '<')
		return compared < 0 || (op[1] && compared == 0);
	return compared > 0 || (op[1] && compared == 0);
}

/* The first items that differ decide. */
static int order_items(struct render *render, const char *op, const struct list *a, const struct list *b)
{
	if (render_descend(render) < 0)
		return -1;
	for (size_t i = 0; i < a->count && i < b->count; i++) {
		int equal = value_equal(render, a->items[i], b->items[i]);
		if (equal < 0 || render_steps(render, 1) < 0)
			return -1;
		if (!equal)
			return value_order(render, op, a->items[i], b->items[i]);
	}
	return order_holds(op, (a->count > b->count) - (a->count < b->count));
}

int value_order(struct render *render, const char *op, struct value a, struct value b)
{
	if (value_is_number(a) && value_is_number(b))
		return order_holds(op, compare_numbers(a, b));
	if (a.kind == VALUE_STRING && b.kind == VALUE_STRING)
		return order_holds(op, compare_text(a, b));
	if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED)
		return strict_failure(render, a.kind == VALUE_UNDEFINED ? a : b);
	if (a.kind == b.kind && (a.kind == VALUE_LIST || a.kind == VALUE_TUPLE))
		return order_items(render, op, a.list, b.list);
	render_fail(render, FAIL_TYPE, "'%s' not supported between instances of '%s' and '%s'", op,
		    value_class_name(a), value_class_name(b));
	return -1;
}

/* ---- membership ---- */

static int contains_text(struct render *render, struct value container, struct value item)
{
	if (item.kind != VALUE_STRING) {
		render_fail(render, FAIL_TYPE, "'in <string>' requires string as left operand, not %s",
			    value_class_name(item));
		return -1;
	}
	if (render_work(render, container.len) < 0)
		return -1;
	return !item.len || memmem(container.text, container.len, item.text, item.len) != NULL;
}

static int contains_key(struct render *render, const struct dict *dict, struct value key)
{
	uint32_t hash;

	if (value_hash(render, key, &hash) < 0)
		return -1;
	return value_given(dict_get_hashed(dict, key, hash));
}

/* Text among the items of a list, as in `currency in ['EUR', 'USD']`. */
static int list_has_text(struct render *render, const struct list *list, struct value text)
{
	if (render_steps(render, list->count) < 0)
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		struct value item = list->items[i];
		if (item.kind == VALUE_STRING && item.len == text.len &&
		    (!text.len || (*item.text == *text.text && !memcmp(item.text, text.text, text.len))))
			return 1;
		if (is_strict(item))
			return strict_failure(render, item);
	}
	return 0;
}

static int contains_by_iterating(struct render *render, struct value container, struct value item)
{
	struct cursor cursor;
	struct value each;
	int rc;

	if (cursor_open(render, &cursor, container) < 0)
		return -1;
	while ((rc = cursor_next(render, &cursor, &each)) > 0) {
		int equal = value_same(each, item) ? 1 : value_equal(render, each, item);
		if (equal != 0)
			return equal;
	}
	return rc;
}

int value_contains(struct render *render, struct value container, struct value item)
{
	switch ((enum value_kind)container.kind) {
	case VALUE_STRING:
		return contains_text(render, container, item);
	case VALUE_DICT:
		return contains_key(render, container.dict, item);
	case VALUE_VIEW:
		if (container.len == VIEW_KEYS)
			return contains_key(render, container.dict, item);
		break;
	case VALUE_RANGE:
		if (value_is_int(item) && !(item.flags & VALUE_BIG)) {
			const struct range *range = container.range;
			__int128_t off = (__int128_t)item.number - range->start;
			return off % range->step == 0 && off / range->step >= 0 &&
			       off / range->step < (__int128_t)range->count;
		}
		break;
	case VALUE_TUPLE:
	case VALUE_LIST:
		if (item.kind == VALUE_STRING)
			return list_has_text(render, container.list, item);
		break;
	case VALUE_UNDEFINED:
	case VALUE_ITERATOR:
		break;
	case VALUE_OBJECT:
		if (container.object->class->next)
			break;
		/* fall through */
	default:
		render_fail(render, FAIL_TYPE, "argument of type '%s' is not iterable",
			    value_class_name(container));
		return -1;
	}
	return contains_by_iterating(render, container, item);
}

enum { NESTED_MOST = 1000 };

/* A tuple may hold one that holds the same one twice, and so on: hashing it is
 * counted beforehand.  0, or -1 and why it cannot be hashed. */
static int check_hashable(struct render *render, struct value v, unsigned nested)
{
	uint32_t ignored;

	if (is_strict(v))
		return strict_failure(render, v);
	if (v.kind != VALUE_TUPLE) {
		if (render_work(render, v.kind == VALUE_STRING ? v.len : 0) < 0)
			return -1;
		if (dict_hash(v, &ignored))
			return 0;
		render_fail(render, FAIL_TYPE, "unhashable type: '%s'", value_class_name(v));
		return -1;
	}
	if (nested > NESTED_MOST) {
		render_fail(render, FAIL_RUNTIME, "maximum recursion depth exceeded");
		return -1;
	}
	if (render_steps(render, v.list->count) < 0)
		return -1;
	for (size_t i = 0; i < v.list->count; i++)
		if (check_hashable(render, v.list->items[i], nested + 1) < 0)
			return -1;
	return 0;
}

int value_hash(struct render *render, struct value v, uint32_t *hash)
{
	if (is_strict(v))
		return strict_failure(render, v);
	if (v.kind != VALUE_TUPLE && dict_hash(v, hash))
		return 0;
	if (check_hashable(render, v, 0) < 0)
		return -1;
	dict_hash(v, hash);
	return 0;
}

/* ---- sorting: a stable merge sort ---- */

struct sorting {
	struct render *render;
	struct value *items, *keys, *spare_items, *spare_keys;
	bool reverse;
};

/* Whether the right one goes before the left one; -1 on failure. */
static int right_first(struct sorting *sort, size_t left, size_t right)
{
	struct value a = sort->keys[left], b = sort->keys[right];

	return sort->reverse ? value_order(sort->render, "<", a, b)
			     : value_order(sort->render, "<", b, a);
}

static int merge(struct sorting *sort, size_t from, size_t middle, size_t to)
{
	size_t left = from, right = middle;

	if (render_steps(sort->render, to - from) < 0)
		return -1;
	for (size_t out = from; out < to; out++) {
		int take_right = left == middle ? 1 : right == to ? 0 : right_first(sort, left, right);
		if (take_right < 0)
			return -1;
		size_t taken = take_right ? right++ : left++;
		sort->spare_items[out] = sort->items[taken];
		sort->spare_keys[out] = sort->keys[taken];
	}
	memcpy(sort->items + from, sort->spare_items + from, (to - from) * sizeof(struct value));
	memcpy(sort->keys + from, sort->spare_keys + from, (to - from) * sizeof(struct value));
	return 0;
}

int value_sort(struct render *render, struct value *items, struct value *keys, size_t count,
	       bool reverse)
{
	size_t bytes = count * sizeof(struct value);

	if (count < 2)
		return 0;
	if (render_room(render, 2 * (uint64_t)bytes) < 0)
		return -1;
	struct sorting sort = { render, items, keys, arena_alloc_raw(render->arena, bytes),
				arena_alloc_raw(render->arena, bytes), reverse };
	for (size_t width = 1; width < count; width *= 2)
		for (size_t from = 0; from + width < count; from += 2 * width) {
			size_t to = from + 2 * width < count ? from + 2 * width : count;
			if (merge(&sort, from, from + width, to) < 0)
				return -1;
		}
	return 0;
}
