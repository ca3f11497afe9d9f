/*
 * filters_lazy.c - filters that give a generator
 *
 * Nothing happens before the first item is asked for: also faults of the
 * arguments show only then, as in Python.
 */
#include "template/builtins/attrpath.h"
#include "template/values/native.h"

/* What all of them begin with. */
struct lazy {
	struct iterator iterator;
	struct value source;
	struct cursor cursor;
	bool started;
};

typedef int lazy_next(struct render *render, struct iterator *self, struct value *item);

static void *lazy_new(struct render *render, size_t size, const char *type, lazy_next *next, struct value source)
{
	struct lazy *lazy = arena_alloc(render->arena, size);

	lazy->iterator.next = next;
	lazy->iterator.type = type;
	lazy->source = source;
	return lazy;
}

static struct value lazy_value(void *lazy)
{
	return value_iterator(&((struct lazy *)lazy)->iterator);
}

/* At the first item: 1, or -1. */
static int lazy_start(struct render *render, struct lazy *lazy)
{
	lazy->started = true;
	return cursor_open(render, &lazy->cursor, lazy->source) < 0 ? -1 : 1;
}

/* ---- map ---- */

struct map {
	struct lazy lazy;
	struct value positional, named;
	struct attrpath path;
	struct value name;		/* of a filter; MISSING: the attribute is looked up */
	struct arguments rest;
};

/* A dict of keyword arguments as an array. */
static struct arguments to_arguments(struct render *render, const struct list *list, size_t from,
				     const struct dict *named)
{
	struct arguments arguments = { list->items + from, list->count > from ? list->count - from : 0, NULL, 0 };
	struct keyword *keywords = arena_alloc(render->arena, (named->count + 1) * sizeof *keywords);
	const struct dict_entry *entry;
	uint32_t at = 0;

	while ((entry = dict_next(named, &at)) != NULL)
		keywords[arguments.named_count++] = (struct keyword){ entry->key, entry->value };
	arguments.named = keywords;
	return arguments;
}

static int map_by_attribute(struct render *render, struct map *map, const struct dict *named)
{
	const struct dict_entry *entry;
	uint32_t at = 0;

	while ((entry = dict_next(named, &at)) != NULL)
		if (!value_is_text(entry->key, "attribute") && !value_is_text(entry->key, "default")) {
			render_fail(render, FAIL_TEMPLATE, "Unexpected keyword argument '%.*s'", (int)entry->key.len,
				    entry->key.text);
			return -1;
		}
	if (attrpath_init(render, &map->path, dict_get_text(named, "attribute")) < 0)
		return -1;
	map->path.fallback = dict_get_text(named, "default");
	return 1;
}

static int map_start(struct render *render, struct map *map)
{
	const struct list *positional = map->positional.list;
	const struct dict *named = map->named.dict;
	int truth = value_truth(render, map->lazy.source);

	map->lazy.started = true;
	if (truth <= 0)
		return truth;
	if (positional->count == 0 && value_given(dict_get_text(named, "attribute"))) {
		if (map_by_attribute(render, map, named) < 0)
			return -1;
	} else if (positional->count == 0) {
		render_fail(render, FAIL_TEMPLATE, "map requires a filter argument");
		return -1;
	} else {
		map->name = positional->items[0];
		map->rest = to_arguments(render, positional, 1, named);
	}
	return lazy_start(render, &map->lazy);
}

static int map_next(struct render *render, struct iterator *self, struct value *item)
{
	struct map *map = (struct map *)self;
	int more = map->lazy.started ? 1 : map_start(render, map);

	if (more > 0)
		more = cursor_next(render, &map->lazy.cursor, item);
	if (more <= 0)
		return more;
	if (value_given(map->name))
		*item = render_filter(render, map->name, *item, map->rest);
	else
		*item = attrpath_get(render, &map->path, *item);
	return value_failed(*item) ? -1 : 1;
}

