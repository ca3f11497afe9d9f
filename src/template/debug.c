/* debug.c - {% debug %}: what the template could use, laid out for its author. */
#include "template/eval.h"
#include "template/i18n.h"
#include "template/builtins/pprint.h"

static void add_all(struct render *render, struct dict *into, const struct dict *from)
{
	uint32_t at = 0;

	for (const struct dict_entry *e; (e = dict_next(from, &at));)
		dict_set_hashed(render->arena, into, e->key, e->hash, e->value);
}

/* Globals, and over them the variables of the context; none of a loop or macro. */
static struct value variables(struct render *render, const struct context *context)
{
	static const char *const translations[] = { "gettext", "ngettext", "npgettext", "pgettext", "_" };
	struct dict *all = dict_new(render->arena, 16);

	add_all(render, all, registry_globals());
	for (size_t i = 0; i < sizeof translations / sizeof *translations; i++) {
		struct value name = value_literal(translations[i]);
		struct value found = i18n_global(render, name, dict_hash_bytes(name.text, name.len));
		if (value_given(found))
			dict_set(render->arena, all, name, found);
	}
	add_all(render, all, context_snapshot(render, context));
	return value_dict(all);
}

static struct value sorted_names(struct render *render, const struct dict *natives)
{
	struct list *names = list_new(render->arena, natives->count);
	uint32_t at = 0;

	for (const struct dict_entry *e; (e = dict_next(natives, &at));)
		list_append(render->arena, names, e->key);
	struct value *keys = arena_alloc_raw(render->arena, (names->count + 1) * sizeof *keys);
	memcpy(keys, names->items, names->count * sizeof *keys);
	return value_sort(render, names->items, keys, names->count, false) < 0 ? value_error() : value_list(names);
}

struct value debug_text(struct render *render, const struct context *context)
{
	struct dict *all = dict_new(render->arena, 3);
	struct value filters = sorted_names(render, registry_filters());
	struct value tests = value_failed(filters) ? filters : sorted_names(render, registry_tests());

	if (value_failed(tests))
		return tests;
	dict_set_text(render->arena, all, "context", variables(render, context));
	dict_set_text(render->arena, all, "filters", filters);
	dict_set_text(render->arena, all, "tests", tests);
	return pprint_summary(render, value_dict(all));
}
