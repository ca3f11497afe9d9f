/*
 * pyint.h - integers without bound, as Python's int
 *
 * What fits in 64 bits is just that; the rest is sign and magnitude in an
 * arena, computed with libcrypto's BIGNUM.  A value is never changed once
 * made, so it may be copied freely while its arena lives.
 */
#ifndef POSTRIDER_TEMPLATE_PY_PYINT_H
#define POSTRIDER_TEMPLATE_PY_PYINT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "template/py/span.h"

struct pyint_big;

struct pyint {
	int64_t small;			/* the value when big is NULL */
	const struct pyint_big *big;	/* in an arena; never for what fits in 64 bits */
};

/* No result has more bits than this (78 000 digits): an error instead. */
enum { PYINT_MAX_BITS = 1 << 18 };

/* Python prints and reads no more decimal digits than this. */
enum { PYINT_MAX_DIGITS = 4300 };

static inline struct pyint pyint_of(int64_t small)
{
	return (struct pyint){ small, NULL };
}

/* -1, 0, 1 */
int pyint_sign(struct pyint a);
int pyint_compare(struct pyint a, struct pyint b);

/* The value as int64_t if it fits, else the nearest one and false. */
bool pyint_fits(struct pyint a, int64_t *small);
size_t pyint_bits(struct pyint a);	/* of the magnitude; int.bit_length() */
bool pyint_odd(struct pyint a);

/* Arithmetic: 0, or -1 with Python's message in `error`.  Division and
 * modulo round to minus infinity. */
int pyint_add(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error);
int pyint_sub(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error);
int pyint_mul(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error);
int pyint_floordiv(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error);
int pyint_mod(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error);
/* `b` must not be negative (Python gives a float then). */
int pyint_pow(struct arena *arena, struct pyint a, struct pyint b, struct pyint *out, struct error *error);
struct pyint pyint_negate(struct arena *arena, struct pyint a);
struct pyint pyint_abs(struct arena *arena, struct pyint a);

/* a / b as a float, correctly rounded. */
int pyint_truediv(struct pyint a, struct pyint b, double *out, struct error *error);

/* round(a, digits): to a multiple of 10 ** -digits, half to even, for digits < 0. */
int pyint_round(struct arena *arena, struct pyint a, int64_t digits, struct pyint *out, struct error *error);

/* float(a): -1 "int too large to convert to float". */
int pyint_to_double(struct pyint a, double *out, struct error *error);

/* int(d), the fraction dropped: -1 for infinity and NaN. */
int pyint_from_double(struct arena *arena, double d, struct pyint *out, struct error *error);

/* As Python compares them, exactly; 2 when d is NaN. */
int pyint_compare_double(struct pyint a, double d);

/*
 * int(text, base): base 0 or 2 to 36, white space around, a sign, the prefix
 * of the base, single underscores, any Unicode decimal digits.  -1 with
 * Python's message.
 */
int pyint_parse(struct arena *arena, struct span text, int64_t base, struct pyint *out, struct error *error);

/* str(a): -1 above PYINT_MAX_DIGITS. */
int pyint_print(struct pyint a, struct buf *out, struct error *error);

/* The magnitude in base 2, 8 or 16 (lower case), no prefix. */
void pyint_print_base(struct pyint a, unsigned base, struct buf *out);

#endif
