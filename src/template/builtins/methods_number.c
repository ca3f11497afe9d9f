/*
 * methods_number.c - methods and attributes of int, bool and float
 */
#include <math.h>

#include "template/values/native.h"
#include "template/py/pyfloat.h"

static struct value as_int(struct value v)
{
	return value_pyint(value_to_pyint(v));
}

/* ---- int, bool ---- */

static struct value int_itself(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return as_int(self);
}

static struct value int_zero(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)self, (void)args;
	return value_int(0);
}

static struct value int_one(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)self, (void)args;
	return value_int(1);
}

static struct value int_bit_length(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_int((int64_t)pyint_bits(value_to_pyint(self)));
}

static struct value int_bit_count(struct render *render, struct value self, const struct value *args)
{
	struct buf bits = BUF_INIT;
	int64_t count = 0;

	(void)render, (void)args;
	pyint_print_base(value_to_pyint(self), 2, &bits);
	for (size_t i = 0; i < bits.len; i++)
		count += bits.data[i] == '1';
	buf_clear(&bits);
	return value_int(count);
}

static struct value int_as_integer_ratio(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return value_tuple_of(render->arena, (struct value[]){ as_int(self), value_int(1) }, 2);
}

const struct native methods_int[] = {
	{ "as_integer_ratio", "", int_as_integer_ratio, 0, NULL },
	{ "bit_count", "", int_bit_count, 0, NULL },
	{ "bit_length", "", int_bit_length, 0, NULL },
	{ "conjugate", "", int_itself, 0, NULL },
	{ "denominator", "", int_one, NATIVE_PROPERTY, NULL },
	{ "imag", "", int_zero, NATIVE_PROPERTY, NULL },
	{ "numerator", "", int_itself, NATIVE_PROPERTY, NULL },
	{ "real", "", int_itself, NATIVE_PROPERTY, NULL },
	{ 0 },
};

/* ---- float ---- */

static struct value float_itself(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return self;
}

static struct value float_zero(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)self, (void)args;
	return value_float(0);
}

static struct value float_is_integer(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_bool(isfinite(self.real) && floor(self.real) == self.real);
}

/* Numerator and denominator, a power of two, in lowest terms. */
static struct value float_as_integer_ratio(struct render *render, struct value self, const struct value *args)
{
	struct pyint numerator = pyint_of(0), denominator = pyint_of(1), power;
	struct error error = ERROR_INIT;
	int exponent;
	double fraction;

	(void)args;
	if (!isfinite(self.real))
		return render_fail(render, isnan(self.real) ? FAIL_VALUE : FAIL_ARITHMETIC,
				   "cannot convert %s to integer ratio", isnan(self.real) ? "NaN" : "Infinity");
	fraction = frexp(self.real, &exponent);
	while (fraction != floor(fraction)) {
		fraction *= 2;
		exponent--;
	}
	pyint_from_double(render->arena, fraction, &numerator, &error);
	pyint_pow(render->arena, pyint_of(2), pyint_of(exponent < 0 ? -exponent : exponent), &power, &error);
	if (exponent < 0)
		denominator = power;
	else
		pyint_mul(render->arena, numerator, power, &numerator, &error);
	return value_tuple_of(render->arena, (struct value[]){ value_pyint(numerator), value_pyint(denominator) }, 2);
}

/* "0x1.8000000000000p+1" */
static struct value float_hex(struct render *render, struct value self, const struct value *args)
{
	size_t capture = render_capture(render);
	int exponent;
	double fraction;

	(void)args;
	if (!isfinite(self.real)) {
		pyfloat_repr(self.real, render->out);
		return render_captured(render, capture, 0);
	}
	if (self.real == 0)
		return value_literal(signbit(self.real) ? "-0x0.0p+0" : "0x0.0p+0");
	fraction = frexp(fabs(self.real), &exponent);
	exponent--;
	if (exponent < -1022) {
		/* Too small for a leading 1. */
		fraction = ldexp(fraction, exponent + 1023);
		exponent = -1022;
	} else {
		fraction *= 2;
	}
	buf_printf(render->out, "%s0x%d.%013llxp%+d", self.real < 0 ? "-" : "", fraction >= 1,
		   (unsigned long long)ldexp(fraction - (fraction >= 1), 52), exponent);
	return render_captured(render, capture, 0);
}

const struct native methods_float[] = {
	{ "as_integer_ratio", "", float_as_integer_ratio, 0, NULL },
	{ "conjugate", "", float_itself, 0, NULL },
	{ "hex", "", float_hex, 0, NULL },
	{ "imag", "", float_zero, NATIVE_PROPERTY, NULL },
	{ "is_integer", "", float_is_integer, 0, NULL },
	{ "real", "", float_itself, NATIVE_PROPERTY, NULL },
	{ 0 },
};
