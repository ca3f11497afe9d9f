/*
 * text.c - what filters and methods of text have in common
 */
#include "template/builtins/text.h"

#include "template/py/seek.h"
#include "template/py/strip.h"

struct value text_part(struct value string, struct span part)
{
	string.text = part.at;
	string.len = (uint32_t)part.len;
	return string;
}

struct value text_captured(struct render *render, size_t capture, struct value like)
{
	return render_captured(render, capture, value_is_markup(like) ? VALUE_MARKUP : 0);
}

struct value text_map(struct render *render, struct value string, void (*function)(struct span, struct buf *),
		      unsigned factor)
{
	size_t capture = render_capture(render);

	if (render_room(render, (uint64_t)string.len * factor) < 0)
		return value_error();
	function(value_span(string), render->out);
	return text_captured(render, capture, string);
}

struct value text_escape_argument(struct render *render, struct value self, struct value argument)
{
	if (!value_is_markup(self) || (argument.kind != VALUE_STRING && !value_has_html(argument)))
		return argument;
	return value_escape(render, argument);
}

struct value text_no_attribute(struct render *render, struct value v, const char *name)
{
	if (v.kind == VALUE_UNDEFINED)
		return undefined_fail(render, v);
	return render_fail(render, FAIL_ATTRIBUTE, "'%s' object has no attribute '%s'", value_class_name(v), name);
}

struct value text_replace(struct render *render, struct value s, struct value old, struct value new, int64_t count)
{
	struct error error = ERROR_INIT;
	size_t capture = render_capture(render);
	const size_t most = UINT32_MAX / 2;
	uint64_t grown = (uint64_t)s.len;

	if (new.len > old.len && count != 0) {
		uint64_t found = (uint64_t)seek_count(value_span(s), value_span(old));
		grown += (count > 0 && (uint64_t)count < found ? (uint64_t)count : found) * (new.len - old.len);
	}
	if (render_room(render, grown) < 0)
		return value_error();
	if (seek_replace(value_span(s), value_span(old), value_span(new), count, most, render->out, &error) < 0)
		return render_fail_error(render, FAIL_LIMIT, &error);
	return text_captured(render, capture, s);
}

struct value text_strip(struct render *render, struct value s, struct value chars, int side)
{
	if (chars.kind == VALUE_NONE)
		return text_part(s, strip_space(value_span(s), (enum strip_side)side));
	if (chars.kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "%s arg must be None or str",
				   side == STRIP_LEFT ? "lstrip" : side == STRIP_RIGHT ? "rstrip" : "strip");
	chars = text_escape_argument(render, s, chars);
	if (value_failed(chars) || render_work(render, (uint64_t)s.len * chars.len) < 0)
		return value_error();
	return text_part(s, strip_chars(value_span(s), value_span(chars), (enum strip_side)side));
}

int text_flag(struct render *render, struct value v)
{
	int64_t flag;

	if (value_index(render, v, &flag) < 0)
		return -1;
	if (flag == (int)flag)
		return flag != 0;
	render_fail(render, FAIL_ARITHMETIC, "Python int too large to convert to C int");
	return -1;
}

int text_bound(struct render *render, struct value v, int64_t *out)
{
	if (!value_is_int(v))
		return value_index(render, v, out);
	pyint_fits(value_to_pyint(v), out);
	return 0;
}

struct value text_indention(struct render *render, struct value width)
{
	int64_t columns = 0;

	if (width.kind == VALUE_STRING)
		return width;
	if (value_is_int(width))
		pyint_fits(value_to_pyint(width), &columns);
	if (render_width(render, columns) < 0)
		return value_error();
	return value_binary(render, "*", value_literal(" "), width);
}

static int join_item(struct render *render, struct value item, size_t at, bool markup)
{
	if (markup) {
		item = value_escape(render, item);
		if (value_failed(item))
			return -1;
	} else if (item.kind != VALUE_STRING) {
		render_fail(render, FAIL_TYPE, "sequence item %zu: expected str instance, %s found", at,
			    value_class_name(item));
		return -1;
	}
	buf_add(render->out, item.text, item.len);
	return render_work(render, item.len);
}

struct value text_join(struct render *render, struct value separator, struct value items, bool markup)
{
	size_t capture = render_capture(render), count = 0;
	struct cursor cursor;
	struct value item;
	int more;

	if (cursor_open(render, &cursor, items) < 0)
		return items.kind == VALUE_UNDEFINED ? value_error() :
						       render_fail(render, FAIL_TYPE, "can only join an iterable");
	while ((more = cursor_next(render, &cursor, &item)) > 0) {
		if (count > 0)
			buf_add(render->out, separator.text, separator.len);
		if (render_work(render, separator.len) < 0)
			return value_error();
		if (join_item(render, item, count++, markup) < 0)
			return value_error();
	}
	return more < 0 ? value_error() : render_captured(render, capture, markup ? VALUE_MARKUP : 0);
}
