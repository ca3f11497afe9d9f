/*
 * code.h - the compiled form of a template
 *
 * What rendering walks: names resolved to slots, attributes to methods and
 * hashes, filters to functions with their arguments in place, constants
 * folded, text joined.  Made once by compile.h, never changed, held by the
 * template's arena.
 *
 * A function is what has variables of its own: a template's root, a block, a
 * macro, a caller's body, a recursive loop, the condition of a loop.  One
 * call of it has a scope with a slot for each; functions within it reach out
 * to it by (how many functions out, slot).
 */
#ifndef POSTRIDER_TEMPLATE_CODE_H
#define POSTRIDER_TEMPLATE_CODE_H

#include "template/values/registry.h"
#include "template/syntax/tree.h"

enum code_op {
	/* expressions */
	CODE_CONST,		/* value */
	CODE_FRESH,		/* value: lists and dicts in it are made anew each time */
	CODE_LOCAL,		/* slot, name: Undefined while MISSING */
	CODE_OUTER,		/* depth, slot, name */
	CODE_CAPTURED,		/* slot: the text of a filter block */
	CODE_TUPLE, CODE_LIST,	/* list */
	CODE_DICT,		/* list: key, value, key, value, ... */
	CODE_ADD, CODE_SUB, CODE_MUL, CODE_DIV, CODE_FLOORDIV, CODE_MOD, CODE_POW, /* a b */
	CODE_AND, CODE_OR,	/* a b */
	CODE_NOT, CODE_NEG, CODE_POS, /* a */
	CODE_CONCAT,		/* list; flag: escape where a part is Markup */
	CODE_COMPARE,		/* list; ops: one fewer, enum compare_op */
	CODE_COND,		/* list: test, then, else or NULL; hint */
	CODE_GETATTR,		/* a, attribute */
	CODE_GETITEM,		/* a b */
	CODE_SLICE,		/* list: value, start, stop, step; NULL for what is left out;
				 * flag: all constant */
	CODE_FILTER, CODE_TEST, CODE_CALL, /* call */
	CODE_MARK_SAFE,		/* a: Markup where output is escaped */
	CODE_DEBUG,
	/* statements */
	CODE_TEXT,		/* value */
	CODE_PRINT,		/* a; flag: enum escape_mode */
	CODE_EXPR,		/* a */
	CODE_UNLESS_PARENT,	/* body: only where nothing has been extended: depth, slot */
	CODE_IF,		/* branches */
	CODE_FOR,		/* loop */
	CODE_SET,		/* target, a */
	CODE_SET_BLOCK,		/* set_block */
	CODE_MACRO,		/* macro */
	CODE_CALL_BLOCK,	/* macro (the caller), a (the call) */
	CODE_FILTER_BLOCK,	/* scoped: body; slot of the text, a (the filter); flag */
	CODE_WITH,		/* with */
	CODE_SCOPE,		/* scoped: body */
	CODE_AUTOESCAPE,	/* a, body */
	CODE_BLOCK,		/* name, flag: enum block_flag, locals */
	CODE_EXTENDS,		/* a */
	CODE_FAIL,		/* value: the message of a TemplateRuntimeError */
	CODE_INCLUDE,		/* import */
	CODE_IMPORT,		/* import */
	CODE_FROM_IMPORT,	/* import */
	CODE_BREAK, CODE_CONTINUE,
};

/* How what is printed is escaped: known when compiled, or not. */
enum escape_mode { ESCAPE_NONE, ESCAPE_HTML, ESCAPE_AT_RUN_TIME };

enum block_flag { CODE_BLOCK_SCOPED = 1, CODE_BLOCK_REQUIRED = 2 };

struct code;

struct body {
	const struct code **items;
	unsigned count;
};

/* Where a variable is: `depth` functions out. */
struct place {
	uint16_t depth;
	uint32_t slot;
};

enum load_kind { LOAD_PARAMETER, LOAD_RESOLVE, LOAD_ALIAS, LOAD_UNDEFINED };

/* What a variable begins with when its scope is entered. */
struct load {
	uint32_t slot;
	enum load_kind kind;
	const struct name *name;	/* of LOAD_RESOLVE */
	struct place from;		/* of LOAD_ALIAS */
};

struct loads {
	const struct load *items;
	unsigned count;
};

struct scoped {
	struct loads loads;
	struct body body;
};

enum target_kind { TARGET_NAME, TARGET_TUPLE, TARGET_NAMESPACE };

