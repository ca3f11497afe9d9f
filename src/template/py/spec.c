/*
 * spec.c - the format mini-language
 *
 * Owns reading a format specification and laying out texts and numbers by
 * it.
 */
#include "template/py/spec.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

#include "template/py/pyfloat.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

/* ---- reading ---- */

struct reader {
	struct span s;
	size_t at;
};

static uint32_t peek(const struct reader *r)
{
	size_t at = r->at;

	return at < r->s.len ? utf8_next(r->s, &at) : 0;
}

static bool accept(struct reader *r, char c)
{
	if (r->at >= r->s.len || r->s.at[r->at] != c)
		return false;
	r->at++;
	return true;
}

static bool is_align(uint32_t c)
{
	return c != 0 && c < 0x80 && strchr("<>=^", (int)c) != NULL;
}

/* Any Unicode decimal digits; `*out` stays when there is none. */
static int read_number(struct reader *r, int64_t *out, struct error *error)
{
	int64_t n = 0;
	bool any = false;

	while (r->at < r->s.len) {
		int digit = uni_decimal(peek(r));

		if (digit < 0)
			break;
		utf8_next(r->s, &r->at);
		if (n > (INT64_MAX - digit) / 10)
			return error_set(error, "Too many decimal digits in format string");
		n = n * 10 + digit;
		any = true;
	}
	if (any)
		*out = n;
	return 0;
}

/* [[fill]align]; tells whether a fill and an align were given. */
static void read_align(struct reader *r, struct spec *spec, bool *fill, bool *align)
{
	size_t second = r->at;

	*fill = *align = false;
	if (r->s.len == 0)
		return;
	utf8_next(r->s, &second);
	if (second < r->s.len && is_align((unsigned char)r->s.at[second])) {
		spec->fill = peek(r);
		spec->align = r->s.at[second];
		r->at = second + 1;
		*fill = *align = true;
	} else if (is_align(peek(r))) {
		spec->align = r->s.at[r->at++];
		*align = true;
	}
}

static int read_group(struct reader *r, struct spec *spec, struct error *error)
{
	if (accept(r, ','))
		spec->group = ',';
	if (accept(r, '_')) {
		if (spec->group)
			return error_set(error, "Cannot specify both ',' and '_'.");
		spec->group = '_';
	}
	if (accept(r, ',')) {
		if (spec->group == '_')
			return error_set(error, "Cannot specify both ',' and '_'.");
		/* A second ',' is no type either. */
		r->at--;
	}
	return 0;
}

/* Which types a grouping may go with. */
static int check_group(const struct spec *spec, struct error *error)
{
	uint32_t type = spec->type;

	if (!spec->group || type == 0 || (type < 0x80 && strchr("defgEGF%", (int)type)))
		return 0;
	if (spec->group == '_' && type < 0x80 && strchr("boxX", (int)type))
		return 0;
	if (type > 32 && type < 128)
		return error_set(error, "Cannot specify '%c' with '%c'.", spec->group, (int)type);
	return error_set(error, "Cannot specify '%c' with '\\x%x'.", spec->group, type);
}

static int invalid(struct span s, const char *type_name, struct error *error)
{
	return error_set(error, "Invalid format specifier '%.*s' for object of type '%s'", (int)s.len, s.at, type_name);
}

int spec_parse(struct span s, const char *type_name, bool text, struct spec *spec, struct error *error)
{
	struct reader r = { s, 0 };
	bool fill, align;

	*spec = (struct spec){ .fill = ' ', .align = text ? '<' : '>', .width = -1, .precision = -1 };
	read_align(&r, spec, &fill, &align);
	if (r.at < s.len && strchr("+- ", s.at[r.at]) && s.at[r.at] != '\0')
		spec->sign = s.at[r.at++];
	spec->no_negative_zero = accept(&r, 'z');
	spec->alternate = accept(&r, '#');
	if (!fill && accept(&r, '0')) {
		spec->fill = '0';
		if (!align && !text)
			spec->align = '=';
	}
	if (read_number(&r, &spec->width, error) < 0 || read_group(&r, spec, error) < 0)
		return -1;
	if (accept(&r, '.')) {
		if (read_number(&r, &spec->precision, error) < 0)
			return -1;
		if (spec->precision < 0)
			return error_set(error, "Format specifier missing precision");
	}
	if (r.at < s.len)
		spec->type = utf8_next(s, &r.at);
	if (r.at < s.len)
		return invalid(s, type_name, error);
	if (text && spec->type == 0)
		spec->type = 's';
	return check_group(spec, error);
}

/* ---- laying out ---- */

