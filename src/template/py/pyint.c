/*
 * pyint.c - integers without bound
 *
 * Owns arithmetic and comparison of Python's int.  Reading and printing
 * stand in pyint_text.c.  No BIGNUM outlives the function that made it.
 */
#include "template/py/pyint.h"

#include <math.h>
#include <stdlib.h>

#include "template/py/pyint_bn.h"

/* What Python has no bound for. */
static int too_large(struct error *error)
{
	return error_set(error, "integer result has more than %d bits", PYINT_MAX_BITS);
}

BIGNUM *pyint_bn(struct pyint a)
{
	BIGNUM *n = BN_new();
	bool ok;

	if (a.big != NULL) {
		ok = n != NULL && BN_bin2bn(a.big->bytes, (int)a.big->len, n) != NULL;
		if (ok)
			BN_set_negative(n, a.big->negative);
	} else {
		uint64_t magnitude = a.small < 0 ? -(uint64_t)a.small : (uint64_t)a.small;

		ok = n != NULL && BN_set_word(n, magnitude);
		if (ok)
			BN_set_negative(n, a.small < 0);
	}
	if (!ok)
		fatal("out of memory for an integer");
	return n;
}

struct pyint pyint_take(struct arena *arena, BIGNUM *n)
{
	size_t len = (size_t)BN_num_bytes(n);
	struct pyint out = { 0, NULL };
	uint64_t word = BN_num_bits(n) <= 64 ? BN_get_word(n) : 0;
	bool negative = BN_is_negative(n);

	if (BN_num_bits(n) <= 63 || (BN_num_bits(n) == 64 && negative && word == (uint64_t)1 << 63)) {
		out.small = (int64_t)(negative ? -word : word);
	} else {
		struct pyint_big *big = arena_alloc_raw(arena, sizeof *big + len);

		big->negative = negative;
		big->len = len;
		BN_bn2bin(n, big->bytes);
		out.big = big;
	}
	BN_free(n);
	return out;
}

int pyint_sign(struct pyint a)
{
	if (a.big != NULL)
		return a.big->negative ? -1 : 1;
	return (a.small > 0) - (a.small < 0);
}

int pyint_compare(struct pyint a, struct pyint b)
{
	int sign = pyint_sign(a), order;

	if (a.big == NULL && b.big == NULL)
		return (a.small > b.small) - (a.small < b.small);
	if (sign != pyint_sign(b))
		return sign < pyint_sign(b) ? -1 : 1;
	if (a.big == NULL)
		return -sign;
	if (b.big == NULL)
		return sign;
	if (a.big->len != b.big->len)
		return a.big->len < b.big->len ? -sign : sign;
	order = memcmp(a.big->bytes, b.big->bytes, a.big->len);
	return order < 0 ? -sign : order > 0 ? sign : 0;
}

bool pyint_fits(struct pyint a, int64_t *small)
{
	if (a.big == NULL) {
		*small = a.small;
		return true;
	}
	*small = a.big->negative ? INT64_MIN : INT64_MAX;
	return false;
}

size_t pyint_bits(struct pyint a)
{
	if (a.big != NULL)
		return (a.big->len - 1) * 8 + 32 - (size_t)__builtin_clz(a.big->bytes[0]);
	if (a.small == 0)
		return 0;
	return 64 - (size_t)__builtin_clzll(a.small < 0 ? -(uint64_t)a.small : (uint64_t)a.small);
}

bool pyint_odd(struct pyint a)
{
	return a.big != NULL ? a.big->bytes[a.big->len - 1] & 1 : a.small & 1;
}

struct pyint pyint_negate(struct arena *arena, struct pyint a)
{
	BIGNUM *n;

	if (a.big == NULL && a.small != INT64_MIN)
		return pyint_of(-a.small);
	n = pyint_bn(a);
	BN_set_negative(n, !BN_is_negative(n));
	return pyint_take(arena, n);
}

struct pyint pyint_abs(struct arena *arena, struct pyint a)
{
	return pyint_sign(a) < 0 ? pyint_negate(arena, a) : a;
}

/* One of libcrypto's operations, with a and b and a context at hand. */
enum operation { ADD, SUB, MUL, FLOORDIV, MOD };

