/*
 * percent.c - printf-style formatting
 *
 * Owns the grammar of conversions and the layout of one value.
 */
#include "template/py/percent.h"

#include <ctype.h>
#include <string.h>

#include "template/py/pyfloat.h"
#include "template/py/utf8.h"

static int incomplete(struct error *error)
{
	return error_set(error, "incomplete format");
}

/* (key), parentheses within counted. */
static int read_key(struct span s, size_t *at, struct percent *item, struct error *error)
{
	size_t from = *at + 1, depth = 1, i;

	for (i = from; i < s.len && depth > 0; i++)
		depth += (s.at[i] == '(') - (s.at[i] == ')');
	if (depth > 0)
		return error_set(error, "incomplete format key");
	item->keyed = true;
	item->key = span_cut(s, from, i - 1);
	*at = i;
	return 0;
}

static bool read_flag(char c, struct percent *item)
{
	switch (c) {
	case '-':
		return item->left = true;
	case '+':
		return item->plus = true;
	case ' ':
		return item->blank = true;
	case '#':
		return item->alternate = true;
	case '0':
		return item->zero = true;
	default:
		return false;
	}
}

static int read_number(struct span s, size_t *at, const char *what, int64_t *out, struct error *error)
{
	if (*at < s.len && s.at[*at] == '*') {
		*out = PERCENT_STAR;
		++*at;
		return 0;
	}
	for (; *at < s.len && isdigit((unsigned char)s.at[*at]); ++*at) {
		if (*out < 0)
			*out = 0;
		*out = *out * 10 + (s.at[*at] - '0');
		if (*out > PERCENT_MOST)
			return error_set(error, "%s too big", what);
	}
	return 0;
}

static int read_conversion(struct span s, size_t *at, struct percent *item, struct error *error)
{
	if (*at < s.len && s.at[*at] == '(' && read_key(s, at, item, error) < 0)
		return -1;
	while (*at < s.len && read_flag(s.at[*at], item))
		++*at;
	if (read_number(s, at, "width", &item->width, error) < 0)
		return -1;
	if (*at < s.len && s.at[*at] == '.') {
		++*at;
		item->precision = 0;
		if (read_number(s, at, "precision", &item->precision, error) < 0)
			return -1;
	}
	if (*at < s.len && strchr("hlL", s.at[*at]) && s.at[*at] != '\0')
		++*at;
	if (*at >= s.len)
		return incomplete(error);
	item->index = utf8_index(s, *at);
	item->type = utf8_next(s, at);
	return 0;
}

int percent_next(struct span format, size_t *at, struct percent *item, struct buf *out, struct error *error)
{
	while (*at < format.len) {
		const char *from = format.at + *at, *end = format.at + format.len;
		const char *percent = memchr(from, '%', format.len - *at);

		if (percent == NULL)
			percent = end;
		buf_add(out, from, (size_t)(percent - from));
		if (percent < end && percent + 1 < end && percent[1] == '%') {
			buf_putc(out, '%');
			*at = (size_t)(percent + 2 - format.at);
			continue;
		}
		*at = (size_t)(percent - format.at);
		if (percent == end)
			break;
		++*at;
		*item = (struct percent){ .width = PERCENT_NONE, .precision = PERCENT_NONE };
		return read_conversion(format, at, item, error) < 0 ? -1 : 1;
	}
	return 0;
}

int percent_set_width(struct percent *item, struct pyint n, struct error *error)
{
	int64_t width;

	pyint_fits(n, &width);
	if (width < 0) {
		item->left = true;
		width = width == INT64_MIN ? INT64_MAX : -width;
	}
	if (width > PERCENT_MOST)
		return error_set(error, "width too big");
	item->width = width;
	return 0;
}

int percent_set_precision(struct percent *item, struct pyint n, struct error *error)
{
	int64_t precision;

	pyint_fits(n, &precision);
	if (precision > PERCENT_MOST)
		return error_set(error, "precision too big");
	item->precision = precision < 0 ? 0 : precision;
	return 0;
}

static bool is_one_of(uint32_t type, const char *letters)
{
	return type != 0 && type < 0x80 && strchr(letters, (int)type);
}

bool percent_is_integer(const struct percent *item)
{
	return is_one_of(item->type, "diuoxX");
}

bool percent_is_float(const struct percent *item)
{
	return is_one_of(item->type, "eEfFgG");
}

static void add_repeated(char c, int64_t count, struct buf *out)
{
	while (count-- > 0)
		buf_putc(out, c);
}

/* [blanks][sign][prefix][zeros]digits[blanks] */
static void lay_out(const struct percent *item, const char *sign, const char *prefix, struct span digits,
		    bool zeros, struct buf *out)
{
	int64_t pad = item->width - (int64_t)(strlen(sign) + strlen(prefix) + utf8_length(digits));

	if (!item->left && !zeros)
		add_repeated(' ', pad, out);
	buf_puts(out, sign);
	buf_puts(out, prefix);
	if (!item->left && zeros)
		add_repeated('0', pad, out);
	span_add(digits, out);
	if (item->left)
		add_repeated(' ', pad, out);
}

void percent_add_text(const struct percent *item, struct span text, struct buf *out)
{
	if (item->type != 'c' && item->precision >= 0)
		text.len = utf8_offset(text, (size_t)item->precision);
	lay_out(item, "", "", text, false, out);
}

static const char *sign_of(const struct percent *item, bool negative)
{
	return negative ? "-" : item->plus ? "+" : item->blank ? " " : "";
}

int percent_add_integer(const struct percent *item, struct pyint n, struct buf *out, struct error *error)
{
	unsigned base = item->type == 'o' ? 8 : item->type == 'x' || item->type == 'X' ? 16 : 10;
	char prefix[3] = { '0', (char)item->type, '\0' };
	struct buf digits = BUF_INIT, padded = BUF_INIT;
	struct span s;

	if (base != 10)
		pyint_print_base(n, base, &digits);
	else if (pyint_print(n, &digits, error) < 0)
		return -1;
	s = span_buf(&digits);
	if (s.at[0] == '-')
		s = span_cut(s, 1, s.len);
	add_repeated('0', item->precision - (int64_t)s.len, &padded);
	span_add(s, &padded);
	if (item->type == 'X')
		for (size_t i = 0; i < padded.len; i++)
			padded.data[i] = (char)toupper((unsigned char)padded.data[i]);
	lay_out(item, sign_of(item, pyint_sign(n) < 0), item->alternate && base != 10 ? prefix : "",
		span_buf(&padded), item->zero, out);
	buf_clear(&digits);
	buf_clear(&padded);
	return 0;
}

void percent_add_float(const struct percent *item, double d, struct buf *out)
{
	struct buf text = BUF_INIT;
	struct span s;
	bool negative;

	pyfloat_format(d, (char)item->type, item->precision < 0 ? 6 : (unsigned)item->precision,
		       item->alternate ? PYFLOAT_ALTERNATE : 0, &text);
	s = span_buf(&text);
	negative = s.at[0] == '-';
	lay_out(item, sign_of(item, negative), "", span_cut(s, negative, s.len), item->zero, out);
	buf_clear(&text);
}

int percent_unsupported(const struct percent *item, struct error *error)
{
	return error_set(error, "unsupported format character '%c' (0x%x) at index %zu",
			 item->type >= 32 && item->type < 127 ? (int)item->type : '?', item->type, item->index);
}
