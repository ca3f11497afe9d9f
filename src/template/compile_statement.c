/* compile_statement.c - the code of output, assignments, conditions, loops. */
#include "base/arena.h"
#include "template/compile.h"

/* ---- output ---- */

static void flush_text(struct compile *c, struct code_list *out, struct buf *text, unsigned line)
{
	if (!text->len)
		return;
	struct code *code = code_new(c, CODE_TEXT, line);
	code->value = value_text(arena_dup(c->arena, text->data, text->len), text->len, 0);
	code_list_add(c, out, code);
	buf_reset(text);
}

/* Adds to the text what is known when compiled: 1, 0 when the code has to be run, -1. */
static int compile_part(struct compile *c, const struct frame *frame, const struct tree *node,
			struct buf *text, const struct code **code)
{
	if (node->kind == TREE_DATA) {
		buf_add(text, node->value.text, node->value.len);
		return 1;
	}
	c->printing = true;
	*code = compile_expression(c, frame, node);
	c->printing = false;
	if (!*code)
		return -1;
	if (!compile_is_constant(*code))
		return 0;
	struct value constant = compile_constant_output(c, *code);
	if (!value_given(constant))
		return 0;
	buf_add(text, constant.text, constant.len);
	return 1;
}

static int compile_parts(struct compile *c, const struct frame *frame, const struct tree *node,
			 struct code_list *out, struct buf *text)
{
	const struct tree_list *parts = &node->field[OUTPUT_NODES];
	const struct code *code;

	for (unsigned i = 0; i < parts->count; i++) {
		int known = compile_part(c, frame, parts->nodes[i], text, &code);
		if (known < 0)
			return -1;
		if (known)
			continue;
		flush_text(c, out, text, node->line);
		struct code *print = code_new(c, CODE_PRINT, parts->nodes[i]->line);
		print->a = code;
		print->flag = compile_escape(c);
		code_list_add(c, out, print);
	}
	flush_text(c, out, text, node->line);
	return 0;
}

static const struct body *list_to_body(struct compile *c, const struct code_list *list)
{
	struct body *body = code_alloc(c, sizeof *body);
	const struct code **items = code_alloc(c, (list->count + 1) * sizeof *items);

	if (list->count)
		memcpy(items, list->items, list->count * sizeof *items);
	*body = (struct body){ items, list->count };
	return body;
}

int compile_output(struct compile *c, const struct frame *frame, const struct tree *node,
		   struct code_list *out)
{
	struct code_list guarded = { 0 };
	struct buf text = BUF_INIT;

	if (frame->require_output_check && c->known_extends)
		return 0;
	int rc = compile_parts(c, frame, node, frame->require_output_check ? &guarded : out, &text);
	buf_clear(&text);
	if (rc == 0 && frame->require_output_check) {
		struct code *code = code_new(c, CODE_UNLESS_PARENT, node->line);
		code->body = list_to_body(c, &guarded);
		code->slot = c->parent_slot;
		for (const struct function_build *f = frame->symbols->function; f->outer; f = f->outer)
			code->depth++;
		code_list_add(c, out, code);
	}
	return rc;
}

/* ---- assignments ---- */

static int fill_namespace_target(struct compile *c, const struct frame *frame, const struct tree *node,
				 struct target *target)
{
	target->kind = TARGET_NAMESPACE;
	target->name = node->name;
	target->attribute = node->value;
	return compile_place(c, frame, node->name, node->line, &target->place);
}

static int fill_tuple_target(struct compile *c, const struct frame *frame, const struct tree *node,
			     struct target *target)
{
	target->kind = TARGET_TUPLE;
	target->count = node->field[0].count;
	target->items = code_alloc(c, (target->count + 1) * sizeof *target->items);
	for (unsigned i = 0; i < target->count; i++) {
		target->items[i] = compile_target(c, frame, node->field[0].nodes[i]);
		if (!target->items[i])
			return -1;
	}
	return 0;
}

const struct target *compile_target(struct compile *c, const struct frame *frame, const struct tree *node)
{
	struct target *target = code_alloc(c, sizeof *target);
	struct place place;
	int rc;

	if (node->kind == TREE_NSREF) {
		rc = fill_namespace_target(c, frame, node, target);
	} else if (node->kind == TREE_TUPLE) {
		rc = fill_tuple_target(c, frame, node, target);
	} else {
		target->kind = TARGET_NAME;
		target->name = node->name;
		target->sets_context = frame->toplevel;
		target->exports = *node->name->text.text != '_';
		rc = compile_place(c, frame, node->name, node->line, &place);
		target->slot = rc < 0 ? 0 : place.slot;
	}
	return rc < 0 ? NULL : target;
}

