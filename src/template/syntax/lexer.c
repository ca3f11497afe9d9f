/*
 * lexer.c - cuts a template into text and tags
 *
 * Follows the rules of Jinja2's regular expressions, white-space control and
 * its order of precedence between delimiters included, without being built of
 * regular expressions.  What stands inside a tag is read by lexer_tokens.c.
 */
#include "template/syntax/lexer.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/arena.h"
#include "template/syntax/lexer_tokens.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

int lexer_fail(struct lexer *lexer, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	error_set_at(lexer->error, NULL, lexer->line, 0, "%s", buf_str(&text));
	buf_clear(&text);
	return -1;
}

/* ---- positions ---- */

static bool starts_with(const struct lexer *lexer, size_t at, const char *what)
{
	size_t len = strlen(what);

	return lexer->len - at >= len && !memcmp(lexer->source + at, what, len);
}

size_t lexer_skip_space(const struct lexer *lexer, size_t at)
{
	struct span source = { lexer->source, lexer->len };

	while (at < lexer->len) {
		size_t next = at;
		if (!uni_is(utf8_next(source, &next), UNI_SPACE))
			break;
		at = next;
	}
	return at;
}

/* The beginning of the white space that ends at `end`, not before `from`. */
static size_t strip_space(const struct lexer *lexer, size_t from, size_t end)
{
	struct span source = { lexer->source, lexer->len };

	while (end > from) {
		size_t previous = end;
		if (!uni_is(utf8_previous(source, &previous), UNI_SPACE))
			break;
		end = previous;
	}
	return end;
}

unsigned lexer_newlines(const struct lexer *lexer, size_t from, size_t to)
{
	unsigned count = 0;

	while (from < to) {
		const char *newline = memchr(lexer->source + from, '\n', to - from);
		if (!newline)
			break;
		count++;
		from = (size_t)(newline - lexer->source) + 1;
	}
	return count;
}

struct span lexer_normalize(struct lexer *lexer, struct span text)
{
	if (!lexer->newlines || !text.len || !memchr(text.at, '\n', text.len))
		return text;
	const char *sequence = lexer->syntax->newline_sequence;
	struct buf out = BUF_INIT;
	for (size_t i = 0; i < text.len; i++)
		if (text.at[i] == '\n')
			buf_puts(&out, sequence);
		else
			buf_putc(&out, text.at[i]);
	struct span normal = { arena_dup(lexer->arena, out.data, out.len), out.len };
	buf_clear(&out);
	return normal;
}

/* ---- setting up ---- */

/* \r\n and \r become \n; one newline at the end is dropped. */
static void take_source(struct lexer *lexer, struct span source)
{
	char *text = arena_alloc_raw(lexer->arena, source.len + 1);
	size_t len = 0;

	for (size_t i = 0; i < source.len; i++) {
		if (source.at[i] != '\r') {
			text[len++] = source.at[i];
			continue;
		}
		text[len++] = '\n';
		if (i + 1 < source.len && source.at[i + 1] == '\n')
			i++;
	}
	if (len && text[len - 1] == '\n' && !lexer->syntax->keep_trailing_newline)
		len--;
	text[len] = '\0';
	lexer->source = text;
	lexer->len = len;
}

static void note_starts(struct lexer *lexer)
{
	const struct syntax *syntax = lexer->syntax;

	if (syntax->line_statement || syntax->line_comment) {
		memset(lexer->may_start, true, sizeof lexer->may_start);
		return;
	}
	lexer->may_start[(unsigned char)*syntax->block_start] = true;
	lexer->may_start[(unsigned char)*syntax->variable_start] = true;
	lexer->may_start[(unsigned char)*syntax->comment_start] = true;
}

void lexer_init(struct lexer *lexer, const struct syntax *syntax, struct arena *arena,
		struct arena *keep, struct span source, struct error *error)
{
	*lexer = (struct lexer){ .syntax = syntax, .arena = arena, .keep = keep, .error = error,
				 .line = 1, .last_line = 1, .line_starting = true,
				 .newlines = strcmp(syntax->newline_sequence, "\n") != 0 };
	take_source(lexer, source);
	note_starts(lexer);
}

/* ---- text and what ends it ---- */

/* A tag's beginning found in text. */
struct opening {
	enum lexer_state state;
	size_t at, end;		/* of the whole beginning */
	char sign;		/* '-', '+' or 0: white-space control of the text before */
};

