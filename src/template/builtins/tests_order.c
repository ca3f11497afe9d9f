/*
 * tests_order.c - tests that compare, and tests of numbers
 */
#include "template/values/native.h"

static struct value from_truth(int truth)
{
	return truth < 0 ? value_error() : value_bool(truth);
}

/* value % n == rest */
static struct value has_rest(struct render *render, struct value self, struct value n, int64_t rest)
{
	struct value modulo = value_binary(render, "%", self, n);

	return value_failed(modulo) ? modulo : from_truth(value_equal(render, modulo, value_int(rest)));
}

static struct value test_odd(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return has_rest(render, self, value_int(2), 1);
}

static struct value test_even(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return has_rest(render, self, value_int(2), 0);
}

static struct value test_divisibleby(struct render *render, struct value self, const struct value *args)
{
	return has_rest(render, self, args[0], 0);
}

static struct value test_in(struct render *render, struct value self, const struct value *args)
{
	return from_truth(value_contains(render, args[0], self));
}

static struct value test_eq(struct render *render, struct value self, const struct value *args)
{
	return from_truth(value_equal(render, self, args[0]));
}

static struct value test_ne(struct render *render, struct value self, const struct value *args)
{
	int equal = value_equal(render, self, args[0]);

	return equal < 0 ? value_error() : value_bool(!equal);
}

static struct value test_lt(struct render *render, struct value self, const struct value *args)
{
	return from_truth(value_order(render, "<", self, args[0]));
}

static struct value test_le(struct render *render, struct value self, const struct value *args)
{
	return from_truth(value_order(render, "<=", self, args[0]));
}

static struct value test_gt(struct render *render, struct value self, const struct value *args)
{
	return from_truth(value_order(render, ">", self, args[0]));
}

static struct value test_ge(struct render *render, struct value self, const struct value *args)
{
	return from_truth(value_order(render, ">=", self, args[0]));
}

const struct native tests_order[] = {
	{ "!=", "other /", test_ne, NATIVE_BUILTIN, "_operator.ne" },
	{ "<", "other /", test_lt, NATIVE_BUILTIN, "_operator.lt" },
	{ "<=", "other /", test_le, NATIVE_BUILTIN, "_operator.le" },
	{ "==", "other /", test_eq, NATIVE_BUILTIN, "_operator.eq" },
	{ ">", "other /", test_gt, NATIVE_BUILTIN, "_operator.gt" },
	{ ">=", "other /", test_ge, NATIVE_BUILTIN, "_operator.ge" },
	{ "divisibleby", "num", test_divisibleby, 0, NULL },
	{ "eq", "other /", test_eq, NATIVE_BUILTIN, "_operator.eq" },
	{ "equalto", "other /", test_eq, NATIVE_BUILTIN, "_operator.eq" },
	{ "even", "", test_even, 0, NULL },
	{ "ge", "other /", test_ge, NATIVE_BUILTIN, "_operator.ge" },
	{ "greaterthan", "other /", test_gt, NATIVE_BUILTIN, "_operator.gt" },
	{ "gt", "other /", test_gt, NATIVE_BUILTIN, "_operator.gt" },
	{ "in", "seq", test_in, 0, NULL },
	{ "le", "other /", test_le, NATIVE_BUILTIN, "_operator.le" },
	{ "lessthan", "other /", test_lt, NATIVE_BUILTIN, "_operator.lt" },
	{ "lt", "other /", test_lt, NATIVE_BUILTIN, "_operator.lt" },
	{ "ne", "other /", test_ne, NATIVE_BUILTIN, "_operator.ne" },
	{ "odd", "", test_odd, 0, NULL },
	{ 0 },
};
