/*
 * methods_str.c - methods of str, and of Markup
 *
 * Markup's methods escape the strings they are given and give Markup, but
 * for those that MarkupSafe 2.1 leaves to str: casefold, removeprefix,
 * removesuffix, format_map.  Finding, counting and asking is the same for
 * both; cutting into lists stands in methods_split.c.
 */
#include "template/builtins/format.h"
#include "template/builtins/methods_split.h"
#include "template/values/native.h"
#include "template/py/casing.h"
#include "template/py/html.h"
#include "template/py/pad.h"
#include "template/py/seek.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"
#include "template/builtins/text.h"

/* ---- case ---- */

#define CASE_METHOD(name, function) \
	static struct value str_##name(struct render *render, struct value self, const struct value *args) \
	{ \
		(void)args; \
		return text_map(render, self, function, 3); \
	}

CASE_METHOD(capitalize, casing_capitalize)
CASE_METHOD(lower, casing_lower)
CASE_METHOD(swapcase, casing_swap)
CASE_METHOD(title, casing_title)
CASE_METHOD(upper, casing_upper)

static struct value str_casefold(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return text_map(render, value_plain(self), casing_fold, 3);
}

/* ---- predicates ---- */

#define PREDICATE(name, condition) \
	static struct value str_##name(struct render *render, struct value self, const struct value *args) \
	{ \
		struct span s = value_span(self); \
\
		(void)render, (void)args; \
		return value_bool(condition); \
	}

PREDICATE(isalnum, casing_all(s, UNI_ALNUM))
PREDICATE(isalpha, casing_all(s, UNI_ALPHA))
PREDICATE(isascii, utf8_is_ascii(s))
PREDICATE(isdecimal, casing_all(s, UNI_DECIMAL))
PREDICATE(isdigit, casing_all(s, UNI_DIGIT))
PREDICATE(isidentifier, casing_is_identifier(s))
PREDICATE(islower, casing_is_lower(s))
PREDICATE(isnumeric, casing_all(s, UNI_NUMERIC))
PREDICATE(isprintable, casing_is_printable(s))
PREDICATE(isspace, casing_all(s, UNI_SPACE))
PREDICATE(istitle, casing_is_title(s))
PREDICATE(isupper, casing_is_upper(s))

/* ---- fields ---- */

static struct value pad(struct render *render, struct value self, const struct value *args, enum pad_side side)
{
	struct value fill = value_given(args[1]) ? text_escape_argument(render, self, args[1]) : value_literal(" ");
	struct value columns = text_escape_argument(render, self, args[0]);
	size_t capture = render_capture(render), at = 0;
	int64_t width;

	if (value_failed(fill) || value_failed(columns) || value_index(render, columns, &width) < 0 ||
	    render_width(render, width) < 0)
		return value_error();
	if (fill.kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "The fill character must be a unicode character, not %s",
				   value_class_name(fill));
	if (value_points(fill) != 1)
		return render_fail(render, FAIL_TYPE, "The fill character must be exactly one character long");
	pad_add(value_span(self), width, utf8_next(value_span(fill), &at), side, render->out);
	return text_captured(render, capture, self);
}

static struct value str_center(struct render *render, struct value self, const struct value *args)
{
	return pad(render, self, args, PAD_CENTER);
}

static struct value str_ljust(struct render *render, struct value self, const struct value *args)
{
	return pad(render, self, args, PAD_RIGHT);
}

static struct value str_rjust(struct render *render, struct value self, const struct value *args)
{
	return pad(render, self, args, PAD_LEFT);
}

static struct value str_zfill(struct render *render, struct value self, const struct value *args)
{
	struct value columns = text_escape_argument(render, self, args[0]);
	size_t capture = render_capture(render);
	int64_t width;

	if (value_failed(columns) || value_index(render, columns, &width) < 0 || render_width(render, width) < 0)
		return value_error();
	pad_zfill(value_span(self), width, render->out);
	return text_captured(render, capture, self);
}

static struct value str_expandtabs(struct render *render, struct value self, const struct value *args)
{
	size_t capture = render_capture(render);
	int64_t size;

	if (value_index(render, args[0], &size) < 0 || render_width(render, size) < 0)
		return value_error();
	if (size > 0 && render_room(render, (uint64_t)size * seek_count(value_span(self), span_of("\t"))) < 0)
		return value_error();
	pad_expand_tabs(value_span(self), size, render->out);
	return text_captured(render, capture, self);
}

/* ---- stripping ---- */

static struct value str_strip(struct render *render, struct value self, const struct value *args)
{
	return text_strip(render, self, args[0], STRIP_BOTH);
}

static struct value str_lstrip(struct render *render, struct value self, const struct value *args)
{
	return text_strip(render, self, args[0], STRIP_LEFT);
}