static bool compute(enum operation op, BIGNUM *out, BIGNUM *a, BIGNUM *b)
{
	BN_CTX *ctx = BN_CTX_new();
	BIGNUM *rest = BN_new();
	bool ok = ctx != NULL && rest != NULL;

	switch (op) {
	case ADD:
		ok = ok && BN_add(out, a, b);
		break;
	case SUB:
		ok = ok && BN_sub(out, a, b);
		break;
	case MUL:
		ok = ok && BN_mul(out, a, b, ctx);
		break;
	case FLOORDIV:
	case MOD:
		ok = ok && BN_div(out, rest, a, b, ctx);
		/* libcrypto rounds to zero, Python down. */
		if (ok && !BN_is_zero(rest) && BN_is_negative(rest) != BN_is_negative(b))
			ok = BN_sub_word(out, 1) && BN_add(rest, rest, b);
		if (ok && op == MOD)
			BN_swap(out, rest);
		break;
	}
	BN_free(rest);
	BN_CTX_free(ctx);
	return ok;
}

static int big_operation(struct arena *arena, enum operation op, struct pyint a, struct pyint b,
			 struct pyint *out, struct error *error)
{
	BIGNUM *left, *right, *result;
	bool ok;

	if (pyint_bits(a) + pyint_bits(b) > PYINT_MAX_BITS)
		return too_large(error);
	left = pyint_bn(a);
	right = pyint_bn(b);
	result = BN_new();
	ok = result != NULL && compute(op, result, left, right);
	BN_free(left);
	BN_free(right);
	if (!ok)
		fatal("out of memory for an integer");
	*out = pyint_take(arena, result);
	return 0;
}

int pyint_add(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error)
{
	int64_t small;

	if (a.big == NULL && b.big == NULL && !__builtin_add_overflow(a.small, b.small, &small)) {
		*out = pyint_of(small);
		return 0;
	}
	return big_operation(arena, ADD, a, b, out, error);
}

int pyint_sub(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error)
{
	int64_t small;

	if (a.big == NULL && b.big == NULL && !__builtin_sub_overflow(a.small, b.small, &small)) {
		*out = pyint_of(small);
		return 0;
	}
	return big_operation(arena, SUB, a, b, out, error);
}

int pyint_mul(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error)
{
	int64_t small;

	if (a.big == NULL && b.big == NULL && !__builtin_mul_overflow(a.small, b.small, &small)) {
		*out = pyint_of(small);
		return 0;
	}
	return big_operation(arena, MUL, a, b, out, error);
}

int pyint_floordiv(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error)
{
	if (pyint_sign(b) == 0)
		return error_set(error, "integer division or modulo by zero");
	if (a.big == NULL && b.big == NULL && !(a.small == INT64_MIN && b.small == -1)) {
		int64_t quotient = a.small / b.small;

		if (a.small % b.small != 0 && (a.small < 0) != (b.small < 0))
			quotient--;
		*out = pyint_of(quotient);
		return 0;
	}
	return big_operation(arena, FLOORDIV, a, b, out, error);
}

int pyint_mod(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error)
{
	if (pyint_sign(b) == 0)
		return error_set(error, "integer modulo by zero");
	if (a.big == NULL && b.big == NULL) {
		int64_t rest = b.small == -1 ? 0 : a.small % b.small;

		if (rest != 0 && (rest < 0) != (b.small < 0))
			rest += b.small;
		*out = pyint_of(rest);
		return 0;
	}
	return big_operation(arena, MOD, a, b, out, error);
}

int pyint_pow(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error)
{
	struct pyint result = pyint_of(1);
	bool trivial = a.big == NULL && a.small >= -1 && a.small <= 1;
	uint64_t exponent;

	if (trivial) {
		bool one = pyint_sign(b) == 0 || a.small == 1 || (a.small == -1 && !pyint_odd(b));

		*out = one ? pyint_of(1) : a;
		return 0;
	}
	if (b.big != NULL || b.small > PYINT_MAX_BITS ||
	    (pyint_bits(a) - 1) * (uint64_t)b.small > PYINT_MAX_BITS)
		return too_large(error);
	for (exponent = (uint64_t)b.small; exponent > 0; exponent >>= 1) {
		if ((exponent & 1) && pyint_mul(arena, result, a, &result, error) < 0)
			return -1;
		if (exponent > 1 && pyint_mul(arena, a, a, &a, error) < 0)
			return -1;
	}
	*out = result;
	return 0;
}

/* "0x..." and a binary exponent, which strtod() rounds correctly. */
static double scaled(const BIGNUM *n, long exponent)
{
	char *hex = BN_bn2hex(n);
	struct buf text = BUF_INIT;
	double d;

	if (hex == NULL)
		fatal("out of memory for an integer");
	buf_printf(&text, "%s0x%sp%ld", hex[0] == '-' ? "-" : "", hex + (hex[0] == '-'), exponent);
	d = strtod(buf_str(&text), NULL);
	buf_clear(&text);
	OPENSSL_free(hex);
	return d;
}

