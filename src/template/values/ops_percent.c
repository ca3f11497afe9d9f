/*
 * ops_percent.c - format % values, Python's printf-style formatting
 *
 * Reading and printing one conversion is py/percent.h's; finding its value,
 * and escaping it when the format is Markup, is done here.
 */
#include "base/arena.h"
#include "template/values/machine.h"
#include "template/py/percent.h"
#include "template/py/pyfloat.h"
#include "template/py/utf8.h"

struct formatting {
	struct render *render;
	struct buf text;	/* the result so far */
	bool markup;		/* values are escaped */
	struct value args;	/* what stood behind the % */
	bool mapping;		/* it may be asked for keys, and need not be used up */
	size_t next;		/* argument */
};

static int next_argument(struct formatting *f, struct value *out)
{
	bool tuple = f->args.kind == VALUE_TUPLE;

	if (f->next >= (tuple ? f->args.list->count : 1)) {
		render_fail(f->render, FAIL_TYPE, "not enough arguments for format string");
		return -1;
	}
	*out = tuple ? f->args.list->items[f->next] : f->args;
	f->next++;
	return 0;
}

static int keyed_argument(struct formatting *f, struct span key, struct value *out)
{
	if (!f->mapping) {
		render_fail(f->render, FAIL_TYPE, "format requires a mapping");
		return -1;
	}
	*out = value_subscript(f->render, f->args, value_text(key.at, key.len, 0));
	return value_failed(*out) ? -1 : 0;
}

/* Moves a failure that a py/ function described into the rendering. */
static int take_error(struct formatting *f, enum fail fail, struct error *error)
{
	render_fail_error(f->render, fail, error);
	return -1;
}

static int star(struct formatting *f, struct percent *item,
		int (*set)(struct percent *, struct pyint, struct error *))
{
	struct error error = ERROR_INIT;
	struct value v;

	if (next_argument(f, &v) < 0)
		return -1;
	if (!value_is_int(v)) {
		render_fail(f->render, FAIL_TYPE, "* wants int");
		return -1;
	}
	return set(item, value_to_pyint(v), &error) < 0 ? take_error(f, FAIL_ARITHMETIC, &error) : 0;
}

/* A repr() with what is beyond ASCII escaped: ascii(). */
static void add_ascii(struct span text, struct buf *out)
{
	for (size_t at = 0; at < text.len;) {
		uint32_t c = utf8_next(text, &at);
		if (c < 128)
			buf_putc(out, (char)c);
		else
			buf_printf(out, c < 256 ? "\\x%02x" : c < 65536 ? "\\u%04x" : "\\U%08x", c);
	}
}

/* str(), repr() or ascii() of a value, escaped for Markup, through the
 * rendering's buffer. */
static int add_as_text(struct formatting *f, const struct percent *item, struct value v)
{
	struct render *render = f->render;
	size_t capture = render_capture(render);
	struct value text;

	if (item->type == 's') {
		text = f->markup ? value_escape(render, v) : value_str(render, v);
	} else {
		if (value_print_repr(render, v) < 0)
			return -1;
		text = render_captured(render, capture, 0);
		if (!value_failed(text) && item->type == 'a' && !(text.flags & VALUE_ASCII)) {
			add_ascii(value_span(text), render->out);
			text = render_captured(render, capture, 0);
		}
		if (!value_failed(text) && f->markup)
			text = value_escape(render, text);
	}
	if (value_failed(text))
		return -1;
	percent_add_text(item, value_span(text), &f->text);
	return 0;
}

static int add_char(struct formatting *f, const struct percent *item, struct value v)
{
	struct buf one = BUF_INIT;
	int64_t code;

	if (!f->markup && v.kind == VALUE_STRING && value_points(v) == 1) {
		percent_add_text(item, value_span(v), &f->text);
		return 0;
	}
	if (f->markup || !value_is_int(v)) {
		render_fail(f->render, FAIL_TYPE, "%%c requires int or char");
		return -1;
	}
	if (!pyint_fits(value_to_pyint(v), &code) || code < 0 || code > 0x10ffff) {
		render_fail(f->render, FAIL_ARITHMETIC, "%%c arg not in range(0x110000)");
		return -1;
	}
	utf8_add((uint32_t)code, &one);
	percent_add_text(item, span_buf(&one), &f->text);
	buf_clear(&one);
	return 0;
}

