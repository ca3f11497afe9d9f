/*
 * machine.h - what the engine's own files share of a rendering
 *
 * Natives need render.h and ops.h only.
 */
#ifndef POSTRIDER_TEMPLATE_MACHINE_H
#define POSTRIDER_TEMPLATE_MACHINE_H

#include "template/values/native.h"

struct function;
struct name;
struct template;

/* Whether output is escaped; one for a template's contexts (EvalContext). */
struct eval_context {
	bool autoescape;
};

/* The blocks of one name: the child's first, then its parents'. */
struct block_list {
	const struct name *name;
	const struct function **functions;
	unsigned count, room;
	struct block_list *next;
};

/*
 * The variables of a running template.  Lookups go through `vars` (set at the
 * top level), `own` (given to it), the context it was included from, and the
 * globals.
 */
struct context {
	struct dict *vars, *own;	/* NULL while empty */
	const struct context *outer;	/* of an include or a scoped block */
	struct dict *exported;		/* names that a module shows; NULL while empty */
	struct eval_context *eval;
	struct block_list *blocks;
	const struct template *template;
};

/* The variables of one call of a function; what is defined inside sees them. */
struct scope {
	struct scope *outer;
	struct context *context;
	const struct function *function;
	struct value slots[];
};

/* A variable of the context, a global, or MISSING. */
struct value context_resolve(struct render *render, const struct context *context,
			     struct value name, uint32_t hash);

/* A context for a template with its blocks, empty but for `own` (or NULL). */
struct context *context_new(struct render *render, const struct template *template, struct dict *own,
			    const struct context *outer);

/* A variable of the top level. */
void context_set(struct render *render, struct context *context, const struct name *name,
		 struct value value, bool exports);

/* What is set now, in a dict that later changes do not reach. */
struct dict *context_snapshot(struct render *render, const struct context *context);

/* The functions of a block; NULL when there is none of that name. */
struct block_list *context_block(const struct context *context, struct value name);
void context_add_blocks(struct render *render, struct context *context, const struct template *template);

/* The stack guard: 0, or -1 and "maximum recursion depth exceeded". */
int render_enter(struct render *render);
void render_leave(struct render *render);

/* For recursion on data: the same, by the stack alone. */
int render_descend(struct render *render);

/* The template whose code is running, for messages. */
const char *render_template_name(const struct render *render);

#endif
