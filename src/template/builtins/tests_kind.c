/*
 * tests_kind.c - tests of what a value is
 *
 * defined, undefined, none, escaped, filter and test are the engine's own
 * (natives_core.c).
 */
#include "template/values/native.h"
#include "template/py/casing.h"

#define TEST(name, condition) \
	static struct value test_##name(struct render *render, struct value self, const struct value *args) \
	{ \
		(void)render, (void)args; \
		return value_bool(condition); \
	}

TEST(boolean, self.kind == VALUE_BOOL)
TEST(true, self.kind == VALUE_BOOL && self.number)
TEST(false, self.kind == VALUE_BOOL && !self.number)
TEST(integer, self.kind == VALUE_INT)
TEST(float, self.kind == VALUE_FLOAT)
TEST(number, value_is_number(self))
TEST(string, self.kind == VALUE_STRING)
TEST(mapping, self.kind == VALUE_DICT)
TEST(sameas, value_same(self, args[0]))
/* Undefined's class can be called; that this fails is another matter. */
TEST(callable, self.kind == VALUE_UNDEFINED || (self.kind == VALUE_OBJECT && self.object->class->call != NULL))

/* What has a length and items by [ ]. */
static struct value test_sequence(struct render *render, struct value self, const struct value *args)
{
	bool holds = false;

	(void)render, (void)args;
	switch (self.kind) {
	case VALUE_STRING:
	case VALUE_TUPLE:
	case VALUE_LIST:
	case VALUE_DICT:
	case VALUE_RANGE:
		holds = true;
		break;
	case VALUE_UNDEFINED:
		holds = self.undefined->kind != UNDEFINED_STRICT;
		break;
	case VALUE_OBJECT:
		holds = self.object->class->length != NULL && self.object->class->item != NULL;
		break;
	}
	return value_bool(holds);
}

static struct value test_iterable(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	switch (self.kind) {
	case VALUE_NONE:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_FLOAT:
		return value_bool(false);
	case VALUE_OBJECT:
		return value_bool(self.object->class->next != NULL);
	case VALUE_UNDEFINED:
		return self.undefined->kind == UNDEFINED_STRICT ? undefined_fail(render, self) : value_bool(true);
	default:
		return value_bool(true);
	}
}

static struct value is_case(struct render *render, struct value self, bool (*holds)(struct span))
{
	struct value text = value_str(render, self);

	return value_failed(text) ? text : value_bool(holds(value_span(text)));
}

static struct value test_lower(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return is_case(render, self, casing_is_lower);
}

static struct value test_upper(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return is_case(render, self, casing_is_upper);
}

const struct native tests_kind[] = {
	{ "boolean", "", test_boolean, 0, NULL },
	{ "callable", "", test_callable, NATIVE_BUILTIN, "callable" },
	{ "false", "", test_false, 0, NULL },
	{ "float", "", test_float, 0, NULL },
	{ "integer", "", test_integer, 0, NULL },
	{ "iterable", "", test_iterable, 0, NULL },
	{ "lower", "", test_lower, 0, NULL },
	{ "mapping", "", test_mapping, 0, NULL },
	{ "number", "", test_number, 0, NULL },
	{ "sameas", "other", test_sameas, 0, NULL },
	{ "sequence", "", test_sequence, 0, NULL },
	{ "string", "", test_string, 0, NULL },
	{ "true", "", test_true, 0, NULL },
	{ "upper", "", test_upper, 0, NULL },
	{ 0 },
};
