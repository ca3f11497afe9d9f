/*
 * pyfloat.c - Python's float: text, rounding, division
 *
 * Rests on the C library's printf() and strtod(), which round correctly in
 * glibc; the process's numeric locale must be "C".
 */
#include "template/py/pyfloat.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "template/py/quote.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

enum { SCIENTIFIC_SIZE = 40, EXACT_DIGITS = 17 };

/* Infinity and NaN, which printf() may give a sign. */
static bool add_special(double d, bool upper, struct buf *out)
{
	if (isnan(d))
		buf_puts(out, upper ? "NAN" : "nan");
	else if (isinf(d))
		buf_puts(out, d < 0 ? upper ? "-INF" : "-inf" : upper ? "INF" : "inf");
	else
		return false;
	return true;
}

/* Adds 1 to the last digit of "d.ddde+xx"; false if that carries out of the first. */
static bool increment(char *text)
{
	char *digit = strchr(text, 'e');

	while (digit-- > text) {
		if (!isdigit((unsigned char)*digit))
			continue;
		if (*digit != '9') {
			++*digit;
			return true;
		}
		*digit = '0';
	}
	return false;
}

/* The shortest "d.ddde+xx" that reads back as the positive finite d. */
static void shortest(double d, char text[SCIENTIFIC_SIZE])
{
	/* With up to 15 digits decimal to binary and back is exact; below
	 * DBL_MIN there are fewer bits. */
	int digits = d < DBL_MIN ? 1 : DBL_DIG, exponent;
	bool power_of_two = frexp(d, &exponent) == 0.5;

	for (; digits <= EXACT_DIGITS; digits++) {
		snprintf(text, SCIENTIFIC_SIZE, "%.*e", digits - 1, d);
		if (strtod(text, NULL) == d)
			return;
		/* The gap above a power of two is wider than the one below. */
		if (power_of_two && increment(text) && strtod(text, NULL) == d)
			return;
	}
}

/* Writes digits with the point behind the first `whole` (may be <= 0). */
static void add_fixed(const char *digits, int count, int whole, struct buf *out)
{
	if (whole <= 0)
		buf_puts(out, "0");
	for (int i = 0; i < whole; i++)
		buf_putc(out, i < count ? digits[i] : '0');
	buf_putc(out, '.');
	for (int i = whole; i < 0; i++)
		buf_putc(out, '0');
	if (count > whole)
		buf_add(out, digits + (whole > 0 ? whole : 0), (size_t)(count - (whole > 0 ? whole : 0)));
	else
		buf_putc(out, '0');
}

void pyfloat_repr(double d, struct buf *out)
{
	char text[SCIENTIFIC_SIZE], digits[EXACT_DIGITS + 1];
	int count = 0, exponent;

	if (add_special(d, false, out))
		return;
	if (signbit(d))
		buf_putc(out, '-');
	if (d == 0) {
		buf_puts(out, "0.0");
		return;
	}
	shortest(fabs(d), text);
	for (const char *p = text; *p != 'e'; p++)
		if (*p != '.')
			digits[count++] = *p;
	while (count > 1 && digits[count - 1] == '0')
		count--;
	exponent = atoi(strchr(text, 'e') + 1);
	if (exponent >= -4 && exponent < 16) {
		add_fixed(digits, count, exponent + 1, out);
		return;
	}
	buf_putc(out, digits[0]);
	if (count > 1) {
		buf_putc(out, '.');
		buf_add(out, digits + 1, (size_t)count - 1);
	}
	buf_printf(out, "e%+03d", exponent);
}

static int not_a_float(struct span text, struct error *error)
{
	struct buf shown = BUF_INIT;

	quote_repr(text, &shown);
	error_set(error, "could not convert string to float: %s", buf_str(&shown));
	buf_clear(&shown);
	return -1;
}

/* ASCII without underscores; false where one stands wrongly or a byte does
 * not belong into a number at all. */
