/*
 * registry.c - finds natives by name, and binds arguments to their parameters
 *
 * Process-wide state: the tables by name, made at the first use and constant
 * from then on.
 */
#include "template/values/registry.h"

#include <ctype.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/mem.h"
#include "template/values/arity.h"
#include "template/values/machine.h"
#include "template/values/type.h"

static const struct native *const filter_tables[] = {
	filters_core, filters_html, filters_text, filters_number, filters_sequence, filters_lazy,
};
static const struct native *const test_tables[] = { tests_core, tests_kind, tests_order };
static const struct native *const global_tables[] = { globals_core };
static const struct native *const i18n_tables[] = { globals_i18n };
static const struct native *const i18n_new_tables[] = { globals_i18n_new };
static const struct {
	enum value_kind kind;
	const char *type;
	const struct native *rows;
} method_tables[] = {
	{ VALUE_STRING, "str", methods_str }, { VALUE_LIST, "list", methods_list },
	{ VALUE_TUPLE, "tuple", methods_tuple }, { VALUE_DICT, "dict", methods_dict },
	{ VALUE_VIEW, "dict_keys", methods_view }, { VALUE_RANGE, "range", methods_range },
	{ VALUE_INT, "int", methods_int }, { VALUE_BOOL, "int", methods_int },
	{ VALUE_FLOAT, "float", methods_float },
};

#define COUNT(table) (sizeof(table) / sizeof *(table))

static struct {
	bool ready;
	struct arena arena;		/* never freed */
	struct dict *filters, *tests, *globals, *i18n, *i18n_new; /* name: callable as object */
	struct dict *attributes;	/* name: struct attribute, in `number` */
} registry;

/* ---- signatures ---- */

static struct value parse_default(const char *text, size_t len)
{
	struct span word = { text, len };
	char *end;

	if (span_equal(word, span_of("None")))
		return value_none();
	if (span_equal(word, span_of("True")) || span_equal(word, span_of("False")))
		return value_bool(*text == 'T');
	if (*text == '\'')
		return value_text(text + 1, len - 2, 0);
	if (memchr(text, '.', len))
		return value_float(strtod(text, NULL));
	long long number = strtoll(text, &end, 10);
	if (end != text + len)
		fatal("a native's signature has an odd default: %.*s", (int)len, text);
	return value_int(number);
}

static void parse_parameter(struct callable *callable, const char *text, size_t len)
{
	const char *equals = memchr(text, '=', len);
	size_t name = equals ? (size_t)(equals - text) : len;
	unsigned at = callable->count++;

	if (at == NATIVE_MAX_PARAMS)
		fatal("native %s has too many parameters", callable->row->name);
	if (len > 2 && text[0] == '*' && text[1] == '*') {
		callable->star_star = (int)at;
	} else if (*text == '*') {
		callable->star = (int)at;
	} else if (!equals) {
		callable->required |= 1u << at;
	} else if (!(equals[1] == '-' && name + 2 == len)) {
		callable->defaults[at] = parse_default(equals + 1, len - name - 1);
	}
	callable->names[at] = value_text(text, name, 0);
}

static void parse_signature(struct callable *callable, const char *params)
{
	while (*params) {
		size_t len = strcspn(params, " ");
		if (len == 1 && *params == '/')
			callable->positional_only = callable->count;
		else if (len == 1 && *params == '*')
			callable->keyword_only = true;
		else if (len)
			parse_parameter(callable, params, len);
		params += len;
		params += *params == ' ';
	}
}

static const struct object_class type_class;

static struct callable *make_callable(const struct native *row, const char *prefix)
{
	struct callable *callable = arena_alloc(&registry.arena, sizeof *callable);

	callable->object.class = row->flags & NATIVE_TYPE ? &type_class : &callable_class;
	callable->row = row;
	callable->pyname = row->pyname ? row->pyname
				       : arena_printf(&registry.arena, "%s%s", prefix, row->name);
	callable->star = callable->star_star = -1;
	parse_signature(callable, row->params);
	callable->implicit = (row->flags & NATIVE_PASSED ? 1 : 0) + (*prefix ? 1 : 0);
	return callable;
}

/* ---- tables ---- */

static struct dict *index_rows(const struct native *const *tables, size_t count, const char *prefix)
{
	struct dict *dict = dict_new(&registry.arena, 64);

	for (size_t i = 0; i < count; i++)
		for (const struct native *row = tables[i]; row->name; row++)
			dict_set_text(&registry.arena, dict, row->name,
				      value_object(&make_callable(row, prefix)->object));
	return dict;
}

static struct attribute *make_attribute(const char *name)
{
	struct attribute *attribute = arena_alloc(&registry.arena, sizeof *attribute);

	attribute->name = value_literal(name);
	attribute->hash = dict_hash_bytes(name, strlen(name));
	dict_set_text(&registry.arena, registry.attributes, name, value_int((intptr_t)attribute));
	return attribute;
}

