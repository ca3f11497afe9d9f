/*
 * pprint.c - Python's pprint.pformat()
 *
 * What fits in the line is written as repr() with sorted keys; what does not
 * goes one item a line, and long text is cut between words.
 */
#include "template/builtins/pprint.h"

#include <stdlib.h>

#include "template/py/quote.h"
#include "template/py/split.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

enum { WIDTH = 80, NESTED_MOST = 200, SUMMARY_DEPTH = 3 };

struct printer {
	struct render *render;
	struct buf *out;
	struct frame *frames;
	unsigned nested;
	bool summary;			/* see pprint_summary() */
};

/* Containers that are being printed, to find one within itself. */
struct frame {
	const void *container;
	struct frame *outer;
};

struct pair {
	struct value key, value;
};

/* ---- order of keys: Python's, or by type where that has none ---- */

static bool comparable(struct value a, struct value b)
{
	if (value_is_number(a))
		return value_is_number(b);
	return a.kind == b.kind && (a.kind == VALUE_STRING || a.kind == VALUE_TUPLE);
}

static int compare_pairs(const void *left, const void *right, void *render)
{
	const struct pair *a = left, *b = right;

	if (!comparable(a->key, b->key))
		return strcmp(value_class_name(a->key), value_class_name(b->key));
	if (value_order(render, "<", a->key, b->key) > 0)
		return -1;
	return value_order(render, "<", b->key, a->key) > 0;
}

static struct pair *sorted_pairs(struct printer *printer, const struct dict *dict)
{
	struct pair *pairs = arena_alloc(printer->render->arena, (dict->count + 1) * sizeof *pairs);
	const struct dict_entry *entry;
	uint32_t at = 0;
	size_t count = 0;

	while ((entry = dict_next(dict, &at)) != NULL)
		pairs[count++] = (struct pair){ entry->key, entry->value };
	qsort_r(pairs, count, sizeof *pairs, compare_pairs, printer->render);
	return pairs;
}

/* ---- on one line ---- */

static bool is_plain_list(struct value v)
{
	return v.kind == VALUE_LIST || (v.kind == VALUE_TUPLE && v.list->names == NULL);
}

static const void *container_of(struct value v)
{
	return v.kind == VALUE_DICT ? (const void *)v.dict : is_plain_list(v) ? (const void *)v.list : NULL;
}

/* 1: it is being printed already, and that has been said. */
static int enter(struct printer *printer, struct frame *frame, struct value v)
{
	const void *container = container_of(v);

	for (struct frame *f = printer->frames; f != NULL; f = f->outer)
		if (f->container == container) {
			buf_printf(printer->out, "<Recursion on %s>", value_class_name(v));
			return 1;
		}
	if (++printer->nested > NESTED_MOST) {
		render_fail(printer->render, FAIL_RUNTIME, "maximum recursion depth exceeded");
		return -1;
	}
	*frame = (struct frame){ container, printer->frames };
	printer->frames = frame;
	return render_steps(printer->render, 1);
}

static void leave(struct printer *printer)
{
	printer->frames = printer->frames->outer;
	printer->nested--;
}

static int print_flat(struct printer *printer, struct value v);

static int print_flat_items(struct printer *printer, const struct list *list)
{
	for (size_t i = 0; i < list->count; i++) {
		if (i > 0)
			buf_puts(printer->out, ", ");
		if (print_flat(printer, list->items[i]) < 0)
			return -1;
	}
	return 0;
}

static int print_flat_pairs(struct printer *printer, const struct dict *dict)
{
	struct pair *pairs = sorted_pairs(printer, dict);
	size_t count = dict->count;

	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_puts(printer->out, ", ");
		if (print_flat(printer, pairs[i].key) < 0)
			return -1;
		buf_puts(printer->out, ": ");
		if (print_flat(printer, pairs[i].value) < 0)
			return -1;
	}
	return 0;
}

static bool is_empty(struct value container)
{
	return container.kind == VALUE_DICT ? container.dict->count == 0 : container.list->count == 0;
}