static bool plain_number(struct span s, struct buf *out)
{
	uint32_t c, previous = 0;

	for (size_t i = 0; i < s.len; previous = c) {
		c = utf8_next(s, &i);
		if (c >= 0x80) {
			int decimal = uni_decimal(c);

			if (decimal < 0)
				return false;
			c = (uint32_t)('0' + decimal);
		}
		if (previous == '_' && !isdigit((int)c))
			return false;
		if (c == '_' && !(previous < 0x80 && isdigit((int)previous)))
			return false;
		if (c == 0 || strchr("0123456789+-.eE_infatyINFATY", (int)c) == NULL)
			return false;
		if (c != '_')
			buf_putc(out, (char)c);
	}
	return s.len > 0 && previous != '_';
}

int pyfloat_parse(struct span text, double *out, struct error *error)
{
	struct buf plain = BUF_INIT;
	bool ok = plain_number(strip_space(text, STRIP_BOTH), &plain);
	char *end;

	if (ok) {
		*out = strtod(plain.data, &end);
		/* strtod() reads "nan(...)" and hexadecimal too, whose bytes are refused above. */
		ok = *end == '\0' && end != plain.data;
	}
	buf_clear(&plain);
	return ok ? 0 : not_a_float(text, error);
}

/* Rounds exact decimal digits before the point to a multiple of 10 ** places. */
static double round_whole(double d, int places)
{
	char text[DBL_MAX_10_EXP + 1200];
	int length, keep;
	bool up;

	length = snprintf(text, sizeof text, "%.1100f", fabs(d));
	keep = (int)(strchr(text, '.') - text) - places;
	if (keep < 0)
		return copysign(0, d);
	up = text[keep] > '5';
	if (text[keep] == '5') {
		bool rest = false;

		for (int i = keep + 1; i < length; i++)
			rest |= text[i] != '0' && text[i] != '.';
		up = rest || (keep > 0 && (text[keep - 1] - '0') % 2 == 1);
	}
	snprintf(text + keep, sizeof text - (size_t)keep, "e%d", places);
	if (keep == 0 || (up && !increment(text)))
		snprintf(text, sizeof text, "%de%d", up ? 1 : 0, up && keep > 0 ? places + keep : places);
	return copysign(strtod(text, NULL), d);
}

int pyfloat_round(double d, int64_t digits, double *out, struct error *error)
{
	char text[DBL_MAX_10_EXP + 400];

	*out = d;
	if (!isfinite(d) || d == 0 || digits > 323)
		return 0;
	if (digits < -308) {
		*out = copysign(0, d);
		return 0;
	}
	if (digits >= 0) {
		snprintf(text, sizeof text, "%.*f", (int)digits, d);
		*out = strtod(text, NULL);
	} else {
		*out = round_whole(d, (int)-digits);
	}
	return isinf(*out) ? error_set(error, "rounded value too large to represent") : 0;
}

/* Quotient and rest, rounded down; e is not 0. */
static double divmod(double d, double e, double *rest)
{
	double quotient, whole;

	*rest = fmod(d, e);
	quotient = (d - *rest) / e;
	if (*rest != 0) {
		if ((e < 0) != (*rest < 0)) {
			*rest += e;
			quotient -= 1;
		}
	} else {
		*rest = copysign(0, e);
	}
	if (quotient == 0)
		return copysign(0, d / e);
	whole = floor(quotient);
	return quotient - whole > 0.5 ? whole + 1 : whole;
}

int pyfloat_floordiv(double d, double e, double *out, struct error *error)
{
	double rest;

	if (e == 0)
		return error_set(error, "float floor division by zero");
	*out = divmod(d, e, &rest);
	return 0;
}

int pyfloat_mod(double d, double e, double *out, struct error *error)
{
	if (e == 0)
		return error_set(error, "float modulo");
	divmod(d, e, out);
	return 0;
}

int pyfloat_pow(double d, double e, double *out, struct error *error)
{
	if (d == 0 && e < 0 && !isnan(e))
		return error_set(error, "0.0 cannot be raised to a negative power");
	if (d < 0 && isfinite(d) && isfinite(e) && e != floor(e))
		return error_set(error, "a negative number to a fractional power is complex, which templates do not have");
	*out = pow(d, e);
	if (isinf(*out) && isfinite(d) && isfinite(e))
		return error_set(error, "(34, 'Numerical result out of range')");
	return 0;
}

