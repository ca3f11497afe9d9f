/* ops_number.c - the arithmetic operators, of numbers and of sequences. */
#include "base/arena.h"
#include "template/values/machine.h"
#include "template/py/pyfloat.h"

static struct value unsupported(struct render *render, const char *op, struct value a, struct value b)
{
	return render_fail(render, FAIL_TYPE, "unsupported operand type(s) for %s: '%s' and '%s'",
			   !strcmp(op, "**") ? "** or pow()" : op, value_class_name(a),
			   value_class_name(b));
}

int value_index(struct render *render, struct value v, int64_t *out)
{
	if (!value_is_int(v)) {
		render_fail(render, FAIL_TYPE, "'%s' object cannot be interpreted as an integer",
			    value_class_name(v));
		return -1;
	}
	if (v.flags & VALUE_BIG) {
		render_fail(render, FAIL_ARITHMETIC, "Python int too large to convert to C ssize_t");
		return -1;
	}
	*out = v.number;
	return 0;
}

int value_real(struct render *render, struct value v, double *out)
{
	struct error error = ERROR_INIT;

	if (v.kind == VALUE_FLOAT) {
		*out = v.real;
		return 0;
	}
	if (v.kind == VALUE_UNDEFINED) {
		undefined_fail(render, v);
		return -1;
	}
	if (!value_is_int(v)) {
		render_fail(render, FAIL_TYPE, "must be real number, not %s", value_class_name(v));
		return -1;
	}
	if (pyint_to_double(value_to_pyint(v), out, &error) < 0) {
		render_fail_error(render, FAIL_ARITHMETIC, &error);
		return -1;
	}
	return 0;
}

/* ---- numbers ---- */

/* What overflows 64 bits is left to the unbounded integers. */
static bool small_arithmetic(char op, int64_t a, int64_t b, int64_t *out)
{
	switch (op) {
	case '+':
		return !__builtin_add_overflow(a, b, out);
	case '-':
		return !__builtin_sub_overflow(a, b, out);
	case '*':
		return !__builtin_mul_overflow(a, b, out);
	default:
		return false;
	}
}

static int int_arithmetic(struct render *render, const char *op, struct pyint a, struct pyint b,
			  struct pyint *out, struct error *error)
{
	switch (*op) {
	case '+':
		return pyint_add(render->arena, a, b, out, error);
	case '-':
		return pyint_sub(render->arena, a, b, out, error);
	case '/':
		return pyint_floordiv(render->arena, a, b, out, error);
	case '%':
		return pyint_mod(render->arena, a, b, out, error);
	default:
		return op[1] ? pyint_pow(render->arena, a, b, out, error)
			     : pyint_mul(render->arena, a, b, out, error);
	}
}

static int float_arithmetic(const char *op, double a, double b, double *out, struct error *error)
{
	switch (*op) {
	case '+':
		*out = a + b;
		return 0;
	case '-':
		*out = a - b;
		return 0;
	case '/':
		if (op[1])
			return pyfloat_floordiv(a, b, out, error);
		if (b == 0)
			return error_set(error, "float division by zero");
		*out = a / b;
		return 0;
	case '%':
		return pyfloat_mod(a, b, out, error);
	default:
		if (op[1])
			return pyfloat_pow(a, b, out, error);
		*out = a * b;
		return 0;
	}
}

/* How many binary digits a ** b has at least. */
static uint64_t power_bits(struct pyint a, struct pyint b)
{
	uint64_t bits = pyint_bits(a), least;

	if (bits < 2)
		return bits;
	return b.big || __builtin_mul_overflow(bits - 1, (uint64_t)b.small, &least) ? UINT64_MAX : least + 1;
}

static struct value ints(struct render *render, const char *op, struct value a, struct value b)
{
	struct error error = ERROR_INIT;
	struct pyint result;
	double real;
	int64_t small;

