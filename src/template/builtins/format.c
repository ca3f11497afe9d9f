/*
 * format.c - str.format(), str.format_map() and format()
 *
 * Owns the grammar of replacement fields, "{name.attribute[item]!r:spec}";
 * what stands behind the colon is py/spec.h's.
 */
#include "template/builtins/format.h"

#include "template/py/pyfloat.h"
#include "template/py/quote.h"
#include "template/py/spec.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"
#include "template/values/registry.h"

/* ---- one value ---- */

static int fail_spec(struct render *render, struct error *error)
{
	render_fail_error(render, FAIL_VALUE, error);
	return -1;
}

/*
 * The specifications of amounts, ".2f" and ",.2f" with one digit: true when
 * it was one and the number is printed.
 */
static bool add_amount(struct render *render, double d, struct span s)
{
	bool grouped = *s.at == ',';
	size_t from = render->out->len, len;

	if (s.len != 3u + grouped || s.at[grouped] != '.' || s.at[s.len - 1] != 'f' ||
	    s.at[grouped + 1] < '0' || s.at[grouped + 1] > '3' || !(d >= 0 && d < 1e12))
		return false;
	unsigned precision = (unsigned)(s.at[grouped + 1] - '0');
	pyfloat_format(d, 'f', precision, 0, render->out);
	len = render->out->len - from;
	size_t digits = len - precision - (precision > 0);
	/* From the right, so that each comma moves what is behind it once. */
	for (size_t at = digits; grouped && at > 3;) {
		at -= 3;
		buf_putc(render->out, ',');
		char *place = render->out->data + from + at;
		memmove(place + 1, place, render->out->len - from - at - 1);
		*place = ',';
	}
	return true;
}

int format_value(struct render *render, struct value v, struct span s)
{
	struct error error = ERROR_INIT;
	const char *type = value_class_name(v);
	size_t capture = render_capture(render);
	struct spec spec;
	int status;

	if (s.len == 0)
		return value_print(render, v);
	if (v.kind == VALUE_FLOAT && add_amount(render, v.real, s))
		return 0;
	if (v.kind != VALUE_STRING && !value_is_number(v)) {
		render_fail(render, FAIL_TYPE, "unsupported format string passed to %s.__format__", type);
		return -1;
	}
	if (spec_parse(s, type, v.kind == VALUE_STRING, &spec, &error) < 0)
		return fail_spec(render, &error);
	if (render_width(render, spec.width) < 0)
		return -1;
	if (v.kind != VALUE_STRING && render_width(render, spec.precision) < 0)
		return -1;
	if (v.kind == VALUE_STRING)
		status = spec_format_text(&spec, value_span(v), type, render->out, &error);
	else if (v.kind == VALUE_FLOAT)
		status = spec_format_float(&spec, v.real, type, render->out, &error);
	else
		status = spec_format_int(&spec, value_to_pyint(v), type, render->out, &error);
	return status < 0 ? fail_spec(render, &error) : render_work(render, render->out->len - capture);
}

/* ---- the string's fields ---- */

struct formatter {
	struct render *render;
	const struct list *list;	/* NULL: format_map() */
	struct value mapping;
	bool markup;
	enum { NUMBERING_OPEN, NUMBERING_AUTOMATIC, NUMBERING_MANUAL } numbering;
	int64_t next;			/* number of the next field without a name */
	bool unchanged;			/* the last field was Markup and its format changed nothing */
};

/* "{name!conversion:spec}" */
struct field {
	struct span name, spec;
	uint32_t conversion;		/* 0: none */
	bool nested;			/* the specification has fields of its own */
};

static int fail(struct formatter *formatter, const char *message)
{
	render_fail(formatter->render, FAIL_VALUE, "%s", message);
	return -1;
}

/* Where the name ends: at one of } : !, brackets skipped; s.len if nowhere. */
static int name_end(struct formatter *formatter, struct span s, size_t *at)
{
	for (; *at < s.len; ++*at) {
		switch (s.at[*at]) {
		case '{':
			return fail(formatter, "unexpected '{' in field name");
		case '[':
			while (*at + 1 < s.len && s.at[*at] != ']')
				++*at;
			break;
		case '}':
		case ':':
		case '!':
			return 0;
		}
	}
	return fail(formatter, "expected '}' before end of string");
}

static int read_spec(struct formatter *formatter, struct span s, size_t *at, struct field *field)
{
	size_t from = *at, depth = 1;

	for (; *at < s.len; ++*at) {
		if (s.at[*at] == '{') {
			field->nested = true;
			depth++;
		} else if (s.at[*at] == '}' && --depth == 0) {
			field->spec = span_cut(s, from, *at);
			++*at;
			return 0;
		}
	}
	return fail(formatter, "unmatched '{' in format spec");
}

