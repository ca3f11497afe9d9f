/*
 * compile_expression.c - the code of expressions
 *
 * Each operation whose parts are constant is evaluated at once, where Jinja2
 * does so too; what fails then is left for the run, which will say why.
 */
#include "base/arena.h"
#include "template/compile.h"
#include "template/values/machine.h"
#include "template/eval.h"
#include "template/loader.h"

/* ---- folding ---- */

/* A constant that cannot be sliced is Undefined to what is folded around it,
 * as an item that it lacks is, and a failure when it is run. */
bool compile_is_constant(const struct code *code)
{
	return code->op == CODE_CONST || code->op == CODE_FRESH || (code->op == CODE_SLICE && code->flag);
}

enum { FOLD_MOST_BYTES = 4096, FOLD_MOST_ITEMS = 256, FOLD_STEPS = 10000, FOLD_ROOM = 1 << 20,
       FOLD_POWER_BITS = 1 << 16 };

/* Whether a value can stand in the code: 0 no, 1 as it is, 2 it has to be
 * made anew since lists and dicts change. */
static int foldable(struct value v)
{
	int kind = 1, item;

	switch ((enum value_kind)v.kind) {
	case VALUE_NONE:
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_FLOAT:
	case VALUE_RANGE:
		return 1;
	case VALUE_STRING:
		return v.len <= FOLD_MOST_BYTES;
	case VALUE_TUPLE:
	case VALUE_LIST:
		for (size_t i = 0; i < v.list->count; i++) {
			item = foldable(v.list->items[i]);
			if (!item || v.list->count > FOLD_MOST_ITEMS || v.list->names)
				return 0;
			kind = item > kind ? item : kind;
		}
		return v.kind == VALUE_LIST ? 2 : kind;
	case VALUE_DICT:
		for (uint32_t i = 0; i < v.dict->used; i++)
			if (v.dict->count > FOLD_MOST_ITEMS || !foldable(v.dict->entries[i].value))
				return 0;
		return 2;
	default:
		return 0;
	}
}

struct folding {
	struct render render;
	struct template_limits limits;
	struct context context;
	struct eval_context eval;
};

#define LEAST(a, b) ((a) < (b) ? (a) : (b))

/* Small ones, since what does not fit is done when the template runs; and
 * never above those that it would meet then. */
static struct template_limits fold_limits(const struct compile *c)
{
	const struct template_limits *limits = &c->template->set->options.limits;

	return (struct template_limits){
		.output_bytes = LEAST(FOLD_ROOM, limits->output_bytes),
		.memory_bytes = c->arena->used + FOLD_ROOM,
		.iterations = FOLD_STEPS,
		.recursion = 1,
		.range = LEAST(FOLD_STEPS, limits->range),
		.repetition = LEAST(FOLD_ROOM, limits->repetition),
		.power_bits = LEAST(FOLD_POWER_BITS, limits->power_bits),
		.width = LEAST(FOLD_MOST_BYTES, limits->width),
	};
}

/* A rendering without variables, for one operation on constants. */
static void fold_begin(struct compile *c, struct folding *folding)
{
	*folding = (struct folding){ .eval = { c->autoescape }, .limits = fold_limits(c) };
	folding->context.eval = &folding->eval;
	folding->context.template = c->template;
	buf_reset(&c->fold_out);
	folding->render = (struct render){
		.arena = c->arena, .out = &c->fold_out, .context = &folding->context, .folding = true,
		.error = ERROR_INIT, .limits = &folding->limits, .steps_left = FOLD_STEPS,
		.template = c->template, .undefined = loader_undefined(c->template),
	};
}

/* Makes a constant of `code` if that can be done; else gives it back. */
static const struct code *fold(struct compile *c, struct code *code)
{
	struct folding folding;

	fold_begin(c, &folding);
	struct value v = eval_expression(&folding.render, NULL, code);
	error_clear(&folding.render.error);
	int kind = value_failed(v) ? 0 : foldable(v);
	if (!kind)
		return code;
	struct code *constant = code_new(c, kind == 1 ? CODE_CONST : CODE_FRESH, code->line);
	constant->value = v;
	return constant;
}

