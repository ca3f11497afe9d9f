/*
 * compile.h - a tree into code
 *
 * compile.c makes functions and what they share, compile_statement.c and
 * compile_block.c the statements, compile_expression.c expressions, folding
 * what is constant.
 */
#ifndef POSTRIDER_TEMPLATE_COMPILE_H
#define POSTRIDER_TEMPLATE_COMPILE_H

#include "template/code.h"
#include "template/syntax/parser.h"
#include "template/symbols.h"

/*
 * Compiles a tree for `template`, whose arena takes the code.  NULL and the
 * fault with its line in `error`.
 */
const struct program *compile_template(const struct template *template, const struct tree *tree,
				       struct names *names, struct arena *arena,
				       struct arena *scratch, bool autoescape, struct error *error);

/* ---- between the compiler's files ---- */

struct compile {
	const struct template *template;
	const char *template_name;
	struct names *names;
	struct arena *arena, *scratch;
	struct error *error;
	/* Whether output is escaped here; with `is_volatile` only running it tells. */
	bool autoescape, is_volatile;
	bool printing;			/* in what is printed, which is folded even when volatile */
	bool known_extends;		/* an {% extends %} that is surely reached */
	unsigned extends_so_far;
	bool stop;			/* the rest of this body is never reached */
	bool in_loop;			/* {% break %} and {% continue %} have one to end */
	uint32_t parent_slot;
	struct buf fold_out;
};

/* The scope that is being compiled: Jinja2's Frame. */
struct frame {
	struct symbols *symbols;
	bool require_output_check, toplevel, rootlevel, soft;
	bool has_capture;
	uint32_t capture_slot;		/* of the text that a filter block's filter is given */
};

__attribute__((format(printf, 3, 4)))
int compile_fail(struct compile *c, unsigned line, const char *format, ...);

struct code *code_new(struct compile *c, enum code_op op, unsigned line);
void *code_alloc(struct compile *c, size_t size);

/* A frame within another; with its own function for `function` not NULL. */
struct frame frame_inner(struct compile *c, const struct frame *outer, struct function_build *function);
struct frame frame_soft(const struct frame *frame);
struct function_build *function_build_new(struct compile *c, struct function_build *outer);
uint32_t function_build_slot(struct function_build *function);

/* The variables that begin in a frame; call it when its code is complete. */
struct loads compile_loads(struct compile *c, const struct frame *frame);
int compile_place(struct compile *c, const struct frame *frame, const struct name *name,
		  unsigned line, struct place *place);
struct locals compile_locals(struct compile *c, const struct frame *frame);

int compile_body(struct compile *c, const struct frame *frame, const struct tree_list *nodes,
		 struct body *body);

const struct code *compile_expression(struct compile *c, const struct frame *frame, const struct tree *node);
const struct code *compile_target_nsref(struct compile *c, const struct frame *frame, const struct tree *node);
const struct target *compile_target(struct compile *c, const struct frame *frame, const struct tree *node);
const struct code *compile_call(struct compile *c, const struct frame *frame, const struct tree *node);
/* No name of a call's arguments, nor `further` (or MISSING), may stand twice; 0 or -1. */
int compile_check_keywords(struct compile *c, const struct call *call, struct value further, unsigned line);
bool compile_is_constant(const struct code *code);
/* The printed text of a constant, or MISSING when it has to be evaluated. */
struct value compile_constant_output(struct compile *c, const struct code *code);

/* A statement may become several codes, which are added to the list. */
struct code_list {
	const struct code **items;
	unsigned count, room;
};

void code_list_add(struct compile *c, struct code_list *list, const struct code *code);
int compile_statement(struct compile *c, const struct frame *frame, const struct tree *node,
		      struct code_list *out);
int compile_output(struct compile *c, const struct frame *frame, const struct tree *node,
		   struct code_list *out);
int compile_for(struct compile *c, const struct frame *frame, const struct tree *node, struct code *code);
int compile_macro(struct compile *c, const struct frame *frame, const struct tree *node, struct code *code);
int compile_call_block(struct compile *c, const struct frame *frame, const struct tree *node, struct code *code);
int compile_block(struct compile *c, const struct frame *frame, const struct tree *node, struct code_list *out);
int compile_extends(struct compile *c, const struct frame *frame, const struct tree *node, struct code_list *out);
int compile_import(struct compile *c, const struct frame *frame, const struct tree *node, struct code *code);

enum escape_mode compile_escape(const struct compile *c);

#endif