/* Behind the '{'. */
static int read_field(struct formatter *formatter, struct span s, size_t *at, struct field *field)
{
	size_t from = *at;

	*field = (struct field){ .spec = { "", 0 } };
	if (name_end(formatter, s, at) < 0)
		return -1;
	field->name = span_cut(s, from, *at);
	if (s.at[*at] == '!') {
		++*at;
		if (*at >= s.len)
			return fail(formatter, "end of string while looking for conversion specifier");
		field->conversion = utf8_next(s, at);
		if (*at < s.len && s.at[*at] != '}' && s.at[*at] != ':')
			return fail(formatter, "expected ':' after conversion specifier");
		if (*at >= s.len)
			return fail(formatter, "unmatched '{' in format spec");
	}
	return s.at[(*at)++] == '}' ? 0 : read_spec(formatter, s, at, field);
}

/* ---- what a field names ---- */

static bool read_index(struct span s, int64_t *index)
{
	*index = 0;
	for (size_t i = 0; i < s.len;) {
		int digit = uni_decimal(utf8_next(s, &i));

		if (digit < 0 || *index > INT32_MAX)
			return false;
		*index = *index * 10 + digit;
	}
	return s.len > 0;
}

static struct value as_key(struct render *render, struct span s)
{
	int64_t index;

	return read_index(s, &index) ? value_int(index) : render_text(render, s, 0);
}

static int set_numbering(struct formatter *formatter, bool automatic)
{
	int wanted = automatic ? NUMBERING_AUTOMATIC : NUMBERING_MANUAL;

	if (formatter->numbering == NUMBERING_OPEN)
		formatter->numbering = wanted;
	if ((int)formatter->numbering == wanted)
		return 0;
	return fail(formatter, automatic ?
			"cannot switch from manual field specification to automatic field numbering" :
			"cannot switch from automatic field numbering to manual field specification");
}

/* What the first part of the name stands for: an argument. */
static struct value find_argument(struct formatter *formatter, struct span first)
{
	struct render *render = formatter->render;
	bool automatic = first.len == 0;
	int64_t index;

	if (!automatic && !read_index(first, &index)) {
		struct value key = render_text(render, first, 0);

		return value_failed(key) ? key : value_subscript(render, formatter->mapping, key);
	}
	if (set_numbering(formatter, automatic) < 0)
		return value_error();
	if (automatic)
		index = formatter->next++;
	if (formatter->list == NULL)
		return render_fail(render, FAIL_VALUE, "Format string contains positional fields");
	if (index >= (int64_t)formatter->list->count)
		return render_fail(render, FAIL_LOOKUP,
				   formatter->markup ? "tuple index out of range" :
						       "Replacement index %lld out of range for positional args tuple",
				   (long long)index);
	return formatter->list->items[index];
}

static struct value find_attribute(struct render *render, struct value v, struct span name)
{
	struct value key = render_text(render, name, 0), found = value_missing();
	const struct attribute *attribute;

	if (value_failed(key))
		return key;
	attribute = registry_attribute(key, dict_hash_bytes(key.text, key.len));
	if (v.kind == VALUE_UNDEFINED)
		return value_getattr(render, v, key);
	if (name.at[0] != '_' && (v.kind != VALUE_DICT || (attribute && attribute->methods[VALUE_DICT])))
		found = value_getattr(render, v, key);
	if (value_failed(found) || (value_given(found) && found.kind != VALUE_UNDEFINED))
		return found;
	return render_fail(render, FAIL_ATTRIBUTE, "'%s' object has no attribute '%.*s'", value_class_name(v),
			   (int)name.len, name.at);
}

/* One ".attribute" or "[item]" from *at on. */
static struct value follow(struct formatter *formatter, struct value v, struct span name, size_t *at)
{
	struct render *render = formatter->render;
	bool is_item = name.at[*at] == '[';
	size_t from = ++*at;
	struct span part;
	struct value key;

	while (*at < name.len && (is_item ? name.at[*at] != ']' : name.at[*at] != '.' && name.at[*at] != '['))
		++*at;
	part = span_cut(name, from, *at);
	if (is_item && *at >= name.len)
		return render_fail(render, FAIL_VALUE, "Missing ']' in format string");
	*at += is_item;
	if (part.len == 0)
		return render_fail(render, FAIL_VALUE, "Empty attribute in format string");
	if (is_item && *at < name.len && name.at[*at] != '.' && name.at[*at] != '[')
		return render_fail(render, FAIL_VALUE, "Only '.' or '[' may follow ']' in format field specifier");
	if (!is_item)
		return find_attribute(render, v, part);
	key = as_key(render, part);
	return value_failed(key) ? key : value_subscript(render, v, key);
}

static struct value find_object(struct formatter *formatter, struct span name)
{
	size_t at = 0;
	struct value v;

	while (at < name.len && name.at[at] != '.' && name.at[at] != '[')
		at++;
	v = find_argument(formatter, span_cut(name, 0, at));
	while (!value_failed(v) && at < name.len)
		v = follow(formatter, v, name, &at);
	return v;
}

/* ---- filling in ---- */

static struct value convert(struct formatter *formatter, struct value v, uint32_t conversion)
{
	struct render *render = formatter->render;
	size_t capture = render_capture(render);
	struct value shown;