static bool may_fold(const struct compile *c)
{
	return !c->is_volatile || c->printing;
}

struct value compile_constant_output(struct compile *c, const struct code *code)
{
	struct folding folding;

	fold_begin(c, &folding);
	struct render *render = &folding.render;
	struct value v = eval_expression(render, NULL, code);
	if (!value_failed(v))
		v = c->autoescape ? value_escape(render, v) : value_str(render, v);
	error_clear(&render->error);
	return value_failed(v) ? value_missing() : v;
}

static bool all_constant(const struct code *const *list, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (list[i] && !compile_is_constant(list[i]))
			return false;
	return true;
}

/* ---- lists of parts ---- */

static const struct code **compile_list(struct compile *c, const struct frame *frame,
					const struct tree_list *nodes, unsigned *count)
{
	const struct code **list = code_alloc(c, (nodes->count + 1) * sizeof *list);

	for (unsigned i = 0; i < nodes->count; i++) {
		list[i] = compile_expression(c, frame, nodes->nodes[i]);
		if (!list[i])
			return NULL;
	}
	*count = nodes->count;
	return list;
}

static const struct code *compile_sequence(struct compile *c, const struct frame *frame,
					   const struct tree *node, enum code_op op)
{
	struct code *code = code_new(c, op, node->line);

	code->list = compile_list(c, frame, &node->field[0], &code->count);
	if (!code->list)
		return NULL;
	return may_fold(c) && all_constant(code->list, code->count) ? fold(c, code) : code;
}

static const struct code *compile_dict(struct compile *c, const struct frame *frame,
				       const struct tree *node)
{
	const struct tree_list *pairs = &node->field[0];
	struct code *code = code_new(c, CODE_DICT, node->line);

	code->list = code_alloc(c, (pairs->count * 2 + 1) * sizeof *code->list);
	code->count = pairs->count * 2;
	for (unsigned i = 0; i < pairs->count; i++) {
		const struct tree *pair = pairs->nodes[i];
		code->list[i * 2] = compile_expression(c, frame, tree_one(pair, LEFT));
		code->list[i * 2 + 1] = compile_expression(c, frame, tree_one(pair, RIGHT));
		if (!code->list[i * 2] || !code->list[i * 2 + 1])
			return NULL;
	}
	return may_fold(c) && all_constant(code->list, code->count) ? fold(c, code) : code;
}

static const struct code *compile_concat(struct compile *c, const struct frame *frame,
					 const struct tree *node)
{
	struct code *code = code_new(c, CODE_CONCAT, node->line);

	code->list = compile_list(c, frame, &node->field[0], &code->count);
	if (!code->list)
		return NULL;
	/* Constants are joined as plain text, Markup or not, and so are all
	 * where escaping is known only when running: Jinja2 does so. */
	if (may_fold(c) && all_constant(code->list, code->count))
		return fold(c, code);
	code->flag = c->autoescape && !c->is_volatile;
	return code;
}

/* ---- operators ---- */

static const struct code *compile_unary(struct compile *c, const struct frame *frame,
					const struct tree *node, enum code_op op)
{
	struct code *code = code_new(c, op, node->line);

	code->a = compile_expression(c, frame, tree_one(node, 0));
	if (!code->a)
		return NULL;
	return may_fold(c) && compile_is_constant(code->a) ? fold(c, code) : code;
}

static const struct code *compile_binary(struct compile *c, const struct frame *frame,
					 const struct tree *node, enum code_op op)
{
	struct code *code = code_new(c, op, node->line);

	code->a = compile_expression(c, frame, tree_one(node, LEFT));
	code->b = code->a ? compile_expression(c, frame, tree_one(node, RIGHT)) : NULL;
	if (!code->b)
		return NULL;
	return may_fold(c) && compile_is_constant(code->a) && compile_is_constant(code->b) ? fold(c, code) : code;
}