static int print_flat(struct printer *printer, struct value v)
{
	struct frame frame;
	int status;

	if (container_of(v) == NULL)
		return value_print_repr(printer->render, v);
	if (printer->summary && printer->nested >= SUMMARY_DEPTH && !is_empty(v)) {
		buf_puts(printer->out, v.kind == VALUE_DICT ? "{...}" : v.kind == VALUE_LIST ? "[...]" :
				       v.list->count == 1 ? "(...,)" : "(...)");
		return 0;
	}
	status = enter(printer, &frame, v);
	if (status != 0)
		return status < 0 ? -1 : 0;
	buf_putc(printer->out, v.kind == VALUE_DICT ? '{' : v.kind == VALUE_LIST ? '[' : '(');
	status = v.kind == VALUE_DICT ? print_flat_pairs(printer, v.dict) : print_flat_items(printer, v.list);
	if (v.kind == VALUE_TUPLE && v.list->count == 1)
		buf_putc(printer->out, ',');
	buf_putc(printer->out, v.kind == VALUE_DICT ? '}' : v.kind == VALUE_LIST ? ']' : ')');
	leave(printer);
	return status;
}

static struct value flat(struct printer *printer, struct value v)
{
	size_t capture = render_capture(printer->render);

	return print_flat(printer, v) < 0 ? value_error() : render_captured(printer->render, capture, 0);
}

/* ---- over several lines ---- */

/* Where a value stands: its column, what follows on its last line, how deep. */
struct place {
	int64_t indent, allowance;
	unsigned level;
};

static int print(struct printer *printer, struct value v, struct place place);

static int new_line(struct printer *printer, const char *before, int64_t indent)
{
	buf_puts(printer->out, before);
	buf_putc(printer->out, '\n');
	for (int64_t i = 0; i < indent; i++)
		buf_putc(printer->out, ' ');
	return render_work(printer->render, indent > 0 ? (uint64_t)indent : 0);
}

static int print_items(struct printer *printer, const struct list *list, struct place place)
{
	for (size_t i = 0; i < list->count; i++) {
		struct place at = { place.indent + 1, i + 1 == list->count ? place.allowance : 1, place.level };

		if (i > 0 && new_line(printer, ",", at.indent) < 0)
			return -1;
		if (print(printer, list->items[i], at) < 0)
			return -1;
	}
	return 0;
}

/* As many a line as fit: those that do are never wide. */
static int print_compact_items(struct printer *printer, const struct list *list, struct place place)
{
	int64_t indent = place.indent + 1, whole = WIDTH - indent + 1, left = whole;

	for (size_t i = 0; i < list->count; i++) {
		struct value rep = flat(printer, list->items[i]);
		bool last = i + 1 == list->count, fresh_line = false;

		if (value_failed(rep))
			return -1;
		int64_t width = (int64_t)value_points(rep) + 2;
		if (last) {
			whole -= place.allowance;
			left -= place.allowance;
		}
		if (left < width) {
			left = whole;
			fresh_line = i > 0;
		}
		if (fresh_line)
			new_line(printer, ",", indent);
		else if (i > 0)
			buf_puts(printer->out, ", ");
		if (left < width) {
			struct place at = { indent, last ? place.allowance : 1, place.level };
			if (print(printer, list->items[i], at) < 0)
				return -1;
			left = 0;	/* the next begins a line */
			continue;
		}
		left -= width;
		buf_add(printer->out, rep.text, rep.len);
	}
	return 0;
}

static int print_list(struct printer *printer, struct value v, struct place place)
{
	const char *close = v.kind == VALUE_LIST ? "]" : v.list->count == 1 ? ",)" : ")";

	place.allowance += (int64_t)strlen(close);
	buf_putc(printer->out, v.kind == VALUE_LIST ? '[' : '(');
	if ((printer->summary ? print_compact_items : print_items)(printer, v.list, place) < 0)
		return -1;
	buf_puts(printer->out, close);
	return 0;
}

static int print_dict(struct printer *printer, const struct dict *dict, struct place place)
{
	struct pair *pairs = sorted_pairs(printer, dict);
	size_t count = dict->count;

	buf_putc(printer->out, '{');
	for (size_t i = 0; i < count; i++) {
		struct value key = flat(printer, pairs[i].key);
		struct place at = { place.indent + 1, i + 1 == count ? place.allowance + 1 : 1, place.level };

		if (value_failed(key) || (i > 0 && new_line(printer, ",", at.indent) < 0))
			return -1;
		buf_add(printer->out, key.text, key.len);
		buf_puts(printer->out, ": ");
		at.indent += (int64_t)value_points(key) + 2;
		if (print(printer, pairs[i].value, at) < 0)
			return -1;
	}
	buf_putc(printer->out, '}');
	return 0;
}

