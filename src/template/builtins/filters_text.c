/*
 * filters_text.c - filters of text: case, fields, words, lines
 *
 * Each takes what str() makes of its subject unless Jinja insists on a string.
 */
#include "template/values/native.h"
#include "template/py/casing.h"
#include "template/py/pad.h"
#include "template/py/split.h"
#include "template/py/strip.h"
#include "template/py/words.h"
#include "template/py/wrap.h"
#include "template/builtins/text.h"

/* ---- case ---- */

static struct value change_case(struct render *render, struct value self, void (*change)(struct span, struct buf *))
{
	struct value text = value_str(render, self);

	return value_failed(text) ? text : text_map(render, text, change, 3);
}

static struct value filter_upper(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return change_case(render, self, casing_upper);
}

static struct value filter_lower(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return change_case(render, self, casing_lower);
}

static struct value filter_capitalize(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return change_case(render, self, casing_capitalize);
}

/* The only one that forgets that its subject was Markup. */
static struct value filter_title(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	struct value text = change_case(render, self, casing_title_words);

	return value_failed(text) ? text : value_plain(text);
}

/* ---- parts ---- */

static struct value filter_trim(struct render *render, struct value self, const struct value *args)
{
	struct value text = value_str(render, self);

	return value_failed(text) ? text : text_strip(render, text, args[0], STRIP_BOTH);
}

static struct value replace_escaping(struct render *render, struct value s, struct value old, struct value new,
				     int64_t count)
{
	if (value_has_html(old) || (value_has_html(new) && !value_has_html(s)))
		s = value_escape(render, s);
	else
		s = value_str(render, s);
	if (value_failed(s))
		return s;
	old = value_str(render, old);
	new = value_str(render, new);
	if (value_failed(old) || value_failed(new))
		return value_error();
	old = text_escape_argument(render, s, old);
	new = text_escape_argument(render, s, new);
	if (value_failed(old) || value_failed(new))
		return value_error();
	return text_replace(render, s, old, new, count);
}

static struct value filter_replace(struct render *render, struct value self, const struct value *args)
{
	struct value s, old, new;
	int64_t count = -1;

	if (args[2].kind != VALUE_NONE && value_index(render, args[2], &count) < 0)
		return value_error();
	if (render_autoescape(render))
		return replace_escaping(render, self, args[0], args[1], count);
	s = value_str(render, self);
	old = value_failed(s) ? s : value_str(render, args[0]);
	new = value_failed(old) ? old : value_str(render, args[1]);
	if (value_failed(new))
		return new;
	return text_replace(render, value_plain(s), old, new, count);
}

static int check_at_least(struct render *render, const char *name, struct value v, int64_t least)
{
	int order = value_order(render, ">=", v, value_int(least));

	if (order < 0)
		return -1;
	if (order == 0) {
		struct value shown = value_str(render, v);

		if (!value_failed(shown))
			render_fail(render, FAIL_ASSERTION, "expected %s >= %lld, got %.*s", name, (long long)least,
				    (int)shown.len, shown.text);
		return -1;
	}
	return 0;
}

/* Whether a text of `size` need not be cut: 1, 0, -1.  Lengths may be fractions, until they are slices. */
static int fits(struct render *render, int64_t size, struct value length, struct value leeway)
{
	struct value most = value_binary(render, "+", length, leeway);

	return value_failed(most) ? -1 : value_order(render, "<=", value_int(size), most);
}

/* s[:length - len(end)], without its last word unless that may be cut. */
static struct value cut_text(struct value s, int64_t keep, bool kill_words)
{
	struct value part = value_slice_points(s, 0, (size_t)keep);
	struct split split = split_by(value_span(part), span_of(" "), 1, true);
	struct span last, before;

	if (!kill_words && split_next(&split, &last) && split_next(&split, &before))
		part = text_part(part, before);
	return part;
}

static struct value filter_truncate(struct render *render, struct value self, const struct value *args)
{
	int64_t end = value_length(render, args[2]), length, size;
	struct value leeway = args[3].kind == VALUE_NONE ? value_int(5) : args[3];