/* 1, 0, or -1 when it is no constant. */
static int constant_truth(struct compile *c, const struct code *code)
{
	struct folding folding;

	if (!may_fold(c) || !compile_is_constant(code))
		return -1;
	fold_begin(c, &folding);
	int truth = value_truth(&folding.render, eval_expression(&folding.render, NULL, code));
	error_clear(&folding.render.error);
	return truth;
}

/* The right side is not even looked at when the left one decides. */
static const struct code *compile_logic(struct compile *c, const struct frame *frame,
					const struct tree *node, enum code_op op)
{
	struct code *code = code_new(c, op, node->line);

	code->a = compile_expression(c, frame, tree_one(node, LEFT));
	if (!code->a)
		return NULL;
	int truth = constant_truth(c, code->a);
	if (truth == (op == CODE_OR))
		return code->a;
	code->b = compile_expression(c, frame, tree_one(node, RIGHT));
	if (!code->b)
		return NULL;
	return truth >= 0 && compile_is_constant(code->b) ? code->b : code;
}

static const struct code *compile_compare(struct compile *c, const struct frame *frame,
					  const struct tree *node)
{
	const struct tree_list *operands = &node->field[COMPARE_OPS];
	struct code *code = code_new(c, CODE_COMPARE, node->line);
	uint8_t *ops = code_alloc(c, operands->count);

	code->list = code_alloc(c, (operands->count + 1) * sizeof *code->list);
	code->count = operands->count + 1;
	code->ops = ops;
	code->list[0] = compile_expression(c, frame, tree_one(node, COMPARE_EXPR));
	if (!code->list[0])
		return NULL;
	for (unsigned i = 0; i < operands->count; i++) {
		ops[i] = operands->nodes[i]->op;
		code->list[i + 1] = compile_expression(c, frame, tree_one(operands->nodes[i], 0));
		if (!code->list[i + 1])
			return NULL;
	}
	return may_fold(c) && all_constant(code->list, code->count) ? fold(c, code) : code;
}

static const char *no_else_hint(struct compile *c, unsigned line)
{
	struct buf text = BUF_INIT;

	buf_printf(&text, "the inline if-expression on line %u in '%s' evaluated to false"
		   " and no else section was defined.", line, loader_template_name(c->template));
	const char *hint = arena_dup(c->arena, text.data, text.len);
	buf_clear(&text);
	return hint;
}

static const struct code *compile_cond(struct compile *c, const struct frame *outer,
				       const struct tree *node)
{
	struct frame frame = frame_soft(outer);
	struct code *code = code_new(c, CODE_COND, node->line);
	const struct tree *otherwise = tree_one(node, COND_ELSE);

	code->list = code_alloc(c, 3 * sizeof *code->list);
	code->count = 3;
	code->list[COND_TEST] = compile_expression(c, &frame, tree_one(node, COND_TEST));
	if (!code->list[COND_TEST])
		return NULL;
	int truth = constant_truth(c, code->list[COND_TEST]);
	unsigned chosen = truth == 1 ? COND_THEN : truth == 0 && otherwise ? COND_ELSE : COND_TEST;
	if (chosen != COND_TEST) {
		code->list[chosen] = compile_expression(c, &frame, tree_one(node, chosen));
		if (!code->list[chosen] || compile_is_constant(code->list[chosen]))
			return code->list[chosen];
	}
	code->hint = no_else_hint(c, node->line);
	if (chosen != COND_THEN)
		code->list[COND_THEN] = compile_expression(c, &frame, tree_one(node, COND_THEN));
	if (chosen != COND_ELSE && otherwise)
		code->list[COND_ELSE] = compile_expression(c, &frame, otherwise);
	return code->list[COND_THEN] && (code->list[COND_ELSE] || !otherwise) ? code : NULL;
}

/* ---- names, attributes, items ---- */

static const struct code *compile_name(struct compile *c, const struct frame *frame,
				       const struct tree *node)
{
	struct code *code = code_new(c, CODE_LOCAL, node->line);
	struct place place;

	if (compile_place(c, frame, node->name, node->line, &place) < 0)
		return NULL;
	code->op = place.depth ? CODE_OUTER : CODE_LOCAL;
	code->depth = place.depth;
	code->slot = place.slot;
	code->name = node->name;
	return code;
}

