/* lexer_tokens.c - names, numbers, strings and operators inside a tag. */
#include "template/syntax/lexer_tokens.h"

#include <stdlib.h>

#include "base/arena.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

static const struct {
	const char *text;
	enum token_kind kind;
} operators[] = {
	/* Longer ones first. */
	{ "//", TOKEN_FLOORDIV }, { "**", TOKEN_POW }, { "==", TOKEN_EQ }, { "!=", TOKEN_NE },
	{ ">=", TOKEN_GTEQ }, { "<=", TOKEN_LTEQ },
	{ "+", TOKEN_ADD }, { "-", TOKEN_SUB }, { "/", TOKEN_DIV }, { "*", TOKEN_MUL },
	{ "%", TOKEN_MOD }, { "~", TOKEN_TILDE }, { "[", TOKEN_LBRACKET }, { "]", TOKEN_RBRACKET },
	{ "(", TOKEN_LPAREN }, { ")", TOKEN_RPAREN }, { "{", TOKEN_LBRACE }, { "}", TOKEN_RBRACE },
	{ ">", TOKEN_GT }, { "<", TOKEN_LT }, { "=", TOKEN_ASSIGN }, { ".", TOKEN_DOT },
	{ ":", TOKEN_COLON }, { "|", TOKEN_PIPE }, { ",", TOKEN_COMMA }, { ";", TOKEN_SEMICOLON },
};

const char *token_describe_kind(enum token_kind kind)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
		if (operators[i].kind == kind)
			return operators[i].text;
	switch (kind) {
	case TOKEN_BLOCK_BEGIN:
		return "begin of statement block";
	case TOKEN_BLOCK_END:
		return "end of statement block";
	case TOKEN_VARIABLE_BEGIN:
		return "begin of print statement";
	case TOKEN_VARIABLE_END:
		return "end of print statement";
	case TOKEN_DATA:
		return "template data / text";
	case TOKEN_EOF:
		return "end of template";
	case TOKEN_NAME:
		return "name";
	case TOKEN_STRING:
		return "string";
	case TOKEN_INTEGER:
		return "integer";
	default:
		return "float";
	}
}

/* ---- numbers ---- */

static char char_at(const struct lexer *lexer, size_t at)
{
	return at < lexer->len ? lexer->source[at] : '\0';
}

static bool is_digit(char c, unsigned base)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0') < base;
	c |= 32;
	return base == 16 && c >= 'a' && c <= 'f';
}

/* The end of digits with single underscores between them; `at` for none. */
static size_t skip_digits(const struct lexer *lexer, size_t at, unsigned base, bool underscore_first)
{
	size_t end = at;

	for (;;) {
		size_t p = end;
		if (char_at(lexer, p) == '_' && (underscore_first || p > at))
			p++;
		if (!is_digit(char_at(lexer, p), base))
			return end;
		end = p + 1;
	}
}

static size_t skip_exponent(const struct lexer *lexer, size_t at)
{
	if ((char_at(lexer, at) | 32) != 'e')
		return at;
	size_t p = at + 1;
	if (char_at(lexer, p) == '+' || char_at(lexer, p) == '-')
		p++;
	size_t end = skip_digits(lexer, p, 10, false);
	return end > p ? end : at;
}

/* The end of a float at the present place, or 0. */
static size_t match_float(const struct lexer *lexer)
{
	size_t at = lexer->pos;

	if (at && lexer->source[at - 1] == '.')
		return 0;
	size_t whole = skip_digits(lexer, at, 10, false);
	if (whole == at)
		return 0;
	size_t fraction = whole;
	if (char_at(lexer, whole) == '.') {
		fraction = skip_digits(lexer, whole + 1, 10, false);
		if (fraction == whole + 1)
			fraction = whole;
	}
	size_t end = skip_exponent(lexer, fraction);
	return end > whole ? end : 0;
}

/* The end of an integer; 0 when there is none. */
static size_t match_integer(const struct lexer *lexer)
{
	size_t at = lexer->pos, end;
	char second = (char)(char_at(lexer, at + 1) | 32);
	unsigned base = second == 'b' ? 2 : second == 'o' ? 8 : second == 'x' ? 16 : 0;

	if (!is_digit(char_at(lexer, at), 10))
		return 0;
	if (char_at(lexer, at) != '0')
		return skip_digits(lexer, at, 10, false);
	if (base && (end = skip_digits(lexer, at + 2, base, true)) > at + 2)
		return end;
	return skip_digits(lexer, at, 1, false);
}