static int compile_assign(struct compile *c, const struct frame *frame, const struct tree *node,
			  struct code *code)
{
	code->op = CODE_SET;
	code->target = compile_target(c, frame, tree_one(node, ASSIGN_TARGET));
	code->a = code->target ? compile_expression(c, frame, tree_one(node, ASSIGN_NODE)) : NULL;
	return code->a ? 0 : -1;
}

/* The body of a capturing tag in a scope of its own. */
static int compile_scoped(struct compile *c, const struct frame *outer, const struct tree *node,
			  unsigned field, bool outputs, struct frame *frame, struct scoped *scoped)
{
	*frame = frame_inner(c, outer, NULL);
	if (!outputs)
		frame->require_output_check = false;
	symbols_analyze(frame->symbols, node, FOR_BRANCH_BODY);
	if (compile_body(c, frame, &node->field[field], &scoped->body) < 0)
		return -1;
	scoped->loads = compile_loads(c, frame);
	return 0;
}

static int compile_assign_block(struct compile *c, const struct frame *outer, const struct tree *node,
				struct code *code)
{
	struct set_block *set = code_alloc(c, sizeof *set);
	const struct tree *filter = tree_one(node, ASSIGN_BLOCK_FILTER);
	struct frame frame;

	code->op = CODE_SET_BLOCK;
	code->set_block = set;
	if (compile_scoped(c, outer, node, ASSIGN_BLOCK_BODY, false, &frame, &set->scoped) < 0)
		return -1;
	set->target = compile_target(c, outer, tree_one(node, ASSIGN_TARGET));
	if (!set->target)
		return -1;
	set->slot = function_build_slot(frame.symbols->function);
	set->escape = compile_escape(c);
	frame.has_capture = true;
	frame.capture_slot = set->slot;
	if (filter && !(set->filter = compile_expression(c, &frame, filter)))
		return -1;
	set->scoped.loads = compile_loads(c, &frame);
	return 0;
}

static int compile_filter_block(struct compile *c, const struct frame *outer, const struct tree *node,
				struct code *code)
{
	struct scoped *scoped = code_alloc(c, sizeof *scoped);
	struct frame frame;

	code->op = CODE_FILTER_BLOCK;
	code->filtered = scoped;
	if (compile_scoped(c, outer, node, FILTER_BLOCK_BODY, true, &frame, scoped) < 0)
		return -1;
	code->slot = function_build_slot(frame.symbols->function);
	code->flag = compile_escape(c);
	frame.has_capture = true;
	frame.capture_slot = code->slot;
	code->a = compile_expression(c, &frame, tree_one(node, FILTER_BLOCK_FILTER));
	scoped->loads = compile_loads(c, &frame);
	return code->a ? 0 : -1;
}

/* ---- conditions ---- */

static int compile_branch(struct compile *c, const struct frame *frame, const struct tree *test,
			  const struct tree_list *body, struct branch *branch)
{
	if (test && !(branch->test = compile_expression(c, frame, test)))
		return -1;
	return compile_body(c, frame, body, &branch->body);
}

static int compile_if(struct compile *c, const struct frame *outer, const struct tree *node,
		      struct code *code)
{
	struct frame frame = frame_soft(outer);
	const struct tree_list *elifs = &node->field[IF_ELIF];
	struct branches *branches = code_alloc(c, sizeof *branches);
	struct branch *items = code_alloc(c, (elifs->count + 2) * sizeof *items);

	code->op = CODE_IF;
	code->branches = branches;
	branches->items = items;
	branches->count = elifs->count + 1;
	if (compile_branch(c, &frame, tree_one(node, IF_TEST), &node->field[IF_BODY], &items[0]) < 0)
		return -1;
	for (unsigned i = 0; i < elifs->count; i++)
		if (compile_branch(c, &frame, tree_one(elifs->nodes[i], IF_TEST),
				   &elifs->nodes[i]->field[IF_BODY], &items[i + 1]) < 0)
			return -1;
	if (!node->field[IF_ELSE].count)
		return 0;
	return compile_branch(c, &frame, NULL, &node->field[IF_ELSE], &items[branches->count++]);
}

/* ---- with, scopes, autoescape ---- */

static int compile_with(struct compile *c, const struct frame *outer, const struct tree *node,
			struct code *code)
{
	struct with_code *with = code_alloc(c, sizeof *with);
	struct frame frame = frame_inner(c, outer, NULL);

