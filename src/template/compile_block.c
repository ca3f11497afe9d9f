/* compile_block.c - the code of macros, blocks and other templates. */
#include "base/arena.h"
#include "template/compile.h"

/* ---- macros ---- */

struct macro_build {
	struct compile *c;
	const struct tree_list *args, *defaults, *body;
	struct macro_code *macro;
	struct frame frame;
	unsigned line;
};

static uint32_t declare(struct macro_build *m, const char *name)
{
	const struct name *interned = names_intern(m->c->names, span_of(name));

	symbols_declare_parameter(m->frame.symbols, interned);
	return symbols_slot(m->frame.symbols, interned);
}

static int find_arg(const struct macro_build *m, const char *name)
{
	for (unsigned i = 0; i < m->args->count; i++)
		if (value_is_text(m->args->nodes[i]->name->text, name))
			return (int)i;
	return -1;
}

/* "caller", "kwargs" and "varargs" are parameters of what mentions them. */
static int declare_specials(struct macro_build *m)
{
	static const char *const specials[] = { "caller", "kwargs", "varargs", NULL };
	unsigned used = tree_find_undeclared(m->body, specials);
	struct macro_code *macro = m->macro;
	int caller = find_arg(m, "caller");

	macro->explicit_caller = caller >= 0;
	if (used & 1) {
		macro->caller = true;
		if (caller < 0)
			macro->caller_slot = declare(m, "caller");
		else if ((unsigned)caller < m->args->count - m->defaults->count)
			return compile_fail(m->c, m->line,
					    "When defining macros or call blocks the special \"caller\""
					    " argument must be omitted or be given a default.");
	}
	macro->catch_kwargs = (used & 2) && find_arg(m, "kwargs") < 0;
	if (macro->catch_kwargs)
		macro->kwargs_slot = declare(m, "kwargs");
	macro->catch_varargs = (used & 4) && find_arg(m, "varargs") < 0;
	if (macro->catch_varargs)
		macro->varargs_slot = declare(m, "varargs");
	return 0;
}

static int compile_parameters(struct macro_build *m)
{
	struct compile *c = m->c;
	unsigned count = m->args->count, first_default = count - m->defaults->count;
	const struct name **names = code_alloc(c, (count + 1) * sizeof *names);
	uint32_t *slots = code_alloc(c, (count + 1) * sizeof *slots);
	const struct code **defaults = code_alloc(c, (count + 1) * sizeof *defaults);

	m->macro->count = count;
	m->macro->names = names;
	m->macro->slots = slots;
	m->macro->defaults = defaults;
	for (unsigned i = 0; i < count; i++) {
		names[i] = m->args->nodes[i]->name;
		for (unsigned k = 0; k < i; k++)
			if (names[k] == names[i])
				return compile_fail(c, m->line, "duplicate argument '%s' in function definition",
						    names[i]->text.text);
		slots[i] = symbols_slot(m->frame.symbols, names[i]);
		if (i < first_default)
			continue;
		defaults[i] = compile_expression(c, &m->frame, m->defaults->nodes[i - first_default]);
		if (!defaults[i])
			return -1;
	}
	return 0;
}

static int compile_macro_body(struct compile *c, const struct frame *outer, const struct tree *node,
			      struct macro_build *m)
{
	struct function_build *build = function_build_new(c, outer->symbols->function);
	struct function *function = code_alloc(c, sizeof *function);

	m->c = c;
	m->line = node->line;
	m->frame = frame_inner(c, outer, build);
	m->frame.has_capture = false;
	m->macro = code_alloc(c, sizeof *m->macro);
	m->macro->name = node->kind == TREE_MACRO ? node->name : NULL;
	symbols_analyze(m->frame.symbols, node, FOR_BRANCH_BODY);
	if (declare_specials(m) < 0)
		return -1;
	m->frame.require_output_check = false;
	symbols_analyze(m->frame.symbols, node, FOR_BRANCH_BODY);
	bool in_loop = c->in_loop;
	c->in_loop = false;
	if (compile_parameters(m) < 0 ||
	    compile_body(c, &m->frame, m->body, &function->scoped.body) < 0)
		return -1;
	c->in_loop = in_loop;
	function->template = c->template;
	function->name = m->macro->name;
	function->line = node->line;
	function->self_slot = function->super_slot = -1;
	function->scoped.loads = compile_loads(c, &m->frame);
	function->slots = build->count;
	m->macro->function = function;
	return 0;
}

int compile_macro(struct compile *c, const struct frame *frame, const struct tree *node, struct code *code)
{
	struct macro_build m = { .args = &node->field[MACRO_ARGS],
				 .defaults = &node->field[MACRO_DEFAULTS],
				 .body = &node->field[MACRO_BODY] };
	struct place place;

	if (compile_macro_body(c, frame, node, &m) < 0 ||
	    compile_place(c, frame, node->name, node->line, &place) < 0)
		return -1;
	m.macro->sets_context = frame->toplevel;
	m.macro->exports = *node->name->text.text != '_';
	m.macro->slot = place.slot;
	code->op = CODE_MACRO;
	code->macro = m.macro;
	return 0;
}