/* Without underscores, as a C string. */
static char *plain_digits(struct lexer *lexer, size_t end)
{
	char *text = arena_alloc_raw(lexer->arena, end - lexer->pos + 1), *out = text;

	for (size_t i = lexer->pos; i < end; i++)
		if (lexer->source[i] != '_')
			*out++ = lexer->source[i];
	*out = '\0';
	return text;
}

static int read_number(struct lexer *lexer, struct token *token)
{
	struct error error = ERROR_INIT;
	struct pyint number;
	size_t end = match_float(lexer);

	if (end) {
		token->kind = TOKEN_FLOAT;
		token->number = value_float(strtod(plain_digits(lexer, end), NULL));
		lexer->pos = end;
		return 1;
	}
	end = match_integer(lexer);
	if (!end)
		return 0;
	token->kind = TOKEN_INTEGER;
	if (pyint_parse(lexer->keep, span_of(plain_digits(lexer, end)), 0, &number, &error) < 0) {
		lexer_fail(lexer, "%s", error.text);
		error_clear(&error);
		return -1;
	}
	token->number = value_pyint(number);
	lexer->pos = end;
	return 1;
}

/* ---- names ---- */

static int read_name(struct lexer *lexer, struct token *token)
{
	struct span source = { lexer->source, lexer->len };
	size_t end = lexer->pos;
	bool identifier = true;

	while (end < lexer->len) {
		size_t next = end;
		uint32_t c = utf8_next(source, &next);
		unsigned flags = uni_flags(c);
		if (!uni_is_word(c) && !(flags & UNI_ID_CONTINUE))
			break;
		if (c != '_' && !(flags & (end == lexer->pos ? UNI_ID_START : UNI_ID_CONTINUE)))
			identifier = false;
		end = next;
	}
	if (end == lexer->pos)
		return 0;
	if (!identifier)
		return lexer_fail(lexer, "Invalid character in identifier");
	token->kind = TOKEN_NAME;
	token->text = span_cut(source, lexer->pos, end);
	lexer->pos = end;
	return 1;
}

/* ---- strings ---- */

/* The offset behind the closing quote, or 0. */
static size_t match_string(const struct lexer *lexer)
{
	char quote = lexer->source[lexer->pos];

	for (size_t at = lexer->pos + 1; at < lexer->len; at++) {
		if (lexer->source[at] == '\\')
			at++;
		else if (lexer->source[at] == quote)
			return at + 1;
	}
	return 0;
}

static int hex_digits(struct span text, size_t at, unsigned count, uint32_t *code)
{
	*code = 0;
	for (unsigned i = 0; i < count; i++) {
		char c = at + i < text.len ? text.at[at + i] : '\0';
		if (!is_digit(c, 16))
			return -1;
		*code = *code * 16 + (uint32_t)(c <= '9' ? c - '0' : (c | 32) - 'a' + 10);
	}
	return 0;
}

static int add_code(struct lexer *lexer, uint32_t code, struct buf *out)
{
	if (code > 0x10ffff)
		return lexer_fail(lexer, "illegal Unicode character");
	if (code >= 0xd800 && code <= 0xdfff)
		return lexer_fail(lexer, "surrogates are not allowed in a string");
	utf8_add(code, out);
	return 0;
}

static int add_hex(struct lexer *lexer, struct span text, size_t *at, struct buf *out)
{
	char kind = text.at[*at - 1];
	unsigned count = kind == 'x' ? 2 : kind == 'u' ? 4 : 8;
	uint32_t code;

	if (hex_digits(text, *at, count, &code) < 0)
		return lexer_fail(lexer, "truncated \\%c%.*s escape", kind, (int)count, "XXXXXXXX");
	*at += count;
	return add_code(lexer, code, out);
}

static int add_octal(struct lexer *lexer, struct span text, size_t *at, struct buf *out)
{
	uint32_t code = 0;

	--*at;
	for (unsigned i = 0; i < 3 && *at < text.len && is_digit(text.at[*at], 8); i++)
		code = code * 8 + (uint32_t)(text.at[(*at)++] - '0');
	return add_code(lexer, code, out);
}

