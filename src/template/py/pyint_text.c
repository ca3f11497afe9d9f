/*
 * pyint_text.c - integers without bound, read and printed
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "template/py/pyint.h"
#include "template/py/pyint_bn.h"
#include "template/py/quote.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

/* Python shows no more code points of what is no number. */
enum { SHOWN = 200 };

static int not_a_number(struct span text, int64_t base, struct error *error)
{
	struct buf shown = BUF_INIT;

	quote_repr(text, &shown);
	buf_truncate(&shown, utf8_offset(span_buf(&shown), SHOWN));
	error_set(error, "invalid literal for int() with base %" PRId64 ": %s", base, buf_str(&shown));
	buf_clear(&shown);
	return -1;
}

/* The value of a digit in any base; 36 for what is none. */
static unsigned digit_value(uint32_t c)
{
	int decimal;

	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 10;
	decimal = c >= 0x80 ? uni_decimal(c) : -1;
	return decimal >= 0 ? (unsigned)decimal : 36;
}

/* Takes "0x" and the like off; tells the base when it is still to be found. */
static void take_prefix(struct span *s, int64_t *base)
{
	int64_t named = 0;

	if (s->len >= 2 && s->at[0] == '0') {
		switch (s->at[1] | 0x20) {
		case 'x':
			named = 16;
			break;
		case 'o':
			named = 8;
			break;
		case 'b':
			named = 2;
			break;
		}
	}
	if (named == 0 || (*base != 0 && *base != named)) {
		*base = *base == 0 ? 10 : *base;
		return;
	}
	*base = named;
	*s = span_cut(*s, 2, s->len);
	/* An underscore may follow the prefix. */
	if (s->len > 1 && s->at[0] == '_')
		*s = span_cut(*s, 1, s->len);
}

/* Digits of the base with single underscores between, as ASCII into `out`. */
static bool collect_digits(struct span s, int64_t base, struct buf *out)
{
	bool was_digit = false;

	for (size_t i = 0; i < s.len;) {
		uint32_t c = utf8_next(s, &i);
		unsigned value = digit_value(c);

		if (c == '_' && was_digit) {
			was_digit = false;
			continue;
		}
		if (value >= base)
			return false;
		buf_putc(out, "0123456789abcdefghijklmnopqrstuvwxyz"[value]);
		was_digit = true;
	}
	return was_digit;
}

static BIGNUM *accumulate(const char *digits, unsigned base)
{
	BIGNUM *n = BN_new();
	bool ok = n != NULL;

	if (base == 10)
		ok = ok && BN_dec2bn(&n, digits) > 0;
	else if (base == 16)
		ok = ok && BN_hex2bn(&n, digits) > 0;
	else
		for (; ok && *digits != '\0'; digits++)
			ok = BN_mul_word(n, base) && BN_add_word(n, digit_value((unsigned char)*digits));
	if (!ok)
		fatal("out of memory for an integer");
	return n;
}

static int convert(struct arena *arena, struct buf *digits, unsigned base, bool negative, struct pyint *out,
		   struct error *error)
{
	BIGNUM *n;

	if (digits->len <= 12) {
		int64_t small = strtoll(buf_str(digits), NULL, (int)base);

		*out = pyint_of(negative ? -small : small);
		return 0;
	}
	if ((base & (base - 1)) != 0 && digits->len > PYINT_MAX_DIGITS)
		return error_set(error,
				 "Exceeds the limit (%d digits) for integer string conversion: value has %zu digits; "
				 "use sys.set_int_max_str_digits() to increase the limit",
				 PYINT_MAX_DIGITS, digits->len);
	if (digits->len > PYINT_MAX_BITS / 5)
		return error_set(error, "integer has more than %d bits", PYINT_MAX_BITS);
	n = accumulate(buf_str(digits), base);
	BN_set_negative(n, negative);
	*out = pyint_take(arena, n);
	return 0;
}

int pyint_parse(struct arena *arena, struct span text, int64_t base, struct pyint *out, struct error *error)
{
	struct span s = strip_space(text, STRIP_BOTH);
	struct buf digits = BUF_INIT;
	int64_t asked = base;
	bool negative = false;
	int result = -1;

	if (base != 0 && (base < 2 || base > 36))
		return error_set(error, "int() base must be >= 2 and <= 36, or 0");
	if (s.len > 0 && (s.at[0] == '-' || s.at[0] == '+')) {
		negative = s.at[0] == '-';
		s = span_cut(s, 1, s.len);
	}
	take_prefix(&s, &base);
	if (!collect_digits(s, base, &digits))
		not_a_number(text, asked, error);
	else if (asked == 0 && base == 10 && digits.data[0] == '0' && strspn(digits.data, "0") != digits.len)
		not_a_number(text, asked, error);	/* 007 */
	else
		result = convert(arena, &digits, (unsigned)base, negative, out, error);
	buf_clear(&digits);
	return result;
}

static int too_many_digits(struct error *error)
{
	return error_set(error,
			 "Exceeds the limit (%d digits) for integer string conversion; "
			 "use sys.set_int_max_str_digits() to increase the limit",
			 PYINT_MAX_DIGITS);
}

int pyint_print(struct pyint a, struct buf *out, struct error *error)
{
	BIGNUM *n;
	char *text;
	size_t digits;

	if (a.big == NULL) {
		char small[24];

		buf_add(out, small, (size_t)snprintf(small, sizeof small, "%" PRId64, a.small));
		return 0;
	}
	/* Four bits are more than a digit: what is far too long is not converted first. */
	if (pyint_bits(a) > 4 * PYINT_MAX_DIGITS)
		return too_many_digits(error);
	n = pyint_bn(a);
	text = BN_bn2dec(n);
	BN_free(n);
	if (text == NULL)
		fatal("out of memory for an integer");
	digits = strlen(text) - (text[0] == '-');
	if (digits <= PYINT_MAX_DIGITS)
		buf_puts(out, text);
	OPENSSL_free(text);
	return digits > PYINT_MAX_DIGITS ? too_many_digits(error) : 0;
}

static void print_small_base(uint64_t n, unsigned shift, struct buf *out)
{
	char digits[64];
	size_t at = sizeof digits;

	do {
		digits[--at] = "0123456789abcdef"[n & ((1U << shift) - 1)];
		n >>= shift;
	} while (n != 0);
	buf_add(out, digits + at, sizeof digits - at);
}

void pyint_print_base(struct pyint a, unsigned base, struct buf *out)
{
	unsigned shift = base == 16 ? 4 : base == 8 ? 3 : 1;
	size_t places = (pyint_bits(a) + shift - 1) / shift;

	if (a.big == NULL) {
		print_small_base(a.small < 0 ? -(uint64_t)a.small : (uint64_t)a.small, shift, out);
		return;
	}
	buf_reserve(out, places);
	while (places-- > 0) {
		unsigned value = 0;

		for (size_t bit = shift; bit-- > 0;) {
			size_t place = places * shift + bit, byte = place / 8;

			value <<= 1;
			if (byte < a.big->len)
				value |= a.big->bytes[a.big->len - 1 - byte] >> place % 8 & 1;
		}
		buf_putc(out, "0123456789abcdef"[value]);
	}
}