/* {% raw %} in whole, which no other tag may be taken for. */
static bool match_raw(const struct lexer *lexer, size_t at, struct opening *opening)
{
	const char *end = lexer->syntax->block_end;
	size_t p = at;

	if (!starts_with(lexer, p, lexer->syntax->block_start))
		return false;
	p += strlen(lexer->syntax->block_start);
	char sign = p < lexer->len && (lexer->source[p] == '-' || lexer->source[p] == '+')
		    ? lexer->source[p] : '\0';
	p = lexer_skip_space(lexer, p + (sign != '\0'));
	if (!starts_with(lexer, p, "raw"))
		return false;
	p = lexer_skip_space(lexer, p + 3);
	bool strip = p < lexer->len && lexer->source[p] == '-';
	if (!starts_with(lexer, p + strip, end))
		return false;
	p += strip + strlen(end);
	if (strip)
		p = lexer_skip_space(lexer, p);
	*opening = (struct opening){ LEX_RAW, at, p, sign };
	return true;
}

static bool match_prefix(const struct lexer *lexer, size_t at, size_t delimiter, const char *text,
			 enum lexer_state state, struct opening *opening)
{
	if (delimiter > lexer->len || !starts_with(lexer, delimiter, text))
		return false;
	size_t end = delimiter + strlen(text);
	char sign = '\0';
	if (end < lexer->len && (lexer->source[end] == '-' || lexer->source[end] == '+'))
		sign = lexer->source[end++];
	*opening = (struct opening){ state, at, end, sign };
	return true;
}

static size_t skip_blanks(const struct lexer *lexer, size_t at, const char *blanks)
{
	while (at < lexer->len && lexer->source[at] && strchr(blanks, lexer->source[at]))
		at++;
	return at;
}

/* A line comment may stand at a line's start or behind something. */
static bool comment_may_stand(const struct lexer *lexer, size_t at)
{
	struct span source = { lexer->source, lexer->len };

	if (at == 0 || lexer->source[at - 1] == '\n')
		return true;
	return !uni_is(utf8_previous(source, &at), UNI_SPACE);
}

static bool match_kind(const struct lexer *lexer, size_t at, enum lexer_state state,
		       struct opening *opening)
{
	const struct syntax *syntax = lexer->syntax;

	switch (state) {
	case LEX_VARIABLE:
		return match_prefix(lexer, at, at, syntax->variable_start, state, opening);
	case LEX_BLOCK:
		return match_prefix(lexer, at, at, syntax->block_start, state, opening);
	case LEX_COMMENT:
		return match_prefix(lexer, at, at, syntax->comment_start, state, opening);
	case LEX_LINE_STATEMENT:
		return syntax->line_statement && (at == 0 || lexer->source[at - 1] == '\n') &&
		       match_prefix(lexer, at, skip_blanks(lexer, at, " \t\v"),
				    syntax->line_statement, state, opening);
	case LEX_LINE_COMMENT:
		return syntax->line_comment && comment_may_stand(lexer, at) &&
		       match_prefix(lexer, at, skip_blanks(lexer, at, " \t\v\f"),
				    syntax->line_comment, state, opening);
	case LEX_ROOT:
	case LEX_RAW:
		break;
	}
	return false;
}

static size_t delimiter_length(const struct syntax *syntax, enum lexer_state state)
{
	const char *text = state == LEX_VARIABLE ? syntax->variable_start :
			   state == LEX_BLOCK ? syntax->block_start :
			   state == LEX_COMMENT ? syntax->comment_start :
			   state == LEX_LINE_STATEMENT ? syntax->line_statement : syntax->line_comment;

	return text ? strlen(text) : 0;
}

/* Of several that match at one place the longest delimiter wins, and among
 * equals the one that stands first here. */
static bool match_opening(const struct lexer *lexer, size_t at, struct opening *opening)
{
	static const enum lexer_state order[] = {
		LEX_VARIABLE, LEX_LINE_STATEMENT, LEX_LINE_COMMENT, LEX_COMMENT, LEX_BLOCK,
	};
	struct opening candidate;
	size_t longest = 0;

	if (match_raw(lexer, at, opening))
		return true;
	for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
		size_t len = delimiter_length(lexer->syntax, order[i]);
		if (len > longest && match_kind(lexer, at, order[i], &candidate)) {
			*opening = candidate;
			longest = len;
		}
	}
	return longest > 0;
}

static bool find_opening(const struct lexer *lexer, struct opening *opening)
{
	for (size_t at = lexer->pos; at < lexer->len; at++)
		if (lexer->may_start[(unsigned char)lexer->source[at]] &&
		    match_opening(lexer, at, opening))
			return true;
	/* A line prefix matches no empty rest, so the end is no place for one. */
	return false;
}

/*
 * The end of text [from, to) before a tag, once its white-space control has
 * been applied.
 */
