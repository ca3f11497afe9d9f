/* eval.c - runs expressions. */
#include "template/eval.h"

#include "base/arena.h"

/* What needs much of the stack stays out of eval_operation(), which recurses. */
#define NOINLINE __attribute__((noinline))

/* ---- variables ---- */

static NOINLINE struct value slot_value(struct render *render, const struct scope *scope, const struct code *code)
{
	struct value v = scope->slots[code->slot];

	return value_given(v) ? v : undefined_named(render, code->name->text);
}

static NOINLINE struct value outer_value(struct render *render, const struct scope *scope, const struct code *code)
{
	for (unsigned i = 0; i < code->depth; i++)
		scope = scope->outer;
	return slot_value(render, scope, code);
}

/* Constants that can change are made anew: each evaluation has its own. */
static struct value make_fresh(struct render *render, struct value v)
{
	struct arena *arena = render->arena;

	if (v.kind == VALUE_LIST || v.kind == VALUE_TUPLE) {
		struct list *copy = list_new(arena, v.list->count);
		for (size_t i = 0; i < v.list->count; i++)
			copy->items[i] = make_fresh(render, v.list->items[i]);
		copy->count = v.list->count;
		return v.kind == VALUE_LIST ? value_list(copy) : value_tuple(copy);
	}
	if (v.kind == VALUE_DICT) {
		struct dict *copy = dict_copy(arena, v.dict);
		for (uint32_t i = 0; i < copy->used; i++)
			copy->entries[i].value = make_fresh(render, copy->entries[i].value);
		return value_dict(copy);
	}
	return v;
}

/* ---- literals ---- */

static NOINLINE struct value eval_list(struct render *render, struct scope *scope, const struct code *code)
{
	struct list *list = list_new(render->arena, code->count);

	for (unsigned i = 0; i < code->count; i++) {
		struct value item = eval_expression(render, scope, code->list[i]);
		if (value_failed(item))
			return item;
		list->items[i] = item;
	}
	list->count = code->count;
	return code->op == CODE_LIST ? value_list(list) : value_tuple(list);
}

static NOINLINE struct value eval_dict(struct render *render, struct scope *scope, const struct code *code)
{
	struct dict *dict = dict_new(render->arena, code->count / 2);
	uint32_t hash;

	for (unsigned i = 0; i < code->count; i += 2) {
		struct value key = eval_expression(render, scope, code->list[i]);
		if (value_failed(key))
			return key;
		struct value value = eval_expression(render, scope, code->list[i + 1]);
		if (value_failed(value) || value_hash(render, key, &hash) < 0)
			return value_error();
		dict_set_hashed(render->arena, dict, key, hash, value);
	}
	return value_dict(dict);
}

/* ---- operators ---- */

static const char *const operators[] = {
	[CODE_ADD] = "+", [CODE_SUB] = "-", [CODE_MUL] = "*", [CODE_DIV] = "/",
	[CODE_FLOORDIV] = "//", [CODE_MOD] = "%", [CODE_POW] = "**",
};

/* The everyday sums, which cannot fail: of floats, or of a float and a small int. */
static bool reckon(enum code_op op, struct value a, struct value b, struct value *result)
{
	double x = a.kind == VALUE_FLOAT ? a.real : (double)a.number;
	double y = b.kind == VALUE_FLOAT ? b.real : (double)b.number;

	if (op == CODE_ADD)
		*result = value_float(x + y);
	else if (op == CODE_SUB)
		*result = value_float(x - y);
	else if (op == CODE_MUL)
		*result = value_float(x * y);
	else
		return false;
	return true;
}

static bool is_small(struct value v)
{
	const int64_t exact = INT64_C(1) << 53;

	return v.kind == VALUE_FLOAT ||
	       (v.kind == VALUE_INT && !(v.flags & VALUE_BIG) && v.number <= exact && v.number >= -exact);
}

static NOINLINE struct value eval_binary(struct render *render, struct scope *scope, const struct code *code)
{
	struct value a = eval_expression(render, scope, code->a);
	if (value_failed(a))
		return a;
	struct value b = eval_expression(render, scope, code->b);
	if (value_failed(b))
		return b;
	struct value sum;
	if ((a.kind == VALUE_FLOAT || b.kind == VALUE_FLOAT) && is_small(a) && is_small(b) &&
	    reckon(code->op, a, b, &sum))
		return sum;
	return code->op == CODE_GETITEM ? value_getitem(render, a, b)
					: value_binary(render, operators[code->op], a, b);
}

