/*
 * natives_core.c - the filters and tests that touch the engine's own notions
 *
 * Undefined, Markup and the conversions that other tables build upon.
 */
#include "template/values/native.h"

static struct value filter_default(struct render *render, struct value self, const struct value *args)
{
	if (self.kind == VALUE_UNDEFINED)
		return args[0];
	int asked = value_truth(render, args[1]);
	if (asked < 0)
		return value_error();
	if (!asked)
		return self;
	int truth = value_truth(render, self);
	if (truth < 0)
		return value_error();
	return truth ? self : args[0];
}

static struct value filter_length(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	int64_t length = value_length(render, self);

	return length < 0 ? value_error() : value_int(length);
}

static struct value filter_escape(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return value_escape(render, self);
}

static struct value filter_forceescape(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	struct value text = value_str(render, self);

	return value_failed(text) ? text : value_escape(render, value_plain(text));
}

static struct value filter_safe(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	struct value text = value_str(render, self);

	return value_failed(text) ? text : value_markup(text);
}

static struct value filter_string(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return value_str(render, self);
}

static struct value filter_list(struct render *render, struct value self, const struct value *args)
{
	(void)args;
	return value_to_list(render, self);
}

const struct native filters_core[] = {
	{ "default", "default_value='' boolean=False", filter_default, 0, NULL },
	{ "d", "default_value='' boolean=False", filter_default, 0, "do_default" },
	{ "length", "", filter_length, NATIVE_BUILTIN, "len" },
	{ "count", "", filter_length, NATIVE_BUILTIN, "len" },
	{ "escape", "", filter_escape, NATIVE_BUILTIN, "markupsafe._speedups.escape" },
	{ "e", "", filter_escape, NATIVE_BUILTIN, "markupsafe._speedups.escape" },
	{ "forceescape", "", filter_forceescape, 0, NULL },
	{ "safe", "", filter_safe, 0, "do_mark_safe" },
	{ "string", "", filter_string, NATIVE_BUILTIN,
	  "markupsafe._speedups.soft_str" },
	{ "list", "", filter_list, 0, "sync_do_list" },
	{ 0 },
};

static struct value test_defined(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_bool(self.kind != VALUE_UNDEFINED);
}

static struct value test_undefined(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_bool(self.kind == VALUE_UNDEFINED);
}

static struct value test_none(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_bool(self.kind == VALUE_NONE);
}

/* A name is looked up as the key of a dict: it has to be hashable. */
static struct value test_filter(struct render *render, struct value self, const struct value *args)
{
	uint32_t hash;

	(void)args;
	return value_hash(render, self, &hash) < 0 ? value_error() : value_bool(render_has_filter(self));
}

static struct value test_test(struct render *render, struct value self, const struct value *args)
{
	uint32_t hash;

	(void)args;
	return value_hash(render, self, &hash) < 0 ? value_error() : value_bool(render_has_test(self));
}

static struct value test_escaped(struct render *render, struct value self, const struct value *args)
{
	(void)render, (void)args;
	return value_bool(value_has_html(self));
}

const struct native tests_core[] = {
	{ "defined", "", test_defined, 0, NULL },
	{ "undefined", "", test_undefined, 0, NULL },
	{ "none", "", test_none, 0, NULL },
	{ "filter", "", test_filter, NATIVE_PASSED, NULL },
	{ "test", "", test_test, NATIVE_PASSED, NULL },
	{ "escaped", "", test_escaped, 0, NULL },
	{ 0 },
};
