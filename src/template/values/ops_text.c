/* ops_text.c - str(), repr(), escape() and the names of types. */
#include "base/arena.h"
#include "template/values/machine.h"
#include "template/py/pyfloat.h"
#include "template/py/quote.h"
#include "template/py/utf8.h"

const char *value_type_name(struct value v)
{
	switch ((enum value_kind)v.kind) {
	case VALUE_MISSING:
	case VALUE_ERROR:
	case VALUE_KINDS:
		break;
	case VALUE_UNDEFINED:
		return v.undefined->kind == UNDEFINED_STRICT ? "StrictUndefined" :
		       v.undefined->kind == UNDEFINED_CHAINABLE ? "ChainableUndefined" : "Undefined";
	case VALUE_NONE:
		return "NoneType";
	case VALUE_BOOL:
		return "bool";
	case VALUE_INT:
		return "int";
	case VALUE_FLOAT:
		return "float";
	case VALUE_STRING:
		return v.flags & VALUE_MARKUP ? "markupsafe.Markup" : "str";
	case VALUE_TUPLE:
		return v.list->names ? "jinja2.filters._GroupTuple" : "tuple";
	case VALUE_LIST:
		return "list";
	case VALUE_DICT:
		return "dict";
	case VALUE_VIEW:
		return v.len == VIEW_KEYS ? "dict_keys" : v.len == VIEW_VALUES ? "dict_values" : "dict_items";
	case VALUE_RANGE:
		return "range";
	case VALUE_ITERATOR:
		return v.iterator->type;
	case VALUE_OBJECT:
		return v.object->class->type;
	}
	return "missing";
}

const char *value_class_name(struct value v)
{
	const char *name = value_type_name(v), *dot = strrchr(name, '.');

	return dot ? dot + 1 : name;
}

/* ---- repr() ---- */

/* Containers that are being printed, so that one within itself ends. */
struct printing {
	const struct printing *outer;
	const void *container;
	unsigned nested;
};

/* As deep as Python goes. */
enum { NESTED_MOST = 1000 };

static struct printing printing_in(const struct printing *outer, const void *container)
{
	return (struct printing){ outer, container, outer ? outer->nested + 1 : 1 };
}

static int print_deeper(struct render *render, const struct printing *outer)
{
	if (outer->nested > NESTED_MOST) {
		render_fail(render, FAIL_RUNTIME,
			    "maximum recursion depth exceeded while getting the repr of an object");
		return -1;
	}
	return render_descend(render) < 0 ? -1 : render_steps(render, 1);
}

static int print_repr(struct render *render, struct value v, const struct printing *outer);

static bool is_printing(const struct printing *outer, const void *container)
{
	for (; outer; outer = outer->outer)
		if (outer->container == container)
			return true;
	return false;
}

static int print_items(struct render *render, const struct list *list, const char *brackets,
		       const struct printing *outer)
{
	struct printing here = printing_in(outer, list);
	struct buf *out = render->out;

	buf_putc(out, brackets[0]);
	if (is_printing(outer, list)) {
		buf_puts(out, "...");
	} else {
		for (size_t i = 0; i < list->count; i++) {
			if (i)
				buf_puts(out, ", ");
			if (print_repr(render, list->items[i], &here) < 0)
				return -1;
		}
		if (*brackets == '(' && list->count == 1)
			buf_putc(out, ',');
	}
	buf_putc(out, brackets[1]);
	return 0;
}

static int print_dict(struct render *render, const struct dict *dict, const struct printing *outer)
{
	struct printing here = printing_in(outer, dict);
	struct buf *out = render->out;
	uint32_t at = 0;
	bool first = true;

	if (is_printing(outer, dict)) {
		buf_puts(out, "{...}");
		return 0;
	}
	buf_putc(out, '{');
	for (const struct dict_entry *e; (e = dict_next(dict, &at)); first = false) {
		if (!first)
			buf_puts(out, ", ");
		struct value value = e->value;
		if (print_repr(render, e->key, &here) < 0)
			return -1;
		buf_puts(out, ": ");
		if (print_repr(render, value, &here) < 0)
			return -1;
	}
	buf_putc(out, '}');
	return 0;
}