static struct value filter_map(struct render *render, struct value self, const struct value *args)
{
	struct map *map = lazy_new(render, sizeof *map, "generator", map_next, self);

	map->positional = args[0];
	map->named = args[1];
	map->name = value_missing();
	return lazy_value(map);
}

/* ---- select, reject, selectattr, rejectattr ---- */

struct select {
	struct lazy lazy;
	struct value positional, named;
	struct attrpath path;
	struct value name;		/* of a test; MISSING: the truth of the value */
	struct arguments rest;
	bool by_attribute, reject;
};

static int select_start(struct render *render, struct select *select)
{
	const struct list *positional = select->positional.list;
	size_t off = select->by_attribute;
	int truth = value_truth(render, select->lazy.source);

	select->lazy.started = true;
	if (truth <= 0)
		return truth;
	if (positional->count < off) {
		render_fail(render, FAIL_TEMPLATE, "Missing parameter for attribute name");
		return -1;
	}
	if (attrpath_init(render, &select->path, off ? positional->items[0] : value_none()) < 0)
		return -1;
	if (positional->count > off) {
		select->name = positional->items[off];
		select->rest = to_arguments(render, positional, off + 1, select->named.dict);
	}
	return lazy_start(render, &select->lazy);
}

/* 1 or 0, -1 */
static int select_matches(struct render *render, struct select *select, struct value item)
{
	struct value v = attrpath_get(render, &select->path, item);
	int truth;

	if (!value_failed(v) && value_given(select->name))
		v = render_test(render, select->name, v, select->rest);
	truth = value_failed(v) ? -1 : value_truth(render, v);
	return truth < 0 ? -1 : truth != select->reject;
}

static int select_next(struct render *render, struct iterator *self, struct value *item)
{
	struct select *select = (struct select *)self;
	int more = select->lazy.started ? 1 : select_start(render, select), matches = 0;

	while (more > 0 && matches == 0) {
		more = cursor_next(render, &select->lazy.cursor, item);
		if (more > 0)
			matches = select_matches(render, select, *item);
		if (matches < 0)
			return -1;
	}
	return more;
}

static struct value new_select(struct render *render, struct value self, const struct value *args, bool by_attribute,
			       bool reject)
{
	struct select *select = lazy_new(render, sizeof *select, "generator", select_next, self);

	select->positional = args[0];
	select->named = args[1];
	select->name = value_missing();
	select->by_attribute = by_attribute;
	select->reject = reject;
	return lazy_value(select);
}

static struct value filter_select(struct render *render, struct value self, const struct value *args)
{
	return new_select(render, self, args, false, false);
}

static struct value filter_reject(struct render *render, struct value self, const struct value *args)
{
	return new_select(render, self, args, false, true);
}

static struct value filter_selectattr(struct render *render, struct value self, const struct value *args)
{
	return new_select(render, self, args, true, false);
}

static struct value filter_rejectattr(struct render *render, struct value self, const struct value *args)
{
	return new_select(render, self, args, true, true);
}

/* ---- unique ---- */

struct unique {
	struct lazy lazy;
	struct value case_sensitive, attribute;
	struct attrpath path;
	struct dict *seen;
};

static int unique_start(struct render *render, struct unique *unique)
{
	int sensitive = value_truth(render, unique->case_sensitive);

	if (sensitive < 0 || attrpath_init(render, &unique->path, unique->attribute) < 0)
		return -1;
	unique->path.ignore_case = !sensitive;
	unique->seen = dict_new(render->arena, 8);
	return lazy_start(render, &unique->lazy);
}

/* 1 for a key that was not there before, 0, -1 */
static int unique_add(struct render *render, struct unique *unique, struct value item)
{
	struct value key = attrpath_get(render, &unique->path, item);
	uint32_t hash;

	if (value_failed(key) || value_hash(render, key, &hash) < 0)
		return -1;
	if (value_given(dict_get_hashed(unique->seen, key, hash)))
		return 0;
	dict_set_hashed(render->arena, unique->seen, key, hash, value_none());
	return 1;
}

