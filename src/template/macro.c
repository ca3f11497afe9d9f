/* macro.c - macros and the callers that call blocks hand to them. */
#include "base/arena.h"
#include "template/eval.h"
#include "template/py/quote.h"

struct macro {
	struct object object;
	const struct macro_code *code;
	struct scope *scope;		/* where it was defined: its variables are seen */
};

/* The name as messages have it: 'name', or None for a caller. */
static struct value quoted_name(struct render *render, const struct macro_code *code)
{
	size_t capture = render_capture(render);

	if (code->name)
		quote_repr(value_span(code->name->text), render->out);
	else
		buf_puts(render->out, "None");
	buf_putc(render->out, '\0');
	return render_captured(render, capture, 0);
}

/* ---- arguments ---- */

struct macro_call {
	struct render *render;
	const struct macro_code *code;
	struct scope *scope;
	struct arguments arguments;
	bool *used;			/* named arguments that found their parameter */
};

static struct value take_named(struct macro_call *call, struct value name)
{
	for (size_t i = 0; i < call->arguments.named_count; i++)
		if (!call->used[i] && dict_same_key(call->arguments.named[i].name, name)) {
			call->used[i] = true;
			return call->arguments.named[i].value;
		}
	return value_missing();
}

static void bind_parameters(struct macro_call *call, bool *found_caller)
{
	const struct macro_code *code = call->code;

	*found_caller = code->explicit_caller && call->arguments.count >= code->count;
	for (unsigned i = 0; i < code->count; i++) {
		struct value v;
		if (i < call->arguments.count) {
			v = call->arguments.list[i];
		} else {
			v = take_named(call, code->names[i]->text);
			*found_caller |= value_is_text(code->names[i]->text, "caller");
		}
		call->scope->slots[code->slots[i]] = v;
	}
}

static void bind_caller(struct macro_call *call)
{
	struct value caller = take_named(call, value_literal("caller"));

	if (!value_given(caller) || caller.kind == VALUE_NONE)
		caller = undefined_hint(call->render, "No caller defined");
	call->scope->slots[call->code->caller_slot] = caller;
}

static int bind_rest(struct macro_call *call)
{
	struct render *render = call->render;
	const struct macro_code *code = call->code;
	struct dict *kwargs = code->catch_kwargs ? dict_new(render->arena, 0) : NULL;

	for (size_t i = 0; i < call->arguments.named_count; i++) {
		const struct keyword *keyword = &call->arguments.named[i];
		if (call->used[i])
			continue;
		if (kwargs) {
			dict_set(render->arena, kwargs, keyword->name, keyword->value);
			continue;
		}
		struct value name = quoted_name(render, code);
		if (value_failed(name))
			return -1;
		if (value_given(take_named(call, value_literal("caller"))))
			render_fail(render, FAIL_TYPE, "macro %s was invoked with two values for the special"
				    " caller argument. This is most likely a bug.", name.text);
		else
			render_fail(render, FAIL_TYPE, "macro %s takes no keyword argument '%.*s'", name.text,
				    (int)keyword->name.len, keyword->name.text);
		return -1;
	}
	if (kwargs)
		call->scope->slots[code->kwargs_slot] = value_dict(kwargs);
	size_t given = call->arguments.count, extra = given > code->count ? given - code->count : 0;
	if (code->catch_varargs) {
		call->scope->slots[code->varargs_slot] =
			value_tuple_of(render->arena, extra ? call->arguments.list + code->count : NULL, extra);
	} else if (extra) {
		struct value name = quoted_name(render, code);
		if (!value_failed(name))
			render_fail(render, FAIL_TYPE, "macro %s takes not more than %u argument(s)",
				    name.text, code->count);
		return -1;
	}
	return 0;
}

enum { FEW_NAMED = 16 };

static int bind(struct macro_call *call)
{
	bool few[FEW_NAMED] = { false }, found_caller;

	call->used = few;
	if (call->arguments.named_count > FEW_NAMED)
		call->used = arena_alloc(call->render->arena, call->arguments.named_count);
	bind_parameters(call, &found_caller);
	if (call->code->caller && !found_caller && !call->code->explicit_caller)
		bind_caller(call);
	return bind_rest(call);
}