static struct value str_rstrip(struct render *render, struct value self, const struct value *args)
{
	return text_strip(render, self, args[0], STRIP_RIGHT);
}

static int need_text(struct render *render, const char *what, struct value v)
{
	if (v.kind == VALUE_STRING)
		return 0;
	render_fail(render, FAIL_TYPE, "%s%smust be str, not %s", what ? what : "", what ? " " : "", value_class_name(v));
	return -1;
}

static struct value str_removeprefix(struct render *render, struct value self, const struct value *args)
{
	struct span s = value_span(self);

	if (need_text(render, "removeprefix() argument", args[0]) < 0)
		return value_error();
	self = value_plain(self);
	return seek_starts(s, value_span(args[0])) ? text_part(self, span_cut(s, args[0].len, s.len)) : self;
}

static struct value str_removesuffix(struct render *render, struct value self, const struct value *args)
{
	struct span s = value_span(self);

	if (need_text(render, "removesuffix() argument", args[0]) < 0)
		return value_error();
	self = value_plain(self);
	return seek_ends(s, value_span(args[0])) ? text_part(self, span_cut(s, 0, s.len - args[0].len)) : self;
}

/* ---- finding ---- */

/* A bound of a search: None or not given is `absent`. */
static int read_bound(struct render *render, struct value v, int64_t absent, int64_t *out)
{
	*out = absent;
	if (!value_given(v) || v.kind == VALUE_NONE)
		return 0;
	if (!value_is_int(v)) {
		render_fail(render, FAIL_TYPE,
			    "slice indices must be integers or None or have an __index__ method");
		return -1;
	}
	pyint_fits(value_to_pyint(v), out);
	return 0;
}

/* The bytes that start and end choose; 0: start lies behind the end. */
static int read_range(struct render *render, struct value self, const struct value *bounds, size_t *from, size_t *to)
{
	int64_t start, end;

	if (read_bound(render, bounds[0], 0, &start) < 0 || read_bound(render, bounds[1], INT64_MAX, &end) < 0)
		return -1;
	return seek_range(value_span(self), start, end, from, to);
}

/* Where it is, in code points; -1 if nowhere, -2 on failure. */
static int64_t find(struct render *render, struct value self, const struct value *args, bool last)
{
	struct span s = value_span(self), within;
	size_t from, to;
	int64_t at;
	int chosen;

	if ((chosen = read_range(render, self, args + 1, &from, &to)) < 0 || need_text(render, NULL, args[0]) < 0)
		return -2;
	if (!chosen)
		return -1;
	within = span_cut(s, from, to);
	at = last ? seek_last(within, value_span(args[0])) : seek_first(within, value_span(args[0]));
	return at < 0 ? -1 : (int64_t)utf8_index(s, from + (size_t)at);
}

static struct value found(struct render *render, int64_t at, bool must)
{
	if (at < -1)
		return value_error();
	if (at < 0 && must)
		return render_fail(render, FAIL_VALUE, "substring not found");
	return value_int(at);
}

static struct value str_find(struct render *render, struct value self, const struct value *args)
{
	return found(render, find(render, self, args, false), false);
}

static struct value str_index(struct render *render, struct value self, const struct value *args)
{
	return found(render, find(render, self, args, false), true);
}

static struct value str_rfind(struct render *render, struct value self, const struct value *args)
{
	return found(render, find(render, self, args, true), false);
}

static struct value str_rindex(struct render *render, struct value self, const struct value *args)
{
	return found(render, find(render, self, args, true), true);
}

static struct value str_count(struct render *render, struct value self, const struct value *args)
{
	size_t from, to;
	int chosen;

	if ((chosen = read_range(render, self, args + 1, &from, &to)) < 0 || need_text(render, NULL, args[0]) < 0)
		return value_error();
	if (!chosen)
		return value_int(0);
	return value_int((int64_t)seek_count(span_cut(value_span(self), from, to), value_span(args[0])));
}

/* One affix or a tuple of them. */
static struct value has_affix(struct render *render, struct value self, const struct value *args, const char *name,
			      bool (*holds)(struct span, struct span))
{
	const struct list list = { (struct value *)args, 1, 1, NULL };
	const struct list *affixes = args[0].kind == VALUE_TUPLE ? args[0].list : &list;
	size_t from, to;
	int chosen = read_range(render, self, args + 1, &from, &to);

	if (chosen < 0)
		return value_error();
	for (size_t i = 0; i < affixes->count; i++) {
		if (affixes->items[i].kind != VALUE_STRING)
			return render_fail(render, FAIL_TYPE,
					   affixes == &list ? "%s first arg must be str or a tuple of str, not %s" :
							      "tuple for %s must only contain str, not %s",
					   name, value_class_name(affixes->items[i]));
		if (chosen && holds(span_cut(value_span(self), from, to), value_span(affixes->items[i])))
			return value_bool(true);
	}
	return value_bool(false);
}

