/*
 * tree.h - a template as it was parsed
 *
 * Nodes are all alike: up to five fields, each a list of nodes in reading
 * order.  So what looks for names or blocks goes through any node without
 * knowing it; parser and compiler name the fields by the enums below.  A tree
 * lives in an arena that is cleared once the template is compiled.
 */
#ifndef POSTRIDER_TEMPLATE_TREE_H
#define POSTRIDER_TEMPLATE_TREE_H

#include "template/values/value.h"

/* A name of the template: one struct for equal names of one template. */
struct name {
	struct value text;	/* a string in the template's arena */
	uint32_t hash;
	struct name *next;	/* in the table of names */
};

/* The fields of each kind, in Jinja2's order, stand beside it. */
enum tree_kind {
	/* statements */
	TREE_TEMPLATE,		/* body */
	TREE_OUTPUT,		/* nodes */
	TREE_EXTENDS,		/* template */
	TREE_FOR,		/* target iter body else test; TREE_RECURSIVE */
	TREE_IF,		/* test body elif else */
	TREE_MACRO,		/* args defaults body; name */
	TREE_CALL_BLOCK,	/* call args defaults body */
	TREE_FILTER_BLOCK,	/* body filter */
	TREE_WITH,		/* targets values body */
	TREE_BLOCK,		/* body; name, TREE_SCOPED, TREE_REQUIRED */
	TREE_INCLUDE,		/* template; TREE_WITH_CONTEXT, TREE_IGNORE_MISSING */
	TREE_IMPORT,		/* template target; TREE_WITH_CONTEXT */
	TREE_FROM_IMPORT,	/* template names; TREE_WITH_CONTEXT */
	TREE_ASSIGN,		/* target node */
	TREE_ASSIGN_BLOCK,	/* target filter body */
	TREE_EXPR_STMT,		/* node */
	TREE_BREAK,
	TREE_CONTINUE,
	TREE_SCOPE,		/* body */
	TREE_AUTOESCAPE,	/* option body (ScopedEvalContextModifier) */
	/* expressions */
	TREE_NAME,		/* name, ctx */
	TREE_NSREF,		/* name, and the attribute in value */
	TREE_CONST,		/* value */
	TREE_DATA,		/* value */
	TREE_TUPLE,		/* items */
	TREE_LIST,		/* items */
	TREE_DICT,		/* items (pairs) */
	TREE_PAIR,		/* key value */
	TREE_KEYWORD,		/* value; name */
	TREE_COND,		/* test expr1 expr2 */
	TREE_FILTER,		/* node args kwargs dyn_args dyn_kwargs; name */
	TREE_TEST,		/* likewise */
	TREE_CALL,		/* likewise, without name */
	TREE_GETITEM,		/* node arg */
	TREE_GETATTR,		/* node; name */
	TREE_SLICE,		/* start stop step */
	TREE_CONCAT,		/* nodes */
	TREE_COMPARE,		/* expr ops */
	TREE_OPERAND,		/* expr; op in value */
	TREE_ADD, TREE_SUB, TREE_MUL, TREE_DIV, TREE_FLOORDIV, TREE_MOD, TREE_POW, /* left right */
	TREE_AND, TREE_OR,	/* left right */
	TREE_NOT, TREE_NEG, TREE_POS, /* node */
	TREE_MARK_SAFE,		/* node (MarkSafeIfAutoescape) */
	TREE_DEBUG,		/* what {% debug %} prints */
	/* an imported name and its alias, both in value and name */
	TREE_ALIAS,
};

enum { OUTPUT_NODES };
enum { EXTENDS_TEMPLATE };
enum { FOR_TARGET, FOR_ITER, FOR_BODY, FOR_ELSE, FOR_TEST };
enum { IF_TEST, IF_BODY, IF_ELIF, IF_ELSE };
enum { MACRO_ARGS, MACRO_DEFAULTS, MACRO_BODY };
enum { CALL_BLOCK_CALL, CALL_BLOCK_ARGS, CALL_BLOCK_DEFAULTS, CALL_BLOCK_BODY };
enum { FILTER_BLOCK_BODY, FILTER_BLOCK_FILTER };
enum { WITH_TARGETS, WITH_VALUES, WITH_BODY };
enum { BLOCK_BODY };
enum { IMPORT_TEMPLATE, IMPORT_NAMES };
enum { ASSIGN_TARGET, ASSIGN_NODE, ASSIGN_BLOCK_FILTER = ASSIGN_NODE, ASSIGN_BLOCK_BODY };
enum { AUTOESCAPE_OPTION, AUTOESCAPE_BODY };
enum { COND_TEST, COND_THEN, COND_ELSE };
enum { CALL_NODE, CALL_ARGS, CALL_KWARGS, CALL_DYN_ARGS, CALL_DYN_KWARGS };
enum { GETITEM_NODE, GETITEM_ARG };
enum { SLICE_START, SLICE_STOP, SLICE_STEP };
enum { COMPARE_EXPR, COMPARE_OPS };
enum { LEFT, RIGHT };
enum { TREE_FIELDS = 5 };

enum {
	TREE_RECURSIVE = 1,
	TREE_SCOPED = 1,
	TREE_REQUIRED = 2,
	TREE_WITH_CONTEXT = 1,
	TREE_IGNORE_MISSING = 2,
};

enum name_ctx { CTX_LOAD, CTX_STORE, CTX_PARAM };

struct tree_list {
	struct tree **nodes;
	unsigned count, room;
};

struct tree {
	uint8_t kind;		/* enum tree_kind */
	uint8_t flags;
	uint8_t ctx;		/* enum name_ctx */
	uint8_t op;		/* of an operand: enum compare_op */
	uint16_t depth;		/* of nodes below it */
	unsigned line;
	const struct name *name;
	struct value value;
	struct tree_list field[TREE_FIELDS];
};

enum compare_op { COMPARE_EQ, COMPARE_NE, COMPARE_LT, COMPARE_LTEQ, COMPARE_GT, COMPARE_GTEQ,
		  COMPARE_IN, COMPARE_NOTIN };

/* The only node of a field, or NULL. */
static inline struct tree *tree_one(const struct tree *tree, unsigned field)
{
	return tree->field[field].count ? tree->field[field].nodes[0] : NULL;
}

/* Jinja2's name of the class in lower case, as it stands in messages. */
const char *tree_kind_name(const struct tree *tree);

/* Calls `visit` for every node below, depth first in reading order, until it
 * gives false for "go no deeper here". */
void tree_walk(const struct tree *tree, bool (*visit)(const struct tree *node, void *data), void *data);

/*
 * Which of up to 8 names (a NULL-ended list) are loaded in these nodes before
 * they are stored there, blocks left aside: a bit for each.
 */
unsigned tree_find_undeclared(const struct tree_list *nodes, const char *const names[]);

#endif
