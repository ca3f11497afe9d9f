/* eval_statement.c - runs statements; what they print goes to render->out. */
#include "base/arena.h"
#include "template/eval.h"
#include "template/builtins/namespace.h"

/* ---- scopes ---- */

struct scope *scope_new(struct render *render, struct scope *outer, struct context *context,
			const struct function *function)
{
	size_t size = sizeof(struct scope) + function->slots * sizeof(struct value);
	struct scope *scope = arena_alloc(render->arena, size);

	scope->outer = outer;
	scope->context = context;
	scope->function = function;
	return scope;
}

static struct scope *scope_out(struct scope *scope, unsigned depth)
{
	while (depth--)
		scope = scope->outer;
	return scope;
}

void eval_enter(struct render *render, struct scope *scope, const struct loads *loads)
{
	for (unsigned i = 0; i < loads->count; i++) {
		const struct load *load = &loads->items[i];
		switch (load->kind) {
		case LOAD_PARAMETER:
			break;
		case LOAD_RESOLVE:
			scope->slots[load->slot] = context_resolve(render, scope->context,
								   load->name->text, load->name->hash);
			break;
		case LOAD_ALIAS:
			scope->slots[load->slot] = scope_out(scope, load->from.depth)->slots[load->from.slot];
			break;
		case LOAD_UNDEFINED:
			scope->slots[load->slot] = value_missing();
			break;
		}
	}
}

void eval_leave(struct scope *scope, const struct loads *loads)
{
	for (unsigned i = 0; i < loads->count; i++)
		scope->slots[loads->items[i].slot] = value_missing();
}

enum eval_end eval_scoped(struct render *render, struct scope *scope, const struct scoped *scoped)
{
	eval_enter(render, scope, &scoped->loads);
	enum eval_end end = eval_body(render, scope, &scoped->body);
	eval_leave(scope, &scoped->loads);
	return end;
}

int eval_begin(struct render *render, struct running *before, struct context *context,
	       const struct template *template)
{
	if (render_enter(render) < 0)
		return -1;
	*before = (struct running){ render->context, render->template, render->line };
	render->context = context;
	render->template = template;
	return 0;
}

void eval_end(struct render *render, const struct running *before)
{
	render->context = before->context;
	render->template = before->template;
	render->line = before->line;
	render_leave(render);
}

/* ---- output ---- */

/* What has no character to be escaped, or prints nothing at all. */
static bool is_plain(struct value v)
{
	return value_is_number(v) || v.kind == VALUE_NONE || v.kind == VALUE_UNDEFINED;
}

static int print_escaped(struct render *render, struct value v)
{
	if (v.kind == VALUE_STRING) {
		if (v.flags & VALUE_MARKUP)
			render_add(render, v.text, v.len);
		else
			value_print_escaped(render->out, value_span(v));
		return 0;
	}
	if (is_plain(v))
		return value_print(render, v);
	struct value escaped = value_escape(render, v);
	if (value_failed(escaped))
		return -1;
	render_add(render, escaped.text, escaped.len);
	return 0;
}

static int eval_print(struct render *render, struct scope *scope, const struct code *code)
{
	/* What a macro gives is Markup where output is escaped now: nothing would be done to it. */
	if (code->a->op == CODE_CALL && (code->flag != ESCAPE_HTML || render_autoescape(render))) {
		int rc = eval_print_call(render, scope, code->a->call);
		if (rc)
			return rc < 0 ? -1 : 0;
	}
	struct value v = eval_expression(render, scope, code->a);

	if (value_failed(v))
		return -1;
	if (code->flag == ESCAPE_HTML || (code->flag == ESCAPE_AT_RUN_TIME && render_autoescape(render)))
		return print_escaped(render, v);
	return value_print(render, v);
}

/* ---- assignments ---- */

static int assign_tuple(struct render *render, struct scope *scope, const struct target *target,
			struct value value)
{
	struct cursor cursor;
	struct value item;
	unsigned got = 0;
	int rc;

	if (cursor_open(render, &cursor, value) < 0) {
		if (value.kind != VALUE_UNDEFINED)
			render_fail(render, FAIL_TYPE, "cannot unpack non-iterable %s object",
				    value_class_name(value));
		return -1;
	}
	struct value *items = arena_alloc_raw(render->arena, (target->count + 1) * sizeof *items);
	while ((rc = cursor_next(render, &cursor, &item)) > 0) {
		if (got == target->count) {
			render_fail(render, FAIL_VALUE, "too many values to unpack (expected %u)",
				    target->count);
			return -1;
		}
		items[got++] = item;
	}
	if (rc < 0)
		return -1;
	if (got < target->count) {
		render_fail(render, FAIL_VALUE, "not enough values to unpack (expected %u, got %u)",
			    target->count, got);
		return -1;
	}
	for (unsigned i = 0; i < target->count; i++)
		if (eval_assign(render, scope, target->items[i], items[i]) < 0)
			return -1;
	return 0;
}