static int print_view(struct render *render, struct value view, const struct printing *outer)
{
	struct printing here = printing_in(outer, view.dict);
	struct buf *out = render->out;
	uint32_t at = 0;
	bool first = true;

	buf_printf(out, "%s([", value_type_name(view));
	if (is_printing(outer, view.dict)) {
		buf_puts(out, "...");
	} else {
		for (const struct dict_entry *e; (e = dict_next(view.dict, &at)); first = false) {
			struct value pair[2] = { e->key, e->value };
			struct list list = { pair, 2, 2, NULL };
			struct value item = view.len == VIEW_KEYS ? pair[0] :
					    view.len == VIEW_VALUES ? pair[1] : value_tuple(&list);
			if (!first)
				buf_puts(out, ", ");
			if (print_repr(render, item, &here) < 0)
				return -1;
		}
	}
	buf_puts(out, "])");
	return 0;
}

static int print_int(struct render *render, struct value v)
{
	struct error error = ERROR_INIT;
	char digits[24], *end = digits + sizeof digits, *p = end;

	if (v.flags & VALUE_BIG) {
		if (pyint_print(value_to_pyint(v), render->out, &error) == 0)
			return 0;
		render_fail_error(render, FAIL_VALUE, &error);
		return -1;
	}
	uint64_t rest = v.number < 0 ? 0 - (uint64_t)v.number : (uint64_t)v.number;
	do
		*--p = (char)('0' + rest % 10);
	while (rest /= 10);
	if (v.number < 0)
		*--p = '-';
	buf_add(render->out, p, (size_t)(end - p));
	return 0;
}

static int print_text_repr(struct render *render, struct value v)
{
	if (v.flags & VALUE_MARKUP)
		buf_puts(render->out, "Markup(");
	quote_repr(value_span(v), render->out);
	if (v.flags & VALUE_MARKUP)
		buf_putc(render->out, ')');
	return render_work(render, v.len);
}

static int print_range(struct render *render, const struct range *range)
{
	buf_printf(render->out, "range(%lld, %lld", (long long)range->start, (long long)range->stop);
	if (range->step != 1)
		buf_printf(render->out, ", %lld", (long long)range->step);
	buf_putc(render->out, ')');
	return 0;
}

static int print_object(struct render *render, struct value v, bool repr)
{
	if (v.object->class->print)
		return v.object->class->print(render, v.object, repr);
	buf_printf(render->out, "<%s object>", v.object->class->type);
	return 0;
}

static int print_repr(struct render *render, struct value v, const struct printing *outer)
{
	if (outer && print_deeper(render, outer) < 0)
		return -1;
	switch ((enum value_kind)v.kind) {
	case VALUE_MISSING:
	case VALUE_ERROR:
	case VALUE_KINDS:
		break;
	case VALUE_UNDEFINED:
		buf_puts(render->out, "Undefined");
		break;
	case VALUE_NONE:
		buf_puts(render->out, "None");
		break;
	case VALUE_BOOL:
		buf_puts(render->out, v.number ? "True" : "False");
		break;
	case VALUE_INT:
		return print_int(render, v);
	case VALUE_FLOAT:
		pyfloat_repr(v.real, render->out);
		break;
	case VALUE_STRING:
		return print_text_repr(render, v);
	case VALUE_TUPLE:
		return print_items(render, v.list, "()", outer);
	case VALUE_LIST:
		return print_items(render, v.list, "[]", outer);
	case VALUE_DICT:
		return print_dict(render, v.dict, outer);
	case VALUE_VIEW:
		return print_view(render, v, outer);
	case VALUE_RANGE:
		return print_range(render, v.range);
	case VALUE_ITERATOR:
		buf_printf(render->out, "<%s object>", v.iterator->type);
		break;
	case VALUE_OBJECT:
		return print_object(render, v, true);
	}
	return 0;
}

int value_print_repr(struct render *render, struct value v)
{
	return print_repr(render, v, NULL);
}

/* ---- str() ---- */

