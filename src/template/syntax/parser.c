/* parser.c - the parser's tokens, nodes and messages; the grammar stands in the
 * other parser_*.c files. */
#include "template/syntax/parser.h"

#include <stdarg.h>

#include "base/arena.h"
#include "template/values/dict.h"
#include "template/py/quote.h"

const struct name *names_intern(struct names *names, struct span text)
{
	uint32_t hash = dict_hash_bytes(text.at, text.len);
	struct name **bucket = &names->buckets[hash % NAME_BUCKETS];

	for (struct name *name = *bucket; name; name = name->next)
		if (name->hash == hash && span_equal(value_span(name->text), text))
			return name;
	struct name *name = arena_alloc(names->arena, sizeof *name);
	name->text = value_text(arena_dup(names->arena, text.at, text.len), text.len, 0);
	name->hash = hash;
	name->next = *bucket;
	*bucket = name;
	return name;
}

/* ---- faults ---- */

int parser_fail(struct parser *parser, unsigned line, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	error_set_at(parser->error, NULL, line, 0, "%s", buf_str(&text));
	buf_clear(&text);
	return -1;
}

int parser_enter(struct parser *parser)
{
	if (++parser->depth > PARSER_MAX_DEPTH)
		return parser_fail(parser, parser->current.line,
				   "the template is nested too deeply (more than %d levels)",
				   PARSER_MAX_DEPTH);
	return 0;
}

void parser_leave(struct parser *parser)
{
	parser->depth--;
}

struct span parser_describe(const struct token *token)
{
	if (token->kind == TOKEN_NAME)
		return token->text;
	return span_of(token_describe_kind(token->kind));
}

/* ---- tokens ---- */

int parser_next(struct parser *parser)
{
	if (parser->has_ahead) {
		parser->has_ahead = false;
		parser->current = parser->ahead;
		return 0;
	}
	if (parser->current.kind == TOKEN_EOF && parser->current.line)
		return 0;
	return lexer_next(&parser->lexer, &parser->current);
}

const struct token *parser_look(struct parser *parser)
{
	if (!parser->has_ahead) {
		if (lexer_next(&parser->lexer, &parser->ahead) < 0)
			return NULL;
		parser->has_ahead = true;
	}
	return &parser->ahead;
}

static bool token_is_name(const struct token *token, const char *name)
{
	return token->kind == TOKEN_NAME && span_equal(token->text, span_of(name));
}

bool parser_at_name(const struct parser *parser, const char *name)
{
	return token_is_name(&parser->current, name);
}

int parser_skip_name(struct parser *parser, const char *name)
{
	if (!parser_at_name(parser, name))
		return 0;
	return parser_next(parser) < 0 ? -1 : 1;
}

int parser_skip_kind(struct parser *parser, enum token_kind kind)
{
	if (parser->current.kind != kind)
		return 0;
	return parser_next(parser) < 0 ? -1 : 1;
}

static int fail_expected(struct parser *parser, struct span expected)
{
	struct buf text = BUF_INIT;
	bool end = parser->current.kind == TOKEN_EOF;

	buf_puts(&text, end ? "unexpected end of template, expected " : "expected token ");
	quote_repr(expected, &text);
	if (end) {
		buf_putc(&text, '.');
	} else {
		buf_puts(&text, ", got ");
		quote_repr(parser_describe(&parser->current), &text);
	}
	parser_fail(parser, parser->current.line, "%s", buf_str(&text));
	buf_clear(&text);
	return -1;
}

int parser_expect(struct parser *parser, enum token_kind kind, struct token *token)
{
	if (parser->current.kind != kind)
		return fail_expected(parser, span_of(token_describe_kind(kind)));
	if (token)
		*token = parser->current;
	return parser_next(parser);
}

int parser_expect_name(struct parser *parser, const char *name)
{
	if (!parser_at_name(parser, name))
		return fail_expected(parser, span_of(name));
	return parser_next(parser);
}

/* ---- nodes ---- */

struct tree *tree_new(struct parser *parser, enum tree_kind kind, unsigned line)
{
	struct tree *tree = arena_alloc(parser->scratch, sizeof *tree);

	tree->kind = (uint8_t)kind;
	tree->line = line;
	return tree;
}

struct tree *tree_name_new(struct parser *parser, struct span name, enum name_ctx ctx, unsigned line)
{
	struct tree *tree = tree_new(parser, TREE_NAME, line);

	tree->name = names_intern(parser->names, name);
	tree->ctx = (uint8_t)ctx;
	return tree;
}

struct tree *tree_text_new(struct parser *parser, enum tree_kind kind, struct span text, unsigned line)
{
	struct tree *tree = tree_new(parser, kind, line);

	/* Equal strings of a template are one, so that they are the same object. */
	tree->value = kind == TREE_CONST ? names_intern(parser->names, text)->text
		: value_text(arena_dup(parser->names->arena, text.at, text.len), text.len, 0);
	return tree;
}

enum { MAX_TREE_DEPTH = 400 };

int tree_add(struct parser *parser, struct tree *tree, unsigned field, struct tree *child)
{
	struct tree_list *list = &tree->field[field];

	if (!child)
		return 0;
	if (list->count == list->room) {
		unsigned room = list->room ? list->room * 2 : 1;
		struct tree **nodes = arena_alloc_raw(parser->scratch, room * sizeof *nodes);
		if (list->count)
			memcpy(nodes, list->nodes, list->count * sizeof *nodes);
		list->nodes = nodes;
		list->room = room;
	}
	list->nodes[list->count++] = child;
	if (child->depth >= tree->depth)
		tree->depth = (uint16_t)(child->depth + 1);
	if (tree->depth > MAX_TREE_DEPTH)
		return parser_fail(parser, tree->line,
				   "the expression is too long (more than %d operations in a row)",
				   MAX_TREE_DEPTH);
	return 0;
}