	code->op = CODE_WITH;
	code->with = with;
	symbols_analyze(frame.symbols, node, FOR_BRANCH_BODY);
	with->count = node->field[WITH_TARGETS].count;
	with->targets = code_alloc(c, (with->count + 1) * sizeof *with->targets);
	with->values = code_alloc(c, (with->count + 1) * sizeof *with->values);
	for (unsigned i = 0; i < with->count; i++) {
		with->targets[i] = compile_target(c, &frame, node->field[WITH_TARGETS].nodes[i]);
		with->values[i] = compile_expression(c, outer, node->field[WITH_VALUES].nodes[i]);
		if (!with->targets[i] || !with->values[i])
			return -1;
	}
	if (compile_body(c, &frame, &node->field[WITH_BODY], &with->scoped.body) < 0)
		return -1;
	with->scoped.loads = compile_loads(c, &frame);
	return 0;
}

static int compile_scope(struct compile *c, const struct frame *outer, const struct tree *node,
			 struct code *code)
{
	struct scoped *scoped = code_alloc(c, sizeof *scoped);
	struct frame frame;

	code->op = CODE_SCOPE;
	code->scoped = scoped;
	return compile_scoped(c, outer, node, 0, true, &frame, scoped);
}

static int compile_autoescape(struct compile *c, const struct frame *frame, const struct tree *node,
			      struct code *code)
{
	bool autoescape = c->autoescape, is_volatile = c->is_volatile;
	struct body *body = code_alloc(c, sizeof *body);

	code->op = CODE_AUTOESCAPE;
	code->within = body;
	code->a = compile_expression(c, frame, tree_one(node, AUTOESCAPE_OPTION));
	if (!code->a)
		return -1;
	if (code->a->op == CODE_CONST)
		c->autoescape = code->a->value.kind == VALUE_STRING ? code->a->value.len
				: code->a->value.kind != VALUE_NONE && code->a->value.number != 0;
	else
		c->is_volatile = true;
	int rc = compile_body(c, frame, &node->field[AUTOESCAPE_BODY], body);
	c->autoescape = autoescape;
	c->is_volatile = is_volatile;
	return rc;
}

/* ---- loops ---- */

static bool has_scoped_block(const struct tree *node, void *data)
{
	if (node->kind == TREE_BLOCK && (node->flags & TREE_SCOPED))
		*(bool *)data = true;
	return true;
}

static bool stores_loop(const struct tree *node, void *data)
{
	const struct tree **found = data;

	if (!*found && node->kind == TREE_NAME && node->ctx == CTX_STORE &&
	    value_is_text(node->name->text, "loop"))
		*found = node;
	return true;
}

static bool is_extended(const struct tree *node)
{
	static const char *const specials[] = { "loop", NULL };
	bool scoped = false;

	tree_walk(node, has_scoped_block, &scoped);
	return scoped || (node->flags & TREE_RECURSIVE) ||
	       tree_find_undeclared(&node->field[FOR_BODY], specials);
}

/* `if` behind the iterable: a function of its own, as Jinja2 has it. */
static int compile_loop_filter(struct compile *c, const struct frame *outer, const struct tree *node,
			       struct loop_code *loop)
{
	struct function *function = code_alloc(c, sizeof *function);
	struct function_build *build = function_build_new(c, outer->symbols->function);
	struct frame frame = frame_inner(c, outer, build);

	symbols_analyze(frame.symbols, node, FOR_BRANCH_TEST);
	loop->filter_target = compile_target(c, &frame, tree_one(node, FOR_TARGET));
	loop->filter_test = loop->filter_target
		? compile_expression(c, &frame, tree_one(node, FOR_TEST)) : NULL;
	if (!loop->filter_test)
		return -1;
	function->template = c->template;
	function->self_slot = function->super_slot = -1;
	function->line = node->line;
	function->scoped.loads = compile_loads(c, &frame);
	function->slots = build->count;
	loop->filter = function;
	return 0;
}

/* Target, body and else, in the function that the loop's body runs in. */
static int compile_loop_bodies(struct compile *c, const struct frame *outer, const struct tree *node,
			       struct function_build *build, struct loop_code *loop)
{
	struct frame body = frame_inner(c, outer, build), otherwise = frame_inner(c, outer, build);

