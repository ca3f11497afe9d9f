/*
 * parser.h - tokens into a tree, by Jinja2's grammar
 *
 * parser.c holds the tokens and what every part needs, parser_statement.c the
 * tags, parser_expression.c the operators, calls and filters, parser_primary.c
 * what they stand between, parser_trans.c {% trans %}.
 */
#ifndef POSTRIDER_TEMPLATE_PARSER_H
#define POSTRIDER_TEMPLATE_PARSER_H

#include "template/syntax/lexer.h"
#include "template/syntax/tree.h"

struct grammar {
	struct syntax syntax;
	bool ext_do, ext_loopcontrols, ext_i18n, ext_debug;
	bool newstyle_gettext, trimmed;
};

enum { NAME_BUCKETS = 256 };

struct names {
	struct arena *arena;	/* of the template: names outlive the tree */
	struct name *buckets[NAME_BUCKETS];
};

/* The one struct for this name; its text is copied. */
const struct name *names_intern(struct names *names, struct span text);

/*
 * Parses a template.  The tree lives in `scratch`, names and constants in the
 * arena of `names`.  NULL and the fault, with its line, in `error`.
 */
struct tree *parser_parse(const struct grammar *grammar, struct span source, struct names *names,
			  struct arena *scratch, struct error *error);

/* ---- between the parser's files ---- */

enum { PARSER_MAX_DEPTH = 150, PARSER_MAX_TAGS = 64 };

struct end_tags {
	const char *const *tags;	/* names that end a body; NULL-ended */
};

struct parser {
	const struct grammar *grammar;
	struct lexer lexer;
	struct names *names;
	struct arena *scratch;
	struct error *error;
	struct token current, ahead;
	bool has_ahead;
	unsigned depth;		/* of the parser's own recursion */
	struct span tags[PARSER_MAX_TAGS];	/* open tags, for messages */
	unsigned tag_count;
	struct end_tags ends[PARSER_MAX_TAGS];	/* what the open bodies wait for */
	unsigned end_count;
};

/* All return NULL or -1 once a fault is described. */
__attribute__((format(printf, 3, 4)))
int parser_fail(struct parser *parser, unsigned line, const char *format, ...);
int parser_next(struct parser *parser);			/* one token further */
const struct token *parser_look(struct parser *parser);	/* the one after the current */
bool parser_at_name(const struct parser *parser, const char *name);
int parser_skip_name(struct parser *parser, const char *name);	/* 1 skipped, 0 not there */
int parser_skip_kind(struct parser *parser, enum token_kind kind);
int parser_expect(struct parser *parser, enum token_kind kind, struct token *token);
int parser_expect_name(struct parser *parser, const char *name);
struct span parser_describe(const struct token *token);	/* as Jinja2 says it */
int parser_enter(struct parser *parser);		/* guards the depth */
void parser_leave(struct parser *parser);

struct tree *tree_new(struct parser *parser, enum tree_kind kind, unsigned line);
struct tree *tree_name_new(struct parser *parser, struct span name, enum name_ctx ctx, unsigned line);
struct tree *tree_text_new(struct parser *parser, enum tree_kind kind, struct span text, unsigned line);
struct tree *tree_const(struct parser *parser, struct value value, unsigned line);
/* Nodes with two fields, or one, of one child each; NULL for a NULL child. */
struct tree *tree_pair(struct parser *parser, enum tree_kind kind, unsigned line,
		       struct tree *left, struct tree *right);
struct tree *tree_single(struct parser *parser, enum tree_kind kind, unsigned line, struct tree *child);
/* The message with the token, as Jinja2 says it, behind it. */
int parser_fail_describing(struct parser *parser, unsigned line, const char *before,
			   const struct token *token);
/* A NULL child adds nothing.  -1 when the tree gets too deep. */
int tree_add(struct parser *parser, struct tree *tree, unsigned field, struct tree *child);

/* Statements until one of the tags, which is then the current token, or is
 * skipped too.  They become a field of `tree`. */
int parse_body(struct parser *parser, struct tree *tree, unsigned field, const char *const ends[],
	       bool drop_needle);
int parser_fail_unknown_tag(struct parser *parser);	/* the current token */
int parse_statement(struct parser *parser, struct tree *into, unsigned field);
int parse_trans(struct parser *parser, struct tree *into, unsigned field);

enum tuple_mode { TUPLE_FULL, TUPLE_NO_COND, TUPLE_SIMPLE, TUPLE_PARENTHESES };

struct tree *parse_expression(struct parser *parser, bool with_cond);
struct tree *parse_tuple(struct parser *parser, enum tuple_mode mode);
struct tree *parse_primary(struct parser *parser);
/* Filters behind `node` (NULL: of a block); `inline_start`: the first without a "|". */
struct tree *parse_filter(struct parser *parser, struct tree *node, bool inline_start, bool *none);
struct tree *parse_target(struct parser *parser, bool with_namespace);
struct tree *parse_target_name(struct parser *parser);

#endif