/* A backslash before what is no escape stays; before a code point that is not
 * ASCII Python has already written that one as an escape of its own. */
static void add_unknown(struct span text, size_t *at, struct buf *out)
{
	size_t next = *at - 1;
	uint32_t code = utf8_next(text, &next);

	buf_putc(out, '\\');
	if (code < 128)
		buf_putc(out, (char)code);
	else
		buf_printf(out, code < 256 ? "x%02x" : code < 65536 ? "u%04x" : "U%08x", code);
	*at = next;
}

static int add_escape(struct lexer *lexer, struct span text, size_t *at, struct buf *out)
{
	static const char letters[] = "\\'\"abfnrtv", meanings[] = "\\'\"\a\b\f\n\r\t\v";
	char c = text.at[(*at)++];
	const char *letter = c ? strchr(letters, c) : NULL;

	if (letter)
		buf_putc(out, meanings[letter - letters]);
	else if (c == 'x' || c == 'u' || c == 'U')
		return add_hex(lexer, text, at, out);
	else if (is_digit(c, 8))
		return add_octal(lexer, text, at, out);
	else if (c == 'N')
		return lexer_fail(lexer, *at < text.len && text.at[*at] == '{'
				  ? "unknown Unicode character name" : "malformed \\N character escape");
	else if (c != '\n')
		add_unknown(text, at, out);
	return 0;
}

static int unescape(struct lexer *lexer, struct span text, struct buf *out)
{
	for (size_t at = 0; at < text.len;) {
		if (text.at[at] != '\\') {
			buf_putc(out, text.at[at++]);
			continue;
		}
		if (++at == text.len)
			return lexer_fail(lexer, "\\ at end of string");
		if (add_escape(lexer, text, &at, out) < 0)
			return -1;
	}
	return 0;
}

static int read_string(struct lexer *lexer, struct token *token)
{
	size_t end = match_string(lexer);
	struct buf out = BUF_INIT;

	if (!end)
		return 0;
	struct span text = { lexer->source + lexer->pos + 1, end - lexer->pos - 2 };
	text = lexer_normalize(lexer, text);
	token->kind = TOKEN_STRING;
	token->text = text;
	if (text.len && memchr(text.at, '\\', text.len)) {
		int rc = unescape(lexer, text, &out);
		token->text = (struct span){ arena_dup(lexer->arena, out.data, out.len), out.len };
		buf_clear(&out);
		if (rc < 0)
			return -1;
	}
	lexer->pos = end;
	return 1;
}

/* ---- operators ---- */

static int balance(struct lexer *lexer, char c)
{
	static const char opening[] = "([{", closing[] = ")]}";
	const char *open = strchr(opening, c);

	if (open) {
		if (lexer->open == LEXER_MAX_BRACKETS)
			return lexer_fail(lexer, "too many nested parentheses");
		lexer->brackets[lexer->open++] = closing[open - opening];
		return 1;
	}
	if (!strchr(closing, c))
		return 1;
	if (!lexer->open)
		return lexer_fail(lexer, "unexpected '%c'", c);
	char expected = lexer->brackets[--lexer->open];
	if (expected != c)
		return lexer_fail(lexer, "unexpected '%c', expected '%c'", c, expected);
	return 1;
}

static int read_operator(struct lexer *lexer, struct token *token)
{
	for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
		size_t len = strlen(operators[i].text);
		if (lexer->len - lexer->pos < len ||
		    memcmp(lexer->source + lexer->pos, operators[i].text, len) != 0)
			continue;
		token->kind = operators[i].kind;
		if (balance(lexer, *operators[i].text) < 0)
			return -1;
		lexer->pos += len;
		return 1;
	}
	return 0;
}

int lexer_read_token(struct lexer *lexer, struct token *token)
{
	char c = lexer->source[lexer->pos];
	int rc;

	*token = (struct token){ .line = lexer->line };
	if ((rc = read_number(lexer, token)) != 0)
		return rc;
	if ((rc = read_name(lexer, token)) != 0)
		return rc;
	if (c == '\'' || c == '"')
		return read_string(lexer, token);
	return read_operator(lexer, token);
}