static const struct attribute *intern_attribute(struct compile *c, const struct name *name)
{
	const struct attribute *known = registry_attribute(name->text, name->hash);

	if (known)
		return known;
	struct attribute *attribute = code_alloc(c, sizeof *attribute);
	attribute->name = name->text;
	attribute->hash = name->hash;
	return attribute;
}

static const struct code *compile_getattr(struct compile *c, const struct frame *frame,
					  const struct tree *node)
{
	struct code *code = code_new(c, CODE_GETATTR, node->line);

	code->a = compile_expression(c, frame, tree_one(node, 0));
	if (!code->a)
		return NULL;
	code->attribute = intern_attribute(c, node->name);
	return may_fold(c) && compile_is_constant(code->a) ? fold(c, code) : code;
}

static const struct code *compile_slice(struct compile *c, const struct frame *frame,
					const struct tree *node, const struct tree *slice)
{
	struct code *code = code_new(c, CODE_SLICE, node->line);

	code->count = 4;
	code->list = code_alloc(c, code->count * sizeof *code->list);
	code->list[0] = compile_expression(c, frame, tree_one(node, GETITEM_NODE));
	if (!code->list[0])
		return NULL;
	for (unsigned i = SLICE_START; i <= SLICE_STEP; i++) {
		const struct tree *part = tree_one(slice, i);
		code->list[i + 1] = part ? compile_expression(c, frame, part) : NULL;
		if (part && !code->list[i + 1])
			return NULL;
	}
	if (!may_fold(c) || !all_constant(code->list, code->count))
		return code;
	code->flag = true;
	return fold(c, code);
}

static const struct code *compile_getitem(struct compile *c, const struct frame *frame,
					  const struct tree *node)
{
	const struct tree *arg = tree_one(node, GETITEM_ARG);

	if (arg->kind == TREE_SLICE)
		return compile_slice(c, frame, node, arg);
	return compile_binary(c, frame, node, CODE_GETITEM);
}

/* ---- calls, filters, tests ---- */

