/* symbols.c - finds the names of a scope and how each begins; makes no code. */
#include "template/symbols.h"

#include "base/arena.h"

struct symbols *symbols_new(struct arena *arena, struct symbols *parent, struct function_build *function,
			    unsigned level)
{
	struct symbols *symbols = arena_alloc(arena, sizeof *symbols);

	symbols->arena = arena;
	symbols->parent = parent;
	symbols->function = function;
	symbols->level = level;
	symbols->index = dict_new(arena, 0);
	return symbols;
}

/* ---- one scope ---- */

static struct symbol *own(const struct symbols *symbols, const struct name *name)
{
	struct value at = dict_get_hashed(symbols->index, name->text, name->hash);

	return value_given(at) ? &symbols->items[at.number] : NULL;
}

/* Of the scope itself, a branch of it included. */
static struct symbol *find_here(const struct symbols *symbols, const struct name *name)
{
	for (; symbols; symbols = symbols->base) {
		struct symbol *symbol = own(symbols, name);
		if (symbol)
			return symbol;
	}
	return NULL;
}

static bool is_stored(const struct symbols *symbols, const struct name *name)
{
	for (; symbols; symbols = symbols->base) {
		const struct symbol *symbol = own(symbols, name);
		if (symbol && symbol->stored)
			return true;
	}
	return false;
}

static struct symbol *add(struct symbols *symbols, struct symbol symbol)
{
	struct symbol *known = own(symbols, symbol.name);

	if (known) {
		*known = symbol;
		return known;
	}
	if (symbols->count == symbols->room) {
		unsigned room = symbols->room ? symbols->room * 2 : 8;
		struct symbol *items = arena_alloc_raw(symbols->arena, room * sizeof *items);
		if (symbols->count)
			memcpy(items, symbols->items, symbols->count * sizeof *items);
		symbols->items = items;
		symbols->room = room;
	}
	symbols->items[symbols->count] = symbol;
	dict_set_hashed(symbols->arena, symbols->index, symbol.name->text, symbol.name->hash,
			value_int(symbols->count));
	return &symbols->items[symbols->count++];
}

static struct symbols *outermost_base(struct symbols *symbols)
{
	while (symbols->base)
		symbols = symbols->base;
	return symbols;
}

struct symbols *symbols_find(struct symbols *symbols, const struct name *name)
{
	for (; symbols; symbols = symbols->parent)
		if (find_here(symbols, name))
			return outermost_base(symbols);
	return NULL;
}

void symbols_declare_parameter(struct symbols *symbols, const struct name *name)
{
	add(symbols, (struct symbol){ name, true, LOAD_PARAMETER, NULL });
}

static void store(struct symbols *symbols, const struct name *name)
{
	struct symbol *known = find_here(symbols, name);

	if (known) {
		struct symbol copy = *known;
		copy.stored = true;
		add(symbols, copy);
		return;
	}
	struct symbols *outer = symbols->parent ? symbols_find(symbols->parent, name) : NULL;
	add(symbols, (struct symbol){ name, true, outer ? LOAD_ALIAS : LOAD_UNDEFINED, outer });
}

static void load(struct symbols *symbols, const struct name *name)
{
	if (!symbols_find(symbols, name))
		add(symbols, (struct symbol){ name, false, LOAD_RESOLVE, NULL });
}

uint32_t symbols_slot(struct symbols *owner, const struct name *name)
{
	struct function_build *function = owner->function;
	struct value key = value_int((intptr_t)((uintptr_t)name * 1024 + owner->level));
	struct value slot = dict_get(function->slots, key);

	if (!value_given(slot)) {
		slot = value_int(function->count++);
		dict_set(owner->arena, function->slots, key, slot);
	}
	return (uint32_t)slot.number;
}

void symbols_each_store(struct symbols *symbols,
			void (*each)(const struct name *name, void *data), void *data)
{
	for (; symbols; symbols = symbols->parent)
		for (unsigned i = 0; i < symbols->count; i++)
			if (symbols->items[i].stored)
				each(symbols->items[i].name, data);
}

/* ---- looking through nodes ---- */

static void visit(struct symbols *symbols, const struct tree *node);

static void visit_list(struct symbols *symbols, const struct tree_list *list)
{
	for (unsigned i = 0; i < list->count; i++)
		visit(symbols, list->nodes[i]);
}

static void visit_fields(struct symbols *symbols, const struct tree *node)
{
	for (unsigned f = 0; f < TREE_FIELDS; f++)
		visit_list(symbols, &node->field[f]);
}

static void visit_name(struct symbols *symbols, const struct tree *node)
{
	if (node->ctx == CTX_PARAM)
		symbols_declare_parameter(symbols, node->name);
	else if (node->ctx == CTX_STORE)
		store(symbols, node->name);
	else
		load(symbols, node->name);
}

/* The targets of a loop are variables of its body. */
static void visit_parameters(struct symbols *symbols, const struct tree *target)
{
	if (target->kind == TREE_NAME)
		symbols_declare_parameter(symbols, target->name);
	for (unsigned i = 0; i < target->field[0].count; i++)
		visit_parameters(symbols, target->field[0].nodes[i]);
}

enum { BRANCHES = 3 };

