/*
 * methods_split.c - the methods of str that cut it into pieces
 *
 * Pieces of Markup are Markup.
 */
#include "template/builtins/methods_split.h"

#include "template/py/seek.h"
#include "template/py/split.h"
#include "template/builtins/text.h"

/* All pieces as a list, in the order of the text. */
static struct value collect(struct render *render, struct value self, struct split split)
{
	struct list *list = list_new(render->arena, 8);
	struct span piece;

	while (split_next(&split, &piece)) {
		if (render_steps(render, 1) < 0)
			return value_error();
		list_append(render->arena, list, text_part(self, piece));
	}
	for (size_t i = 0, j = list->count; split.from_right && i + 1 < j; i++) {
		struct value item = list->items[i];

		list->items[i] = list->items[--j];
		list->items[j] = item;
	}
	return value_list(list);
}

static struct value cut(struct render *render, struct value self, const struct value *args, bool from_right)
{
	int64_t most;

	if (value_index(render, args[1], &most) < 0)
		return value_error();
	if (args[0].kind == VALUE_NONE)
		return collect(render, self, split_space(value_span(self), most, from_right));
	if (args[0].kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "must be str or None, not %s", value_class_name(args[0]));
	if (args[0].len == 0)
		return render_fail(render, FAIL_VALUE, "empty separator");
	return collect(render, self, split_by(value_span(self), value_span(args[0]), most, from_right));
}

struct value str_split(struct render *render, struct value self, const struct value *args)
{
	return cut(render, self, args, false);
}

struct value str_rsplit(struct render *render, struct value self, const struct value *args)
{
	return cut(render, self, args, true);
}

struct value str_splitlines(struct render *render, struct value self, const struct value *args)
{
	int keep_ends = text_flag(render, args[0]);

	return keep_ends < 0 ? value_error() : collect(render, self, split_lines(value_span(self), keep_ends));
}

/* Before, separator, behind; `last` looks from the right. */
static struct value part_at(struct render *render, struct value self, struct value separator, bool last)
{
	struct span s = value_span(self), sub;
	struct value parts[3];
	int64_t at;

	if (value_is_markup(self))
		separator = value_escape(render, separator);
	if (value_failed(separator))
		return separator;
	if (separator.kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "must be str, not %s", value_class_name(separator));
	if (separator.len == 0)
		return render_fail(render, FAIL_VALUE, "empty separator");
	sub = value_span(separator);
	at = last ? seek_last(s, sub) : seek_first(s, sub);
	parts[0] = parts[1] = parts[2] = text_part(self, span_cut(s, 0, 0));
	if (at < 0) {
		parts[last ? 2 : 0] = self;
	} else {
		parts[0] = text_part(self, span_cut(s, 0, (size_t)at));
		parts[1] = text_part(self, span_cut(s, (size_t)at, (size_t)at + sub.len));
		parts[2] = text_part(self, span_cut(s, (size_t)at + sub.len, s.len));
	}
	return value_tuple_of(render->arena, parts, 3);
}

struct value str_partition(struct render *render, struct value self, const struct value *args)
{
	return part_at(render, self, args[0], false);
}

struct value str_rpartition(struct render *render, struct value self, const struct value *args)
{
	return part_at(render, self, args[0], true);
}