static NOINLINE struct value eval_logic(struct render *render, struct scope *scope, const struct code *code)
{
	struct value a = eval_expression(render, scope, code->a);
	if (value_failed(a))
		return a;
	int truth = value_truth(render, a);
	if (truth < 0)
		return value_error();
	return truth == (code->op == CODE_OR) ? a : eval_expression(render, scope, code->b);
}

static NOINLINE struct value eval_unary(struct render *render, struct scope *scope, const struct code *code)
{
	struct value v = eval_expression(render, scope, code->a);

	if (value_failed(v))
		return v;
	if (code->op == CODE_NEG)
		return value_negate(render, v);
	if (code->op == CODE_POS)
		return value_positive(render, v);
	int truth = value_truth(render, v);
	return truth < 0 ? value_error() : value_bool(!truth);
}

/* Numbers that a double holds exactly. */
static int compare_small(enum compare_op op, struct value a, struct value b)
{
	double x = a.kind == VALUE_FLOAT ? a.real : (double)a.number;
	double y = b.kind == VALUE_FLOAT ? b.real : (double)b.number;

	switch (op) {
	case COMPARE_EQ:
		return x == y;
	case COMPARE_NE:
		return x != y;
	case COMPARE_LT:
		return x < y;
	case COMPARE_LTEQ:
		return x <= y;
	case COMPARE_GT:
		return x > y;
	case COMPARE_GTEQ:
		return x >= y;
	case COMPARE_IN:
	case COMPARE_NOTIN:
		break;
	}
	return -1;
}

static int compare(struct render *render, enum compare_op op, struct value a, struct value b)
{
	static const char *const orders[] = {
		[COMPARE_LT] = "<", [COMPARE_LTEQ] = "<=", [COMPARE_GT] = ">", [COMPARE_GTEQ] = ">=",
	};
	int rc;

	if (op < COMPARE_IN && is_small(a) && is_small(b))
		return compare_small(op, a, b);
	switch (op) {
	case COMPARE_EQ:
		return value_equal(render, a, b);
	case COMPARE_NE:
		rc = value_equal(render, a, b);
		return rc < 0 ? rc : !rc;
	case COMPARE_IN:
		return value_contains(render, b, a);
	case COMPARE_NOTIN:
		rc = value_contains(render, b, a);
		return rc < 0 ? rc : !rc;
	case COMPARE_LT:
	case COMPARE_LTEQ:
	case COMPARE_GT:
	case COMPARE_GTEQ:
		break;
	}
	return value_order(render, orders[op], a, b);
}

static NOINLINE struct value eval_compare(struct render *render, struct scope *scope, const struct code *code)
{
	struct value a = eval_expression(render, scope, code->list[0]);

	if (value_failed(a))
		return a;
	for (unsigned i = 1; i < code->count; i++) {
		struct value b = eval_expression(render, scope, code->list[i]);
		if (value_failed(b))
			return b;
		int holds = compare(render, (enum compare_op)code->ops[i - 1], a, b);
		if (holds < 0)
			return value_error();
		if (!holds)
			return value_bool(false);
		a = b;
	}
	return value_bool(true);
}

enum { FEW_PARTS = 8, MOST_JOINED = 4096 };

/* Plain texts side by side; not if another kind is among them, or too much. */
static bool join_texts(struct render *render, const struct value *parts, unsigned count, struct value *joined)
{
	size_t len = 0;

	for (unsigned i = 0; i < count; i++) {
		if (parts[i].kind != VALUE_STRING || parts[i].len > MOST_JOINED)
			return false;
		len += parts[i].len;
	}
	if (len > MOST_JOINED)
		return false;
	char *text = arena_alloc_raw(render->arena, len + 1), *end = text;
	for (unsigned i = 0; i < count; i++) {
		memcpy(end, parts[i].text, parts[i].len);
		end += parts[i].len;
	}
	*end = '\0';
	*joined = value_text(text, len, 0);
	return true;
}

/* Markup among the parts makes the whole Markup, the plain ones escaped. */
static struct value join_parts(struct render *render, struct value *parts, unsigned count, bool escape)
{
	size_t capture = render_capture(render);
	bool markup = false;
	struct value joined;