/* int(v) as %d does it; text only behind the escaping helper of Markup. */
static int to_integer(struct formatting *f, const struct percent *item, struct value v, struct pyint *out)
{
	struct error error = ERROR_INIT;
	bool decimal = item->type == 'd' || item->type == 'i' || item->type == 'u';

	if (v.kind == VALUE_UNDEFINED && decimal) {
		undefined_fail(f->render, v);
		return -1;
	}
	if (value_is_int(v) && (decimal || !f->markup)) {
		*out = value_to_pyint(v);
		return 0;
	}
	if (v.kind == VALUE_FLOAT && decimal)
		return pyint_from_double(f->render->arena, v.real, out, &error) < 0
		       ? take_error(f, FAIL_ARITHMETIC, &error) : 0;
	if (v.kind == VALUE_STRING && decimal && f->markup)
		return pyint_parse(f->render->arena, value_span(v), 10, out, &error) < 0
		       ? take_error(f, FAIL_VALUE, &error) : 0;
	render_fail(f->render, FAIL_TYPE, "%%%c format: %s is required, not %s", (char)item->type,
		    decimal ? "a real number" : "an integer",
		    f->markup ? "_MarkupEscapeHelper" : value_class_name(v));
	return -1;
}

static int add_integer(struct formatting *f, const struct percent *item, struct value v)
{
	struct error error = ERROR_INIT;
	struct pyint n;

	if (to_integer(f, item, v, &n) < 0)
		return -1;
	return percent_add_integer(item, n, &f->text, &error) < 0 ? take_error(f, FAIL_VALUE, &error) : 0;
}

static int add_float(struct formatting *f, const struct percent *item, struct value v)
{
	struct error error = ERROR_INIT;
	double d;

	if (v.kind == VALUE_STRING && f->markup) {
		if (pyfloat_parse(value_span(v), &d, &error) < 0)
			return take_error(f, FAIL_VALUE, &error);
	} else if (value_real(f->render, v, &d) < 0) {
		return -1;
	}
	percent_add_float(item, d, &f->text);
	return 0;
}

static int convert(struct formatting *f, struct percent *item)
{
	struct error error = ERROR_INIT;
	struct value v;

	if (item->width == PERCENT_STAR && star(f, item, percent_set_width) < 0)
		return -1;
	if (item->precision == PERCENT_STAR && star(f, item, percent_set_precision) < 0)
		return -1;
	if (render_width(f->render, item->width) < 0)
		return -1;
	if ((percent_is_integer(item) || percent_is_float(item)) && render_width(f->render, item->precision) < 0)
		return -1;
	if ((item->keyed ? keyed_argument(f, item->key, &v) : next_argument(f, &v)) < 0)
		return -1;
	if (item->type == 's' || item->type == 'r' || item->type == 'a')
		return add_as_text(f, item, v);
	if (item->type == 'c')
		return add_char(f, item, v);
	if (percent_is_integer(item))
		return add_integer(f, item, v);
	if (percent_is_float(item))
		return add_float(f, item, v);
	percent_unsupported(item, &error);
	return take_error(f, FAIL_VALUE, &error);
}

static int run(struct formatting *f, struct span format)
{
	struct error error = ERROR_INIT;
	struct percent item;
	size_t at = 0, before = 0;
	bool keyed = false;
	int rc;

	while ((rc = percent_next(format, &at, &item, &f->text, &error)) > 0) {
		keyed |= item.keyed;
		if (convert(f, &item) < 0)
			return -1;
		if (render_work(f->render, f->text.len - before) < 0 || render_room(f->render, f->text.len) < 0)
			return -1;
		before = f->text.len;
	}
	if (rc < 0)
		return take_error(f, FAIL_VALUE, &error);
	size_t given = f->args.kind == VALUE_TUPLE ? f->args.list->count : 1;
	if (f->next < given && !f->mapping && !keyed) {
		render_fail(f->render, FAIL_TYPE,
			    "not all arguments converted during string formatting");
		return -1;
	}
	return 0;
}

struct value value_percent(struct render *render, struct value format, struct value v)
{
	struct formatting f = { .render = render, .text = BUF_INIT, .markup = value_is_markup(format),
				.args = v };
	struct value result = value_error();

	f.mapping = v.kind == VALUE_DICT || v.kind == VALUE_LIST || v.kind == VALUE_UNDEFINED ||
		    v.kind == VALUE_RANGE || (v.kind == VALUE_OBJECT && v.object->class->item);
	if (run(&f, value_span(format)) == 0)
		result = render_text(render, span_buf(&f.text), format.flags & VALUE_MARKUP);
	buf_clear(&f.text);
	return result;
}