static int unique_next(struct render *render, struct iterator *self, struct value *item)
{
	struct unique *unique = (struct unique *)self;
	int more = unique->lazy.started ? 1 : unique_start(render, unique), is_new = 0;

	while (more > 0 && is_new == 0) {
		more = cursor_next(render, &unique->lazy.cursor, item);
		if (more > 0)
			is_new = unique_add(render, unique, *item);
		if (is_new < 0)
			return -1;
	}
	return more;
}

static struct value filter_unique(struct render *render, struct value self, const struct value *args)
{
	struct unique *unique = lazy_new(render, sizeof *unique, "generator", unique_next, self);

	unique->case_sensitive = args[0];
	unique->attribute = args[1];
	return lazy_value(unique);
}

/* ---- batch ---- */

struct batch {
	struct lazy lazy;
	struct value linecount, fill;
	struct value pending;		/* read, but beyond the last line; MISSING: none */
	bool ended;
};

static int fill_line(struct render *render, struct batch *batch, struct list *line)
{
	struct value missing = value_binary(render, "-", batch->linecount, value_int((int64_t)line->count));
	int64_t count;

	if (value_failed(missing) || value_index(render, missing, &count) < 0)
		return -1;
	if (count <= 0)
		return 0;
	if (render_repetition(render, (uint64_t)count) < 0 || render_steps(render, (uint64_t)count) < 0 ||
	    render_room(render, (line->count + (uint64_t)count) * sizeof(struct value)) < 0)
		return -1;
	struct list *filled = list_new(render->arena, line->count + (size_t)count);
	if (line->count)
		memcpy(filled->items, line->items, line->count * sizeof(struct value));
	for (filled->count = line->count; count > 0; count--)
		filled->items[filled->count++] = batch->fill;
	*line = *filled;
	return 0;
}

/* Items until the line has `linecount`, which is compared as Python does. */
static int read_line(struct render *render, struct batch *batch, struct list *line)
{
	struct value item;
	int more, full;

	if (value_given(batch->pending))
		list_append(render->arena, line, batch->pending);
	batch->pending = value_missing();
	while ((more = cursor_next(render, &batch->lazy.cursor, &item)) > 0) {
		full = value_equal(render, value_int((int64_t)line->count), batch->linecount);
		if (full < 0)
			return -1;
		if (full) {
			batch->pending = item;
			return 1;
		}
		list_append(render->arena, line, item);
	}
	return more;
}

static int batch_next(struct render *render, struct iterator *self, struct value *item)
{
	struct batch *batch = (struct batch *)self;
	struct list *line = list_new(render->arena, 4);
	int more;

	if (batch->ended || (!batch->lazy.started && lazy_start(render, &batch->lazy) < 0))
		return batch->ended ? 0 : -1;
	more = read_line(render, batch, line);
	if (more < 0)
		return -1;
	*item = value_list(line);
	if (more > 0)
		return 1;
	batch->ended = true;
	if (line->count == 0)
		return 0;
	if (batch->fill.kind != VALUE_NONE) {
		int shorter = value_order(render, "<", value_int((int64_t)line->count), batch->linecount);

		if (shorter < 0 || (shorter && fill_line(render, batch, line) < 0))
			return -1;
	}
	return 1;
}

static struct value filter_batch(struct render *render, struct value self, const struct value *args)
{
	struct batch *batch = lazy_new(render, sizeof *batch, "generator", batch_next, self);

	batch->linecount = args[0];
	batch->fill = args[1];
	batch->pending = value_missing();
	return lazy_value(batch);
}

/* ---- slice ---- */

struct slice {
	struct lazy lazy;
	struct value count, fill;
	const struct list *items;
	int64_t slices, each, longer, at;	/* the first `longer` have one item more than `each` */
};