	for (unsigned i = 0; escape && i < count; i++)
		markup |= value_is_markup(parts[i]);
	if (!markup && join_texts(render, parts, count, &joined))
		return joined;
	for (unsigned i = 0; i < count; i++) {
		struct value part = markup ? value_str(render, parts[i]) : parts[i];
		if (markup && !value_failed(part))
			part = value_escape(render, part);
		if (value_failed(part) || value_print(render, part) < 0)
			return value_error();
	}
	return render_captured(render, capture, markup ? VALUE_MARKUP : 0);
}


static NOINLINE struct value eval_concat(struct render *render, struct scope *scope, const struct code *code)
{
	struct value few[FEW_PARTS], *parts = few;

	if (code->count > FEW_PARTS)
		parts = arena_alloc_raw(render->arena, code->count * sizeof *parts);
	for (unsigned i = 0; i < code->count; i++) {
		parts[i] = eval_expression(render, scope, code->list[i]);
		if (value_failed(parts[i]))
			return parts[i];
	}
	return join_parts(render, parts, code->count, code->flag);
}

static NOINLINE struct value eval_cond(struct render *render, struct scope *scope, const struct code *code)
{
	struct value test = eval_expression(render, scope, code->list[COND_TEST]);

	if (value_failed(test))
		return test;
	int truth = value_truth(render, test);
	if (truth < 0)
		return value_error();
	const struct code *chosen = code->list[truth ? COND_THEN : COND_ELSE];
	if (chosen)
		return eval_expression(render, scope, chosen);
	struct value undefined = undefined_hint(render, code->hint);
	undefined.undefined->kind = UNDEFINED_DEFAULT;
	return undefined;
}

/* ---- attributes and items ---- */

static NOINLINE struct value eval_getattr(struct render *render, struct scope *scope, const struct code *code)
{
	struct value v = eval_expression(render, scope, code->a);

	return value_failed(v) ? v : attribute_get(render, v, code->attribute);
}

static NOINLINE struct value eval_slice(struct render *render, struct scope *scope, const struct code *code)
{
	struct value parts[4] = { 0 };

	for (unsigned i = 0; i < 4; i++) {
		if (!code->list[i])
			continue;
		parts[i] = eval_expression(render, scope, code->list[i]);
		if (value_failed(parts[i]))
			return parts[i];
	}
	struct value slice = value_slice(render, parts[0], parts[1], parts[2], parts[3]);
	if (value_failed(slice) && render->folding && render->fail == FAIL_TYPE) {
		error_clear(&render->error);
		return undefined_of(render, parts[0], value_none());
	}
	return slice;
}

/* ---- calls ---- */

/* Whatever is called, Jinja2 calls it through this. */
#define CALLED_AS "jinja2.runtime.Context.call()"

enum { FEW_ARGUMENTS = 8 };

struct argument_list {
	struct value few[FEW_ARGUMENTS];
	struct keyword few_named[FEW_ARGUMENTS];
	struct arguments arguments;
};

static int add_star(struct render *render, struct scope *scope, const struct code *code,
		    struct value **items, size_t *count)
{
	struct value v = eval_expression(render, scope, code);
	struct cursor cursor;

	if (value_failed(v))
		return -1;
	if (cursor_open(render, &cursor, v) < 0) {
		if (v.kind != VALUE_UNDEFINED)
			render_fail(render, FAIL_TYPE, "Value after * must be an iterable, not %s", value_class_name(v));
		return -1;
	}
	struct value list = value_to_list(render, v);
	if (value_failed(list))
		return -1;
	size_t all = *count + list.list->count;
	struct value *grown = arena_alloc_raw(render->arena, (all + 1) * sizeof *grown);
	memcpy(grown, *items, *count * sizeof *grown);
	if (list.list->count)
		memcpy(grown + *count, list.list->items, list.list->count * sizeof *grown);
	*items = grown;
	*count = all;
	return 0;
}

static bool is_named(const struct keyword *named, size_t count, struct value name)
{
	for (size_t i = 0; i < count; i++)
		if (dict_same_key(named[i].name, name))
			return true;
	return false;
}

static int add_star_star(struct render *render, struct scope *scope, const struct code *code,
			 struct keyword **named, size_t *count)
{
	struct value v = eval_expression(render, scope, code);
	uint32_t at = 0;

