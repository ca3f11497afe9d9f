/*
 * filters_number.c - filters that make or change numbers
 */
#include <math.h>

#include "template/values/native.h"
#include "template/py/pyfloat.h"
#include "template/py/words.h"
#include "template/builtins/text.h"

static struct value filter_abs(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	if (self.kind == VALUE_FLOAT)
		return value_float(fabs(self.real));
	if (!value_is_int(self))
		return render_fail(render, FAIL_TYPE, "bad operand type for abs(): '%s'", value_class_name(self));
	return value_pyint(pyint_abs(render->arena, value_to_pyint(self)));
}

/* ---- conversions ---- */

/* What a conversion came to; Python tells apart what int and float catch. */
enum conversion { CONVERTED, NOT_A_NUMBER, CONVERSION_FAILED };

static enum conversion to_float(struct render *render, struct value v, double *out)
{
	if (v.kind == VALUE_FLOAT) {
		*out = v.real;
		return CONVERTED;
	}
	if (v.kind == VALUE_STRING)
		return pyfloat_parse(value_span(v), out, NULL) < 0 ? NOT_A_NUMBER : CONVERTED;
	if (value_is_int(v))
		return value_real(render, v, out) < 0 ? CONVERSION_FAILED : CONVERTED;
	if (v.kind != VALUE_UNDEFINED)
		return NOT_A_NUMBER;
	undefined_fail(render, v);
	return CONVERSION_FAILED;
}

/* int(d): infinity is an OverflowError, which nobody catches, NaN a ValueError. */
static enum conversion whole(struct render *render, double d, struct value *out)
{
	struct error error = ERROR_INIT;
	struct pyint n;

	if (isnan(d))
		return NOT_A_NUMBER;
	if (pyint_from_double(render->arena, d, &n, &error) < 0) {
		render_fail_error(render, FAIL_ARITHMETIC, &error);
		return CONVERSION_FAILED;
	}
	*out = value_pyint(n);
	return CONVERTED;
}

static bool parse_int(struct render *render, struct value text, struct value base, struct value *out)
{
	struct pyint n;
	int64_t number;

	if (!value_is_int(base))
		return false;
	pyint_fits(value_to_pyint(base), &number);
	if (pyint_parse(render->arena, value_span(text), number, &n, NULL) < 0)
		return false;
	*out = value_pyint(n);
	return true;
}

static struct value filter_int(struct render *render, struct value self, const struct value *args)
{
	struct value result = args[0];
	double d;

	if (self.kind == VALUE_STRING && parse_int(render, self, args[1], &result))
		return result;
	if (value_is_int(self))
		return value_pyint(value_to_pyint(self));
	switch (to_float(render, self, &d)) {
	case CONVERTED:
		return whole(render, d, &result) == CONVERSION_FAILED ? value_error() : result;
	case NOT_A_NUMBER:
		return args[0];
	case CONVERSION_FAILED:
		break;
	}
	return value_error();
}

static struct value filter_float(struct render *render, struct value self, const struct value *args)
{
	double d;

	switch (to_float(render, self, &d)) {
	case CONVERTED:
		return value_float(d);
	case NOT_A_NUMBER:
		return args[0];
	case CONVERSION_FAILED:
		break;
	}
	return value_error();
}

/* ---- rounding ---- */

/* round(v), which gives an int. */
static struct value round_whole(struct render *render, double d)
{
	struct error error = ERROR_INIT;
	struct pyint n;

	if (pyint_from_double(render->arena, nearbyint(d), &n, &error) < 0)
		return render_fail_error(render, isnan(d) ? FAIL_VALUE : FAIL_ARITHMETIC, &error);
	return value_pyint(n);
}

static struct value round_common(struct render *render, struct value v, struct value precision)
{
	struct error error = ERROR_INIT;
	int64_t digits = 0;
	struct pyint n;
	double d;