	loop->extended = is_extended(node);
	if (loop->extended) {
		const struct name *name = names_intern(c->names, span_of("loop"));
		symbols_declare_parameter(body.symbols, name);
		loop->loop_slot = symbols_slot(body.symbols, name);
	}
	symbols_analyze(body.symbols, node, FOR_BRANCH_BODY);
	loop->target = compile_target(c, &body, tree_one(node, FOR_TARGET));
	bool in_loop = c->in_loop;
	c->in_loop = true;
	if (!loop->target || compile_body(c, &body, &node->field[FOR_BODY], &loop->body.body) < 0)
		return -1;
	c->in_loop = in_loop && !build;
	loop->body.loads = compile_loads(c, &body);
	loop->has_else = node->field[FOR_ELSE].count > 0;
	if (!loop->has_else) {
		c->in_loop = in_loop;
		return 0;
	}
	symbols_analyze(otherwise.symbols, node, FOR_BRANCH_ELSE);
	if (compile_body(c, &otherwise, &node->field[FOR_ELSE], &loop->otherwise.body) < 0)
		return -1;
	c->in_loop = in_loop;
	loop->otherwise.loads = compile_loads(c, &otherwise);
	return 0;
}

int compile_for(struct compile *c, const struct frame *frame, const struct tree *node, struct code *code)
{
	struct loop_code *loop = code_alloc(c, sizeof *loop);
	bool is_recursive = node->flags & TREE_RECURSIVE;
	struct function_build *build = is_recursive ? function_build_new(c, frame->symbols->function) : NULL;
	const struct tree *stored = NULL;

	code->op = CODE_FOR;
	code->loop = loop;
	tree_walk(node, stores_loop, &stored);
	if (stored)
		return compile_fail(c, stored->line,
				    "Can't assign to special loop variable in for-loop target");
	if (node->field[FOR_TEST].count && compile_loop_filter(c, frame, node, loop) < 0)
		return -1;
	if (compile_loop_bodies(c, frame, node, build, loop) < 0)
		return -1;
	loop->escape = compile_escape(c);
	if (is_recursive) {
		struct function *function = code_alloc(c, sizeof *function);
		function->template = c->template;
		function->self_slot = function->super_slot = -1;
		function->line = node->line;
		function->slots = build->count;
		loop->recursive = function;
	}
	loop->iter = compile_expression(c, frame, tree_one(node, FOR_ITER));
	return loop->iter ? 0 : -1;
}

/* ---- all statements ---- */

int compile_statement(struct compile *c, const struct frame *frame, const struct tree *node,
		      struct code_list *out)
{
	struct code *code;
	int rc = 0;

	switch ((enum tree_kind)node->kind) {
	case TREE_OUTPUT:
		return compile_output(c, frame, node, out);
	case TREE_BLOCK:
		return compile_block(c, frame, node, out);
	case TREE_EXTENDS:
		return compile_extends(c, frame, node, out);
	default:
		break;
	}
	code = code_new(c, CODE_EXPR, node->line);
	switch ((enum tree_kind)node->kind) {
	case TREE_FOR:
		rc = compile_for(c, frame, node, code);
		break;
	case TREE_IF:
		rc = compile_if(c, frame, node, code);
		break;
	case TREE_MACRO:
		rc = compile_macro(c, frame, node, code);
		break;
	case TREE_CALL_BLOCK:
		rc = compile_call_block(c, frame, node, code);
		break;
	case TREE_FILTER_BLOCK:
		rc = compile_filter_block(c, frame, node, code);
		break;
	case TREE_WITH:
		rc = compile_with(c, frame, node, code);
		break;
	case TREE_INCLUDE:
	case TREE_IMPORT:
	case TREE_FROM_IMPORT:
		rc = compile_import(c, frame, node, code);
		break;
	case TREE_ASSIGN:
		rc = compile_assign(c, frame, node, code);
		break;
	case TREE_ASSIGN_BLOCK:
		rc = compile_assign_block(c, frame, node, code);
		break;
	case TREE_EXPR_STMT:
		code->a = compile_expression(c, frame, tree_one(node, 0));
		rc = code->a ? 0 : -1;
		break;
	case TREE_BREAK:
		code->op = CODE_BREAK;
		rc = c->in_loop ? 0 : compile_fail(c, node->line, "'break' outside loop");
		break;
	case TREE_CONTINUE:
		code->op = CODE_CONTINUE;
		rc = c->in_loop ? 0 : compile_fail(c, node->line, "'continue' not properly in loop");
		break;
	case TREE_SCOPE:
		rc = compile_scope(c, frame, node, code);
		break;
	case TREE_AUTOESCAPE:
		rc = compile_autoescape(c, frame, node, code);
		break;
	default:
		return compile_fail(c, node->line, "unexpected %s as a statement", tree_kind_name(node));
	}
	if (rc == 0)
		code_list_add(c, out, code);
	return rc;
}