static struct value str_startswith(struct render *render, struct value self, const struct value *args)
{
	return has_affix(render, self, args, "startswith", seek_starts);
}

static struct value str_endswith(struct render *render, struct value self, const struct value *args)
{
	return has_affix(render, self, args, "endswith", seek_ends);
}

/* ---- making new text ---- */

static struct value str_replace(struct render *render, struct value self, const struct value *args)
{
	struct value old = text_escape_argument(render, self, args[0]), new;
	int64_t count;

	new = value_failed(old) ? old : text_escape_argument(render, self, args[1]);
	if (value_failed(new) || need_text(render, "replace() argument 1", old) < 0 ||
	    need_text(render, "replace() argument 2", new) < 0 || value_index(render, args[2], &count) < 0)
		return value_error();
	return text_replace(render, self, old, new, count);
}

static struct value str_join(struct render *render, struct value self, const struct value *args)
{
	return text_join(render, self, args[0], value_is_markup(self));
}

static struct value str_format(struct render *render, struct value self, const struct value *args)
{
	return format_string(render, self, args[0].list, args[1]);
}

static struct value str_format_map(struct render *render, struct value self, const struct value *args)
{
	return format_string(render, self, NULL, args[0]);
}

/* What a table of str.translate() has for a code point: text, a code point, None. */
static int add_translated(struct render *render, struct value table, uint32_t c)
{
	struct value to;

	if (value_is_number(table) || table.kind == VALUE_NONE || table.kind == VALUE_ITERATOR || table.kind == VALUE_VIEW)
		return render_fail(render, FAIL_TYPE, "'%s' object is not subscriptable", value_class_name(table)), -1;
	to = table.kind == VALUE_DICT ? dict_get(table.dict, value_int(c)) : value_getitem(render, table, value_int(c));
	if (value_failed(to))
		return -1;
	if (to.kind == VALUE_MISSING || to.kind == VALUE_UNDEFINED)
		utf8_add(c, render->out);
	else if (to.kind == VALUE_STRING)
		buf_add(render->out, to.text, to.len);
	else if (value_is_int(to) && !(to.flags & VALUE_BIG) && to.number >= 0 && to.number < 0x110000)
		utf8_add((uint32_t)to.number, render->out);
	else if (value_is_int(to))
		return render_fail(render, FAIL_VALUE, "character mapping must be in range(0x110000)"), -1;
	else if (to.kind != VALUE_NONE)
		return render_fail(render, FAIL_TYPE, "character mapping must return integer, None or str"), -1;
	return render_steps(render, 1);
}

static struct value str_translate(struct render *render, struct value self, const struct value *args)
{
	size_t capture = render_capture(render);
	struct span s = value_span(self);

	for (size_t i = 0; i < s.len;) {
		size_t before = render->out->len;
		if (add_translated(render, args[0], utf8_next(s, &i)) < 0 ||
		    render_work(render, render->out->len - before) < 0)
			return value_error();
	}
	return text_captured(render, capture, self);
}

/* A key of str.maketrans(): a code point from an int or a string of one. */
static struct value translation_key(struct render *render, struct value key)
{
	size_t at = 0;

	if (value_is_int(key))
		return key;
	if (key.kind != VALUE_STRING)
		return render_fail(render, FAIL_TYPE, "keys in translate table must be strings or integers");
	if (value_points(key) != 1)
		return render_fail(render, FAIL_VALUE, "string keys in translate table must be of length 1");
	return value_int(utf8_next(value_span(key), &at));
}

static struct value maketrans_dict(struct render *render, struct value from)
{
	struct dict *table = dict_new(render->arena, 8);
	const struct dict_entry *entry;
	uint32_t at = 0;

	if (from.kind != VALUE_DICT)
		return render_fail(render, FAIL_TYPE,
				   "if you give only one argument to maketrans it must be a dict");
	while ((entry = dict_next(from.dict, &at)) != NULL) {
		struct value key = translation_key(render, entry->key);

		if (value_failed(key))
			return key;
		dict_set(render->arena, table, key, entry->value);
	}
	return value_dict(table);
}

static struct value str_maketrans(struct render *render, struct value self, const struct value *args)
{
	struct dict *table;