/* Keywords of Python as names of arguments: Jinja2 passes all in a dict then. */
static bool is_python_keyword(struct value name)
{
	static const char *const words[] = {
		"False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def",
		"del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is",
		"lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "yield",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (value_is_text(name, words[i]))
			return true;
	return false;
}

int compile_check_keywords(struct compile *c, const struct call *call, struct value further, unsigned line)
{
	for (unsigned i = 0; i < call->named_count; i++)
		if (is_python_keyword(call->named[i].name))
			return 0;
	for (unsigned i = 0; i < call->named_count; i++) {
		struct value name = call->named[i].name;
		bool again = value_given(further) && dict_same_key(name, further);
		for (unsigned k = 0; k < i; k++)
			again |= dict_same_key(name, call->named[k].name);
		if (again)
			return compile_fail(c, line, "keyword argument repeated: %.*s", (int)name.len, name.text);
	}
	return 0;
}

static int compile_arguments(struct compile *c, const struct frame *frame, const struct tree *node,
			     struct call *call)
{
	const struct tree_list *keywords = &node->field[CALL_KWARGS];
	const struct tree *dyn_args = tree_one(node, CALL_DYN_ARGS);
	const struct tree *dyn_kwargs = tree_one(node, CALL_DYN_KWARGS);

	call->args = compile_list(c, frame, &node->field[CALL_ARGS], &call->count);
	if (!call->args)
		return -1;
	struct keyword_code *named = code_alloc(c, keywords->count * sizeof *named);
	call->named = named;
	call->named_count = keywords->count;
	for (unsigned i = 0; i < keywords->count; i++) {
		named[i].name = keywords->nodes[i]->name->text;
		named[i].value = compile_expression(c, frame, tree_one(keywords->nodes[i], 0));
		if (!named[i].value)
			return -1;
	}
	if (compile_check_keywords(c, call, value_missing(), node->line) < 0)
		return -1;
	if (dyn_args && !(call->dyn_args = compile_expression(c, frame, dyn_args)))
		return -1;
	if (dyn_kwargs && !(call->dyn_kwargs = compile_expression(c, frame, dyn_kwargs)))
		return -1;
	return 0;
}

static int named_parameter(const struct callable *callable, struct value name)
{
	for (unsigned i = callable->positional_only; i < callable->count; i++)
		if ((int)i != callable->star && (int)i != callable->star_star &&
		    dict_same_key(callable->names[i], name))
			return (int)i;
	return -1;
}

/* What a bound call hands over, when no argument has to be evaluated. */
static const struct value *constant_parameters(struct compile *c, const struct call *call)
{
	struct value *values = code_alloc(c, (call->count + 1) * sizeof *values);

	for (unsigned i = 0; i < call->count; i++) {
		if (call->args[i] && call->args[i]->op != CODE_CONST)
			return NULL;
		values[i] = call->args[i] ? call->args[i]->value : call->callable->defaults[i];
	}
	return values;
}

/*
 * Puts arguments in the places of the parameters once and for all.  What
 * cannot be bound so, wrong calls among it, is bound when it is reached.
 */
static void bind_arguments(struct compile *c, struct call *call)
{
	const struct callable *callable = call->callable;
	const struct code **slots;

	if (!callable || call->dyn_args || call->dyn_kwargs || callable->star >= 0 ||
	    callable->star_star >= 0 || call->count > callable->count)
		return;
	slots = code_alloc(c, (callable->count + 1) * sizeof *slots);
	for (unsigned i = 0; i < call->count; i++)
		slots[i] = call->args[i];
	for (unsigned i = 0; i < call->named_count; i++) {
		int at = named_parameter(callable, call->named[i].name);
		if (at < 0 || slots[at])
			return;
		slots[at] = call->named[i].value;
	}
	for (unsigned i = 0; i < callable->count; i++)
		if (!slots[i] && (callable->required & 1u << i))
			return;
	call->args = slots;
	call->count = callable->count;
	call->bound = true;
	call->constants = constant_parameters(c, call);
}

static bool call_is_constant(const struct call *call)
{
	if (!call->callable || (call->callable->row->flags & NATIVE_CONTEXT) ||
	    !compile_is_constant(call->callee) || !all_constant(call->args, call->count) ||
	    (call->dyn_args && !compile_is_constant(call->dyn_args)) ||
	    (call->dyn_kwargs && !compile_is_constant(call->dyn_kwargs)))
		return false;
	for (unsigned i = 0; !call->bound && i < call->named_count; i++)
		if (!compile_is_constant(call->named[i].value))
			return false;
	return true;
}

/* What is filtered: a value, or the text of the filter block around it. */
static const struct code *compile_subject(struct compile *c, const struct frame *frame,
					  const struct tree *node)
{
	const struct tree *subject = tree_one(node, CALL_NODE);

	if (subject)
		return compile_expression(c, frame, subject);
	struct code *code = code_new(c, CODE_CAPTURED, node->line);
	code->slot = frame->capture_slot;
	return code;
}

static const struct code *compile_filter(struct compile *c, const struct frame *frame,
					 const struct tree *node, bool is_filter)
{
	struct code *code = code_new(c, is_filter ? CODE_FILTER : CODE_TEST, node->line);
	struct call *call = code_alloc(c, sizeof *call);

	code->call = call;
	call->name = node->name;
	call->callable = is_filter ? registry_filter(node->name->text) : registry_test(node->name->text);
	if (!call->callable && !frame->soft) {
		compile_fail(c, node->line, "No %s named '%s'.", is_filter ? "filter" : "test",
			     node->name->text.text);
		return NULL;
	}
	call->callee = compile_subject(c, frame, node);
	if (!call->callee || compile_arguments(c, frame, node, call) < 0)
		return NULL;
	bind_arguments(c, call);
	return !c->is_volatile && call_is_constant(call) ? fold(c, code) : code;
}

const struct code *compile_call(struct compile *c, const struct frame *frame, const struct tree *node)
{
	const struct tree *callee = tree_one(node, CALL_NODE);
	struct code *code = code_new(c, CODE_CALL, node->line);
	struct call *call = code_alloc(c, sizeof *call);

	code->call = call;
	if (callee->kind == TREE_GETATTR) {
		call->method = intern_attribute(c, callee->name);
		callee = tree_one(callee, 0);
	}
	call->callee = compile_expression(c, frame, callee);
	if (!call->callee || compile_arguments(c, frame, node, call) < 0)
		return NULL;
	return code;
}

/* ---- all of them ---- */

static const struct code *compile_const(struct compile *c, const struct tree *node)
{
	struct code *code = code_new(c, CODE_CONST, node->line);

	code->value = node->value;
	return code;
}

static const struct code *compile_mark_safe(struct compile *c, const struct frame *frame,
					    const struct tree *node)
{
	struct code *code = code_new(c, CODE_MARK_SAFE, node->line);

	code->a = compile_expression(c, frame, tree_one(node, 0));
	return code->a ? code : NULL;
}

static const struct code *compile_plain_operator(struct compile *c, const struct frame *frame,
						 const struct tree *node)
{
	static const enum code_op ops[] = {
		[TREE_ADD] = CODE_ADD, [TREE_SUB] = CODE_SUB, [TREE_MUL] = CODE_MUL,
		[TREE_DIV] = CODE_DIV, [TREE_FLOORDIV] = CODE_FLOORDIV, [TREE_MOD] = CODE_MOD,
		[TREE_POW] = CODE_POW, [TREE_NOT] = CODE_NOT, [TREE_NEG] = CODE_NEG,
		[TREE_POS] = CODE_POS,
	};

	if (node->kind == TREE_NOT || node->kind == TREE_NEG || node->kind == TREE_POS)
		return compile_unary(c, frame, node, ops[node->kind]);
	return compile_binary(c, frame, node, ops[node->kind]);
}

const struct code *compile_expression(struct compile *c, const struct frame *frame, const struct tree *node)
{
	switch ((enum tree_kind)node->kind) {
	case TREE_NAME:
		return compile_name(c, frame, node);
	case TREE_CONST:
		return compile_const(c, node);
	case TREE_TUPLE:
		return compile_sequence(c, frame, node, CODE_TUPLE);
	case TREE_LIST:
		return compile_sequence(c, frame, node, CODE_LIST);
	case TREE_DICT:
		return compile_dict(c, frame, node);
	case TREE_COND:
		return compile_cond(c, frame, node);
	case TREE_FILTER:
		return compile_filter(c, frame, node, true);
	case TREE_TEST:
		return compile_filter(c, frame, node, false);
	case TREE_CALL:
		return compile_call(c, frame, node);
	case TREE_GETITEM:
		return compile_getitem(c, frame, node);
	case TREE_GETATTR:
		return compile_getattr(c, frame, node);
	case TREE_CONCAT:
		return compile_concat(c, frame, node);
	case TREE_COMPARE:
		return compile_compare(c, frame, node);
	case TREE_AND:
		return compile_logic(c, frame, node, CODE_AND);
	case TREE_OR:
		return compile_logic(c, frame, node, CODE_OR);
	case TREE_ADD:
	case TREE_SUB:
	case TREE_MUL:
	case TREE_DIV:
	case TREE_FLOORDIV:
	case TREE_MOD:
	case TREE_POW:
	case TREE_NOT:
	case TREE_NEG:
	case TREE_POS:
		return compile_plain_operator(c, frame, node);
	case TREE_MARK_SAFE:
		return compile_mark_safe(c, frame, node);
	case TREE_DEBUG:
		return code_new(c, CODE_DEBUG, node->line);
	case TREE_SLICE:
		compile_fail(c, node->line, "a slice cannot stand among several subscripts");
		return NULL;
	default:
		compile_fail(c, node->line, "unexpected %s in an expression", tree_kind_name(node));
		return NULL;
	}
}