	switch (conversion) {
	case 0:
		return v;
	case 's':
		shown = value_str(render, v);
		return value_failed(shown) ? shown : value_plain(shown);
	case 'r':
	case 'a':
		shown = value_print_repr(render, v) < 0 ? value_error() : render_captured(render, capture, 0);
		if (conversion == 'r' || value_failed(shown))
			return shown;
		quote_add_ascii(value_span(shown), render->out);
		return render_captured(render, capture, 0);
	default:
		return render_fail(render, FAIL_VALUE,
				   conversion > 32 && conversion < 127 ? "Unknown conversion specifier %c" :
									 "Unknown conversion specifier \\x%x",
				   (int)conversion);
	}
}

static int add_escaped(struct formatter *formatter, struct value v, struct span spec)
{
	struct render *render = formatter->render;
	size_t capture = render_capture(render);
	struct value text;

	/* It has whatever method it is asked for, __html_format__() too, but none can be called. */
	if (v.kind == VALUE_UNDEFINED && v.undefined->kind == UNDEFINED_CHAINABLE) {
		undefined_fail(render, v);
		return -1;
	}
	if (value_has_html(v) && spec.len > 0) {
		render_fail(render, FAIL_VALUE, "Unsupported format specification for Markup.");
		return -1;
	}
	if (value_has_html(v)) {
		text = value_str(render, v);
	} else {
		text = format_value(render, v, spec) < 0 ? value_error() : render_captured(render, capture, 0);
		text = value_failed(text) ? text : value_escape(render, text);
	}
	if (value_failed(text))
		return -1;
	buf_add(render->out, text.text, text.len);
	return 0;
}

static int add_fields(struct formatter *formatter, struct span s, int depth);

static int add_field(struct formatter *formatter, const struct field *field, int depth)
{
	struct render *render = formatter->render;
	struct value v = find_object(formatter, field->name);
	struct span spec = field->spec;
	size_t start;

	v = value_failed(v) ? v : convert(formatter, v, field->conversion);
	if (value_failed(v))
		return -1;
	if (field->nested) {
		size_t capture = render_capture(render);
		bool markup = formatter->markup;
		struct value text;

		formatter->markup = false;
		text = add_fields(formatter, spec, depth - 1) < 0 ? value_error() : render_captured(render, capture, 0);
		formatter->markup = markup;
		if (value_failed(text))
			return -1;
		spec = value_span(text);
	}
	if (formatter->markup)
		return add_escaped(formatter, v, spec);
	start = render->out->len;
	if (format_value(render, v, spec) < 0)
		return -1;
	formatter->unchanged = value_is_markup(v) && spec.len > 0 && render->out->len - start == v.len;
	return 0;
}

/* Text up to the next field, doubled braces made single; true: a field follows. */
static int add_literal(struct formatter *formatter, struct span s, size_t *at)
{
	struct buf *out = formatter->render->out;

	while (*at < s.len) {
		char c = s.at[(*at)++];
		bool doubled = *at < s.len && s.at[*at] == c;

		if (c != '{' && c != '}') {
			buf_putc(out, c);
		} else if (doubled) {
			buf_putc(out, c);
			++*at;
		} else if (c == '}') {
			return fail(formatter, "Single '}' encountered in format string");
		} else if (*at >= s.len) {
			return fail(formatter, "Single '{' encountered in format string");
		} else {
			return 1;
		}
	}
	return 0;
}

static int add_fields(struct formatter *formatter, struct span s, int depth)
{
	struct field field;
	size_t at = 0, start = formatter->render->out->len;
	int more;

	if (depth < 0)
		return fail(formatter, "Max string recursion exceeded");
	while ((more = add_literal(formatter, s, &at)) > 0) {
		bool first = formatter->render->out->len == start;

		if (read_field(formatter, s, &at, &field) < 0 || render_steps(formatter->render, 1) < 0 ||
		    add_field(formatter, &field, depth) < 0)
			return -1;
		/* Python hands on the very object when there is nothing else. */
		formatter->unchanged &= first && at == s.len;
	}
	return more;
}

/* "{:...}": perhaps nothing but one amount, which needs no formatter. */
static bool is_amount(struct span s)
{
	return s.len >= 6 && s.at[0] == '{' && s.at[1] == ':' && s.at[s.len - 1] == '}';
}

struct value format_string(struct render *render, struct value format, const struct list *list,
			   struct value mapping)
{
	struct formatter formatter = { .render = render, .list = list, .mapping = mapping };
	size_t capture = render_capture(render);

	formatter.markup = list != NULL && value_is_markup(format);
	if (!formatter.markup && list && list->count && is_amount(value_span(format)) &&
	    list->items[0].kind == VALUE_FLOAT &&
	    add_amount(render, list->items[0].real, span_cut(value_span(format), 2, format.len - 1)))
		return render_captured(render, capture, 0);
	if (add_fields(&formatter, value_span(format), 1) < 0)
		return value_error();
	return render_captured(render, capture, formatter.markup || formatter.unchanged ? VALUE_MARKUP : 0);
}
