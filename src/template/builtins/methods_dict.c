/*
 * methods_dict.c - methods of dict and of its views
 */
#include "template/builtins/methods_dict.h"

#include "template/values/native.h"

static struct value view_of(struct value dict, enum value_view view)
{
	return (struct value){ .kind = VALUE_VIEW, .len = view, .dict = dict.dict };
}

/* ---- asking ---- */

static struct value dict_keys(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return view_of(self, VIEW_KEYS);
}

static struct value dict_values(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return view_of(self, VIEW_VALUES);
}

static struct value dict_items(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return view_of(self, VIEW_ITEMS);
}

static struct value dict_get_method(struct render *render, struct value self, const struct value *args)
{
	struct value found;
	uint32_t hash;

	if (value_hash(render, args[0], &hash) < 0)
		return value_error();
	found = dict_get_hashed(self.dict, args[0], hash);
	return value_given(found) ? found : args[1];
}

static struct value dict_copy_method(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return value_dict(dict_copy(render->arena, self.dict));
}

static struct value dict_fromkeys(struct render *render, struct value self, const struct value *args)
{
	struct dict *dict = dict_new(render->arena, 8);
	struct cursor cursor;
	struct value key;
	uint32_t hash;
	int more;

	(void)self;
	if (cursor_open(render, &cursor, args[0]) < 0)
		return value_error();
	while ((more = cursor_next(render, &cursor, &key)) > 0) {
		if (value_hash(render, key, &hash) < 0)
			return value_error();
		dict_set_hashed(render->arena, dict, key, hash, args[1]);
	}
	return more < 0 ? value_error() : value_dict(dict);
}

/* ---- changing ---- */

static struct value dict_clear_method(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	dict_clear(self.dict);
	return value_none();
}

static struct value key_error(struct render *render, struct value key)
{
	size_t capture = render_capture(render);
	struct value shown = value_print_repr(render, key) < 0 ? value_error() : render_captured(render, capture, 0);

	return value_failed(shown) ? shown : render_fail(render, FAIL_LOOKUP, "%.*s", (int)shown.len, shown.text);
}

static struct value dict_pop(struct render *render, struct value self, const struct value *args)
{
	struct value found;
	uint32_t hash;

	if (value_hash(render, args[0], &hash) < 0)
		return value_error();
	found = dict_remove(self.dict, args[0]);
	if (value_given(found))
		return found;
	return value_given(args[1]) ? args[1] : key_error(render, args[0]);
}

static struct value dict_popitem(struct render *render, struct value self, const struct value *args)
{
	const struct dict_entry *entry, *last = NULL;
	struct value pair[2];
	uint32_t at = 0;

	(void)args;
	while ((entry = dict_next(self.dict, &at)) != NULL)
		last = entry;
	if (last == NULL)
		return render_fail(render, FAIL_LOOKUP, "'popitem(): dictionary is empty'");
	pair[0] = last->key;
	pair[1] = last->value;
	dict_remove(self.dict, pair[0]);
	return value_tuple_of(render->arena, pair, 2);
}

static struct value dict_setdefault(struct render *render, struct value self, const struct value *args)
{
	struct value found;
	uint32_t hash;

	if (value_hash(render, args[0], &hash) < 0)
		return value_error();
	found = dict_get_hashed(self.dict, args[0], hash);
	if (value_given(found))
		return found;
	dict_set_hashed(render->arena, self.dict, args[0], hash, args[1]);
	return args[1];
}

static int add_entries(struct render *render, struct dict *dict, const struct dict *more)
{
	const struct dict_entry *entry;
	uint32_t at = 0;

	while (dict != more && (entry = dict_next(more, &at)) != NULL)
		dict_set_hashed(render->arena, dict, entry->key, entry->hash, entry->value);
	return 0;
}

/* A key and a value, from anything with two items. */
static int add_pair(struct render *render, struct dict *dict, struct value pair, size_t number)
{
	struct value list;
	struct cursor cursor;
	uint32_t hash;

	if (pair.kind != VALUE_LIST && pair.kind != VALUE_TUPLE && cursor_open(render, &cursor, pair) < 0) {
		render_fail(render, FAIL_TYPE, "cannot convert dictionary update sequence element #%zu to a sequence",
			    number);
		return -1;
	}
	list = value_to_list(render, pair);
	if (value_failed(list))
		return -1;
	if (list.list->count != 2) {
		render_fail(render, FAIL_VALUE,
			    "dictionary update sequence element #%zu has length %zu; 2 is required", number,
			    list.list->count);
		return -1;
	}
	if (value_hash(render, list.list->items[0], &hash) < 0)
		return -1;
	dict_set_hashed(render->arena, dict, list.list->items[0], hash, list.list->items[1]);
	return 0;
}

int methods_dict_update(struct render *render, struct dict *dict, struct value from)
{
	struct cursor cursor;
	struct value pair;
	size_t number = 0;
	int more;

	if (from.kind == VALUE_UNDEFINED)
		return undefined_fail(render, from), -1;
	if (from.kind == VALUE_DICT)
		return add_entries(render, dict, from.dict);
	if (cursor_open(render, &cursor, from) < 0)
		return -1;
	while ((more = cursor_next(render, &cursor, &pair)) > 0)
		if (add_pair(render, dict, pair, number++) < 0)
			return -1;
	return more;
}

int methods_dict_fill(struct render *render, struct dict *dict, const char *name, struct value positional,
		      struct value named)
{
	const struct list *list = positional.list;

	if (list->count > 1) {
		render_fail(render, FAIL_TYPE, "%s expected at most 1 argument, got %zu", name, list->count);
		return -1;
	}
	if (list->count == 1 && methods_dict_update(render, dict, list->items[0]) < 0)
		return -1;
	return add_entries(render, dict, named.dict);
}

static struct value dict_update(struct render *render, struct value self, const struct value *args)
{
	return methods_dict_fill(render, self.dict, "update", args[0], args[1]) < 0 ? value_error() : value_none();
}

const struct native methods_dict[] = {
	{ "clear", "", dict_clear_method, 0, NULL },
	{ "copy", "", dict_copy_method, 0, NULL },
	{ "fromkeys", "iterable value=None /", dict_fromkeys, 0, NULL },
	{ "get", "key default=None /", dict_get_method, 0, NULL },
	{ "items", "", dict_items, 0, NULL },
	{ "keys", "", dict_keys, 0, NULL },
	{ "pop", "key default=- /", dict_pop, 0, NULL },
	{ "popitem", "", dict_popitem, 0, NULL },
	{ "setdefault", "key default=None /", dict_setdefault, 0, NULL },
	{ "update", "*args **kwargs", dict_update, 0, NULL },
	{ "values", "", dict_values, 0, NULL },
	{ 0 },
};

/* ---- views ---- */

static struct value view_mapping(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_dict(self.dict);
}

static struct value view_isdisjoint(struct render *render, struct value self, const struct value *args)
{
	struct cursor cursor;
	struct value item;
	int more;

	if (cursor_open(render, &cursor, args[0]) < 0)
		return value_error();
	while ((more = cursor_next(render, &cursor, &item)) > 0) {
		int contains = value_contains(render, self, item);

		if (contains != 0)
			return contains < 0 ? value_error() : value_bool(false);
	}
	return more < 0 ? value_error() : value_bool(true);
}

const struct native methods_view[] = {
	{ "isdisjoint", "other /", view_isdisjoint, 0, NULL },
	{ "mapping", "", view_mapping, NATIVE_PROPERTY, NULL },
	{ 0 },
};