	if (value_failed(v))
		return -1;
	if (v.kind == VALUE_UNDEFINED) {
		undefined_fail(render, v);
		return -1;
	}
	if (v.kind != VALUE_DICT) {
		render_fail(render, FAIL_TYPE, CALLED_AS " argument after ** must be a mapping, not %s",
			    value_class_name(v));
		return -1;
	}
	struct keyword *grown = arena_alloc_raw(render->arena, (*count + v.dict->count + 1) * sizeof *grown);
	memcpy(grown, *named, *count * sizeof *grown);
	*named = grown;
	for (const struct dict_entry *e; (e = dict_next(v.dict, &at));) {
		if (e->key.kind != VALUE_STRING) {
			render_fail(render, FAIL_TYPE, "keywords must be strings");
			return -1;
		}
		if (is_named(grown, *count, e->key)) {
			render_fail(render, FAIL_TYPE, CALLED_AS " got multiple values for keyword argument '%.*s'",
				    (int)e->key.len, e->key.text);
			return -1;
		}
		grown[(*count)++] = (struct keyword){ value_plain(e->key), e->value };
	}
	return 0;
}

static int eval_named(struct render *render, struct scope *scope, const struct call *call,
		      struct value caller, struct argument_list *list)
{
	size_t count = call->named_count + value_given(caller);
	struct keyword *named = list->few_named;

	if (count > FEW_ARGUMENTS)
		named = arena_alloc_raw(render->arena, count * sizeof *named);
	for (unsigned i = 0; i < call->named_count; i++) {
		named[i].name = call->named[i].name;
		named[i].value = eval_expression(render, scope, call->named[i].value);
		if (value_failed(named[i].value))
			return -1;
	}
	if (value_given(caller))
		named[call->named_count] = (struct keyword){ value_literal("caller"), caller };
	if (call->dyn_kwargs && add_star_star(render, scope, call->dyn_kwargs, &named, &count) < 0)
		return -1;
	list->arguments.named = named;
	list->arguments.named_count = count;
	return 0;
}

static int eval_arguments(struct render *render, struct scope *scope, const struct call *call,
			  struct value caller, struct argument_list *list)
{
	struct value *items = list->few;
	size_t count = call->count;

	if (count > FEW_ARGUMENTS)
		items = arena_alloc_raw(render->arena, count * sizeof *items);
	for (unsigned i = 0; i < call->count; i++) {
		items[i] = eval_expression(render, scope, call->args[i]);
		if (value_failed(items[i]))
			return -1;
	}
	if (call->dyn_args && add_star(render, scope, call->dyn_args, &items, &count) < 0)
		return -1;
	list->arguments.list = items;
	list->arguments.count = count;
	list->arguments.named_count = 0;
	if (!call->named_count && !call->dyn_kwargs && !value_given(caller))
		return 0;
	return eval_named(render, scope, call, caller, list);
}

NOINLINE struct value eval_call(struct render *render, struct scope *scope, const struct call *call,
				struct value caller)
{
	struct value callee = eval_expression(render, scope, call->callee);
	const struct callable *method = NULL;
	struct argument_list list;

	if (value_failed(callee))
		return callee;
	struct value receiver = callee;
	if (call->method) {
		method = attribute_method(call->method, callee);
		if (method && (method->row->flags & NATIVE_PROPERTY))
			method = NULL;
		if (!method)
			callee = attribute_get(render, callee, call->method);
		if (value_failed(callee))
			return callee;
	}
	if (eval_arguments(render, scope, call, caller, &list) < 0)
		return value_error();
	return method ? callable_call(render, method, receiver, list.arguments)
		      : render_call(render, callee, list.arguments);
}

NOINLINE int eval_print_call(struct render *render, struct scope *scope, const struct call *call)
{
	struct argument_list list;

	/* Only a variable may be asked for twice. */
	if (call->method || (call->callee->op != CODE_LOCAL && call->callee->op != CODE_OUTER))
		return 0;
	struct value callee = eval_expression(render, scope, call->callee);
	if (value_failed(callee))
		return -1;
	if (!value_is_macro(callee))
		return 0;
	if (render_step(render) < 0 || eval_arguments(render, scope, call, value_missing(), &list) < 0)
		return -1;
	return macro_print_call(render, callee, list.arguments) < 0 ? -1 : 1;
}