struct target {
	enum target_kind kind;
	bool sets_context;		/* a name of the top level */
	bool exports;			/* and shown by the module */
	uint32_t slot;			/* of a name */
	struct place place;		/* of a namespace */
	const struct name *name;
	struct value attribute;		/* of a namespace */
	const struct target **items;	/* of a tuple */
	unsigned count;
};

struct keyword_code {
	struct value name;
	const struct code *value;
};

struct call {
	const struct code *callee;	/* of a filter or test: the value */
	const struct attribute *method;	/* callee.method(...), or NULL */
	const struct callable *callable; /* of a filter or test; NULL: there is none of that name */
	const struct name *name;	/* of a filter or test */
	bool bound;			/* args are the callable's parameters, NULL for its default */
	const struct code **args;
	const struct value *constants;	/* of a bound one: its parameters' values where all are constant, or NULL */
	unsigned count;
	const struct keyword_code *named;
	unsigned named_count;
	const struct code *dyn_args, *dyn_kwargs;
};

struct branch {
	const struct code *test;	/* NULL: else */
	struct body body;
};

struct branches {
	const struct branch *items;
	unsigned count;
};

struct loop_code {
	const struct target *target;
	const struct code *iter;
	struct scoped body, otherwise;
	bool has_else;
	bool extended;			/* somebody looks at `loop` */
	uint32_t loop_slot;
	const struct function *filter;	/* of `if`: its slot 0.. are set by filter_target; or NULL */
	const struct target *filter_target;
	const struct code *filter_test;
	const struct function *recursive; /* its body is this loop with all but `iter`; or NULL */
	enum escape_mode escape;	/* what a recursive call gives: Markup or not */
};

struct with_code {
	const struct target **targets;
	const struct code **values;
	unsigned count;
	struct scoped scoped;
};

struct set_block {
	const struct target *target;
	struct scoped scoped;
	const struct code *filter;	/* over CODE_CAPTURED; or NULL */
	uint32_t slot;
	enum escape_mode escape;	/* of what the filter is given */
};

struct macro_code {
	const struct name *name;	/* NULL: of a call block */
	const struct function *function;
	unsigned count;			/* of parameters */
	const struct name **names;
	const uint32_t *slots;
	const struct code **defaults;	/* NULL: Undefined */
	bool catch_kwargs, catch_varargs, caller, explicit_caller;
	uint32_t kwargs_slot, varargs_slot, caller_slot;
	bool sets_context, exports;
	uint32_t slot;			/* of the macro itself */
};

/* Variables that are handed to an include, import or scoped block. */
struct local {
	const struct name *name;
	struct place place;
};

struct locals {
	const struct local *items;
	unsigned count;
};

struct import_name {
	const struct name *name, *alias;
	uint32_t slot;
	bool sets_context;
};

struct import_code {
	const struct code *template;
	bool select;			/* the template may be a list of names */
	bool ignore_missing, with_context;
	struct locals locals;
	const struct import_name *names; /* of an import: one, with the target's */
	unsigned count;
};

struct code {
	uint8_t op;			/* enum code_op */
	uint8_t flag;
	uint16_t depth;
	uint32_t line;
	uint32_t slot;
	uint32_t count;			/* of list */
	union {
		struct value value;
		struct {
			const struct code *a;
			union {
				const struct code *b;
				const struct attribute *attribute;
				const struct target *target;
				const struct macro_code *caller;
				const struct scoped *filtered;
				const struct body *within;
			};
		};
		struct {
			const struct code **list;
			union {
				const uint8_t *ops;
				const char *hint;
			};
		};
		struct {
			const struct name *name;
			const struct locals *locals;
		};
		const struct call *call;
		const struct body *body;
		const struct branches *branches;
		const struct loop_code *loop;
		const struct set_block *set_block;
		const struct macro_code *macro;
		const struct with_code *with;
		const struct scoped *scoped;
		const struct import_code *import;
	};
};

struct function {
	const struct template *template;
	const struct name *name;	/* of a block or macro */
	struct scoped scoped;
	unsigned slots;
	int64_t self_slot, super_slot;	/* filled when it is called; -1: not used */
	uint32_t parent_slot;		/* of a root with has_extends: the template it extends */
	bool has_extends;
	unsigned line;
};

struct block_code {
	const struct name *name;
	const struct function *function;
};

/* All that is known of a compiled template. */
struct program {
	const struct function *root;
	const struct block_code *blocks;
	unsigned block_count;
};

#endif
