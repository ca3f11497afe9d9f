/* compile.c - functions, frames and variables of a template; the code of
 * statements and expressions is made in the other compile_*.c files. */
#include "template/compile.h"

#include <stdarg.h>

#include "base/arena.h"
#include "template/py/quote.h"

int compile_fail(struct compile *c, unsigned line, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	error_set_at(c->error, NULL, line, 0, "%s", buf_str(&text));
	buf_clear(&text);
	return -1;
}

void *code_alloc(struct compile *c, size_t size)
{
	return arena_alloc(c->arena, size);
}

struct code *code_new(struct compile *c, enum code_op op, unsigned line)
{
	struct code *code = arena_alloc(c->arena, sizeof *code);

	code->op = (uint8_t)op;
	code->line = line;
	return code;
}

void code_list_add(struct compile *c, struct code_list *list, const struct code *code)
{
	if (list->count == list->room) {
		unsigned room = list->room ? list->room * 2 : 4;
		const struct code **items = arena_alloc_raw(c->scratch, room * sizeof *items);
		if (list->count)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = code;
}

enum escape_mode compile_escape(const struct compile *c)
{
	if (c->is_volatile)
		return ESCAPE_AT_RUN_TIME;
	return c->autoescape ? ESCAPE_HTML : ESCAPE_NONE;
}

/* ---- functions and frames ---- */

struct function_build *function_build_new(struct compile *c, struct function_build *outer)
{
	struct function_build *function = arena_alloc(c->scratch, sizeof *function);

	function->outer = outer;
	function->slots = dict_new(c->scratch, 0);
	return function;
}

uint32_t function_build_slot(struct function_build *function)
{
	return function->count++;
}

struct frame frame_inner(struct compile *c, const struct frame *outer, struct function_build *function)
{
	return (struct frame){
		.symbols = symbols_new(c->scratch, outer->symbols,
				       function ? function : outer->symbols->function,
				       outer->symbols->level + 1),
		.require_output_check = outer->require_output_check,
		.has_capture = outer->has_capture,
		.capture_slot = outer->capture_slot,
	};
}

struct frame frame_soft(const struct frame *frame)
{
	struct frame soft = *frame;

	soft.rootlevel = false;
	soft.soft = true;
	return soft;
}

/* ---- variables ---- */

static uint16_t hops(const struct function_build *from, const struct function_build *to)
{
	uint16_t depth = 0;

	for (; from && from != to; from = from->outer)
		depth++;
	return depth;
}

static struct place place_of(const struct function_build *from, struct symbols *owner,
			     const struct name *name)
{
	return (struct place){ hops(from, owner->function), symbols_slot(owner, name) };
}

int compile_place(struct compile *c, const struct frame *frame, const struct name *name,
		  unsigned line, struct place *place)
{
	struct symbols *owner = symbols_find(frame->symbols, name);
	struct buf text = BUF_INIT;

	if (owner) {
		*place = place_of(frame->symbols->function, owner, name);
		return 0;
	}
	quote_repr(value_span(name->text), &text);
	compile_fail(c, line, "Tried to resolve a name to a reference that was unknown to the frame (%s)",
		     buf_str(&text));
	buf_clear(&text);
	return -1;
}

struct loads compile_loads(struct compile *c, const struct frame *frame)
{
	struct symbols *symbols = frame->symbols;
	struct load *items = code_alloc(c, symbols->count * sizeof *items);
	struct loads loads = { items, symbols->count };

	for (unsigned i = 0; i < symbols->count; i++) {
		const struct symbol *symbol = &symbols->items[i];
		items[i] = (struct load){ .slot = symbols_slot(symbols, symbol->name),
					  .kind = symbol->load, .name = symbol->name };
		if (symbol->load == LOAD_ALIAS)
			items[i].from = place_of(symbols->function, symbol->alias, symbol->name);
	}
	return loads;
}

struct collect {
	struct compile *c;
	const struct frame *frame;
	struct local *items;
	unsigned count, room;
	struct dict *seen;
};

static void collect_local(const struct name *name, void *data)
{
	struct collect *collect = data;
	struct value key = value_int((intptr_t)name);
	struct symbols *owner = symbols_find(collect->frame->symbols, name);

	if (value_given(dict_get(collect->seen, key)))
		return;
	dict_set(collect->c->scratch, collect->seen, key, value_none());
	if (collect->count == collect->room) {
		unsigned room = collect->room ? collect->room * 2 : 8;
		struct local *items = code_alloc(collect->c, room * sizeof *items);
		if (collect->count)
			memcpy(items, collect->items, collect->count * sizeof *items);
		collect->items = items;
		collect->room = room;
	}
	collect->items[collect->count++] = (struct local){
		name, place_of(collect->frame->symbols->function, owner, name) };
}

struct locals compile_locals(struct compile *c, const struct frame *frame)
{
	struct collect collect = { .c = c, .frame = frame, .seen = dict_new(c->scratch, 0) };

	symbols_each_store(frame->symbols, collect_local, &collect);
	return (struct locals){ collect.items, collect.count };
}

/* ---- bodies ---- */

int compile_body(struct compile *c, const struct frame *frame, const struct tree_list *nodes,
		 struct body *body)
{
	struct code_list list = { 0 };

	for (unsigned i = 0; i < nodes->count && !c->stop; i++)
		if (compile_statement(c, frame, nodes->nodes[i], &list) < 0)
			return -1;
	c->stop = false;
	body->count = list.count;
	body->items = NULL;
	if (list.count) {
		const struct code **items = code_alloc(c, list.count * sizeof *items);
		memcpy(items, list.items, list.count * sizeof *items);
		body->items = items;
	}
	return 0;
}

/* ---- a template ---- */

struct blocks {
	struct compile *c;
	const struct tree **nodes;
	unsigned count, room;
	struct dict *seen;
	const struct tree *twice;
	bool have_extends;
};

static bool find_blocks(const struct tree *node, void *data)
{
	struct blocks *blocks = data;

	if (node->kind == TREE_EXTENDS)
		blocks->have_extends = true;
	if (node->kind != TREE_BLOCK || blocks->twice)
		return true;
	struct value key = value_int((intptr_t)node->name);
	if (value_given(dict_get(blocks->seen, key))) {
		blocks->twice = node;
		return true;
	}
	dict_set(blocks->c->scratch, blocks->seen, key, value_none());
	if (blocks->count == blocks->room) {
		unsigned room = blocks->room ? blocks->room * 2 : 8;
		const struct tree **nodes = arena_alloc_raw(blocks->c->scratch, room * sizeof *nodes);
		if (blocks->count)
			memcpy(nodes, blocks->nodes, blocks->count * sizeof *nodes);
		blocks->nodes = nodes;
		blocks->room = room;
	}
	blocks->nodes[blocks->count++] = node;
	return true;
}

/* Declares "self" or "super" when the code mentions it. */
static int64_t declare_special(struct compile *c, struct frame *frame, const char *name, bool used)
{
	if (!used)
		return -1;
	const struct name *interned = names_intern(c->names, span_of(name));
	symbols_declare_parameter(frame->symbols, interned);
	return symbols_slot(frame->symbols, interned);
}

static struct frame new_frame(struct compile *c)
{
	return (struct frame){ .symbols = symbols_new(c->scratch, NULL, function_build_new(c, NULL), 0) };
}

static void finish_function(struct compile *c, struct function *function, const struct frame *frame)
{
	function->template = c->template;
	function->scoped.loads = compile_loads(c, frame);
	function->slots = frame->symbols->function->count;
}

static const struct function *compile_root(struct compile *c, const struct tree *tree, bool have_extends)
{
	static const char *const specials[] = { "self", NULL };
	struct function *function = code_alloc(c, sizeof *function);
	struct frame frame = new_frame(c);
	bool self = tree_find_undeclared(&tree->field[0], specials);

	function->line = 1;
	function->self_slot = declare_special(c, &frame, "self", self);
	function->super_slot = -1;
	symbols_analyze(frame.symbols, tree, FOR_BRANCH_BODY);
	frame.toplevel = frame.rootlevel = true;
	frame.require_output_check = have_extends;
	function->has_extends = have_extends;
	if (have_extends)
		function->parent_slot = c->parent_slot = function_build_slot(frame.symbols->function);
	if (compile_body(c, &frame, &tree->field[0], &function->scoped.body) < 0)
		return NULL;
	finish_function(c, function, &frame);
	return function;
}

static const struct function *compile_block_function(struct compile *c, const struct tree *block)
{
	static const char *const specials[] = { "self", "super", NULL };
	struct function *function = code_alloc(c, sizeof *function);
	struct frame frame = new_frame(c);
	unsigned used = tree_find_undeclared(&block->field[BLOCK_BODY], specials);

	function->line = block->line;
	function->name = block->name;
	function->self_slot = declare_special(c, &frame, "self", used & 1);
	function->super_slot = declare_special(c, &frame, "super", used & 2);
	symbols_analyze(frame.symbols, block, FOR_BRANCH_BODY);
	if (compile_body(c, &frame, &block->field[BLOCK_BODY], &function->scoped.body) < 0)
		return NULL;
	finish_function(c, function, &frame);
	return function;
}

static int compile_all(struct compile *c, const struct tree *tree, struct program *program)
{
	struct blocks blocks = { .c = c, .seen = dict_new(c->scratch, 0) };

	tree_walk(tree, find_blocks, &blocks);
	if (blocks.twice)
		return compile_fail(c, blocks.twice->line, "block '%s' defined twice",
				    blocks.twice->name->text.text);
	program->root = compile_root(c, tree, blocks.have_extends);
	if (!program->root)
		return -1;
	struct block_code *items = code_alloc(c, blocks.count * sizeof *items);
	program->blocks = items;
	program->block_count = blocks.count;
	for (unsigned i = 0; i < blocks.count; i++) {
		items[i].name = blocks.nodes[i]->name;
		items[i].function = compile_block_function(c, blocks.nodes[i]);
		if (!items[i].function)
			return -1;
	}
	return 0;
}

const struct program *compile_template(const struct template *template, const struct tree *tree,
				       struct names *names, struct arena *arena,
				       struct arena *scratch, bool autoescape, struct error *error)
{
	struct program *program = arena_alloc(arena, sizeof *program);
	struct compile c = { .template = template, .names = names, .arena = arena, .scratch = scratch,
			     .error = error, .autoescape = autoescape, .fold_out = BUF_INIT };

	int rc = compile_all(&c, tree, program);
	buf_clear(&c.fold_out);
	return rc < 0 ? NULL : program;
}