/* What only some branches store may still be what it was outside. */
static void settle_store(struct symbols *symbols, const struct name *name)
{
	struct symbols *outer = symbols->parent ? symbols_find(symbols->parent, name) : NULL;
	struct symbol symbol = *find_here(symbols, name);

	symbol.load = outer ? LOAD_ALIAS : LOAD_RESOLVE;
	symbol.alias = outer;
	add(symbols, symbol);
}

static void merge_branches(struct symbols *symbols, struct symbols *const branches[BRANCHES])
{
	struct dict *stores = dict_new(symbols->arena, 0);
	uint32_t at = 0;

	for (unsigned b = 0; b < BRANCHES; b++)
		for (unsigned i = 0; i < branches[b]->count; i++) {
			const struct symbol *symbol = &branches[b]->items[i];
			if (!symbol->stored || is_stored(symbols, symbol->name))
				continue;
			struct value key = value_int((intptr_t)symbol->name);
			struct value seen = dict_get(stores, key);
			dict_set(symbols->arena, stores, key,
				 value_int(value_given(seen) ? seen.number + 1 : 1));
		}
	for (unsigned b = 0; b < BRANCHES; b++)
		for (unsigned i = 0; i < branches[b]->count; i++) {
			struct symbol symbol = branches[b]->items[i];
			symbol.stored |= is_stored(symbols, symbol.name);
			add(symbols, symbol);
		}
	for (const struct dict_entry *e; (e = dict_next(stores, &at));)
		if (e->value.number < BRANCHES)
			settle_store(symbols, (const struct name *)(intptr_t)e->key.number);
}

static void visit_if(struct symbols *symbols, const struct tree *node)
{
	static const unsigned fields[BRANCHES] = { IF_BODY, IF_ELIF, IF_ELSE };
	struct symbols *branches[BRANCHES];

	visit_list(symbols, &node->field[IF_TEST]);
	for (unsigned b = 0; b < BRANCHES; b++) {
		branches[b] = symbols_new(symbols->arena, symbols->parent, symbols->function,
					  symbols->level);
		branches[b]->base = symbols;
		visit_list(branches[b], &node->field[fields[b]]);
	}
	merge_branches(symbols, branches);
}

static void visit_from_import(struct symbols *symbols, const struct tree *node)
{
	visit_list(symbols, &node->field[IMPORT_TEMPLATE]);
	for (unsigned i = 0; i < node->field[IMPORT_NAMES].count; i++)
		store(symbols, node->field[IMPORT_NAMES].nodes[i]->name);
}

/* A node within a scope; what is a scope of its own is not entered. */
static void visit(struct symbols *symbols, const struct tree *node)
{
	switch ((enum tree_kind)node->kind) {
	case TREE_NAME:
		visit_name(symbols, node);
		break;
	case TREE_NSREF:
		load(symbols, node->name);
		break;
	case TREE_IF:
		visit_if(symbols, node);
		break;
	case TREE_MACRO:
		store(symbols, node->name);
		break;
	case TREE_IMPORT:
		visit_fields(symbols, node);
		store(symbols, node->name);
		break;
	case TREE_FROM_IMPORT:
		visit_from_import(symbols, node);
		break;
	case TREE_ASSIGN:
		visit_list(symbols, &node->field[ASSIGN_NODE]);
		visit_list(symbols, &node->field[ASSIGN_TARGET]);
		break;
	case TREE_FOR:
		visit_list(symbols, &node->field[FOR_ITER]);
		break;
	case TREE_CALL_BLOCK:
		visit_list(symbols, &node->field[CALL_BLOCK_CALL]);
		break;
	case TREE_FILTER_BLOCK:
		visit_list(symbols, &node->field[FILTER_BLOCK_FILTER]);
		break;
	case TREE_WITH:
		visit_list(symbols, &node->field[WITH_VALUES]);
		break;
	case TREE_ASSIGN_BLOCK:
		visit_list(symbols, &node->field[ASSIGN_TARGET]);
		break;
	case TREE_SCOPE:
	case TREE_BLOCK:
		break;
	default:
		visit_fields(symbols, node);
		break;
	}
}

static void analyze_for(struct symbols *symbols, const struct tree *node, enum for_branch branch)
{
	if (branch != FOR_BRANCH_ELSE)
		visit_parameters(symbols, tree_one(node, FOR_TARGET));
	visit_list(symbols, &node->field[branch == FOR_BRANCH_BODY ? FOR_BODY :
					 branch == FOR_BRANCH_ELSE ? FOR_ELSE : FOR_TEST]);
}

void symbols_analyze(struct symbols *symbols, const struct tree *node, enum for_branch branch)
{
	switch ((enum tree_kind)node->kind) {
	case TREE_FOR:
		analyze_for(symbols, node, branch);
		break;
	case TREE_ASSIGN_BLOCK:
		visit_list(symbols, &node->field[ASSIGN_BLOCK_BODY]);
		break;
	case TREE_CALL_BLOCK:
		visit_list(symbols, &node->field[CALL_BLOCK_ARGS]);
		visit_list(symbols, &node->field[CALL_BLOCK_DEFAULTS]);
		visit_list(symbols, &node->field[CALL_BLOCK_BODY]);
		break;
	case TREE_WITH:
		visit_list(symbols, &node->field[WITH_TARGETS]);
		visit_list(symbols, &node->field[WITH_BODY]);
		break;
	default:
		visit_fields(symbols, node);
		break;
	}
}