static size_t control_text(const struct lexer *lexer, size_t from, size_t to, char sign,
			   bool variable)
{
	if (sign == '-')
		return strip_space(lexer, from, to);
	if (sign == '+' || !lexer->syntax->lstrip_blocks || variable)
		return to;
	const char *newline = memrchr(lexer->source + from, '\n', to - from);
	if (!newline && !lexer->line_starting)
		return to;
	size_t line = newline ? (size_t)(newline - lexer->source) + 1 : from;
	return line < to && strip_space(lexer, line, to) == line ? line : to;
}

static struct token make_data(struct lexer *lexer, size_t from, size_t to)
{
	struct span text = { lexer->source + from, to - from };

	return (struct token){ .kind = TOKEN_DATA, .line = lexer->line,
			       .text = lexer_normalize(lexer, text) };
}

/* The end of a block tag, raw tag or comment at `at`: "+%}", "-%}\s*" or "%}\n?". */
static bool match_end(const struct lexer *lexer, size_t at, const char *text, size_t *end)
{
	char sign = at < lexer->len ? lexer->source[at] : '\0';
	bool signed_end = (sign == '-' || sign == '+') && starts_with(lexer, at + 1, text);

	if (!signed_end && !starts_with(lexer, at, text))
		return false;
	*end = at + signed_end + strlen(text);
	if (signed_end && sign == '-')
		*end = lexer_skip_space(lexer, *end);
	else if (!signed_end && lexer->syntax->trim_blocks && *end < lexer->len &&
		 lexer->source[*end] == '\n')
		++*end;
	return true;
}

static void move_to(struct lexer *lexer, size_t end)
{
	lexer->line_starting = end > lexer->pos && lexer->source[end - 1] == '\n';
	lexer->pos = end;
}

/* ---- the states; each gives 1 and a token, 0 for none yet, -1 ---- */

static int lex_root(struct lexer *lexer, struct token *token)
{
	struct opening opening;
	size_t from = lexer->pos;

	if (!find_opening(lexer, &opening)) {
		*token = make_data(lexer, from, lexer->len);
		lexer->line += lexer_newlines(lexer, from, lexer->len);
		move_to(lexer, lexer->len);
		return 1;
	}
	size_t to = control_text(lexer, from, opening.at, opening.sign, opening.state == LEX_VARIABLE);
	*token = make_data(lexer, from, to);
	lexer->line += lexer_newlines(lexer, from, opening.sign == '-' ? opening.at : to);
	bool begins = opening.state == LEX_VARIABLE || opening.state == LEX_BLOCK ||
		      opening.state == LEX_LINE_STATEMENT;
	lexer->has_pending = begins;
	lexer->pending = (struct token){
		.kind = opening.state == LEX_VARIABLE ? TOKEN_VARIABLE_BEGIN : TOKEN_BLOCK_BEGIN,
		.line = lexer->line };
	lexer->line += lexer_newlines(lexer, opening.at, opening.end);
	lexer->state = opening.state;
	move_to(lexer, opening.end);
	return to > from;
}

static int lex_comment(struct lexer *lexer)
{
	const char *text = lexer->syntax->comment_end;
	size_t end;

	for (size_t at = lexer->pos; at < lexer->len; at++)
		if (match_end(lexer, at, text, &end)) {
			lexer->line += lexer_newlines(lexer, lexer->pos, end);
			move_to(lexer, end);
			lexer->state = LEX_ROOT;
			return 0;
		}
	return lexer_fail(lexer, "Missing end of comment tag");
}

/* "{%" sign, "endraw" and the end of the tag. */
static bool match_endraw(const struct lexer *lexer, size_t at, struct opening *opening)
{
	size_t p = at + strlen(lexer->syntax->block_start);

	if (!starts_with(lexer, at, lexer->syntax->block_start))
		return false;
	char sign = p < lexer->len && (lexer->source[p] == '-' || lexer->source[p] == '+')
		    ? lexer->source[p] : '\0';
	p = lexer_skip_space(lexer, p + (sign != '\0'));
	if (!starts_with(lexer, p, "endraw"))
		return false;
	p = lexer_skip_space(lexer, p + strlen("endraw"));
	if (!match_end(lexer, p, lexer->syntax->block_end, &p))
		return false;
	*opening = (struct opening){ LEX_RAW, at, p, sign };
	return true;
}

static int lex_raw(struct lexer *lexer, struct token *token)
{
	struct opening end;
	size_t from = lexer->pos;

	for (size_t at = from; at < lexer->len; at++) {
		if (!match_endraw(lexer, at, &end))
			continue;
		size_t to = control_text(lexer, from, at, end.sign, false);
		*token = make_data(lexer, from, to);
		lexer->line += lexer_newlines(lexer, from, end.sign == '-' ? at : to);
		lexer->line += lexer_newlines(lexer, at, end.end);
		move_to(lexer, end.end);
		lexer->state = LEX_ROOT;
		return to > from;
	}
	return lexer_fail(lexer, "Missing end of raw directive");
}