static int unknown_type(const struct spec *spec, const char *type_name, struct error *error)
{
	if (spec->type > 32 && spec->type < 128)
		return error_set(error, "Unknown format code '%c' for object of type '%s'", (int)spec->type, type_name);
	return error_set(error, "Unknown format code '\\x%x' for object of type '%s'", spec->type, type_name);
}

static void add_fill(uint32_t c, int64_t count, struct buf *out)
{
	while (count-- > 0)
		utf8_add(c, out);
}

/* How many fill characters stand before what is `points` wide. */
static int64_t left_pad(const struct spec *spec, int64_t pad)
{
	switch (spec->align) {
	case '>':
		return pad;
	case '^':
		return pad / 2;
	default:
		return 0;
	}
}

int spec_format_text(const struct spec *spec, struct span s, const char *type_name, struct buf *out,
		     struct error *error)
{
	int64_t pad, left;

	if (spec->type != 's')
		return unknown_type(spec, type_name, error);
	if (spec->sign)
		return error_set(error, "%s not allowed in string format specifier",
				 spec->sign == ' ' ? "Space" : "Sign");
	if (spec->no_negative_zero)
		return error_set(error, "Negative zero coercion (z) not allowed in string format specifier");
	if (spec->alternate)
		return error_set(error, "Alternate form (#) not allowed in string format specifier");
	if (spec->align == '=')
		return error_set(error, "'=' alignment not allowed in string format specifier");
	if (spec->precision >= 0)
		s.len = utf8_offset(s, (size_t)spec->precision);
	pad = spec->width - (int64_t)utf8_length(s);
	left = pad > 0 ? left_pad(spec, pad) : 0;
	add_fill(spec->fill, left, out);
	span_add(s, out);
	add_fill(spec->fill, pad - left, out);
	return 0;
}

/* A number in its parts: -  0x  1234  .5e+10 */
struct parts {
	bool negative;
	const char *prefix;
	struct span digits, rest;
	size_t rest_points;
};

/* Digits from the right, filled with zeros to `least` columns, a separator
 * between groups of `group`. */
static void add_grouped(struct span digits, char separator, size_t group, int64_t least, struct buf *out)
{
	struct buf reversed = BUF_INIT;
	size_t left = digits.len, in_group = 0;

	while (left > 0 || least > 0) {
		if (separator && in_group == group) {
			buf_putc(&reversed, separator);
			in_group = 0;
			/* A number never begins with the separator. */
			least = least > 1 ? least - 1 : left > 0 ? 0 : 1;
		}
		buf_putc(&reversed, left > 0 ? digits.at[--left] : '0');
		in_group++;
		least--;
	}
	for (size_t i = reversed.len; i > 0; i--)
		buf_putc(out, reversed.data[i - 1]);
	buf_clear(&reversed);
}

static void lay_out(const struct spec *spec, const struct parts *parts, struct buf *out)
{
	const char sign[2] = { parts->negative ? '-' : spec->sign == '-' ? '\0' : spec->sign, '\0' };
	size_t group = spec->type < 0x80 && spec->type && strchr("boxX", (int)spec->type) ? 4 : 3;
	struct buf grouped = BUF_INIT;
	int64_t around = (int64_t)(strlen(sign) + strlen(parts->prefix) + parts->rest_points);
	bool zeros = spec->fill == '0' && spec->align == '=';
	int64_t pad, left;

	if (parts->digits.len > 0)
		add_grouped(parts->digits, spec->group, group, zeros ? spec->width - around : 0, &grouped);
	pad = spec->width - around - (int64_t)grouped.len;
	left = pad > 0 ? left_pad(spec, pad) : 0;
	add_fill(spec->fill, left, out);
	buf_puts(out, sign);
	buf_puts(out, parts->prefix);
	if (spec->align == '=')
		add_fill(spec->fill, pad, out);
	buf_add(out, buf_str(&grouped), grouped.len);
	span_add(parts->rest, out);
	if (spec->align != '=')
		add_fill(spec->fill, pad - left, out);
	buf_clear(&grouped);
}

static int format_character(const struct spec *spec, struct pyint n, struct buf *out, struct error *error)
{
	struct parts parts = { .prefix = "", .rest_points = 1 };
	char bytes[4];

	if (spec->sign)
		return error_set(error, "Sign not allowed with integer format specifier 'c'");
	if (spec->alternate)
		return error_set(error, "Alternate form (#) not allowed with integer format specifier 'c'");
	if (n.big != NULL)
		return error_set(error, "Python int too large to convert to C long");
	if (n.small < 0 || n.small >= 0x110000 || (n.small >= 0xD800 && n.small < 0xE000))
		return error_set(error, "%%c arg not in range(0x110000)");
	parts.rest = (struct span){ bytes, utf8_encode((uint32_t)n.small, bytes) };
	lay_out(spec, &parts, out);
	return 0;
}