	if (end < 0 || check_at_least(render, "length", args[0], end) < 0 ||
	    check_at_least(render, "leeway", leeway, 0) < 0)
		return value_error();
	size = value_length(render, self);
	int uncut = size < 0 ? -1 : fits(render, size, args[0], leeway);
	if (uncut < 0)
		return value_error();
	if (uncut)
		return self;
	int kill = value_truth(render, args[1]);
	if (kill < 0)
		return value_error();
	if (!value_is_int(args[0]))
		return render_fail(render, FAIL_TYPE,
				   "slice indices must be integers or None or have an __index__ method");
	pyint_fits(value_to_pyint(args[0]), &length);
	if (self.kind != VALUE_STRING) {
		struct value part = value_slice(render, self, value_none(), value_int(length - end), value_none());
		if (value_failed(part) || kill)
			return value_failed(part) ? part : value_binary(render, "+", part, args[2]);
		return text_no_attribute(render, self, "rsplit");
	}
	return value_binary(render, "+", cut_text(self, length - end, kill), args[2]);
}

/* ---- fields and lines ---- */

static struct value filter_center(struct render *render, struct value self, const struct value *args)
{
	struct value text = value_str(render, self);
	size_t capture = render_capture(render);
	int64_t width;

	if (value_failed(text) || value_index(render, args[0], &width) < 0 || render_width(render, width) < 0)
		return value_error();
	pad_add(value_span(text), width, ' ', PAD_CENTER, render->out);
	return text_captured(render, capture, text);
}

struct indention {
	struct span text;
	bool blank;		/* blank lines get it too */
	bool escapes;		/* it is Markup and the text is not: lines behind it are escaped, */
	bool escapes_first;	/* the first one too */
};

/* Adds lines with the indention before all but the first; blank ones get it
 * only if they are to. */
static void add_indented(struct render *render, struct span s, const struct indention *indention)
{
	struct split split = split_lines(s, false);
	struct span line;
	bool first = true;

	while (split_next(&split, &line)) {
		bool indented = !first && (indention->blank || line.len > 0);

		if (!first)
			buf_putc(render->out, '\n');
		if (indented)
			span_add(indention->text, render->out);
		if (first ? indention->escapes_first : indented && indention->escapes)
			value_print_escaped(render->out, line);
		else
			span_add(line, render->out);
		first = false;
	}
}

/* The line end that Jinja adds, so that a last blank line counts. */
static struct value with_line_end(struct render *render, struct value s)
{
	size_t capture = render_capture(render);

	buf_add(render->out, s.text, s.len);
	buf_putc(render->out, '\n');
	return text_captured(render, capture, s);
}

/* The lines of a string that ends with a line end. */
static struct value indent_lines(struct render *render, struct value text, struct value indent, bool first, bool blank)
{
	bool escapes = value_is_markup(indent) && !value_is_markup(text);
	struct indention indention = { value_span(indent), blank, escapes, escapes && blank };
	size_t capture = render_capture(render);
	struct value result;

	if (render_room(render, (uint64_t)text.len * (6 + (uint64_t)indent.len)) < 0)
		return value_error();
	add_indented(render, value_span(text), &indention);
	result = render_captured(render, capture, value_is_markup(text) || indention.escapes_first ? VALUE_MARKUP : 0);
	if (!first || value_failed(result))
		return result;
	return value_binary(render, "+", value_is_markup(text) ? value_markup(indent) : indent, result);
}

static struct value filter_indent(struct render *render, struct value self, const struct value *args)
{
	struct value indent = text_indention(render, args[0]), text;
	int first, blank;

	if (value_failed(indent))
		return indent;
	if (self.kind == VALUE_UNDEFINED)
		return undefined_fail(render, self);
	if (self.kind == VALUE_LIST)
		return text_no_attribute(render, self, "splitlines");
	if (self.kind == VALUE_TUPLE)
		return value_binary(render, "+", self, value_literal(""));
	if (self.kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "unsupported operand type(s) for +=: '%s' and 'str'",
				   value_class_name(self));
	blank = value_truth(render, args[2]);
	first = blank < 0 ? -1 : value_truth(render, args[1]);
	text = first < 0 ? value_error() : with_line_end(render, self);
	return value_failed(text) ? text : indent_lines(render, text, indent, first, blank);
}

/* What joins the lines; Markup makes everything else be escaped. */
static struct value wrap_string(struct render *render, struct value given)
{
	if (given.kind == VALUE_NONE)
		return value_literal(render_newline(render));
	if (given.kind != VALUE_STRING)
		return text_no_attribute(render, given, "join");
	return given;
}