/* `type` is the receiver's in messages. */
static void index_method(enum value_kind kind, const char *type, const struct native *row)
{
	struct value found = dict_get_text(registry.attributes, row->name);
	struct attribute *attribute = value_given(found) ? (struct attribute *)(intptr_t)found.number
							 : make_attribute(row->name);
	struct callable *method = make_callable(row, "");

	method->type = type;
	attribute->methods[kind] = method;
}

static void index_methods(void)
{
	registry.attributes = dict_new(&registry.arena, 64);
	for (size_t i = 0; i < COUNT(method_tables); i++)
		for (const struct native *row = method_tables[i].rows; row->name; row++)
			index_method(method_tables[i].kind, method_tables[i].type, row);
	for (const struct native *row = methods_any; row->name; row++)
		for (unsigned kind = VALUE_UNDEFINED; kind < VALUE_KINDS; kind++)
			index_method((enum value_kind)kind, "object", row);
}

static void make_ready(void)
{
	registry.ready = true;
	registry.filters = index_rows(filter_tables, COUNT(filter_tables), "do_");
	registry.tests = index_rows(test_tables, COUNT(test_tables), "test_");
	registry.globals = index_rows(global_tables, COUNT(global_tables), "");
	registry.i18n = index_rows(i18n_tables, COUNT(i18n_tables), "");
	registry.i18n_new = index_rows(i18n_new_tables, COUNT(i18n_new_tables), "");
	index_methods();
}

static inline void need_registry(void)
{
	if (!registry.ready)
		make_ready();
}

static const struct callable *find(const struct dict *dict, struct value name)
{
	struct value found = name.kind == VALUE_STRING ? dict_get(dict, name) : value_missing();

	return value_given(found) ? (const struct callable *)found.object : NULL;
}

const struct callable *registry_filter(struct value name)
{
	need_registry();
	return find(registry.filters, name);
}

const struct callable *registry_test(struct value name)
{
	need_registry();
	return find(registry.tests, name);
}

const struct dict *registry_filters(void)
{
	need_registry();
	return registry.filters;
}

const struct dict *registry_tests(void)
{
	need_registry();
	return registry.tests;
}

const struct dict *registry_globals(void)
{
	need_registry();
	return registry.globals;
}

struct value registry_global(struct value name, uint32_t hash)
{
	need_registry();
	return dict_get_hashed(registry.globals, name, hash);
}

struct value registry_i18n(struct value name, uint32_t hash, bool newstyle)
{
	need_registry();
	return dict_get_hashed(newstyle ? registry.i18n_new : registry.i18n, name, hash);
}

const struct attribute *registry_attribute(struct value name, uint32_t hash)
{
	need_registry();
	struct value found = dict_get_hashed(registry.attributes, name, hash);
	return value_given(found) ? (const struct attribute *)(intptr_t)found.number : NULL;
}

bool render_has_filter(struct value name)
{
	return registry_filter(name) != NULL;
}

bool render_has_test(struct value name)
{
	return registry_test(name) != NULL;
}

/* ---- binding ---- */

static void bind_list(struct render *render, const struct callable *callable,
		      struct arguments arguments, struct value *slots)
{
	size_t most = callable->star >= 0 ? (size_t)callable->star
					  : callable->count - (callable->star_star >= 0);
	size_t taken = arguments.count < most ? arguments.count : most;

	if (taken)
		memcpy(slots, arguments.list, taken * sizeof *slots);
	if (callable->star >= 0)
		slots[callable->star] = value_tuple_of(render->arena, arguments.list + taken,
						       arguments.count - taken);
}

static int bind_name(struct render *render, const struct callable *callable, struct keyword keyword,
		     struct value *slots)
{
	for (unsigned i = callable->positional_only; i < callable->count; i++) {
		if ((int)i == callable->star || (int)i == callable->star_star ||
		    !dict_same_key(callable->names[i], keyword.name))
			continue;
		if (value_given(slots[i]))
			return arity_twice(render, callable, keyword.name);
		slots[i] = keyword.value;
		return 0;
	}
	if (callable->star_star >= 0) {
		dict_set(render->arena, slots[callable->star_star].dict, keyword.name, keyword.value);
		return 0;
	}
	return arity_unexpected(render, callable, keyword.name);
}

static int fill_defaults(struct render *render, const struct callable *callable, struct value *slots,
			 size_t given)
{
	for (unsigned i = 0; i < callable->count; i++) {
		if (value_given(slots[i]))
			continue;
		if (callable->required & 1u << i)
			return arity_missing(render, callable, slots, given);
		slots[i] = callable->defaults[i];
	}
	return 0;
}

int callable_bind(struct render *render, const struct callable *callable,
		  struct arguments arguments, struct value *slots)
{
	unsigned given = (unsigned)arguments.count;