/* ---- text and tags ---- */

static bool at_end_tag(const struct parser *parser, const char *const ends[])
{
	for (size_t i = 0; ends && ends[i]; i++)
		if (parser_at_name(parser, ends[i]))
			return true;
	return false;
}

/* One printed expression or piece of text into the output that is open. */
static int parse_output(struct parser *parser, struct tree *into, unsigned field, struct tree **output)
{
	struct tree *node;

	if (parser->current.kind == TOKEN_DATA) {
		node = tree_text_new(parser, TREE_DATA, parser->current.text, parser->current.line);
		if (parser_next(parser) < 0)
			return -1;
	} else {
		if (parser_next(parser) < 0 || !(node = parse_tuple(parser, TUPLE_FULL)) ||
		    parser_expect(parser, TOKEN_VARIABLE_END, NULL) < 0)
			return -1;
	}
	if (!*output) {
		*output = tree_new(parser, TREE_OUTPUT, node->line);
		if (tree_add(parser, *output, OUTPUT_NODES, node) < 0)
			return -1;
		return tree_add(parser, into, field, *output);
	}
	if (tree_add(parser, *output, OUTPUT_NODES, node) < 0)
		return -1;
	if ((*output)->depth >= into->depth)
		into->depth = (uint16_t)((*output)->depth + 1);
	return 0;
}

static int subparse(struct parser *parser, struct tree *into, unsigned field, const char *const ends[])
{
	struct tree *output = NULL;

	while (parser->current.kind != TOKEN_EOF) {
		if (parser->current.kind != TOKEN_BLOCK_BEGIN) {
			if (parse_output(parser, into, field, &output) < 0)
				return -1;
			continue;
		}
		output = NULL;
		if (parser_next(parser) < 0)
			return -1;
		if (at_end_tag(parser, ends))
			return 0;
		if (parse_statement(parser, into, field) < 0 ||
		    parser_expect(parser, TOKEN_BLOCK_END, NULL) < 0)
			return -1;
	}
	return 0;
}

static void add_end_tags(struct buf *text, const char *const ends[])
{
	for (size_t i = 0; ends[i]; i++)
		buf_printf(text, "%s'%s'", i ? " or " : "", ends[i]);
}

static bool some_body_waits(const struct parser *parser, struct span tag)
{
	for (unsigned i = 0; i < parser->end_count; i++)
		for (size_t k = 0; parser->ends[i].tags[k]; k++)
			if (span_equal(tag, span_of(parser->ends[i].tags[k])))
				return true;
	return false;
}

/* An unknown tag, or (with a NULL one) the end of the template where none may be. */
static int fail_tag(struct parser *parser, const struct token *tag, unsigned line)
{
	struct buf text = BUF_INIT;

	if (tag)
		buf_printf(&text, "Encountered unknown tag '%.*s'.", (int)tag->text.len, tag->text.at);
	else
		buf_puts(&text, "Unexpected end of template.");
	if (parser->end_count) {
		const char *const *waiting = parser->ends[parser->end_count - 1].tags;
		bool mistake = tag && some_body_waits(parser, tag->text);
		buf_puts(&text, mistake ? " You probably made a nesting mistake. Jinja is expecting this tag,"
					  " but currently looking for "
					: " Jinja was looking for the following tags: ");
		add_end_tags(&text, waiting);
		buf_putc(&text, '.');
	}
	if (parser->tag_count) {
		struct span open = parser->tags[parser->tag_count - 1];
		buf_printf(&text, " The innermost block that needs to be closed is '%.*s'.",
			   (int)open.len, open.at);
	}
	parser_fail(parser, line, "%s", buf_str(&text));
	buf_clear(&text);
	return -1;
}

int parser_fail_unknown_tag(struct parser *parser)
{
	return fail_tag(parser, &parser->current, parser->current.line);
}

int parse_body(struct parser *parser, struct tree *tree, unsigned field, const char *const ends[],
	       bool drop_needle)
{
	if (parser_skip_kind(parser, TOKEN_COLON) < 0 ||
	    parser_expect(parser, TOKEN_BLOCK_END, NULL) < 0 || parser_enter(parser) < 0)
		return -1;
	if (parser->end_count == PARSER_MAX_TAGS)
		return parser_fail(parser, parser->current.line,
				   "the template is nested too deeply (more than %d tags)",
				   PARSER_MAX_TAGS);
	parser->ends[parser->end_count++].tags = ends;
	if (subparse(parser, tree, field, ends) < 0)
		return -1;
	if (parser->current.kind == TOKEN_EOF)
		return fail_tag(parser, NULL, parser->current.line);
	parser->end_count--;
	parser_leave(parser);
	return drop_needle ? parser_next(parser) : 0;
}

struct tree *parser_parse(const struct grammar *grammar, struct span source, struct names *names,
			  struct arena *scratch, struct error *error)
{
	struct parser *parser = arena_alloc(scratch, sizeof *parser);

	parser->grammar = grammar;
	parser->names = names;
	parser->scratch = scratch;
	parser->error = error;
	lexer_init(&parser->lexer, &grammar->syntax, scratch, names->arena, source, error);
	struct tree *tree = tree_new(parser, TREE_TEMPLATE, 1);
	if (parser_next(parser) < 0 || subparse(parser, tree, 0, NULL) < 0)
		return NULL;
	return tree;
}