static int namespace_check(struct render *render, struct value owner)
{
	if (value_is_namespace(owner))
		return 0;
	render_fail(render, FAIL_TEMPLATE, "cannot assign attribute on non-namespace object");
	return -1;
}

static struct value namespace_of(struct scope *scope, const struct target *target)
{
	return scope_out(scope, target->place.depth)->slots[target->place.slot];
}

static int assign_attribute(struct render *render, struct scope *scope, const struct target *target,
			    struct value value)
{
	struct value owner = namespace_of(scope, target);

	if (namespace_check(render, owner) < 0)
		return -1;
	namespace_set(render, owner, target->attribute, value);
	return 0;
}

int eval_assign(struct render *render, struct scope *scope, const struct target *target,
		struct value value)
{
	switch (target->kind) {
	case TARGET_NAME:
		scope->slots[target->slot] = value;
		if (target->sets_context)
			context_set(render, scope->context, target->name, value, target->exports);
		return 0;
	case TARGET_TUPLE:
		return assign_tuple(render, scope, target, value);
	case TARGET_NAMESPACE:
		return assign_attribute(render, scope, target, value);
	}
	return -1;
}

/* Jinja2 looks whether a namespace is one before it asks for the value. */
static int eval_set(struct render *render, struct scope *scope, const struct code *code)
{
	if (code->target->kind == TARGET_NAMESPACE && namespace_check(render, namespace_of(scope, code->target)) < 0)
		return -1;

	struct value v = eval_expression(render, scope, code->a);

	return value_failed(v) ? -1 : eval_assign(render, scope, code->target, v);
}

static bool escapes(const struct render *render, enum escape_mode mode)
{
	return mode == ESCAPE_HTML || (mode == ESCAPE_AT_RUN_TIME && render_autoescape(render));
}

/* The text of a body as a string. */
static struct value capture_body(struct render *render, struct scope *scope, const struct body *body,
				 unsigned flags, enum eval_end *end)
{
	size_t capture = render_capture(render);

	*end = eval_body(render, scope, body);
	return *end == EVAL_ERROR ? value_error() : render_captured(render, capture, flags);
}

static enum eval_end eval_set_block(struct render *render, struct scope *scope, const struct code *code)
{
	const struct set_block *set = code->set_block;
	enum eval_end end;

	eval_enter(render, scope, &set->scoped.loads);
	struct value text = capture_body(render, scope, &set->scoped.body,
					 set->filter && escapes(render, set->escape) ? VALUE_MARKUP : 0, &end);
	if (end != EVAL_DONE || value_failed(text))
		return end == EVAL_DONE ? EVAL_ERROR : end;
	render->line = code->line;
	if (set->filter) {
		scope->slots[set->slot] = text;
		text = eval_expression(render, scope, set->filter);
	}
	if (!value_failed(text) && render_autoescape(render)) {
		text = value_str(render, text);
		if (!value_failed(text))
			text = value_markup(text);
	}
	eval_leave(scope, &set->scoped.loads);
	if (value_failed(text) || eval_assign(render, scope, set->target, text) < 0)
		return EVAL_ERROR;
	return EVAL_DONE;
}

/* Filter and call blocks hand on what they get, which Jinja2 joins in the end. */
static void print_joined(struct render *render, struct value v)
{
	if (v.kind == VALUE_STRING) {
		render_add(render, v.text, v.len);
	} else if (!render->unjoined) {
		render->unjoined = value_class_name(v);
		render->unjoined_template = render->template;
		render->unjoined_line = render->line;
	}
}

static enum eval_end eval_filter_block(struct render *render, struct scope *scope, const struct code *code)
{
	enum eval_end end;

	eval_enter(render, scope, &code->filtered->loads);
	struct value text = capture_body(render, scope, &code->filtered->body,
					 escapes(render, code->flag) ? VALUE_MARKUP : 0, &end);
	if (end != EVAL_DONE || value_failed(text))
		return end == EVAL_DONE ? EVAL_ERROR : end;
	scope->slots[code->slot] = text;
	render->line = code->line;
	text = eval_expression(render, scope, code->a);
	eval_leave(scope, &code->filtered->loads);
	if (value_failed(text))
		return EVAL_ERROR;
	print_joined(render, text);
	return EVAL_DONE;
}

/* ---- conditions and scopes ---- */