static int lex_line_comment(struct lexer *lexer)
{
	const char *newline = memchr(lexer->source + lexer->pos, '\n', lexer->len - lexer->pos);

	move_to(lexer, newline ? (size_t)(newline - lexer->source) : lexer->len);
	lexer->state = LEX_ROOT;
	return 0;
}

/* The end of a line statement: the last newline of the white space here, or
 * the end of the text. */
static bool line_statement_end(const struct lexer *lexer, size_t *end)
{
	size_t space = lexer_skip_space(lexer, lexer->pos);

	if (space == lexer->len) {
		*end = space;
		return true;
	}
	for (size_t at = space; at > lexer->pos; at--)
		if (lexer->source[at - 1] == '\n') {
			*end = at;
			return true;
		}
	return false;
}

static bool tag_end(const struct lexer *lexer, size_t *end)
{
	const char *text = lexer->syntax->variable_end;

	if (lexer->open)
		return false;
	if (lexer->state == LEX_BLOCK)
		return match_end(lexer, lexer->pos, lexer->syntax->block_end, end);
	if (lexer->state == LEX_LINE_STATEMENT)
		return line_statement_end(lexer, end);
	bool strip = lexer->pos < lexer->len && lexer->source[lexer->pos] == '-' &&
		     starts_with(lexer, lexer->pos + 1, text);
	if (!strip && !starts_with(lexer, lexer->pos, text))
		return false;
	*end = lexer->pos + strip + strlen(text);
	if (strip)
		*end = lexer_skip_space(lexer, *end);
	return true;
}

static int fail_char(struct lexer *lexer)
{
	struct span source = { lexer->source, lexer->len };
	size_t end = lexer->pos;

	uint32_t c = utf8_next(source, &end);
	const char *quote = c == '\'' ? "\"" : "'";
	const char *escape = c == '\\' ? "\\" : "";
	if (c < 32 || c == 127)
		return lexer_fail(lexer, "unexpected char '\\x%02x' at %zu", (unsigned)c,
				  utf8_index(source, lexer->pos));
	return lexer_fail(lexer, "unexpected char %s%s%.*s%s at %zu", quote, escape,
			  (int)(end - lexer->pos), lexer->source + lexer->pos, quote,
			  utf8_index(source, lexer->pos));
}

static int lex_tag(struct lexer *lexer, struct token *token)
{
	size_t end;

	if (tag_end(lexer, &end)) {
		*token = (struct token){
			.kind = lexer->state == LEX_VARIABLE ? TOKEN_VARIABLE_END : TOKEN_BLOCK_END,
			.line = lexer->line };
		lexer->line += lexer_newlines(lexer, lexer->pos, end);
		move_to(lexer, end);
		lexer->state = LEX_ROOT;
		return 1;
	}
	end = lexer_skip_space(lexer, lexer->pos);
	if (end > lexer->pos) {
		lexer->line += lexer_newlines(lexer, lexer->pos, end);
		move_to(lexer, end);
		return 0;
	}
	size_t from = lexer->pos;
	int rc = lexer_read_token(lexer, token);
	if (rc == 0)
		return fail_char(lexer);
	lexer->line_starting = false;
	if (rc > 0 && token->kind == TOKEN_STRING)
		lexer->line += lexer_newlines(lexer, from, lexer->pos);
	return rc;
}

static int lex_state(struct lexer *lexer, struct token *token)
{
	switch (lexer->state) {
	case LEX_ROOT:
		return lex_root(lexer, token);
	case LEX_COMMENT:
		return lex_comment(lexer);
	case LEX_RAW:
		return lex_raw(lexer, token);
	case LEX_LINE_COMMENT:
		return lex_line_comment(lexer);
	case LEX_BLOCK:
	case LEX_VARIABLE:
	case LEX_LINE_STATEMENT:
		return lex_tag(lexer, token);
	}
	return -1;
}

static int next(struct lexer *lexer, struct token *token)
{
	int rc = 0;

	while (rc == 0) {
		if (lexer->has_pending) {
			lexer->has_pending = false;
			*token = lexer->pending;
			return 0;
		}
		/* A line statement ends at the end of the text, too. */
		if (lexer->pos >= lexer->len && (lexer->state != LEX_LINE_STATEMENT || lexer->open)) {
			*token = (struct token){ .kind = TOKEN_EOF, .line = lexer->last_line };
			return 0;
		}
		rc = lex_state(lexer, token);
	}
	return rc < 0 ? -1 : 0;
}

int lexer_next(struct lexer *lexer, struct token *token)
{
	if (next(lexer, token) < 0)
		return -1;
	lexer->last_line = token->line;
	return 0;
}
