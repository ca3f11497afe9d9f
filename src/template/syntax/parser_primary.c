/* parser_primary.c - names, literals, tuples, and what can be assigned to. */
#include "template/syntax/parser.h"
#include "template/py/quote.h"

int parser_fail_describing(struct parser *parser, unsigned line, const char *before,
			   const struct token *token)
{
	struct buf text = BUF_INIT;

	buf_puts(&text, before);
	quote_repr(parser_describe(token), &text);
	parser_fail(parser, line, "%s", buf_str(&text));
	buf_clear(&text);
	return -1;
}

/* A node with two fields of one child each. */
struct tree *tree_pair(struct parser *parser, enum tree_kind kind, unsigned line,
			      struct tree *left, struct tree *right)
{
	struct tree *node = tree_new(parser, kind, line);

	if (!left || !right || tree_add(parser, node, LEFT, left) < 0 ||
	    tree_add(parser, node, RIGHT, right) < 0)
		return NULL;
	return node;
}

struct tree *tree_single(struct parser *parser, enum tree_kind kind, unsigned line,
				struct tree *child)
{
	struct tree *node = tree_new(parser, kind, line);

	return child && tree_add(parser, node, 0, child) == 0 ? node : NULL;
}

struct tree *tree_const(struct parser *parser, struct value value, unsigned line)
{
	struct tree *node = tree_new(parser, TREE_CONST, line);

	node->value = value;
	return node;
}

/* ---- literals ---- */

static struct tree *parse_name(struct parser *parser)
{
	static const struct { const char *name; enum value_kind kind; bool truth; } words[] = {
		{ "true", VALUE_BOOL, true }, { "True", VALUE_BOOL, true },
		{ "false", VALUE_BOOL, false }, { "False", VALUE_BOOL, false },
		{ "none", VALUE_NONE, false }, { "None", VALUE_NONE, false },
	};
	struct token token = parser->current;
	struct tree *node = NULL;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (parser_at_name(parser, words[i].name))
			node = tree_const(parser, words[i].kind == VALUE_BOOL ? value_bool(words[i].truth)
									      : value_none(), token.line);
	if (!node)
		node = tree_name_new(parser, token.text, CTX_LOAD, token.line);
	return parser_next(parser) < 0 ? NULL : node;
}

/* Strings that stand side by side are one. */
static struct tree *parse_string(struct parser *parser)
{
	struct buf text = BUF_INIT;
	struct tree *node = NULL;
	unsigned line = parser->current.line;
	int rc = 0;

	while (rc == 0 && parser->current.kind == TOKEN_STRING) {
		buf_add(&text, parser->current.text.at, parser->current.text.len);
		rc = parser_next(parser);
	}
	if (rc == 0)
		node = tree_text_new(parser, TREE_CONST, span_buf(&text), line);
	buf_clear(&text);
	return node;
}

static struct tree *parse_number(struct parser *parser)
{
	struct tree *node = tree_const(parser, parser->current.number, parser->current.line);

	return parser_next(parser) < 0 ? NULL : node;
}

static struct tree *parse_list(struct parser *parser)
{
	struct tree *node = tree_new(parser, TREE_LIST, parser->current.line);

	if (parser_next(parser) < 0)
		return NULL;
	while (parser->current.kind != TOKEN_RBRACKET) {
		if (node->field[0].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return NULL;
		if (parser->current.kind == TOKEN_RBRACKET)
			break;
		struct tree *item = parse_expression(parser, true);
		if (!item || tree_add(parser, node, 0, item) < 0)
			return NULL;
	}
	return parser_next(parser) < 0 ? NULL : node;
}

static struct tree *parse_dict(struct parser *parser)
{
	struct tree *node = tree_new(parser, TREE_DICT, parser->current.line);

