/*
 * lexer_tokens.h - what the two halves of the lexer share
 *
 * lexer.c cuts a template into text and tags, lexer_tokens.c reads what is
 * inside a tag.
 */
#ifndef POSTRIDER_TEMPLATE_LEXER_TOKENS_H
#define POSTRIDER_TEMPLATE_LEXER_TOKENS_H

#include "template/syntax/lexer.h"

/* Sets the error at the present line; returns -1. */
__attribute__((format(printf, 2, 3)))
int lexer_fail(struct lexer *lexer, const char *format, ...);

/* The end of white space that begins at `at`, as Python's \s sees it. */
size_t lexer_skip_space(const struct lexer *lexer, size_t at);

/* The number of newlines in [from, to). */
unsigned lexer_newlines(const struct lexer *lexer, size_t from, size_t to);

/* "\n" made into the configured sequence. */
struct span lexer_normalize(struct lexer *lexer, struct span text);

/*
 * Reads the number, name, string or operator at lexer->pos, which is not
 * white space nor the end.  1, or 0 when it is no token, or -1.
 */
int lexer_read_token(struct lexer *lexer, struct token *token);

#endif