int compile_call_block(struct compile *c, const struct frame *frame, const struct tree *node,
		       struct code *code)
{
	struct macro_build m = { .args = &node->field[CALL_BLOCK_ARGS],
				 .defaults = &node->field[CALL_BLOCK_DEFAULTS],
				 .body = &node->field[CALL_BLOCK_BODY] };

	code->op = CODE_CALL_BLOCK;
	if (compile_macro_body(c, frame, node, &m) < 0)
		return -1;
	code->caller = m.macro;
	code->a = compile_call(c, frame, tree_one(node, CALL_BLOCK_CALL));
	return code->a ? compile_check_keywords(c, code->a->call, value_literal("caller"), node->line) : -1;
}

/* ---- blocks and inheritance ---- */

int compile_block(struct compile *c, const struct frame *frame, const struct tree *node,
		  struct code_list *out)
{
	bool guarded = frame->toplevel && c->extends_so_far > 0;

	if (frame->toplevel && c->known_extends)
		return 0;
	struct code *code = code_new(c, CODE_BLOCK, node->line);
	code->name = node->name;
	code->flag = (uint8_t)((node->flags & TREE_SCOPED ? CODE_BLOCK_SCOPED : 0) |
			       (node->flags & TREE_REQUIRED ? CODE_BLOCK_REQUIRED : 0));
	if (node->flags & TREE_SCOPED) {
		struct locals *locals = code_alloc(c, sizeof *locals);
		*locals = compile_locals(c, frame);
		code->locals = locals;
	}
	if (!guarded) {
		code_list_add(c, out, code);
		return 0;
	}
	struct code *unless = code_new(c, CODE_UNLESS_PARENT, node->line);
	struct body *body = code_alloc(c, sizeof *body);
	body->items = code_alloc(c, sizeof *body->items);
	body->items[0] = code;
	body->count = 1;
	unless->body = body;
	unless->slot = c->parent_slot;
	code_list_add(c, out, unless);
	return 0;
}

int compile_extends(struct compile *c, const struct frame *frame, const struct tree *node,
		    struct code_list *out)
{
	if (!frame->toplevel)
		return compile_fail(c, node->line, "cannot use extend from a non top-level scope");
	struct code *code = code_new(c, CODE_EXTENDS, node->line);
	if (c->known_extends) {
		code->op = CODE_FAIL;
		code->value = value_literal("extended multiple times");
		c->stop = true;
		code_list_add(c, out, code);
		return 0;
	}
	code->slot = c->parent_slot;
	code->a = compile_expression(c, frame, tree_one(node, EXTENDS_TEMPLATE));
	if (!code->a)
		return -1;
	code_list_add(c, out, code);
	if (frame->rootlevel)
		c->known_extends = true;
	c->extends_so_far++;
	return 0;
}

/* ---- other templates ---- */

/* Only of {% include %}: a list of names to try, or what may be one. */
static bool may_select(const struct tree *template)
{
	return template->kind != TREE_CONST || template->value.kind != VALUE_STRING;
}

static int compile_import_names(struct compile *c, const struct frame *frame, const struct tree *node,
				struct import_code *import)
{
	bool from = node->kind == TREE_FROM_IMPORT;
	const struct tree_list *list = &node->field[IMPORT_NAMES];
	struct import_name *names = code_alloc(c, (list->count + 1) * sizeof *names);
	struct place place;

	import->names = names;
	import->count = from ? list->count : 1;
	for (unsigned i = 0; i < import->count; i++) {
		names[i].alias = from ? list->nodes[i]->name : node->name;
		names[i].name = from ? names_intern(c->names, value_span(list->nodes[i]->value)) : NULL;
		names[i].sets_context = frame->toplevel;
		if (compile_place(c, frame, names[i].alias, node->line, &place) < 0)
			return -1;
		names[i].slot = place.slot;
	}
	return 0;
}

int compile_import(struct compile *c, const struct frame *frame, const struct tree *node,
		   struct code *code)
{
	struct import_code *import = code_alloc(c, sizeof *import);
	const struct tree *template = tree_one(node, IMPORT_TEMPLATE);

	code->op = node->kind == TREE_INCLUDE ? CODE_INCLUDE :
		   node->kind == TREE_IMPORT ? CODE_IMPORT : CODE_FROM_IMPORT;
	code->import = import;
	import->template = compile_expression(c, frame, template);
	if (!import->template)
		return -1;
	import->select = code->op == CODE_INCLUDE && may_select(template);
	import->ignore_missing = code->op == CODE_INCLUDE && (node->flags & TREE_IGNORE_MISSING);
	import->with_context = node->flags & TREE_WITH_CONTEXT;
	if (import->with_context)
		import->locals = compile_locals(c, frame);
	return code->op == CODE_INCLUDE ? 0 : compile_import_names(c, frame, node, import);
}
