/*
 * filters_html.c - filters for HTML, URLs and JSON within HTML
 *
 * escape, forceescape and safe are the engine's own (natives_core.c).
 */
#include <stdlib.h>

#include "template/builtins/json.h"
#include "template/values/native.h"
#include "template/py/html.h"
#include "template/py/split.h"
#include "template/py/uni.h"
#include "template/py/url.h"
#include "template/py/utf8.h"
#include "template/builtins/pprint.h"
#include "template/builtins/text.h"

static unsigned markup_if_escaping(struct render *render)
{
	return render_autoescape(render) ? VALUE_MARKUP : 0;
}

static struct value filter_striptags(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	struct value text = value_str(render, self);
	size_t capture = render_capture(render);

	if (value_failed(text))
		return text;
	html_strip_tags(value_span(text), render->out);
	return render_captured(render, capture, 0);
}

/* ---- xmlattr ---- */

/* Characters that would end an attribute's name: [\s/>=], ASCII. */
static bool breaks_name(struct span key)
{
	for (size_t i = 0; i < key.len; i++)
		if ((unsigned char)key.at[i] < 0x80 && strchr(" \t\n\r\f\v/>=", key.at[i]) && key.at[i] != '\0')
			return true;
	return false;
}

static int add_attribute(struct render *render, struct value key, struct value value)
{
	struct value escaped;

	if (key.kind != VALUE_STRING) {
		render_fail(render, FAIL_TYPE, "expected string or bytes-like object, got '%s'", value_class_name(key));
		return -1;
	}
	if (breaks_name(value_span(key))) {
		size_t capture = render_capture(render);
		struct value shown;

		shown = value_print_repr(render, key) < 0 ? value_error() : render_captured(render, capture, 0);
		if (!value_failed(shown))
			render_fail(render, FAIL_VALUE, "Invalid character in attribute name: %.*s", (int)shown.len,
				    shown.text);
		return -1;
	}
	escaped = value_escape(render, key);
	if (value_failed(escaped))
		return -1;
	buf_add(render->out, escaped.text, escaped.len);
	escaped = value_escape(render, value);
	if (value_failed(escaped))
		return -1;
	buf_puts(render->out, "=\"");
	buf_add(render->out, escaped.text, escaped.len);
	buf_putc(render->out, '"');
	return render_work(render, key.len + (uint64_t)escaped.len);
}

static struct value filter_xmlattr(struct render *render, struct value self, const struct value *args)
{
	int autospace = value_truth(render, args[0]);
	size_t capture = render_capture(render);
	const struct dict_entry *entry;
	uint32_t at = 0;

	if (autospace < 0)
		return value_error();
	if (self.kind != VALUE_DICT)
		return text_no_attribute(render, self, "items");
	while ((entry = dict_next(self.dict, &at)) != NULL) {
		if (entry->value.kind == VALUE_NONE || entry->value.kind == VALUE_UNDEFINED)
			continue;
		if (autospace || render->out->len > capture)
			buf_putc(render->out, ' ');
		if (add_attribute(render, entry->key, entry->value) < 0)
			return value_error();
	}
	return render_captured(render, capture, markup_if_escaping(render));
}

/* ---- URLs ---- */

static int add_quoted(struct render *render, struct value v, bool query)
{
	struct value text = value_str(render, v);

	if (value_failed(text) || render_room(render, 3 * (uint64_t)text.len) < 0)
		return -1;
	url_quote(value_span(text), query, render->out);
	return render_work(render, text.len);
}

static int add_parameter(struct render *render, struct value pair)
{
	struct value items;

	if (pair.kind != VALUE_TUPLE && pair.kind != VALUE_LIST) {
		struct cursor cursor;

		if (cursor_open(render, &cursor, pair) < 0) {
			render_fail(render, FAIL_TYPE, "cannot unpack non-iterable %s object", value_class_name(pair));
			return -1;
		}
	}
	items = value_to_list(render, pair);
	if (value_failed(items))
		return -1;
	if (items.list->count < 2) {
		render_fail(render, FAIL_VALUE, "not enough values to unpack (expected 2, got %zu)", items.list->count);
		return -1;
	}
	if (items.list->count > 2) {
		render_fail(render, FAIL_VALUE, "too many values to unpack (expected 2)");
		return -1;
	}
	if (add_quoted(render, items.list->items[0], true) < 0)
		return -1;
	buf_putc(render->out, '=');
	return add_quoted(render, items.list->items[1], true);
}