	(void)self;
	if (!value_given(args[1]))
		return maketrans_dict(render, args[0]);
	if (need_text(render, "maketrans() argument 1", args[0]) < 0 ||
	    need_text(render, "maketrans() argument 2", args[1]) < 0 ||
	    (value_given(args[2]) && need_text(render, "maketrans() argument 3", args[2]) < 0))
		return value_error();
	if (value_points(args[0]) != value_points(args[1]))
		return render_fail(render, FAIL_VALUE, "the first two maketrans arguments must have equal length");
	table = dict_new(render->arena, 8);
	for (size_t i = 0, j = 0; i < args[0].len;) {
		uint32_t from = utf8_next(value_span(args[0]), &i), to = utf8_next(value_span(args[1]), &j);

		dict_set(render->arena, table, value_int(from), value_int(to));
	}
	for (size_t i = 0; value_given(args[2]) && i < args[2].len;)
		dict_set(render->arena, table, value_int(utf8_next(value_span(args[2]), &i)), value_none());
	return value_dict(table);
}

/* ---- only Markup ---- */

static struct value markup_striptags(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	size_t capture = render_capture(render);

	html_strip_tags(value_span(self), render->out);
	return render_captured(render, capture, 0);
}

static struct value markup_unescape(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	size_t capture = render_capture(render);

	html_unescape(value_span(self), render->out);
	return render_captured(render, capture, 0);
}

static struct value markup_escape(struct render *render, struct value self, const struct value *args)
{
	(void)self;
	return value_escape(render, args[0]);
}

const struct native methods_str[] = {
	{ "capitalize", "", str_capitalize, 0, NULL },
	{ "casefold", "", str_casefold, 0, NULL },
	{ "center", "width fillchar=- /", str_center, 0, NULL },
	{ "count", "sub start=None end=None /", str_count, 0, NULL },
	{ "endswith", "suffix start=None end=None /", str_endswith, 0, NULL },
	{ "escape", "s", markup_escape, NATIVE_MARKUP, NULL },
	{ "expandtabs", "tabsize=8", str_expandtabs, 0, NULL },
	{ "find", "sub start=None end=None /", str_find, 0, NULL },
	{ "format", "*args **kwargs", str_format, 0, NULL },
	{ "format_map", "mapping /", str_format_map, 0, NULL },
	{ "index", "sub start=None end=None /", str_index, 0, NULL },
	{ "isalnum", "", str_isalnum, 0, NULL },
	{ "isalpha", "", str_isalpha, 0, NULL },
	{ "isascii", "", str_isascii, 0, NULL },
	{ "isdecimal", "", str_isdecimal, 0, NULL },
	{ "isdigit", "", str_isdigit, 0, NULL },
	{ "isidentifier", "", str_isidentifier, 0, NULL },
	{ "islower", "", str_islower, 0, NULL },
	{ "isnumeric", "", str_isnumeric, 0, NULL },
	{ "isprintable", "", str_isprintable, 0, NULL },
	{ "isspace", "", str_isspace, 0, NULL },
	{ "istitle", "", str_istitle, 0, NULL },
	{ "isupper", "", str_isupper, 0, NULL },
	{ "join", "iterable /", str_join, 0, NULL },
	{ "ljust", "width fillchar=- /", str_ljust, 0, NULL },
	{ "lower", "", str_lower, 0, NULL },
	{ "lstrip", "chars=None /", str_lstrip, 0, NULL },
	{ "maketrans", "x y=- z=- /", str_maketrans, 0, NULL },
	{ "partition", "sep /", str_partition, 0, NULL },
	{ "removeprefix", "prefix /", str_removeprefix, 0, NULL },
	{ "removesuffix", "suffix /", str_removesuffix, 0, NULL },
	{ "replace", "old new count=-1 /", str_replace, 0, NULL },
	{ "rfind", "sub start=None end=None /", str_rfind, 0, NULL },
	{ "rindex", "sub start=None end=None /", str_rindex, 0, NULL },
	{ "rjust", "width fillchar=- /", str_rjust, 0, NULL },
	{ "rpartition", "sep /", str_rpartition, 0, NULL },
	{ "rsplit", "sep=None maxsplit=-1", str_rsplit, 0, NULL },
	{ "rstrip", "chars=None /", str_rstrip, 0, NULL },
	{ "split", "sep=None maxsplit=-1", str_split, 0, NULL },
	{ "splitlines", "keepends=False", str_splitlines, 0, NULL },
	{ "startswith", "prefix start=None end=None /", str_startswith, 0, NULL },
	{ "strip", "chars=None /", str_strip, 0, NULL },
	{ "striptags", "", markup_striptags, NATIVE_MARKUP, NULL },
	{ "swapcase", "", str_swapcase, 0, NULL },
	{ "title", "", str_title, 0, NULL },
	{ "translate", "table /", str_translate, 0, NULL },
	{ "unescape", "", markup_unescape, NATIVE_MARKUP, NULL },
	{ "upper", "", str_upper, 0, NULL },
	{ "zfill", "width /", str_zfill, 0, NULL },
	{ 0 },
};