/* ---- long text, as several literals side by side ---- */

static int64_t repr_width(struct span s)
{
	struct buf shown = BUF_INIT;
	int64_t width;

	quote_repr(s, &shown);
	width = (int64_t)utf8_length(span_buf(&shown));
	buf_clear(&shown);
	return width;
}

static size_t skip(struct span s, size_t at, bool space)
{
	for (size_t next = at; at < s.len; at = next)
		if (uni_is(utf8_next(s, &next), UNI_SPACE) != space)
			break;
	return at;
}

struct literals {
	struct printer *printer;
	struct buf *out;
	size_t count;
	int64_t indent;
};

static int add_literal(struct literals *literals, struct span s)
{
	if (literals->count++ > 0 && new_line(literals->printer, "", literals->indent) < 0)
		return -1;
	quote_repr(s, literals->out);
	return render_work(literals->printer->render, s.len);
}

static int add_line(struct literals *literals, struct span line, int64_t width, int64_t last_width)
{
	size_t from = 0, to = 0;

	while (to < line.len) {
		size_t end = skip(line, skip(line, to, false), true);
		int64_t most = end == line.len ? last_width : width;

		if (repr_width(span_cut(line, from, end)) > most) {
			if (to > from && add_literal(literals, span_cut(line, from, to)) < 0)
				return -1;
			from = to;
		}
		to = end;
	}
	return to > from ? add_literal(literals, span_cut(line, from, to)) : 0;
}

static int print_text(struct printer *printer, struct value v, struct place place)
{
	struct split split = split_lines(value_span(v), true);
	struct literals literals = { printer, printer->out, 0, place.indent };
	bool top = place.level == 1;
	size_t start = printer->out->len;
	struct span line;
	int64_t width, last_width;

	if (top) {
		literals.indent++;
		place.allowance++;
		buf_putc(printer->out, '(');
	}
	width = WIDTH - literals.indent;
	while (split_next(&split, &line)) {
		last_width = split.rest.len == 0 ? width - place.allowance : width;
		if ((repr_width(line) <= last_width ? add_literal(&literals, line)
						    : add_line(&literals, line, width, last_width)) < 0)
			return -1;
		if (render_steps(printer->render, 1 + line.len / 16) < 0)
			return -1;
	}
	if (top && literals.count == 1) {
		/* One literal needs no brackets. */
		buf_truncate(printer->out, start);
		quote_repr(value_span(v), printer->out);
	} else if (top) {
		buf_putc(printer->out, ')');
	}
	return 0;
}

static int print_wide(struct printer *printer, struct value v, struct place place)
{
	struct frame frame;
	int status;

	place.level++;
	if (v.kind == VALUE_STRING)
		return print_text(printer, v, place);
	status = enter(printer, &frame, v);
	if (status != 0)
		return status < 0 ? -1 : 0;
	status = v.kind == VALUE_DICT ? print_dict(printer, v.dict, place) : print_list(printer, v, place);
	leave(printer);
	return status;
}

static int print(struct printer *printer, struct value v, struct place place)
{
	bool wraps = container_of(v) != NULL || (v.kind == VALUE_STRING && !value_is_markup(v));
	struct value rep = flat(printer, v);

	if (value_failed(rep))
		return -1;
	if (wraps && (int64_t)value_points(rep) > WIDTH - place.indent - place.allowance)
		return print_wide(printer, v, place);
	buf_add(printer->out, rep.text, rep.len);
	return 0;
}

static struct value format(struct render *render, struct value v, bool summary)
{
	struct printer printer = { .render = render, .out = render->out, .summary = summary };
	size_t capture = render_capture(render);

	if (print(&printer, v, (struct place){ 0, 0, 0 }) < 0)
		return value_error();
	return render_captured(render, capture, 0);
}

struct value pprint_format(struct render *render, struct value v)
{
	return format(render, v, false);
}

struct value pprint_summary(struct render *render, struct value v)
{
	return format(render, v, true);
}
