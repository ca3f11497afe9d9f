/*
 * lexer.h - template text into tokens, one at a time
 *
 * Tokens are made when the parser asks for them, so that of several faults in
 * a template the first in reading order is the one reported.  The text of a
 * token lives as long as the arena.
 */
#ifndef POSTRIDER_TEMPLATE_LEXER_H
#define POSTRIDER_TEMPLATE_LEXER_H

#include "base/error.h"
#include "template/values/value.h"

enum token_kind {
	TOKEN_EOF,
	TOKEN_DATA,
	TOKEN_VARIABLE_BEGIN, TOKEN_VARIABLE_END,
	TOKEN_BLOCK_BEGIN, TOKEN_BLOCK_END,
	TOKEN_NAME, TOKEN_STRING, TOKEN_INTEGER, TOKEN_FLOAT,
	TOKEN_ADD, TOKEN_SUB, TOKEN_DIV, TOKEN_FLOORDIV, TOKEN_MUL, TOKEN_MOD, TOKEN_POW,
	TOKEN_TILDE, TOKEN_LBRACKET, TOKEN_RBRACKET, TOKEN_LPAREN, TOKEN_RPAREN,
	TOKEN_LBRACE, TOKEN_RBRACE, TOKEN_EQ, TOKEN_NE, TOKEN_GT, TOKEN_GTEQ, TOKEN_LT,
	TOKEN_LTEQ, TOKEN_ASSIGN, TOKEN_DOT, TOKEN_COLON, TOKEN_PIPE, TOKEN_COMMA,
	TOKEN_SEMICOLON,
};

struct token {
	enum token_kind kind;
	unsigned line;
	struct span text;	/* of data, a name, a string (unescaped) */
	struct value number;	/* of an integer or float */
};

/* How templates are written.  All strings are borrowed. */
struct syntax {
	const char *block_start, *block_end;
	const char *variable_start, *variable_end;
	const char *comment_start, *comment_end;
	const char *line_statement, *line_comment;	/* prefixes, or NULL */
	bool trim_blocks, lstrip_blocks, keep_trailing_newline;
	const char *newline_sequence;
};

enum lexer_state {
	LEX_ROOT, LEX_COMMENT, LEX_RAW, LEX_BLOCK, LEX_VARIABLE, LEX_LINE_STATEMENT, LEX_LINE_COMMENT,
};

enum { LEXER_MAX_BRACKETS = 256 };

struct lexer {
	const struct syntax *syntax;
	struct arena *arena;	/* of the tokens' texts */
	struct arena *keep;	/* of numbers beyond 64 bits */
	struct error *error;	/* text and line of the fault */
	const char *source;	/* newlines normalised */
	size_t len, pos;
	unsigned line;
	enum lexer_state state;
	bool line_starting;	/* the last match ended with a newline */
	bool newlines;		/* newline_sequence is not "\n" */
	bool may_start[256];	/* bytes that a tag may begin with */
	char brackets[LEXER_MAX_BRACKETS];	/* the closing ones that are expected */
	unsigned open;
	unsigned last_line;	/* of the token given last */
	struct token pending;	/* a tag's begin, behind the text before it */
	bool has_pending;
};

void lexer_init(struct lexer *lexer, const struct syntax *syntax, struct arena *arena,
		struct arena *keep, struct span source, struct error *error);

/* 0, or -1 and the fault with its line. */
int lexer_next(struct lexer *lexer, struct token *token);

/* "begin of statement block": how Jinja2 names a kind of token in messages. */
const char *token_describe_kind(enum token_kind kind);

#endif