static bool is_iterable(struct value v)
{
	switch (v.kind) {
	case VALUE_NONE:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_FLOAT:
		return false;
	case VALUE_OBJECT:
		return v.object->class->next != NULL;
	default:
		return true;
	}
}

static struct value urlencode_pairs(struct render *render, struct value pairs)
{
	size_t capture = render_capture(render);
	struct cursor cursor;
	struct value pair;
	int more;

	if (pairs.kind == VALUE_DICT) {
		pairs.kind = VALUE_VIEW;
		pairs.len = VIEW_ITEMS;
	}
	if (cursor_open(render, &cursor, pairs) < 0)
		return value_error();
	while ((more = cursor_next(render, &cursor, &pair)) > 0) {
		if (render->out->len > capture)
			buf_putc(render->out, '&');
		if (add_parameter(render, pair) < 0)
			return value_error();
	}
	return more < 0 ? value_error() : render_captured(render, capture, 0);
}

static struct value filter_urlencode(struct render *render, struct value self, const struct value *args)
{
	size_t capture = render_capture(render);

	(void)args;
	if (self.kind != VALUE_STRING && is_iterable(self))
		return urlencode_pairs(render, self);
	if (add_quoted(render, self, false) < 0)
		return value_error();
	return render_captured(render, capture, 0);
}

/* ---- urlize ---- */

static int compare_words(const void *a, const void *b)
{
	const struct span *left = a, *right = b;
	size_t least = left->len < right->len ? left->len : right->len;
	int order = memcmp(left->at, right->at, least);

	return order != 0 ? order : (left->len > right->len) - (left->len < right->len);
}

enum { REL_MOST = 64 };

/* The words of `rel` and Jinja's own, sorted, each once: ' rel="..."'. */
static void add_rel(struct span rel, bool nofollow, struct buf *out)
{
	struct span words[REL_MOST], joined;
	size_t count = 0;
	struct split split = split_space(rel, -1, false);
	struct buf text = BUF_INIT;

	while (count < REL_MOST - 2 && split_next(&split, &words[count]))
		count++;
	if (nofollow)
		words[count++] = span_of("nofollow");
	words[count++] = span_of("noopener");
	qsort(words, count, sizeof *words, compare_words);
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && span_equal(words[i], words[i - 1]))
			continue;
		if (text.len > 0)
			buf_putc(&text, ' ');
		span_add(words[i], &text);
	}
	joined = span_buf(&text);
	buf_puts(out, " rel=\"");
	html_escape(joined, out);
	buf_putc(out, '"');
	buf_clear(&text);
}

/* What stands in every link behind its address, as a string in the arena. */
static struct value link_attributes(struct render *render, struct value rel, struct value nofollow,
				    struct value target)
{
	int follow = value_truth(render, nofollow), has_rel = value_truth(render, rel), has_target;
	size_t capture = render_capture(render);
	struct value escaped;

	has_target = value_truth(render, target);
	if (follow < 0 || has_rel < 0 || has_target < 0)
		return value_error();
	if (has_rel && rel.kind != VALUE_STRING)
		return text_no_attribute(render, rel, "split");
	add_rel(has_rel ? value_span(rel) : span_of(""), follow, render->out);
	if (has_target) {
		escaped = value_escape(render, target);
		if (value_failed(escaped))
			return escaped;
		buf_puts(render->out, " target=\"");
		buf_add(render->out, escaped.text, escaped.len);
		buf_putc(render->out, '"');
	}
	buf_putc(render->out, '\0');
	return render_captured(render, capture, 0);
}