static enum eval_end eval_if(struct render *render, struct scope *scope, const struct branches *branches)
{
	for (unsigned i = 0; i < branches->count; i++) {
		const struct branch *branch = &branches->items[i];
		if (branch->test) {
			if (i)
				render->line = branch->test->line;
			struct value test = eval_expression(render, scope, branch->test);
			int truth = value_failed(test) ? -1 : value_truth(render, test);
			if (truth < 0)
				return EVAL_ERROR;
			if (!truth)
				continue;
		}
		return eval_body(render, scope, &branch->body);
	}
	return EVAL_DONE;
}

static enum eval_end eval_with(struct render *render, struct scope *scope, const struct with_code *with)
{
	eval_enter(render, scope, &with->scoped.loads);
	for (unsigned i = 0; i < with->count; i++) {
		struct value v = eval_expression(render, scope, with->values[i]);
		if (value_failed(v) || eval_assign(render, scope, with->targets[i], v) < 0)
			return EVAL_ERROR;
	}
	enum eval_end end = eval_body(render, scope, &with->scoped.body);
	eval_leave(scope, &with->scoped.loads);
	return end;
}

static enum eval_end eval_autoescape(struct render *render, struct scope *scope, const struct code *code)
{
	struct eval_context *eval = scope->context->eval;
	bool before = eval->autoescape;
	struct value option = eval_expression(render, scope, code->a);
	int truth = value_failed(option) ? -1 : value_truth(render, option);

	if (truth < 0)
		return EVAL_ERROR;
	eval->autoescape = truth;
	enum eval_end end = eval_body(render, scope, code->within);
	eval->autoescape = before;
	return end;
}

static int eval_call_block(struct render *render, struct scope *scope, const struct code *code)
{
	struct value caller = macro_new(render, scope, code->caller);
	struct value result = eval_call(render, scope, code->a->call, caller);

	if (value_failed(result))
		return -1;
	print_joined(render, result);
	return 0;
}

/* ---- all of them ---- */

static inline enum eval_end end_of(int rc)
{
	return rc < 0 ? EVAL_ERROR : EVAL_DONE;
}

static enum eval_end eval_statement(struct render *render, struct scope *scope, const struct code *code)
{
	switch ((enum code_op)code->op) {
	case CODE_TEXT:
		render_add(render, code->value.text, code->value.len);
		return EVAL_DONE;
	case CODE_PRINT:
		return end_of(eval_print(render, scope, code));
	case CODE_EXPR:
		return value_failed(eval_expression(render, scope, code->a)) ? EVAL_ERROR : EVAL_DONE;
	case CODE_UNLESS_PARENT:
		return scope_has_parent(scope_out(scope, code->depth), code->slot)
		       ? EVAL_DONE : eval_body(render, scope, code->body);
	case CODE_IF:
		return eval_if(render, scope, code->branches);
	case CODE_FOR:
		return end_of(eval_for(render, scope, code));
	case CODE_SET:
		return end_of(eval_set(render, scope, code));
	case CODE_SET_BLOCK:
		return eval_set_block(render, scope, code);
	case CODE_MACRO:
		return end_of(eval_macro(render, scope, code->macro));
	case CODE_CALL_BLOCK:
		return end_of(eval_call_block(render, scope, code));
	case CODE_FILTER_BLOCK:
		return eval_filter_block(render, scope, code);
	case CODE_WITH:
		return eval_with(render, scope, code->with);
	case CODE_SCOPE:
		return eval_scoped(render, scope, code->scoped);
	case CODE_AUTOESCAPE:
		return eval_autoescape(render, scope, code);
	case CODE_BLOCK:
		return end_of(eval_block(render, scope, code));
	case CODE_EXTENDS:
		return end_of(eval_extends(render, scope, code));
	case CODE_FAIL:
		render_fail(render, FAIL_TEMPLATE, "%s", code->value.text);
		return EVAL_ERROR;
	case CODE_INCLUDE:
		return end_of(eval_include(render, scope, code->import));
	case CODE_IMPORT:
	case CODE_FROM_IMPORT:
		return end_of(eval_import(render, scope, code));
	case CODE_BREAK:
		return EVAL_BREAK;
	case CODE_CONTINUE:
		return EVAL_CONTINUE;
	default:
		render_fail(render, FAIL_RUNTIME, "an expression where a statement was expected");
		return EVAL_ERROR;
	}
}

enum eval_end eval_body(struct render *render, struct scope *scope, const struct body *body)
{
	const struct code *const *at = body->items;

	for (unsigned left = body->count; left; left--) {
		const struct code *code = *at++;
		render->line = code->line;
		if (render_step(render) < 0)
			return EVAL_ERROR;
		enum eval_end end = eval_statement(render, scope, code);
		if (end != EVAL_DONE)
			return end;
	}
	return EVAL_DONE;
}