int value_print(struct render *render, struct value v)
{
	switch ((enum value_kind)v.kind) {
	case VALUE_STRING:
		render_add(render, v.text, v.len);
		return 0;
	case VALUE_UNDEFINED:
		if (v.undefined->kind != UNDEFINED_STRICT)
			return 0;
		undefined_fail(render, v);
		return -1;
	case VALUE_OBJECT:
		return print_object(render, v, false);
	default:
		return print_repr(render, v, NULL);
	}
}

struct value value_str(struct render *render, struct value v)
{
	size_t capture = render_capture(render);

	if (v.kind == VALUE_STRING)
		return v;
	if (value_print(render, v) < 0)
		return value_error();
	return render_captured(render, capture, 0);
}

/* ---- escape() ---- */

static const struct span entities[256] = {
	['&'] = { "&amp;", 5 }, ['<'] = { "&lt;", 4 }, ['>'] = { "&gt;", 4 },
	['"'] = { "&#34;", 5 }, ['\''] = { "&#39;", 5 },
};

typedef unsigned char block __attribute__((vector_size(16)));

/* Whether one of 16 bytes has to be escaped; '&' and '\'', '<' and '>' differ in one bit each. */
static inline bool block_is_special(block bytes)
{
	block special = (block)(bytes == '"') | (block)((bytes | 1) == '\'') | (block)((bytes | 2) == '>');
	uint64_t halves[2];

	memcpy(halves, &special, sizeof halves);
	return halves[0] | halves[1];
}

static inline block load_block(const char *at)
{
	block bytes;

	memcpy(&bytes, at, sizeof bytes);
	return bytes;
}

/* Fewer than 16 bytes, padded with some of them or with 0; parts may overlap. */
static inline block load_short(const char *at, size_t len)
{
	char bytes[sizeof(block)] = "";

	if (len >= 8) {
		memcpy(bytes, at, 8);
		memcpy(bytes + 8, at + len - 8, 8);
	} else if (len >= 4) {
		memcpy(bytes, at, 4);
		memcpy(bytes + 4, at + len - 4, 4);
	} else if (len) {
		bytes[0] = at[0];
		bytes[1] = at[len / 2];
		bytes[2] = at[len - 1];
	}
	return load_block(bytes);
}

/* Whether there is anything to be escaped. */
static inline bool is_special(struct span text)
{
	if (text.len < sizeof(block))
		return block_is_special(load_short(text.at, text.len));
	for (size_t i = 0; i + sizeof(block) < text.len; i += sizeof(block))
		if (block_is_special(load_block(text.at + i)))
			return true;
	return block_is_special(load_block(text.at + text.len - sizeof(block)));
}

static void print_entities(struct buf *out, struct span text)
{
	for (size_t from = 0, at = 0;; from = ++at) {
		while (at < text.len && !entities[(unsigned char)text.at[at]].len)
			at++;
		buf_put(out, text.at + from, at - from);
		if (at == text.len)
			return;
		span_add(entities[(unsigned char)text.at[at]], out);
	}
}

void value_print_escaped(struct buf *out, struct span text)
{
	if (is_special(text))
		print_entities(out, text);
	else
		buf_put(out, text.at, text.len);
}

bool value_has_html(struct value v)
{
	if (v.kind == VALUE_UNDEFINED)
		return v.undefined->kind == UNDEFINED_CHAINABLE;
	return value_is_markup(v) || (v.kind == VALUE_OBJECT && v.object->class->html);
}

struct value value_escape(struct render *render, struct value v)
{
	if (value_is_markup(v))
		return v;
	struct value text = value_str(render, v);
	if (value_failed(text) || value_has_html(v))
		return value_failed(text) ? text : value_markup(text);
	if (!is_special(value_span(text)))
		return value_markup(text);
	size_t capture = render_capture(render);
	print_entities(render->out, value_span(text));
	return render_captured(render, capture, VALUE_MARKUP);
}

struct value value_slice_points(struct value string, size_t from, size_t to)
{
	struct span text = value_span(string);
	size_t start = from, end = to;

	if (!(string.flags & VALUE_ASCII)) {
		start = utf8_offset(text, from);
		end = start + utf8_offset(span_cut(text, start, text.len), to - from);
	}
	string.text += start;
	string.len = (uint32_t)(end - start);
	return string;
}