	if (parser_next(parser) < 0)
		return NULL;
	while (parser->current.kind != TOKEN_RBRACE) {
		if (node->field[0].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return NULL;
		if (parser->current.kind == TOKEN_RBRACE)
			break;
		struct tree *key = parse_expression(parser, true);
		if (!key || parser_expect(parser, TOKEN_COLON, NULL) < 0)
			return NULL;
		struct tree *pair = tree_pair(parser, TREE_PAIR, key->line, key,
					      parse_expression(parser, true));
		if (!pair || tree_add(parser, node, 0, pair) < 0)
			return NULL;
	}
	return parser_next(parser) < 0 ? NULL : node;
}

static struct tree *parse_parentheses(struct parser *parser)
{
	if (parser_next(parser) < 0)
		return NULL;
	struct tree *node = parse_tuple(parser, TUPLE_PARENTHESES);
	if (!node || parser_expect(parser, TOKEN_RPAREN, NULL) < 0)
		return NULL;
	return node;
}

static struct tree *parse_primary_kind(struct parser *parser)
{
	switch (parser->current.kind) {
	case TOKEN_NAME:
		return parse_name(parser);
	case TOKEN_STRING:
		return parse_string(parser);
	case TOKEN_INTEGER:
	case TOKEN_FLOAT:
		return parse_number(parser);
	case TOKEN_LPAREN:
		return parse_parentheses(parser);
	case TOKEN_LBRACKET:
		return parse_list(parser);
	case TOKEN_LBRACE:
		return parse_dict(parser);
	default:
		parser_fail_describing(parser, parser->current.line, "unexpected ", &parser->current);
		return NULL;
	}
}

struct tree *parse_primary(struct parser *parser)
{
	if (parser_enter(parser) < 0)
		return NULL;
	struct tree *node = parse_primary_kind(parser);
	parser_leave(parser);
	return node;
}

/* ---- tuples ---- */

static bool at_tuple_end(const struct parser *parser)
{
	enum token_kind kind = parser->current.kind;

	return kind == TOKEN_VARIABLE_END || kind == TOKEN_BLOCK_END || kind == TOKEN_RPAREN;
}

static struct tree *parse_tuple_item(struct parser *parser, enum tuple_mode mode)
{
	return mode == TUPLE_SIMPLE ? parse_primary(parser)
				    : parse_expression(parser, mode != TUPLE_NO_COND);
}

struct tree *parse_tuple(struct parser *parser, enum tuple_mode mode)
{
	struct tree *tuple = tree_new(parser, TREE_TUPLE, parser->current.line);
	bool is_tuple = false;

	for (;;) {
		if (tuple->field[0].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return NULL;
		if (at_tuple_end(parser))
			break;
		struct tree *item = parse_tuple_item(parser, mode);
		if (!item || tree_add(parser, tuple, 0, item) < 0)
			return NULL;
		if (parser->current.kind != TOKEN_COMMA)
			break;
		is_tuple = true;
		tuple->line = parser->current.line;
	}
	if (is_tuple)
		return tuple;
	if (tuple->field[0].count)
		return tree_one(tuple, 0);
	if (mode == TUPLE_PARENTHESES)
		return tuple;
	parser_fail_describing(parser, parser->current.line, "Expected an expression, got ", &parser->current);
	return NULL;
}

/* ---- what can be assigned to ---- */

static bool can_assign(const struct tree *target)
{
	if (target->kind == TREE_TUPLE) {
		for (unsigned i = 0; i < target->field[0].count; i++)
			if (!can_assign(target->field[0].nodes[i]))
				return false;
		return true;
	}
	return target->kind == TREE_NSREF || target->kind == TREE_NAME;
}

static bool set_store(const struct tree *node, void *data)
{
	(void)data;
	((struct tree *)(uintptr_t)node)->ctx = CTX_STORE;
	return true;
}

static struct tree *parse_nsref(struct parser *parser)
{
	struct token name, attribute;

	if (parser_expect(parser, TOKEN_NAME, &name) < 0 || parser_next(parser) < 0 ||
	    parser_expect(parser, TOKEN_NAME, &attribute) < 0)
		return NULL;
	struct tree *node = tree_text_new(parser, TREE_NSREF, attribute.text, name.line);
	node->name = names_intern(parser->names, name.text);
	return node;
}

struct tree *parse_target(struct parser *parser, bool with_namespace)
{
	const struct token *ahead = with_namespace ? parser_look(parser) : NULL;

	if (with_namespace && !ahead)
		return NULL;
	if (ahead && ahead->kind == TOKEN_DOT)
		return parse_nsref(parser);
	struct tree *target = parse_tuple(parser, TUPLE_SIMPLE);
	if (!target)
		return NULL;
	set_store(target, NULL);
	tree_walk(target, set_store, NULL);
	if (!can_assign(target)) {
		parser_fail(parser, target->line, "can't assign to '%s'", tree_kind_name(target));
		return NULL;
	}
	return target;
}

struct tree *parse_target_name(struct parser *parser)
{
	static const char *const words[] = { "true", "false", "none", "True", "False", "None" };
	struct token token;

	if (parser_expect(parser, TOKEN_NAME, &token) < 0)
		return NULL;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_equal(token.text, span_of(words[i]))) {
			parser_fail(parser, token.line, "can't assign to 'name'");
			return NULL;
		}
	return tree_name_new(parser, token.text, CTX_STORE, token.line);
}
