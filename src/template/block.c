/* block.c - a template's root, its blocks, `self`, `super`, and its parent. */
#include "base/arena.h"
#include "template/eval.h"
#include "template/loader.h"
#include "template/py/quote.h"

/* ---- references to blocks ---- */

struct reference {
	struct object object;
	const struct block_list *block;
	unsigned depth;			/* 0: the child's */
	struct context *context;
};

struct self {
	struct object object;
	struct context *context;
};

static int run_block(struct render *render, struct context *context, const struct function *function);
static struct value reference_new(struct render *render, struct context *context,
				  const struct block_list *block, unsigned depth);

static struct value no_parent_block(struct render *render, struct value name)
{
	size_t capture = render_capture(render);

	buf_puts(render->out, "there is no parent block called ");
	quote_repr(value_span(name), render->out);
	buf_puts(render->out, ".");
	buf_putc(render->out, '\0');
	struct value hint = render_captured(render, capture, 0);
	return value_failed(hint) ? hint : undefined_hint(render, hint.text);
}

static struct value call_reference(struct render *render, struct object *self, struct arguments arguments)
{
	struct reference *reference = (struct reference *)self;
	size_t capture = render_capture(render);

	if (arguments.count || arguments.named_count)
		return render_fail(render, FAIL_TYPE, "BlockReference.__call__() takes 1 positional argument"
				   " but %zu were given", arguments.count + arguments.named_count + 1);
	if (run_block(render, reference->context, reference->block->functions[reference->depth]) < 0)
		return value_error();
	return render_captured(render, capture, reference->context->eval->autoescape ? VALUE_MARKUP : 0);
}

static struct value reference_attribute(struct render *render, struct object *self, struct value name)
{
	struct reference *reference = (struct reference *)self;

	if (value_is_text(name, "name"))
		return reference->block->name->text;
	if (!value_is_text(name, "super"))
		return value_missing();
	if (reference->depth + 1 >= reference->block->count)
		return no_parent_block(render, reference->block->name->text);
	return reference_new(render, reference->context, reference->block, reference->depth + 1);
}

static const struct object_class reference_class = {
	.type = "jinja2.runtime.BlockReference", .attribute = reference_attribute, .call = call_reference,
};

static struct value reference_new(struct render *render, struct context *context,
				  const struct block_list *block, unsigned depth)
{
	struct reference *reference = arena_alloc_raw(render->arena, sizeof *reference);

	*reference = (struct reference){ { &reference_class }, block, depth, context };
	return value_object(&reference->object);
}

static struct value self_item(struct render *render, struct object *object, struct value key)
{
	struct context *context = ((struct self *)object)->context;
	const struct block_list *block = key.kind == VALUE_STRING ? context_block(context, key) : NULL;

	return block ? reference_new(render, context, block, 0) : value_missing();
}

static int print_self(struct render *render, struct object *object, bool repr)
{
	const struct context *context = ((struct self *)object)->context;

	(void)repr;
	buf_puts(render->out, "<TemplateReference ");
	quote_repr(span_of(loader_template_name(context->template)), render->out);
	buf_putc(render->out, '>');
	return 0;
}

static const struct object_class self_class = {
	.type = "jinja2.runtime.TemplateReference", .item = self_item, .print = print_self,
};

static struct value self_new(struct render *render, struct context *context)
{
	struct self *self = arena_alloc_raw(render->arena, sizeof *self);

	*self = (struct self){ { &self_class }, context };
	return value_object(&self->object);
}

/* The block that the running one overrides. */
static struct value super_new(struct render *render, struct context *context,
			      const struct function *function)
{
	const struct block_list *block = context_block(context, function->name->text);

	for (unsigned i = 0; block && i + 1 < block->count; i++)
		if (block->functions[i] == function)
			return reference_new(render, context, block, i + 1);
	return no_parent_block(render, function->name->text);
}

/* ---- running ---- */

static struct scope *begin_function(struct render *render, struct context *context,
				    const struct function *function, struct running *before)
{
	if (eval_begin(render, before, context, function->template) < 0)
		return NULL;
	render->line = function->line;
	struct scope *scope = scope_new(render, NULL, context, function);
	if (function->self_slot >= 0)
		scope->slots[function->self_slot] = self_new(render, context);
	if (function->super_slot >= 0)
		scope->slots[function->super_slot] = super_new(render, context, function);
	eval_enter(render, scope, &function->scoped.loads);
	return scope;
}

static int run_block(struct render *render, struct context *context, const struct function *function)
{
	struct running before;
	struct scope *scope = begin_function(render, context, function, &before);

	if (!scope || eval_body(render, scope, &function->scoped.body) == EVAL_ERROR)
		return -1;
	eval_end(render, &before);
	return 0;
}

bool scope_has_parent(const struct scope *scope, uint32_t slot)
{
	return value_given(scope->slots[slot]);
}

int eval_root(struct render *render, struct context *context, const struct template *template)
{
	const struct function *root = loader_program(template)->root;
	struct running before;
	struct scope *scope = begin_function(render, context, root, &before);
	int rc = 0;

	if (!scope || eval_body(render, scope, &root->scoped.body) == EVAL_ERROR)
		return -1;
	if (root->has_extends && scope_has_parent(scope, root->parent_slot)) {
		intptr_t parent = scope->slots[root->parent_slot].number;
		rc = eval_root(render, context, (const struct template *)parent);
	}
	/* While the place is known: the output may have grown since the last look at the limits. */
	if (rc < 0 || render_checkpoint(render) < 0)
		return -1;
	eval_end(render, &before);
	return 0;
}

int eval_block(struct render *render, struct scope *scope, const struct code *code)
{
	struct context *context = scope->context;
	const struct block_list *block = context_block(context, code->name->text);

	if ((code->flag & CODE_BLOCK_REQUIRED) && block->count <= 1) {
		render_fail(render, FAIL_TEMPLATE, "Required block '%s' not found", code->name->text.text);
		return -1;
	}
	if (code->flag & CODE_BLOCK_SCOPED) {
		struct context *derived = arena_alloc(render->arena, sizeof *derived);
		*derived = (struct context){
			.own = eval_locals(render, scope, code->locals), .outer = context,
			.eval = context->eval, .blocks = context->blocks, .template = context->template };
		context = derived;
	}
	return run_block(render, context, block->functions[0]);
}

int eval_extends(struct render *render, struct scope *scope, const struct code *code)
{
	if (scope_has_parent(scope, code->slot)) {
		render_fail(render, FAIL_TEMPLATE, "extended multiple times");
		return -1;
	}
	struct value name = eval_expression(render, scope, code->a);
	const struct template *parent = value_failed(name) ? NULL : loader_get(render, name);
	if (!parent)
		return -1;
	context_add_blocks(render, scope->context, parent);
	scope->slots[code->slot] = value_int((intptr_t)parent);
	return 0;
}