	if (!((a.flags | b.flags) & VALUE_BIG) && !op[1] && small_arithmetic(*op, a.number, b.number, &small))
		return value_int(small);
	struct pyint left = value_to_pyint(a), right = value_to_pyint(b);
	if (!strcmp(op, "/")) {
		if (pyint_truediv(left, right, &real, &error) < 0)
			return render_fail_error(render, FAIL_ARITHMETIC, &error);
		return value_float(real);
	}
	if (!strcmp(op, "**") && pyint_sign(right) < 0) {
		double base, exponent;
		if (value_real(render, a, &base) < 0 || value_real(render, b, &exponent) < 0)
			return value_error();
		if (pyfloat_pow(base, exponent, &real, &error) < 0)
			return render_fail_error(render, FAIL_ARITHMETIC, &error);
		return value_float(real);
	}
	if (!strcmp(op, "**") && render_power(render, power_bits(left, right)) < 0)
		return value_error();
	if (left.big && right.big && render_work(render, pyint_bits(left) / 64 * pyint_bits(right) / 64) < 0)
		return value_error();
	if (int_arithmetic(render, op, left, right, &result, &error) < 0)
		return render_fail_error(render, FAIL_ARITHMETIC, &error);
	return value_pyint(result);
}

static struct value numbers(struct render *render, const char *op, struct value a, struct value b)
{
	struct error error = ERROR_INIT;
	double left, right, result;

	if (a.kind != VALUE_FLOAT && b.kind != VALUE_FLOAT)
		return ints(render, op, a, b);
	if (value_real(render, a, &left) < 0 || value_real(render, b, &right) < 0)
		return value_error();
	if (float_arithmetic(op, left, right, &result, &error) < 0)
		return render_fail_error(render, FAIL_ARITHMETIC, &error);
	return value_float(result);
}

/* ---- sequences ---- */

static struct value add_text(struct render *render, struct value a, struct value b)
{
	bool markup = value_is_markup(a) || value_is_markup(b);
	size_t capture;

	if (markup) {
		a = value_escape(render, a);
		b = value_escape(render, b);
		if (value_failed(a) || value_failed(b))
			return value_error();
	}
	if (render_room(render, (uint64_t)a.len + b.len) < 0)
		return value_error();
	capture = render_capture(render);
	buf_add(render->out, a.text, a.len);
	buf_add(render->out, b.text, b.len);
	return render_captured(render, capture, markup ? VALUE_MARKUP : 0);
}

static struct value add_lists(struct render *render, struct value a, struct value b)
{
	size_t count = a.list->count + b.list->count;

	if (render_room(render, count * sizeof(struct value)) < 0 || render_steps(render, count) < 0)
		return value_error();
	struct list *sum = list_new(render->arena, count);
	if (a.list->count)
		memcpy(sum->items, a.list->items, a.list->count * sizeof(struct value));
	if (b.list->count)
		memcpy(sum->items + a.list->count, b.list->items, b.list->count * sizeof(struct value));
	sum->count = count;
	return a.kind == VALUE_LIST ? value_list(sum) : value_tuple(sum);
}

static struct value add(struct render *render, struct value a, struct value b)
{
	bool text = a.kind == VALUE_STRING, markup = value_is_markup(a) || value_is_markup(b);

	if (text && b.kind == VALUE_STRING)
		return add_text(render, a, b);
	if ((value_is_markup(a) && value_has_html(b)) || (value_has_html(a) && value_is_markup(b)))
		return add_text(render, a, b);
	if (a.kind == b.kind && (a.kind == VALUE_LIST || a.kind == VALUE_TUPLE))
		return add_lists(render, a, b);
	if ((text && !markup) || a.kind == VALUE_LIST || a.kind == VALUE_TUPLE) {
		const char *name = text ? "str" : a.kind == VALUE_LIST ? "list" : "tuple";
		return render_fail(render, FAIL_TYPE, "can only concatenate %s (not \"%s\") to %s", name,
				   value_class_name(b), name);
	}
	return unsupported(render, "+", a, b);
}

static bool is_sequence(struct value v)
{
	return v.kind == VALUE_STRING || v.kind == VALUE_LIST || v.kind == VALUE_TUPLE;
}