static int slice_start(struct render *render, struct slice *slice)
{
	struct value list = value_to_list(render, slice->lazy.source), each;

	slice->lazy.started = true;
	if (value_failed(list))
		return -1;
	slice->items = list.list;
	each = value_binary(render, "//", value_int((int64_t)list.list->count), slice->count);
	if (value_failed(each) || value_index(render, slice->count, &slice->slices) < 0)
		return -1;
	if (slice->slices <= 0)
		return 0;
	slice->each = (int64_t)list.list->count / slice->slices;
	slice->longer = (int64_t)list.list->count % slice->slices;
	return 1;
}

static int slice_next(struct render *render, struct iterator *self, struct value *item)
{
	struct slice *slice = (struct slice *)self;
	int more = slice->lazy.started ? 1 : slice_start(render, slice);
	int64_t from, count;
	struct list *part;

	if (more <= 0 || slice->at >= slice->slices)
		return more < 0 ? -1 : 0;
	from = slice->at * slice->each + (slice->at < slice->longer ? slice->at : slice->longer);
	count = slice->each + (slice->at < slice->longer);
	part = list_new(render->arena, (size_t)count + 1);
	for (int64_t i = 0; i < count; i++)
		list_append(render->arena, part, slice->items->items[from + i]);
	if (slice->fill.kind != VALUE_NONE && slice->at >= slice->longer)
		list_append(render->arena, part, slice->fill);
	slice->at++;
	*item = value_list(part);
	return 1;
}

static struct value filter_slice(struct render *render, struct value self, const struct value *args)
{
	struct slice *slice = lazy_new(render, sizeof *slice, "generator", slice_next, self);

	slice->count = args[0];
	slice->fill = args[1];
	return lazy_value(slice);
}

/* ---- items ---- */

static int items_next(struct render *render, struct iterator *self, struct value *item)
{
	struct lazy *lazy = (struct lazy *)self;

	if (!lazy->started) {
		if (lazy->source.kind == VALUE_UNDEFINED)
			return 0;
		if (lazy->source.kind != VALUE_DICT) {
			render_fail(render, FAIL_TYPE, "Can only get item pairs from a mapping.");
			return -1;
		}
		lazy->source.kind = VALUE_VIEW;
		lazy->source.len = VIEW_ITEMS;
		if (lazy_start(render, lazy) < 0)
			return -1;
	}
	return cursor_next(render, &lazy->cursor, item);
}

static struct value filter_items(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return lazy_value(lazy_new(render, sizeof(struct lazy), "generator", items_next, self));
}

const struct native filters_lazy[] = {
	{ "batch", "linecount fill_with=None", filter_batch, NATIVE_CONTEXT, NULL },
	{ "items", "", filter_items, NATIVE_CONTEXT, NULL },
	{ "map", "*args **kwargs", filter_map, NATIVE_CONTEXT | NATIVE_PASSED, "sync_do_map" },
	{ "reject", "*args **kwargs", filter_reject, NATIVE_CONTEXT | NATIVE_PASSED, "sync_do_reject" },
	{ "rejectattr", "*args **kwargs", filter_rejectattr, NATIVE_CONTEXT | NATIVE_PASSED, "sync_do_rejectattr" },
	{ "select", "*args **kwargs", filter_select, NATIVE_CONTEXT | NATIVE_PASSED, "sync_do_select" },
	{ "selectattr", "*args **kwargs", filter_selectattr, NATIVE_CONTEXT | NATIVE_PASSED, "sync_do_selectattr" },
	{ "slice", "slices fill_with=None", filter_slice, NATIVE_CONTEXT, "sync_do_slice" },
	{ "unique", "case_sensitive=False attribute=None", filter_unique, NATIVE_CONTEXT | NATIVE_PASSED, NULL },
	{ 0 },
};