static int format_integer(const struct spec *spec, struct pyint n, struct buf *out, struct error *error)
{
	struct parts parts = { .negative = pyint_sign(n) < 0, .prefix = "" };
	struct buf digits = BUF_INIT;
	unsigned base = spec->type == 'b' ? 2 : spec->type == 'o' ? 8 : spec->type == 'x' || spec->type == 'X' ? 16 : 10;
	char prefix[3] = { '0', (char)spec->type, '\0' };

	if (base != 10)
		pyint_print_base(n, base, &digits);
	else if (pyint_print(n, &digits, error) < 0)
		return -1;
	if (spec->alternate && base != 10)
		parts.prefix = prefix;
	if (spec->type == 'X')
		for (size_t i = 0; i < digits.len; i++)
			digits.data[i] = (char)toupper((unsigned char)digits.data[i]);
	parts.digits = span_buf(&digits);
	if (base == 10 && parts.negative)
		parts.digits = span_cut(parts.digits, 1, digits.len);
	lay_out(spec, &parts, out);
	buf_clear(&digits);
	return 0;
}

int spec_format_int(const struct spec *spec, struct pyint n, const char *type_name, struct buf *out,
		    struct error *error)
{
	double d;

	if (spec->type >= 0x80 || !strchr("bcdoxXneEfFgG%", (int)spec->type))
		return unknown_type(spec, type_name, error);
	if (spec->type != 0 && strchr("eEfFgG%", (int)spec->type))
		return pyint_to_double(n, &d, error) < 0 ? -1 : spec_format_float(spec, d, type_name, out, error);
	if (spec->precision >= 0)
		return error_set(error, "Precision not allowed in integer format specifier");
	if (spec->no_negative_zero)
		return error_set(error, "Negative zero coercion (z) not allowed in integer format specifier");
	if (spec->type == 'c')
		return format_character(spec, n, out, error);
	return format_integer(spec, n, out, error);
}

/* repr(d); '#' keeps a point in "1.e+16". */
static void print_repr(double d, bool alternate, struct buf *out)
{
	struct buf text = BUF_INIT;
	struct span s;
	size_t mantissa;

	pyfloat_repr(d, &text);
	s = span_buf(&text);
	mantissa = memchr(s.at, '.', s.len) ? s.len : strcspn(s.at, "e");
	buf_add(out, s.at, mantissa);
	if (alternate && mantissa < s.len)
		buf_putc(out, '.');
	buf_add(out, s.at + mantissa, s.len - mantissa);
	buf_clear(&text);
}

/* The number's own text, with its '-'. */
static void print_float(const struct spec *spec, double d, struct buf *out)
{
	char type = spec->type == 0 || spec->type == 'n' ? 'g' : spec->type == '%' ? 'f' : (char)spec->type;
	unsigned precision = spec->precision < 0 ? 6 : (unsigned)spec->precision;
	unsigned flags = spec->alternate ? PYFLOAT_ALTERNATE : 0;

	if (spec->type == '%')
		d *= 100;
	if (spec->type == 0 && spec->precision < 0)
		print_repr(d, spec->alternate, out);
	else
		pyfloat_format(d, type, precision, spec->type == 0 ? flags | PYFLOAT_DOT_ZERO : flags, out);
	if (spec->type == '%')
		buf_putc(out, '%');
}

static bool all_zero(struct span s)
{
	for (size_t i = 0; i < s.len && s.at[i] != 'e' && s.at[i] != 'E'; i++)
		if ((s.at[i] >= '1' && s.at[i] <= '9') || isalpha((unsigned char)s.at[i]))
			return false;
	return true;
}

int spec_format_float(const struct spec *spec, double d, const char *type_name, struct buf *out,
		      struct error *error)
{
	struct parts parts = { .prefix = "" };
	struct buf text = BUF_INIT;
	struct span s;
	size_t whole = 0;

	if (spec->type >= 0x80 || !strchr("neEfFgG%", (int)spec->type))
		return unknown_type(spec, type_name, error);
	print_float(spec, d, &text);
	s = span_buf(&text);
	if (s.at[0] == '-') {
		parts.negative = true;
		s = span_cut(s, 1, s.len);
		if (spec->no_negative_zero && all_zero(s))
			parts.negative = false;
	}
	while (whole < s.len && isdigit((unsigned char)s.at[whole]))
		whole++;
	parts.digits = span_cut(s, 0, whole);
	parts.rest = span_cut(s, whole, s.len);
	parts.rest_points = parts.rest.len;
	lay_out(spec, &parts, out);
	buf_clear(&text);
	return 0;
}