static struct value repeat_text(struct render *render, struct value text, uint64_t times)
{
	uint64_t len = times * text.len;	/* at most 4 bytes for each of so many characters */

	if (render_room(render, len) < 0)
		return value_error();
	size_t capture = render_capture(render);
	buf_reserve(render->out, len);
	for (uint64_t i = 0; i < times; i++)
		buf_add(render->out, text.text, text.len);
	return render_captured(render, capture, text.flags & VALUE_MARKUP);
}

static struct value repeat(struct render *render, struct value sequence, struct value count)
{
	uint64_t times, total;
	size_t length = sequence.kind == VALUE_STRING ? value_points(sequence) : sequence.list->count;

	if (count.flags & VALUE_BIG && pyint_sign(value_to_pyint(count)) > 0)
		return render_fail(render, FAIL_ARITHMETIC,
				   "cannot fit 'int' into an index-sized integer");
	times = (count.flags & VALUE_BIG) || count.number < 0 || !length ? 0 : (uint64_t)count.number;
	if (__builtin_mul_overflow(times, (uint64_t)length, &total))
		total = UINT64_MAX;
	/* Once is a copy, whose size is nothing new. */
	if (times > 1 && render_repetition(render, total) < 0)
		return value_error();
	if (sequence.kind == VALUE_STRING)
		return repeat_text(render, sequence, times);
	if (render_room(render, total * sizeof(struct value)) < 0 || render_steps(render, total) < 0)
		return value_error();
	struct list *list = list_new(render->arena, total);
	for (uint64_t i = 0; i < times; i++)
		memcpy(list->items + i * length, sequence.list->items, length * sizeof(struct value));
	list->count = total;
	return sequence.kind == VALUE_LIST ? value_list(list) : value_tuple(list);
}

/* Whether its own multiplication is the one that fails: Markup's refers to the other side's. */
static bool repeats(struct value v)
{
	return is_sequence(v) && !value_is_markup(v);
}

static struct value multiply(struct render *render, struct value a, struct value b)
{
	if (is_sequence(a) && value_is_int(b))
		return repeat(render, a, b);
	if (is_sequence(b) && value_is_int(a))
		return repeat(render, b, a);
	if (repeats(a) || repeats(b))
		return render_fail(render, FAIL_TYPE, "can't multiply sequence by non-int of type '%s'",
				   value_class_name(repeats(a) ? b : a));
	return unsupported(render, "*", a, b);
}

/* ---- operators ---- */

struct value value_binary(struct render *render, const char *op, struct value a, struct value b)
{
	if (value_is_number(a) && value_is_number(b))
		return numbers(render, op, a, b);
	if (*op == '%' && a.kind == VALUE_STRING)
		return value_percent(render, a, b);
	if (*op == '+' && value_is_markup(a) && value_has_html(b))
		return add(render, a, b);	/* a chainable undefined value has HTML, too: none */
	if (a.kind == VALUE_UNDEFINED || b.kind == VALUE_UNDEFINED)
		return undefined_fail(render, a.kind == VALUE_UNDEFINED ? a : b);
	if (*op == '+')
		return add(render, a, b);
	if (*op == '*' && !op[1])
		return multiply(render, a, b);
	return unsupported(render, op, a, b);
}

static struct value bad_sign(struct render *render, char op, struct value v)
{
	if (v.kind == VALUE_UNDEFINED)
		return undefined_fail(render, v);
	return render_fail(render, FAIL_TYPE, "bad operand type for unary %c: '%s'", op, value_class_name(v));
}

struct value value_negate(struct render *render, struct value v)
{
	if (v.kind == VALUE_FLOAT)
		return value_float(-v.real);
	if (value_is_int(v))
		return value_pyint(pyint_negate(render->arena, value_to_pyint(v)));
	return bad_sign(render, '-', v);
}

struct value value_positive(struct render *render, struct value v)
{
	if (v.kind == VALUE_FLOAT || v.kind == VALUE_INT)
		return v;
	if (v.kind == VALUE_BOOL)
		return value_int(v.number);
	return bad_sign(render, '+', v);
}
