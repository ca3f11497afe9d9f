/* tree.c - looking through a parsed template; knows no scoping. */
#include "template/syntax/tree.h"

static const char *const kind_names[] = {
	[TREE_TEMPLATE] = "template", [TREE_OUTPUT] = "output", [TREE_NAME] = "name",
	[TREE_NSREF] = "nsref", [TREE_CONST] = "const", [TREE_DATA] = "templatedata",
	[TREE_TUPLE] = "tuple", [TREE_LIST] = "list", [TREE_DICT] = "dict", [TREE_COND] = "condexpr",
	[TREE_FILTER] = "filter", [TREE_TEST] = "test", [TREE_CALL] = "call",
	[TREE_GETITEM] = "getitem", [TREE_GETATTR] = "getattr", [TREE_SLICE] = "slice",
	[TREE_CONCAT] = "concat", [TREE_COMPARE] = "compare", [TREE_ADD] = "add",
	[TREE_SUB] = "sub", [TREE_MUL] = "mul", [TREE_DIV] = "div", [TREE_FLOORDIV] = "floordiv",
	[TREE_MOD] = "mod", [TREE_POW] = "pow", [TREE_AND] = "and", [TREE_OR] = "or",
	[TREE_NOT] = "not", [TREE_NEG] = "neg", [TREE_POS] = "pos", [TREE_ALIAS] = "name",
};

const char *tree_kind_name(const struct tree *tree)
{
	const char *name = kind_names[tree->kind];

	return name ? name : "statement";
}

void tree_walk(const struct tree *tree, bool (*visit)(const struct tree *node, void *data), void *data)
{
	for (unsigned f = 0; f < TREE_FIELDS; f++)
		for (unsigned i = 0; i < tree->field[f].count; i++) {
			const struct tree *node = tree->field[f].nodes[i];
			if (visit(node, data))
				tree_walk(node, visit, data);
		}
}

struct undeclared {
	const char *const *names;
	unsigned stored, found;		/* bits by position in names */
};

static bool visit_undeclared(const struct tree *node, void *data)
{
	struct undeclared *search = data;

	if (node->kind == TREE_BLOCK)
		return false;
	for (unsigned i = 0; node->kind == TREE_NAME && search->names[i]; i++) {
		if (!value_is_text(node->name->text, search->names[i]))
			continue;
		if (node->ctx != CTX_LOAD)
			search->stored |= 1u << i;
		else if (!(search->stored & 1u << i))
			search->found |= 1u << i;
	}
	return true;
}

unsigned tree_find_undeclared(const struct tree_list *nodes, const char *const names[])
{
	struct undeclared search = { names, 0, 0 };

	for (unsigned i = 0; i < nodes->count; i++)
		if (visit_undeclared(nodes->nodes[i], &search))
			tree_walk(nodes->nodes[i], visit_undeclared, &search);
	return search.found;
}
