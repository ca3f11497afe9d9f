/*
 * symbols.h - which variable a name means
 *
 * Follows Jinja2's own analysis: a scope's names are found before its code is
 * made, so that `set` somewhere in a scope makes the name a variable of that
 * scope from its beginning.
 */
#ifndef POSTRIDER_TEMPLATE_SYMBOLS_H
#define POSTRIDER_TEMPLATE_SYMBOLS_H

#include "template/code.h"

/* A function that is being compiled. */
struct function_build {
	struct function_build *outer;
	struct dict *slots;		/* (level, name): slot */
	unsigned count;
};

struct symbol {
	const struct name *name;
	bool stored;
	enum load_kind load;
	struct symbols *alias;		/* of LOAD_ALIAS: whose variable it begins as */
};

struct symbols {
	struct arena *arena;
	struct symbols *parent;		/* the scope around it */
	struct symbols *base;		/* of a branch that is being looked at: the scope itself */
	struct function_build *function;
	unsigned level;
	struct symbol *items;
	unsigned count, room;
	struct dict *index;		/* name: place in items */
};

struct symbols *symbols_new(struct arena *arena, struct symbols *parent, struct function_build *function,
			    unsigned level);

/* Looks through a node as the scope's own: what RootVisitor does. */
enum for_branch { FOR_BRANCH_BODY, FOR_BRANCH_ELSE, FOR_BRANCH_TEST };
void symbols_analyze(struct symbols *symbols, const struct tree *node, enum for_branch branch);

void symbols_declare_parameter(struct symbols *symbols, const struct name *name);

/* The scope whose variable the name is; NULL when nobody has asked for it. */
struct symbols *symbols_find(struct symbols *symbols, const struct name *name);

/* The variable's slot in the function of `owner`. */
uint32_t symbols_slot(struct symbols *owner, const struct name *name);

/* Calls `each` for every name that this scope and those around it store. */
void symbols_each_store(struct symbols *symbols,
			void (*each)(const struct name *name, void *data), void *data);

#endif