/* 'g' with PYFLOAT_DOT_ZERO: Python keeps one place for the zero, so the
 * exponent form begins one digit earlier than printf()'s. */
static bool needs_exponent(double d, unsigned precision)
{
	char text[SCIENTIFIC_SIZE + 400];
	int exponent;

	if (precision > 400)
		return false;
	snprintf(text, sizeof text, "%.*e", (int)precision - 1, d);
	exponent = atoi(strchr(text, 'e') + 1);
	return exponent < -4 || exponent + 1 > (int)precision - 1;
}

static void trim_zeros(struct buf *out, size_t start)
{
	if (memchr(out->data + start, '.', out->len - start) == NULL)
		return;
	while (out->data[out->len - 1] == '0')
		buf_truncate(out, out->len - 1);
	if (out->data[out->len - 1] == '.')
		buf_truncate(out, out->len - 1);
}

/* "1.50e+10" -> "1.5e+10" */
static void trim_mantissa(struct buf *out, size_t start)
{
	char tail[8];
	char *e = memchr(out->data + start, 'e', out->len - start);

	snprintf(tail, sizeof tail, "%s", e);
	buf_truncate(out, (size_t)(e - out->data));
	trim_zeros(out, start);
	buf_puts(out, tail);
}

/* What Python does for a precision without a type: 'g' that shows a float. */
static void format_general(double d, unsigned precision, bool alternate, struct buf *out)
{
	size_t start = out->len;

	if (precision == 0)
		precision = 1;
	if (needs_exponent(d, precision)) {
		buf_printf(out, alternate ? "%#.*e" : "%.*e", (int)precision - 1, d);
		if (!alternate)
			trim_mantissa(out, start);
		return;
	}
	buf_printf(out, alternate ? "%#.*g" : "%.*g", (int)precision, d);
	if (memchr(out->data + start, '.', out->len - start) == NULL)
		buf_puts(out, ".0");
	else if (out->data[out->len - 1] == '.')
		buf_puts(out, "0");
}

/*
 * 'f' of what amounts of money are: exact in 64 bits, half to even, without
 * the unbounded arithmetic of printf().  False when d is not of that size.
 */
static bool add_exact(double d, unsigned precision, struct buf *out)
{
	static const uint64_t powers[] = { 1, 10, 100, 1000 };
	char digits[32], *end = digits + sizeof digits, *p = end;
	int exponent;

	if (precision >= sizeof powers / sizeof *powers || !(d == 0 || (d >= 1e-3 && d < 1e12)))
		return false;
	/* d is mantissa / 2^shift, 53 bits of it; 1e-3 makes shift 62 at most. */
	uint64_t scaled = (uint64_t)ldexp(frexp(d, &exponent), 53) * powers[precision];
	int shift = 53 - exponent;
	if (shift < 1 || shift > 62)
		return false;
	uint64_t whole = scaled >> shift, rest = scaled & ((UINT64_C(1) << shift) - 1);
	uint64_t half = UINT64_C(1) << (shift - 1);
	whole += rest > half || (rest == half && (whole & 1));
	for (unsigned i = 0; i < precision; i++, whole /= 10)
		*--p = (char)('0' + whole % 10);
	if (precision)
		*--p = '.';
	do
		*--p = (char)('0' + whole % 10);
	while (whole /= 10);
	buf_add(out, p, (size_t)(end - p));
	return true;
}

void pyfloat_format(double d, char type, unsigned precision, unsigned flags, struct buf *out)
{
	char format[] = "%#.*f";
	bool alternate = flags & PYFLOAT_ALTERNATE;

	if (type == 'f' && !alternate && !signbit(d) && add_exact(d, precision, out))
		return;
	if (add_special(d, isupper((unsigned char)type), out))
		return;
	if (type == 'g' && (flags & PYFLOAT_DOT_ZERO)) {
		format_general(d, precision, alternate, out);
		return;
	}
	format[4] = type;
	if (!alternate)
		memmove(format + 1, format + 2, sizeof format - 2);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
	buf_printf(out, format, (int)precision, d);
#pragma GCC diagnostic pop
}