int pyint_to_double(struct pyint a, double *out, struct error *error)
{
	BIGNUM *n;

	if (a.big == NULL) {
		*out = (double)a.small;
		return 0;
	}
	n = pyint_bn(a);
	*out = scaled(n, 0);
	BN_free(n);
	return isinf(*out) ? error_set(error, "int too large to convert to float") : 0;
}

/* The quotient to at least 66 bits, its last one set if there is a rest. */
static double divide(BIGNUM *a, BIGNUM *b)
{
	int shift = 66 - (BN_num_bits(a) - BN_num_bits(b));
	BIGNUM *quotient = BN_new(), *rest = BN_new();
	BN_CTX *ctx = BN_CTX_new();
	bool ok = quotient != NULL && rest != NULL && ctx != NULL;
	double d;

	ok = ok && (shift > 0 ? BN_lshift(a, a, shift) : BN_lshift(b, b, -shift));
	ok = ok && BN_div(quotient, rest, a, b, ctx);
	if (ok && !BN_is_zero(rest)) {
		ok = BN_lshift1(quotient, quotient) && BN_set_bit(quotient, 0);
		shift++;
	}
	if (!ok)
		fatal("out of memory for an integer");
	d = scaled(quotient, -(long)shift);
	BN_free(quotient);
	BN_free(rest);
	BN_CTX_free(ctx);
	return d;
}

int pyint_truediv(struct pyint a, struct pyint b, double *out, struct error *error)
{
	const int64_t exact = (int64_t)1 << 53;
	BIGNUM *left, *right;

	if (pyint_sign(b) == 0)
		return error_set(error, "division by zero");
	if (a.big == NULL && b.big == NULL && a.small <= exact && a.small >= -exact && b.small <= exact &&
	    b.small >= -exact) {
		*out = (double)a.small / (double)b.small;
		return 0;
	}
	left = pyint_bn(a);
	right = pyint_bn(b);
	*out = BN_is_zero(left) ? copysign(0, pyint_sign(b)) : divide(left, right);
	BN_free(left);
	BN_free(right);
	return isinf(*out) ? error_set(error, "integer division result too large for a float") : 0;
}

int pyint_round(struct arena *arena, struct pyint a, int64_t digits, struct pyint *out, struct error *error)
{
	struct pyint unit, rest, twice;
	int order;

	*out = a;
	if (digits >= 0)
		return 0;
	/* Half of the unit is more than the number: 0. */
	if (digits < -(int64_t)(pyint_bits(a) / 3 + 2)) {
		*out = pyint_of(0);
		return 0;
	}
	if (pyint_pow(arena, pyint_of(10), pyint_of(-digits), &unit, error) < 0 ||
	    pyint_mod(arena, a, unit, &rest, error) < 0 || pyint_sub(arena, a, rest, out, error) < 0 ||
	    pyint_add(arena, rest, rest, &twice, error) < 0)
		return -1;
	order = pyint_compare(twice, unit);
	if (order == 0) {
		struct pyint count;

		if (pyint_floordiv(arena, a, unit, &count, error) < 0)
			return -1;
		order = pyint_odd(count) ? 1 : -1;
	}
	return order > 0 ? pyint_add(arena, *out, unit, out, error) : 0;
}

/* The whole part of a finite d. */
static BIGNUM *bn_of_double(double d)
{
	int exponent;
	double fraction = frexp(fabs(trunc(d)), &exponent);
	BIGNUM *n = pyint_bn(pyint_of((int64_t)ldexp(fraction, 53)));
	bool ok = exponent >= 53 ? BN_lshift(n, n, exponent - 53) : BN_rshift(n, n, 53 - exponent);

	if (!ok)
		fatal("out of memory for an integer");
	BN_set_negative(n, d < 0);
	return n;
}

int pyint_from_double(struct arena *arena, double d, struct pyint *out, struct error *error)
{
	if (isnan(d))
		return error_set(error, "cannot convert float NaN to integer");
	if (isinf(d))
		return error_set(error, "cannot convert float infinity to integer");
	if (fabs(d) < 0x1p63)
		*out = pyint_of((int64_t)d);
	else
		*out = pyint_take(arena, bn_of_double(d));
	return 0;
}

int pyint_compare_double(struct pyint a, double d)
{
	BIGNUM *left, *right;
	int order;

	if (isnan(d))
		return 2;
	if (isinf(d))
		return d > 0 ? -1 : 1;
	if (a.big == NULL && fabs(d) < 0x1p63) {
		int64_t whole = (int64_t)d;
		double fraction = d - (double)whole;

		if (a.small != whole)
			return a.small < whole ? -1 : 1;
		return (fraction < 0) - (fraction > 0);
	}
	left = pyint_bn(a);
	right = bn_of_double(d);
	order = BN_cmp(left, right);
	BN_free(left);
	BN_free(right);
	return order;
}