	if (!value_is_number(v))
		return render_fail(render, FAIL_TYPE, "type %s doesn't define __round__ method", value_class_name(v));
	if (precision.kind == VALUE_NONE)
		return v.kind == VALUE_FLOAT ? round_whole(render, v.real) : value_pyint(value_to_pyint(v));
	if ((v.kind == VALUE_FLOAT ? value_index : text_bound)(render, precision, &digits) < 0)
		return value_error();
	if (v.kind == VALUE_FLOAT) {
		if (pyfloat_round(v.real, digits, &d, &error) < 0)
			return render_fail_error(render, FAIL_ARITHMETIC, &error);
		return value_float(d);
	}
	if (pyint_round(render->arena, value_to_pyint(v), digits, &n, &error) < 0)
		return render_fail_error(render, FAIL_ARITHMETIC, &error);
	return value_pyint(n);
}

/* math.ceil() or math.floor() */
static struct value to_whole(struct render *render, struct value v, bool up)
{
	struct error error = ERROR_INIT;
	struct pyint n;

	if (value_is_int(v))
		return v;
	if (v.kind == VALUE_UNDEFINED)
		return undefined_fail(render, v);
	if (v.kind != VALUE_FLOAT)
		return render_fail(render, FAIL_TYPE, "must be real number, not %s", value_class_name(v));
	if (pyint_from_double(render->arena, up ? ceil(v.real) : floor(v.real), &n, &error) < 0)
		return render_fail_error(render, isnan(v.real) ? FAIL_VALUE : FAIL_ARITHMETIC, &error);
	return value_pyint(n);
}

/* ceil(value * 10 ** precision) / 10 ** precision */
static struct value round_one_way(struct render *render, struct value v, struct value precision, bool up)
{
	struct value unit = value_binary(render, "**", value_int(10), precision);
	struct value scaled = value_failed(unit) ? unit : value_binary(render, "*", v, unit);
	struct value whole_part = value_failed(scaled) ? scaled : to_whole(render, scaled, up);

	return value_failed(whole_part) ? whole_part : value_binary(render, "/", whole_part, unit);
}

static struct value filter_round(struct render *render, struct value self, const struct value *args)
{
	uint32_t hash;

	if (value_hash(render, args[1], &hash) < 0)
		return value_error();
	if (value_is_text(args[1], "common"))
		return round_common(render, self, args[0]);
	if (value_is_text(args[1], "ceil") || value_is_text(args[1], "floor"))
		return round_one_way(render, self, args[0], args[1].text[0] == 'c');
	return render_fail(render, FAIL_TEMPLATE, "method must be common, ceil or floor");
}

/* ---- sizes ---- */

/* The words of `error`, or what they are for Markup, whose repr() is another. */
static struct value no_float(struct render *render, struct value text, struct error *error)
{
	size_t capture = render_capture(render);

	if (!value_is_markup(text))
		return render_fail_error(render, FAIL_VALUE, error);
	error_clear(error);
	buf_puts(render->out, "could not convert string to float: ");
	struct value words = value_print_repr(render, text) < 0 ? value_error() : render_captured(render, capture, 0);
	return value_failed(words) ? words : render_fail(render, FAIL_VALUE, "%.*s", (int)words.len, words.text);
}

static struct value filter_filesizeformat(struct render *render, struct value self, const struct value *args)
{
	int binary = value_truth(render, args[0]);
	struct error error = ERROR_INIT;
	size_t capture = render_capture(render);
	double bytes;

	if (self.kind == VALUE_STRING && pyfloat_parse(value_span(self), &bytes, &error) < 0)
		return no_float(render, self, &error);
	switch (to_float(render, self, &bytes)) {
	case CONVERTED:
		break;
	case NOT_A_NUMBER:
		return render_fail(render, FAIL_TYPE, "float() argument must be a string or a real number, not '%s'",
				   value_class_name(self));
	case CONVERSION_FAILED:
		return value_error();
	}
	if (binary < 0)
		return value_error();
	if (words_file_size(bytes, binary, render->out, &error) < 0)
		return render_fail_error(render, FAIL_ARITHMETIC, &error);
	return render_captured(render, capture, 0);
}

const struct native filters_number[] = {
	{ "abs", "", filter_abs, NATIVE_BUILTIN, "abs" },
	{ "filesizeformat", "binary=False", filter_filesizeformat, 0, NULL },
	{ "float", "default=0.0", filter_float, 0, NULL },
	{ "int", "default=0 base=10", filter_int, 0, NULL },
	{ "round", "precision=0 method='common'", filter_round, 0, NULL },
	{ 0 },
};