static int fill_defaults(struct render *render, struct scope *scope, const struct macro_code *code)
{
	for (unsigned i = 0; i < code->count; i++) {
		struct value *slot = &scope->slots[code->slots[i]];
		if (value_given(*slot))
			continue;
		if (code->defaults[i]) {
			*slot = eval_expression(render, scope, code->defaults[i]);
			if (value_failed(*slot))
				return -1;
			continue;
		}
		struct value hint = render_printf(render, "parameter '%s' was not provided",
						  code->names[i]->text.text);
		if (value_failed(hint))
			return -1;
		*slot = undefined_hint(render, hint.text);
	}
	return 0;
}

/* ---- calling ---- */

static int macro_run(struct render *render, struct scope *scope, const struct macro_code *code)
{
	const struct function *function = code->function;
	struct running before;

	if (eval_begin(render, &before, scope->context, function->template) < 0)
		return -1;
	render->line = function->line;
	eval_enter(render, scope, &function->scoped.loads);
	if (fill_defaults(render, scope, code) < 0 ||
	    eval_body(render, scope, &function->scoped.body) == EVAL_ERROR)
		return -1;
	eval_end(render, &before);
	return 0;
}

/* Adds what the macro prints to the output. */
static int macro_print(struct render *render, struct macro *macro, struct arguments arguments)
{
	struct scope *scope = scope_new(render, macro->scope, macro->scope->context, macro->code->function);
	struct macro_call call = { render, macro->code, scope, arguments, NULL };

	return bind(&call) < 0 ? -1 : macro_run(render, scope, macro->code);
}

static struct value macro_call(struct render *render, struct object *self, struct arguments arguments)
{
	bool markup = render_autoescape(render);	/* of who calls, not of the macro */
	size_t capture = render_capture(render);

	if (macro_print(render, (struct macro *)self, arguments) < 0)
		return value_error();
	return render_captured(render, capture, markup ? VALUE_MARKUP : 0);
}

/* ---- as a value ---- */

static struct value argument_names(struct render *render, const struct macro_code *code)
{
	struct list *list = list_new(render->arena, code->count);

	for (unsigned i = 0; i < code->count; i++)
		list->items[i] = code->names[i]->text;
	list->count = code->count;
	return value_tuple(list);
}

static struct value macro_attribute(struct render *render, struct object *self, struct value name)
{
	const struct macro_code *code = ((struct macro *)self)->code;

	if (value_is_text(name, "name"))
		return code->name ? code->name->text : value_none();
	if (value_is_text(name, "arguments"))
		return argument_names(render, code);
	if (value_is_text(name, "catch_kwargs"))
		return value_bool(code->catch_kwargs);
	if (value_is_text(name, "catch_varargs"))
		return value_bool(code->catch_varargs);
	if (value_is_text(name, "caller"))
		return value_bool(code->caller);
	if (value_is_text(name, "explicit_caller"))
		return value_bool(code->explicit_caller);
	return value_missing();
}

static int print_macro(struct render *render, struct object *self, bool repr)
{
	const struct macro_code *code = ((struct macro *)self)->code;

	(void)repr;
	buf_puts(render->out, "<Macro ");
	if (code->name)
		quote_repr(value_span(code->name->text), render->out);
	else
		buf_puts(render->out, "anonymous");
	buf_putc(render->out, '>');
	return 0;
}

static const struct object_class macro_class = {
	.type = "jinja2.runtime.Macro", .attribute = macro_attribute, .call = macro_call,
	.print = print_macro,
};

bool value_is_macro(struct value v)
{
	return v.kind == VALUE_OBJECT && v.object->class == &macro_class;
}

int macro_print_call(struct render *render, struct value macro, struct arguments arguments)
{
	return macro_print(render, (struct macro *)macro.object, arguments);
}

struct value macro_new(struct render *render, struct scope *scope, const struct macro_code *code)
{
	struct macro *macro = arena_alloc_raw(render->arena, sizeof *macro);

	*macro = (struct macro){ { &macro_class }, code, scope };
	return value_object(&macro->object);
}

int eval_macro(struct render *render, struct scope *scope, const struct macro_code *code)
{
	struct value macro = macro_new(render, scope, code);

	scope->slots[code->slot] = macro;
	if (code->sets_context)
		context_set(render, scope->context, code->name, macro, code->exports);
	return 0;
}