static int check_scheme(struct render *render, struct value scheme)
{
	size_t capture = render_capture(render);
	struct value shown;

	if (scheme.kind != VALUE_STRING) {
		render_fail(render, FAIL_TYPE, "expected string or bytes-like object, got '%s'",
			    value_class_name(scheme));
		return -1;
	}
	if (url_is_scheme(value_span(scheme)))
		return 0;
	shown = value_print_repr(render, scheme) < 0 ? value_error() : render_captured(render, capture, 0);
	if (!value_failed(shown))
		render_fail(render, FAIL_TEMPLATE, "%.*s is not a valid URI scheme prefix.", (int)shown.len, shown.text);
	return -1;
}

static int read_schemes(struct render *render, struct value given, struct url_links *links)
{
	struct value list;
	struct span *schemes;

	if (given.kind == VALUE_NONE)
		return 0;
	list = value_to_list(render, given);
	if (value_failed(list))
		return -1;
	schemes = arena_alloc(render->arena, (list.list->count + 1) * sizeof *schemes);
	for (size_t i = 0; i < list.list->count; i++) {
		if (check_scheme(render, list.list->items[i]) < 0)
			return -1;
		schemes[i] = value_span(list.list->items[i]);
	}
	links->schemes = schemes;
	links->scheme_count = list.list->count;
	return 0;
}

static struct value filter_urlize(struct render *render, struct value self, const struct value *args)
{
	struct value attributes = link_attributes(render, args[3], args[1], args[2]), text;
	bool limited = args[0].kind != VALUE_NONE, trims = false;
	struct url_links links = { .has_limit = limited && value_is_int(args[0]), .trims = &trims };
	size_t capture;

	if (value_failed(attributes) || read_schemes(render, args[4], &links) < 0)
		return value_error();
	links.attributes = attributes.text;
	text = value_escape(render, self);
	if (value_failed(text) || (links.has_limit && text_bound(render, args[0], &links.shown) < 0))
		return value_error();
	if (render_room(render, (uint64_t)text.len * (attributes.len + 40) / 4) < 0)
		return value_error();
	capture = render_capture(render);
	url_link(value_span(text), &links, render->out);
	/* A limit that is no number is a fault only where a link is. */
	if (trims && limited && !links.has_limit)
		return render_fail(render, FAIL_TYPE, "'>' not supported between instances of 'int' and '%s'",
				   value_class_name(args[0]));
	return render_captured(render, capture, markup_if_escaping(render));
}

/* ---- as JSON, as Python ---- */

/* Characters that HTML would act upon, as JSON writes them. */
static const char *json_escape(char c)
{
	switch (c) {
	case '<':
		return "\\u003c";
	case '>':
		return "\\u003e";
	case '&':
		return "\\u0026";
	case '\'':
		return "\\u0027";
	default:
		return NULL;
	}
}

static struct value filter_tojson(struct render *render, struct value self, const struct value *args)
{
	size_t capture = render_capture(render), start;
	struct value json;

	if (json_print(render, self, args[0]) < 0)
		return value_error();
	json = render_captured(render, capture, VALUE_MARKUP);
	if (value_failed(json))
		return json;
	for (start = 0; start < json.len && json_escape(json.text[start]) == NULL; start++)
		;
	if (start == json.len)
		return json;
	buf_add(render->out, json.text, start);
	for (size_t i = start; i < json.len; i++) {
		const char *escape = json_escape(json.text[i]);

		if (escape != NULL)
			buf_puts(render->out, escape);
		else
			buf_putc(render->out, json.text[i]);
	}
	return render_captured(render, capture, VALUE_MARKUP);
}

static struct value filter_pprint(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return pprint_format(render, self);
}

const struct native filters_html[] = {
	{ "pprint", "", filter_pprint, 0, NULL },
	{ "striptags", "", filter_striptags, 0, NULL },
	{ "tojson", "indent=None", filter_tojson, NATIVE_PASSED, NULL },
	{ "urlencode", "", filter_urlencode, 0, NULL },
	{ "urlize", "trim_url_limit=None nofollow=False target=None rel=None extra_schemes=None", filter_urlize,
	  NATIVE_CONTEXT | NATIVE_PASSED, NULL },
	{ "xmlattr", "autospace=True", filter_xmlattr, NATIVE_CONTEXT | NATIVE_PASSED, NULL },
	{ 0 },
};
