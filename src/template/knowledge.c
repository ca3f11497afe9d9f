/* knowledge.c - gathers references, fields, filters and tests from a tree. */
#include "template/knowledge.h"

#include "base/arena.h"
#include "template/values/registry.h"

struct gather {
	struct arena *arena;
	struct template_knowledge *knowledge;
	size_t reference_room, field_room, unknown_room;
	struct dict *bound;		/* names that are set here, by whatever tag */
};

static void *grow(struct arena *arena, void *items, size_t count, size_t *room, size_t size)
{
	if (count < *room)
		return items;
	*room = *room ? *room * 2 : 4;
	void *grown = arena_alloc(arena, *room * size);
	if (count)
		memcpy(grown, items, count * size);
	return grown;
}

/* ---- references ---- */

static void add_reference(struct gather *g, const struct tree *node, enum template_reference_kind kind,
			  const struct tree *name, bool one_of_several)
{
	struct template_knowledge *k = g->knowledge;
	bool known = name && name->kind == TREE_CONST && name->value.kind == VALUE_STRING;
	struct template_reference *items = grow(g->arena, (void *)k->references, k->reference_count,
						&g->reference_room, sizeof *items);
	items[k->reference_count++] = (struct template_reference){
		.name = known ? arena_dup(g->arena, name->value.text, name->value.len) : NULL, .kind = kind,
		.optional = one_of_several || (node->kind == TREE_INCLUDE && (node->flags & TREE_IGNORE_MISSING)),
		.line = node->line };
	k->references = items;
}

static void add_references(struct gather *g, const struct tree *node, enum template_reference_kind kind)
{
	const struct tree *name = tree_one(node, 0);

	if (node->kind != TREE_INCLUDE || (name->kind != TREE_LIST && name->kind != TREE_TUPLE)) {
		add_reference(g, node, kind, name, false);
		return;
	}
	for (unsigned i = 0; i < name->field[0].count; i++)
		add_reference(g, node, kind, name->field[0].nodes[i], name->field[0].count > 1);
}

/* ---- fields ---- */

static void add_field(struct gather *g, const char *path, unsigned line)
{
	struct template_knowledge *k = g->knowledge;

	for (size_t i = 0; i < k->field_count; i++)
		if (!strcmp(k->fields[i].path, path))
			return;
	struct template_field *items = grow(g->arena, (void *)k->fields, k->field_count, &g->field_room,
					    sizeof *items);
	items[k->field_count++] = (struct template_field){ path, line, false };
	k->fields = items;
}

/* "a.b.c" for names and constant keys upon a plain name; false for anything else. */
static bool add_path(const struct tree *node, struct buf *path)
{
	if (node->kind == TREE_NAME) {
		buf_add(path, node->name->text.text, node->name->text.len);
		return node->ctx == CTX_LOAD;
	}
	if (node->kind == TREE_GETATTR) {
		if (!add_path(tree_one(node, 0), path))
			return false;
		buf_printf(path, ".%s", node->name->text.text);
		return true;
	}
	if (node->kind != TREE_GETITEM)
		return false;
	const struct tree *key = tree_one(node, GETITEM_ARG);
	if (key->kind != TREE_CONST || key->value.kind != VALUE_STRING ||
	    !add_path(tree_one(node, GETITEM_NODE), path))
		return false;
	buf_putc(path, '.');
	buf_add(path, key->value.text, key->value.len);
	return true;
}

static void add_bound(struct gather *g, const struct name *name)
{
	if (name)
		dict_set(g->arena, g->bound, name->text, value_none());
}

/* Known where everything that is bound is. */
static void mark_own(struct gather *g)
{
	static const char *const special[] = { "loop", "self", "super", "caller", "varargs", "kwargs" };
	struct template_field *fields = (struct template_field *)g->knowledge->fields;

	for (size_t i = 0; i < sizeof special / sizeof *special; i++)
		dict_set_text(g->arena, g->bound, special[i], value_none());
	for (size_t i = 0; i < g->knowledge->field_count; i++) {
		size_t len = strcspn(fields[i].path, ".");
		struct value first = value_text(fields[i].path, len, 0);
		uint32_t hash = dict_hash_bytes(first.text, len);
		fields[i].own = value_given(dict_get(g->bound, first)) || value_given(registry_global(first, hash)) ||
				value_given(registry_i18n(first, hash, false));
	}
}

static bool gather_field(struct gather *g, const struct tree *node)
{
	struct buf path = BUF_INIT;
	bool whole = add_path(node, &path);

	if (whole)
		add_field(g, arena_strdup(g->arena, buf_str(&path)), node->line);
	buf_clear(&path);
	return whole;
}

/* ---- filters and tests ---- */

static void add_unknown(struct gather *g, const struct tree *node)
{
	struct template_knowledge *k = g->knowledge;
	bool filter = node->kind == TREE_FILTER;

	if (filter ? registry_filter(node->name->text) != NULL : registry_test(node->name->text) != NULL)
		return;
	struct template_unknown *items = grow(g->arena, (void *)k->unknown, k->unknown_count,
					      &g->unknown_room, sizeof *items);
	items[k->unknown_count++] = (struct template_unknown){ node->name->text.text, filter, node->line };
	k->unknown = items;
}

static bool gather_node(const struct tree *node, void *data)
{
	struct gather *g = data;

	switch ((enum tree_kind)node->kind) {
	case TREE_MACRO:
	case TREE_ALIAS:
		add_bound(g, node->name);
		return true;
	case TREE_EXTENDS:
		add_references(g, node, TEMPLATE_EXTENDS);
		return true;
	case TREE_INCLUDE:
		add_references(g, node, TEMPLATE_INCLUDES);
		return true;
	case TREE_IMPORT:
	case TREE_FROM_IMPORT:
		add_bound(g, node->name);
		add_references(g, node, TEMPLATE_IMPORTS);
		return true;
	case TREE_FILTER:
	case TREE_TEST:
		add_unknown(g, node);
		return true;
	case TREE_CALL:
		/* x.items() uses x. */
		if (tree_one(node, CALL_NODE)->kind == TREE_GETATTR) {
			const struct tree *receiver = tree_one(tree_one(node, CALL_NODE), 0);
			if (!gather_field(g, receiver) && gather_node(receiver, g))
				tree_walk(receiver, gather_node, g);
			for (unsigned f = CALL_ARGS; f <= CALL_DYN_KWARGS; f++)
				for (unsigned i = 0; i < node->field[f].count; i++)
					if (gather_node(node->field[f].nodes[i], g))
						tree_walk(node->field[f].nodes[i], gather_node, g);
			return false;
		}
		return true;
	case TREE_NAME:
		if (node->ctx != CTX_LOAD)
			add_bound(g, node->name);
		return !gather_field(g, node);
	case TREE_GETATTR:
	case TREE_GETITEM:
		return !gather_field(g, node);
	default:
		return true;
	}
}

const struct template_knowledge *knowledge_gather(const struct tree *tree, struct arena *arena)
{
	struct gather g = { .arena = arena, .knowledge = arena_alloc(arena, sizeof *g.knowledge) };

	g.bound = dict_new(arena, 0);
	tree_walk(tree, gather_node, &g);
	mark_own(&g);
	return g.knowledge;
}