static int add_wrapped(struct render *render, struct span s, const struct wrap *wrap, struct value between)
{
	struct split split = split_lines(s, false);
	struct error error = ERROR_INIT;
	struct span line;
	bool first = true;

	while (split_next(&split, &line)) {
		size_t start;

		if (!first)
			buf_add(render->out, between.text, between.len);
		first = false;
		start = render->out->len;
		if (render_steps(render, 1 + line.len / 64) < 0)
			return -1;
		/* Two lines together are longer than the width. */
		if (wrap->width > 0 &&
		    render_room(render, (2 * line.len / (uint64_t)wrap->width + 2) * between.len) < 0)
			return -1;
		if (wrap_add(line, wrap, value_span(between), render->out, &error) < 0) {
			render_fail_error(render, FAIL_VALUE, &error);
			return -1;
		}
		if (render_work(render, render->out->len - start) < 0)
			return -1;
	}
	return 0;
}

/* The lines escaped one by one, for a separator that is Markup.  Until then a
 * character stands between them that no line can hold. */
static struct value wrap_escaped(struct render *render, struct value text, const struct wrap *wrap,
				 struct value between)
{
	struct value plain = value_literal("\x1c"), lines, escaped;
	size_t capture = render_capture(render);

	if (add_wrapped(render, value_span(text), wrap, plain) < 0)
		return value_error();
	lines = render_captured(render, capture, 0);
	escaped = value_failed(lines) ? lines : value_escape(render, lines);
	return value_failed(escaped) ? escaped : text_replace(render, escaped, plain, between, -1);
}

static struct value filter_wordwrap(struct render *render, struct value self, const struct value *args)
{
	struct value between = wrap_string(render, args[2]);
	int long_words = value_truth(render, args[1]), hyphens = value_truth(render, args[3]);
	struct wrap wrap = { 0, long_words, args[3].kind == VALUE_BOOL && args[3].number, hyphens };
	size_t capture;

	if (value_failed(between) || long_words < 0 || hyphens < 0)
		return value_error();
	if (self.kind != VALUE_STRING)
		return text_no_attribute(render, self, "splitlines");
	/* Without a line nobody looks at the width. */
	if (self.len > 0 && (value_order(render, "<=", args[0], value_int(0)) < 0 ||
			     text_bound(render, args[0], &wrap.width) < 0))
		return value_error();
	if (value_is_markup(between))
		return wrap_escaped(render, self, &wrap, between);
	capture = render_capture(render);
	if (add_wrapped(render, value_span(self), &wrap, between) < 0)
		return value_error();
	return render_captured(render, capture, 0);
}

static struct value filter_wordcount(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	struct value text = value_str(render, self);

	return value_failed(text) ? text : value_int((int64_t)words_count(value_span(text)));
}

/* ---- formatting ---- */

static struct value filter_format(struct render *render, struct value self, const struct value *args)
{
	struct value format;

	if (args[0].list->count > 0 && args[1].dict->count > 0)
		return render_fail(render, FAIL_TEMPLATE,
				   "can't handle positional and keyword arguments at the same time");
	format = value_str(render, self);
	if (value_failed(format))
		return format;
	return value_percent(render, format, args[1].dict->count > 0 ? args[1] : args[0]);
}

const struct native filters_text[] = {
	{ "capitalize", "", filter_capitalize, 0, NULL },
	{ "center", "width=80", filter_center, 0, NULL },
	{ "format", "*args **kwargs", filter_format, 0, NULL },
	{ "indent", "width=4 first=False blank=False", filter_indent, 0, NULL },
	{ "lower", "", filter_lower, 0, NULL },
	{ "replace", "old new count=None", filter_replace, NATIVE_CONTEXT | NATIVE_PASSED, NULL },
	{ "title", "", filter_title, 0, NULL },
	{ "trim", "chars=None", filter_trim, 0, NULL },
	{ "truncate", "length=255 killwords=False end='...' leeway=None", filter_truncate, NATIVE_PASSED, NULL },
	{ "upper", "", filter_upper, 0, NULL },
	{ "wordcount", "", filter_wordcount, 0, NULL },
	{ "wordwrap", "width=79 break_long_words=True wrapstring=None break_on_hyphens=True", filter_wordwrap, NATIVE_CONTEXT,
	  NULL },
	{ 0 },
};
