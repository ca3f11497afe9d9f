/*
 * json.c - a value as JSON text
 *
 * Keys sorted, everything beyond ASCII escaped, blanks behind ',' and ':'.
 */
#include "template/builtins/json.h"

#include <math.h>

#include "template/py/pyfloat.h"
#include "template/py/utf8.h"
#include "template/builtins/text.h"

struct printer {
	struct render *render;
	struct buf *out;
	bool indented;
	struct span indent;
	unsigned level;
	struct frame *frames;
};

/* Containers that are being printed, to find one within itself. */
struct frame {
	const void *container;
	struct frame *outer;
};

static int print(struct printer *printer, struct value v);

static void print_text(struct span s, struct buf *out)
{
	static const char *const named[] = { ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f",
					     ['\r'] = "\\r" };

	buf_putc(out, '"');
	for (size_t i = 0; i < s.len;) {
		uint32_t c = utf8_next(s, &i);

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", (int)c);
		else if (c < sizeof named / sizeof *named && named[c] != NULL)
			buf_puts(out, named[c]);
		else if (c >= 0x20 && c < 0x7F)
			buf_putc(out, (char)c);
		else if (c < 0x10000)
			buf_printf(out, "\\u%04x", c);
		else
			buf_printf(out, "\\u%04x\\u%04x", 0xD800 + ((c - 0x10000) >> 10), 0xDC00 + ((c - 0x10000) & 0x3FF));
	}
	buf_putc(out, '"');
}

static void print_float(double d, struct buf *out)
{
	if (isnan(d))
		buf_puts(out, "NaN");
	else if (isinf(d))
		buf_puts(out, d < 0 ? "-Infinity" : "Infinity");
	else
		pyfloat_repr(d, out);
}

/* None, True, numbers: what stands in JSON for itself; false for anything else. */
static bool print_simple(struct printer *printer, struct value v, int *status)
{
	*status = 0;
	switch (v.kind) {
	case VALUE_NONE:
		buf_puts(printer->out, "null");
		return true;
	case VALUE_BOOL:
		buf_puts(printer->out, v.number ? "true" : "false");
		return true;
	case VALUE_FLOAT:
		print_float(v.real, printer->out);
		return true;
	case VALUE_INT:
		*status = value_print(printer->render, v);
		return true;
	default:
		return false;
	}
}

/* The line end before an item or the closing bracket. */
static int new_line(struct printer *printer)
{
	if (!printer->indented)
		return 0;
	buf_putc(printer->out, '\n');
	for (unsigned i = 0; i < printer->level; i++)
		span_add(printer->indent, printer->out);
	return render_work(printer->render, (uint64_t)printer->level * printer->indent.len);
}

static int enter(struct printer *printer, struct frame *frame, const void *container)
{
	for (struct frame *f = printer->frames; f != NULL; f = f->outer)
		if (f->container == container) {
			render_fail(printer->render, FAIL_VALUE, "Circular reference detected");
			return -1;
		}
	*frame = (struct frame){ container, printer->frames };
	printer->frames = frame;
	printer->level++;
	return render_steps(printer->render, 1);
}

static int leave(struct printer *printer, char bracket)
{
	printer->frames = printer->frames->outer;
	printer->level--;
	if (new_line(printer) < 0)
		return -1;
	buf_putc(printer->out, bracket);
	return 0;
}

static int separate(struct printer *printer, bool first)
{
	if (!first)
		buf_puts(printer->out, printer->indented ? "," : ", ");
	return new_line(printer);
}

static int print_list(struct printer *printer, const struct list *list)
{
	struct frame frame;

	if (list->count == 0) {
		buf_puts(printer->out, "[]");
		return 0;
	}
	if (enter(printer, &frame, list) < 0)
		return -1;
	buf_putc(printer->out, '[');
	for (size_t i = 0; i < list->count; i++) {
		if (separate(printer, i == 0) < 0 || print(printer, list->items[i]) < 0)
			return -1;
	}
	return leave(printer, ']');
}

/* A key is text; what is simple becomes it. */
static int print_key(struct printer *printer, struct value key)
{
	int status;

	if (key.kind == VALUE_STRING) {
		print_text(value_span(key), printer->out);
		return render_work(printer->render, key.len);
	}
	buf_putc(printer->out, '"');
	if (!print_simple(printer, key, &status)) {
		render_fail(printer->render, FAIL_TYPE, "keys must be str, int, float, bool or None, not %s",
			    value_class_name(key));
		return -1;
	}
	buf_putc(printer->out, '"');
	return status;
}

static int sorted_entries(struct printer *printer, const struct dict *dict, struct value **keys, struct value **values)
{
	const struct dict_entry *entry;
	uint32_t at = 0;
	size_t count = 0;

	*keys = arena_alloc_raw(printer->render->arena, (dict->count + 1) * sizeof **keys);
	*values = arena_alloc_raw(printer->render->arena, (dict->count + 1) * sizeof **values);
	while ((entry = dict_next(dict, &at)) != NULL) {
		(*keys)[count] = entry->key;
		(*values)[count++] = entry->value;
	}
	return value_sort(printer->render, *values, *keys, count, false);
}

static int print_dict(struct printer *printer, const struct dict *dict)
{
	struct value *keys, *values;
	struct frame frame;

	if (dict->count == 0) {
		buf_puts(printer->out, "{}");
		return 0;
	}
	if (enter(printer, &frame, dict) < 0 || sorted_entries(printer, dict, &keys, &values) < 0)
		return -1;
	buf_putc(printer->out, '{');
	for (size_t i = 0; i < dict->count; i++) {
		if (separate(printer, i == 0) < 0 || print_key(printer, keys[i]) < 0)
			return -1;
		buf_puts(printer->out, ": ");
		if (print(printer, values[i]) < 0)
			return -1;
	}
	return leave(printer, '}');
}

enum { NESTED_MOST = 1000 };

static int print(struct printer *printer, struct value v)
{
	int status;

	if (printer->level > NESTED_MOST) {
		render_fail(printer->render, FAIL_RUNTIME, "maximum recursion depth exceeded");
		return -1;
	}
	if (print_simple(printer, v, &status))
		return status;
	switch (v.kind) {
	case VALUE_STRING:
		print_text(value_span(v), printer->out);
		return render_work(printer->render, v.len);
	case VALUE_LIST:
	case VALUE_TUPLE:
		return print_list(printer, v.list);
	case VALUE_DICT:
		return print_dict(printer, v.dict);
	default:
		render_fail(printer->render, FAIL_TYPE, "Object of type %s is not JSON serializable",
			    value_class_name(v));
		return -1;
	}
}

static int read_indent(struct render *render, struct value indent, struct printer *printer)
{
	struct value text;

	if (indent.kind == VALUE_NONE)
		return 0;
	text = text_indention(render, indent);
	if (value_failed(text))
		return -1;
	printer->indented = true;
	printer->indent = value_span(text);
	return 0;
}

int json_print(struct render *render, struct value v, struct value indent)
{
	struct printer printer = { .render = render, .out = render->out };

	/* Python encodes a string before it looks at the indent. */
	if (v.kind != VALUE_STRING && read_indent(render, indent, &printer) < 0)
		return -1;
	return print(&printer, v);
}