	if (!arguments.named_count && !callable->keyword_only && callable->star < 0 && callable->star_star < 0 &&
	    arguments.count <= callable->count && !(callable->required >> given)) {
		for (unsigned i = 0; i < given; i++)
			slots[i] = arguments.list[i];
		for (unsigned i = given; i < callable->count; i++)
			slots[i] = callable->defaults[i];
		return 0;
	}
	for (unsigned i = 0; i < callable->count; i++)
		slots[i] = value_missing();
	if (callable->star_star >= 0)
		slots[callable->star_star] = value_dict(dict_new(render->arena, arguments.named_count));
	if (arity_check(render, callable, arguments) < 0)
		return -1;
	bind_list(render, callable, arguments, slots);
	for (size_t i = 0; i < arguments.named_count; i++)
		if (bind_name(render, callable, arguments.named[i], slots) < 0)
			return -1;
	if (callable->star < 0 && arguments.count > callable->count - (callable->star_star >= 0))
		return arity_too_many(render, callable, arguments.count);
	return fill_defaults(render, callable, slots, arguments.count);
}

/* ---- calling ---- */

struct value callable_call(struct render *render, const struct callable *callable, struct value self,
			   struct arguments arguments)
{
	struct value slots[NATIVE_MAX_PARAMS];

	if (callable_bind(render, callable, arguments, slots) < 0)
		return value_error();
	return callable_run(render, callable, self, slots);
}

static struct value call_global(struct render *render, struct object *self, struct arguments arguments)
{
	return callable_call(render, (const struct callable *)self, value_missing(), arguments);
}

static int print_global(struct render *render, struct object *self, bool repr)
{
	(void)repr;
	buf_printf(render->out, "<function %s>", ((struct callable *)self)->pyname);
	return 0;
}

const struct object_class callable_class = {
	.type = "function", .call = call_global, .print = print_global,
};

/* Python's own are named as they are, Jinja2's in full. */
static const char *type_name(struct render *render, const struct object *self)
{
	const char *name = ((const struct callable *)self)->row->name;

	if (!strcmp(name, "dict") || !strcmp(name, "range"))
		return name;
	return arena_printf(render->arena, "jinja2.utils.%c%s", toupper((unsigned char)*name), name + 1);
}

static int print_type(struct render *render, struct object *self, bool repr)
{
	(void)repr;
	type_print(type_name(render, self), render->out);
	return 0;
}

static struct value attribute_of_type(struct render *render, struct object *self, struct value name)
{
	return type_attribute(type_name(render, self), name);
}

static const struct object_class type_class = {
	.type = "type", .attribute = attribute_of_type, .call = call_global, .print = print_type,
};

struct bound {
	struct object object;
	const struct callable *callable;
	struct value self;
};

static struct value call_bound(struct render *render, struct object *self, struct arguments arguments)
{
	struct bound *bound = (struct bound *)self;

	return callable_call(render, bound->callable, bound->self, arguments);
}

static int print_bound(struct render *render, struct object *self, bool repr)
{
	struct bound *bound = (struct bound *)self;

	(void)repr;
	buf_printf(render->out, "<built-in method %s of %s object>", bound->callable->pyname,
		   value_class_name(bound->self));
	return 0;
}

static const struct object_class bound_class = {
	.type = "builtin_function_or_method", .call = call_bound, .print = print_bound,
};

struct value callable_bound(struct render *render, const struct callable *callable, struct value self)
{
	struct bound *bound = arena_alloc_raw(render->arena, sizeof *bound);

	*bound = (struct bound){ { &bound_class }, callable, self };
	return value_object(&bound->object);
}

struct value render_call(struct render *render, struct value callee, struct arguments arguments)
{
	if (callee.kind == VALUE_UNDEFINED)
		return undefined_fail(render, callee);
	if (callee.kind != VALUE_OBJECT || !callee.object->class->call)
		return render_fail(render, FAIL_TYPE, "'%s' object is not callable", value_class_name(callee));
	return callee.object->class->call(render, callee.object, arguments);
}

static struct value fail_unknown(struct render *render, const char *what, struct value name)
{
	size_t capture = render_capture(render);

	buf_printf(render->out, "No %s named ", what);
	if (value_print_repr(render, name) < 0)
		return value_error();
	buf_putc(render->out, '.');
	if (name.kind == VALUE_UNDEFINED) {
		buf_puts(render->out, " (");
		if (undefined_message(render, name) < 0)
			return value_error();
		buf_puts(render->out, "; did you forget to quote the callable name?)");
	}
	struct value text = render_captured(render, capture, 0);
	if (value_failed(text))
		return text;
	return render_fail(render, FAIL_TEMPLATE, "%.*s", (int)text.len, text.text);
}

struct value render_filter(struct render *render, struct value name, struct value subject,
			   struct arguments arguments)
{
	const struct callable *callable = registry_filter(name);

	return callable ? callable_call(render, callable, subject, arguments)
			: fail_unknown(render, "filter", name);
}

struct value render_test(struct render *render, struct value name, struct value subject,
			 struct arguments arguments)
{
	const struct callable *callable = registry_test(name);

	return callable ? callable_call(render, callable, subject, arguments)
			: fail_unknown(render, "test", name);
}