static NOINLINE struct value eval_unbound(struct render *render, struct scope *scope, const struct code *code,
				 struct value subject)
{
	const struct call *call = code->call;
	struct argument_list list;

	if (eval_arguments(render, scope, call, value_missing(), &list) < 0)
		return value_error();
	if (!call->callable)
		return render_fail(render, FAIL_TEMPLATE, "No %s named '%s' found.",
				   code->op == CODE_FILTER ? "filter" : "test", call->name->text.text);
	return callable_call(render, call->callable, subject, list.arguments);
}

static NOINLINE struct value eval_bound(struct render *render, struct scope *scope, const struct call *call,
					struct value subject)
{
	struct value slots[NATIVE_MAX_PARAMS];

	for (unsigned i = 0; i < call->count; i++) {
		slots[i] = call->args[i] ? eval_expression(render, scope, call->args[i])
					 : call->callable->defaults[i];
		if (value_failed(slots[i]))
			return slots[i];
	}
	return callable_run(render, call->callable, subject, slots);
}

/* A filter or test. */
static NOINLINE struct value eval_filter(struct render *render, struct scope *scope, const struct code *code)
{
	const struct call *call = code->call;
	struct value subject = eval_expression(render, scope, call->callee);

	if (value_failed(subject))
		return subject;
	if (call->constants)
		return callable_run(render, call->callable, subject, call->constants);
	if (!call->bound)
		return eval_unbound(render, scope, code, subject);
	return eval_bound(render, scope, call, subject);
}

static NOINLINE struct value eval_mark_safe(struct render *render, struct scope *scope, const struct code *code)
{
	struct value v = eval_expression(render, scope, code->a);

	if (value_failed(v) || !render_autoescape(render))
		return v;
	v = value_str(render, v);
	return value_failed(v) ? v : value_markup(v);
}

/* ---- all of them ---- */

/* Each case ends in a call, so that this needs no frame of the stack. */
static inline struct value dispatch(struct render *render, struct scope *scope, const struct code *code)
{
	switch ((enum code_op)code->op) {
	case CODE_CONST:
		return code->value;
	case CODE_LOCAL:
		return slot_value(render, scope, code);
	case CODE_OUTER:
		return outer_value(render, scope, code);
	case CODE_CAPTURED:
		return scope->slots[code->slot];
	case CODE_FRESH:
		return make_fresh(render, code->value);
	case CODE_TUPLE:
	case CODE_LIST:
		return eval_list(render, scope, code);
	case CODE_DICT:
		return eval_dict(render, scope, code);
	case CODE_ADD:
	case CODE_SUB:
	case CODE_MUL:
	case CODE_DIV:
	case CODE_FLOORDIV:
	case CODE_MOD:
	case CODE_POW:
	case CODE_GETITEM:
		return eval_binary(render, scope, code);
	case CODE_AND:
	case CODE_OR:
		return eval_logic(render, scope, code);
	case CODE_NOT:
	case CODE_NEG:
	case CODE_POS:
		return eval_unary(render, scope, code);
	case CODE_CONCAT:
		return eval_concat(render, scope, code);
	case CODE_COMPARE:
		return eval_compare(render, scope, code);
	case CODE_COND:
		return eval_cond(render, scope, code);
	case CODE_GETATTR:
		return eval_getattr(render, scope, code);
	case CODE_SLICE:
		return eval_slice(render, scope, code);
	case CODE_FILTER:
	case CODE_TEST:
		return eval_filter(render, scope, code);
	case CODE_CALL:
		return eval_call(render, scope, code->call, value_missing());
	case CODE_MARK_SAFE:
		return eval_mark_safe(render, scope, code);
	case CODE_DEBUG:
		return debug_text(render, scope->context);
	default:
		return render_fail(render, FAIL_RUNTIME, "a statement where an expression was expected");
	}
}

static NOINLINE struct value eval_after_check(struct render *render, struct scope *scope, const struct code *code)
{
	return render_checkpoint(render) < 0 ? value_error() : dispatch(render, scope, code);
}

struct value eval_operation(struct render *render, struct scope *scope, const struct code *code)
{
	if (__builtin_expect(--render->countdown <= 0, 0))
		return eval_after_check(render, scope, code);
	return dispatch(render, scope, code);
}
