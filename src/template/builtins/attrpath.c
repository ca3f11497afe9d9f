/*
 * attrpath.c - the attribute that filters look up in each item
 */
#include "template/builtins/attrpath.h"

#include "template/py/casing.h"
#include "template/py/seek.h"
#include "template/py/split.h"
#include "template/py/uni.h"
#include "template/builtins/text.h"

/* A name, or an int where all are digits. */
static int part_of(struct render *render, struct value name, struct value *part)
{
	struct error error = ERROR_INIT;
	struct pyint n;

	*part = name;
	if (!casing_all(value_span(name), UNI_DIGIT))
		return 0;
	if (pyint_parse(render->arena, value_span(name), 10, &n, &error) < 0) {
		render_fail_error(render, FAIL_VALUE, &error);
		return -1;
	}
	*part = value_pyint(n);
	return 0;
}

int attrpath_init(struct render *render, struct attrpath *path, struct value attribute)
{
	struct split split;
	struct span piece;

	*path = (struct attrpath){ .fallback = value_missing() };
	if (attribute.kind == VALUE_NONE || attribute.kind == VALUE_MISSING)
		return 0;
	if (attribute.kind != VALUE_STRING) {
		path->parts = arena_alloc(render->arena, sizeof *path->parts);
		path->parts[path->count++] = attribute;
		return 0;
	}
	path->parts = arena_alloc(render->arena, (seek_count(value_span(attribute), span_of(".")) + 1) *
							 sizeof *path->parts);
	split = split_by(value_span(attribute), span_of("."), -1, false);
	while (split_next(&split, &piece))
		if (part_of(render, text_part(attribute, piece), &path->parts[path->count++]) < 0)
			return -1;
	return 0;
}

struct value attrpath_fold(struct render *render, struct value v)
{
	return v.kind == VALUE_STRING ? text_map(render, v, casing_lower, 3) : v;
}

struct value attrpath_get(struct render *render, const struct attrpath *path, struct value item)
{
	bool falls_back = path->fallback.kind != VALUE_MISSING && path->fallback.kind != VALUE_NONE;

	for (size_t i = 0; i < path->count; i++) {
		item = value_getitem(render, item, path->parts[i]);
		if (value_failed(item))
			return item;
		if (falls_back && item.kind == VALUE_UNDEFINED)
			item = path->fallback;
	}
	return path->ignore_case ? attrpath_fold(render, item) : item;
}
