/*
 * eval.h - running code
 *
 * eval.c runs expressions, eval_statement.c statements; loops, macros,
 * blocks and imports have files of their own.
 */
#ifndef POSTRIDER_TEMPLATE_EVAL_H
#define POSTRIDER_TEMPLATE_EVAL_H

#include "template/code.h"
#include "template/values/machine.h"

/* What is more than a constant or a variable of the function. */
struct value eval_operation(struct render *render, struct scope *scope, const struct code *code);

/* A scope may be NULL for constants. */
static inline struct value eval_expression(struct render *render, struct scope *scope,
					   const struct code *code)
{
	if (code->op == CODE_CONST)
		return code->value;
	if (code->op == CODE_LOCAL && value_given(scope->slots[code->slot]))
		return scope->slots[code->slot];
	return eval_operation(render, scope, code);
}

/* How a body ended. */
enum eval_end { EVAL_ERROR = -1, EVAL_DONE, EVAL_BREAK, EVAL_CONTINUE };

enum eval_end eval_body(struct render *render, struct scope *scope, const struct body *body);

/* The variables of a scope that begins or ends within a function. */
void eval_enter(struct render *render, struct scope *scope, const struct loads *loads);
void eval_leave(struct scope *scope, const struct loads *loads);
enum eval_end eval_scoped(struct render *render, struct scope *scope, const struct scoped *scoped);

struct scope *scope_new(struct render *render, struct scope *outer, struct context *context,
			const struct function *function);

/* Gives a target its value; 0 or -1. */
int eval_assign(struct render *render, struct scope *scope, const struct target *target,
		struct value value);

struct value eval_call(struct render *render, struct scope *scope, const struct call *call,
		       struct value caller);

/* Prints the result of a macro where it is made, uncopied: 1; 0 when it is not
 * a plain call of a macro and nothing was done; -1. */
int eval_print_call(struct render *render, struct scope *scope, const struct call *call);

/* Runs another function's code: remembers what was running and counts the
 * depth.  Between the two, render->context, template and line are the
 * function's. */
struct running {
	struct context *context;
	const struct template *template;
	unsigned line;
};

int eval_begin(struct render *render, struct running *before, struct context *context,
	       const struct template *template);
void eval_end(struct render *render, const struct running *before);

/* ---- statements with files of their own; 0 or -1 ---- */

/* for (loop.c) */
int eval_for(struct render *render, struct scope *scope, const struct code *code);

/* macros (macro.c) */
struct value macro_new(struct render *render, struct scope *scope, const struct macro_code *code);
int eval_macro(struct render *render, struct scope *scope, const struct macro_code *code);
bool value_is_macro(struct value v);
/* Calls one and adds what it prints to the output, as it is; 0 or -1. */
int macro_print_call(struct render *render, struct value macro, struct arguments arguments);

/* blocks and parents (block.c) */
int eval_root(struct render *render, struct context *context, const struct template *template);
int eval_block(struct render *render, struct scope *scope, const struct code *code);
int eval_extends(struct render *render, struct scope *scope, const struct code *code);
bool scope_has_parent(const struct scope *scope, uint32_t slot);

/* What {% debug %} prints (debug.c). */
struct value debug_text(struct render *render, const struct context *context);

/* include, import (import.c) */
int eval_include(struct render *render, struct scope *scope, const struct import_code *import);
int eval_import(struct render *render, struct scope *scope, const struct code *code);
/* Variables handed to another template, those bound; a new dict or NULL. */
struct dict *eval_locals(struct render *render, struct scope *scope, const struct locals *locals);

#endif
