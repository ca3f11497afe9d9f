/*
 * parser_expression.c - expressions, with Jinja2's own precedence
 *
 * From loosest to tightest: if-else, or, and, not, comparisons, + -, ~,
 * * / // %, **, sign, postfix, filters and tests.
 */
#include "template/syntax/parser.h"

static struct tree *parse_unary(struct parser *parser, bool with_filter);

/* ---- calls ---- */

static int fail_call(struct parser *parser, unsigned line)
{
	return parser_fail(parser, line, "invalid syntax for function call expression");
}

/* *args or **kwargs; the others may not follow. */
static int parse_star(struct parser *parser, struct tree *call, unsigned field)
{
	struct tree *value = parser_next(parser) < 0 ? NULL : parse_expression(parser, true);

	return value ? tree_add(parser, call, field, value) : -1;
}

static int parse_named(struct parser *parser, struct tree *call, unsigned line)
{
	struct span name = parser->current.text;

	if (call->field[CALL_DYN_KWARGS].count)
		return fail_call(parser, line);
	if (parser_next(parser) < 0 || parser_next(parser) < 0)
		return -1;
	struct tree *value = parse_expression(parser, true);
	if (!value)
		return -1;
	struct tree *keyword = tree_single(parser, TREE_KEYWORD, value->line, value);
	if (!keyword)
		return -1;
	keyword->name = names_intern(parser->names, name);
	return tree_add(parser, call, CALL_KWARGS, keyword);
}

static int parse_argument(struct parser *parser, struct tree *call, unsigned line)
{
	const struct tree_list *field = call->field;
	bool dyn_args = field[CALL_DYN_ARGS].count, dyn_kwargs = field[CALL_DYN_KWARGS].count;

	if (parser->current.kind == TOKEN_MUL)
		return dyn_args || dyn_kwargs ? fail_call(parser, line)
					      : parse_star(parser, call, CALL_DYN_ARGS);
	if (parser->current.kind == TOKEN_POW)
		return dyn_kwargs ? fail_call(parser, line)
				  : parse_star(parser, call, CALL_DYN_KWARGS);
	if (parser->current.kind == TOKEN_NAME) {
		const struct token *ahead = parser_look(parser);
		if (!ahead)
			return -1;
		if (ahead->kind == TOKEN_ASSIGN)
			return parse_named(parser, call, line);
	}
	if (dyn_args || dyn_kwargs || field[CALL_KWARGS].count)
		return fail_call(parser, line);
	struct tree *value = parse_expression(parser, true);
	return value ? tree_add(parser, call, CALL_ARGS, value) : -1;
}

/* The arguments in parentheses, into the fields of a call, filter or test. */
static int parse_arguments(struct parser *parser, struct tree *call)
{
	unsigned line = parser->current.line;
	bool comma = false;

	if (parser_expect(parser, TOKEN_LPAREN, NULL) < 0)
		return -1;
	while (parser->current.kind != TOKEN_RPAREN) {
		if (comma) {
			if (parser_expect(parser, TOKEN_COMMA, NULL) < 0)
				return -1;
			if (parser->current.kind == TOKEN_RPAREN)
				break;
		}
		if (parse_argument(parser, call, line) < 0)
			return -1;
		comma = true;
	}
	return parser_next(parser);
}

static struct tree *parse_call(struct parser *parser, struct tree *node)
{
	struct tree *call = tree_single(parser, TREE_CALL, parser->current.line, node);

	return call && parse_arguments(parser, call) == 0 ? call : NULL;
}

/* ---- what stands behind a value ---- */

static struct tree *parse_slice_part(struct parser *parser, struct tree *slice, unsigned field)
{
	enum token_kind kind = parser->current.kind;

	if (kind == TOKEN_COLON || kind == TOKEN_RBRACKET || kind == TOKEN_COMMA)
		return slice;
	struct tree *part = parse_expression(parser, true);
	return part && tree_add(parser, slice, field, part) == 0 ? slice : NULL;
}

/* An index, or start:stop:step with any of them left out. */
static struct tree *parse_subscribed(struct parser *parser)
{
	struct tree *slice = tree_new(parser, TREE_SLICE, parser->current.line);
	struct tree *start = NULL;

	if (parser->current.kind != TOKEN_COLON) {
		start = parse_expression(parser, true);
		if (!start || parser->current.kind != TOKEN_COLON)
			return start;
	}
	if (tree_add(parser, slice, SLICE_START, start) < 0 || parser_next(parser) < 0 ||
	    !parse_slice_part(parser, slice, SLICE_STOP))
		return NULL;
	if (parser->current.kind == TOKEN_COLON &&
	    (parser_next(parser) < 0 || !parse_slice_part(parser, slice, SLICE_STEP)))
		return NULL;
	return slice;
}

static struct tree *parse_brackets(struct parser *parser, struct tree *node)
{
	unsigned line = parser->current.line;
	struct tree *tuple = tree_new(parser, TREE_TUPLE, line);

	if (parser_next(parser) < 0)
		return NULL;
	while (parser->current.kind != TOKEN_RBRACKET) {
		if (tuple->field[0].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return NULL;
		struct tree *item = parse_subscribed(parser);
		if (!item || tree_add(parser, tuple, 0, item) < 0)
			return NULL;
	}
	if (parser_next(parser) < 0)
		return NULL;
	struct tree *arg = tuple->field[0].count == 1 ? tree_one(tuple, 0) : tuple;
	return tree_pair(parser, TREE_GETITEM, line, node, arg);
}

static struct tree *parse_dot(struct parser *parser, struct tree *node)
{
	unsigned line = parser->current.line;

	if (parser_next(parser) < 0)
		return NULL;
	struct token token = parser->current;
	if (parser_next(parser) < 0)
		return NULL;
	if (token.kind == TOKEN_NAME) {
		struct tree *attribute = tree_single(parser, TREE_GETATTR, line, node);
		if (attribute)
			attribute->name = names_intern(parser->names, token.text);
		return attribute;
	}
	if (token.kind != TOKEN_INTEGER) {
		parser_fail(parser, token.line, "expected name or number");
		return NULL;
	}
	return tree_pair(parser, TREE_GETITEM, line, node, tree_const(parser, token.number, token.line));
}

static struct tree *parse_postfix(struct parser *parser, struct tree *node)
{
	while (node) {
		switch (parser->current.kind) {
		case TOKEN_DOT:
			node = parse_dot(parser, node);
			break;
		case TOKEN_LBRACKET:
			node = parse_brackets(parser, node);
			break;
		case TOKEN_LPAREN:
			node = parse_call(parser, node);
			break;
		default:
			return node;
		}
	}
	return NULL;
}

/* ---- filters and tests ---- */

/* A name that may have dots in it. */
static const struct name *parse_dotted(struct parser *parser)
{
	struct buf text = BUF_INIT;
	const struct name *name = NULL;
	struct token token;

	if (parser_expect(parser, TOKEN_NAME, &token) < 0)
		return NULL;
	buf_add(&text, token.text.at, token.text.len);
	while (parser->current.kind == TOKEN_DOT) {
		if (parser_next(parser) < 0 || parser_expect(parser, TOKEN_NAME, &token) < 0)
			goto out;
		buf_putc(&text, '.');
		buf_add(&text, token.text.at, token.text.len);
	}
	name = names_intern(parser->names, span_buf(&text));
out:
	buf_clear(&text);
	return name;
}

struct tree *parse_filter(struct parser *parser, struct tree *node, bool inline_start, bool *none)
{
	if (none)
		*none = !inline_start && parser->current.kind != TOKEN_PIPE;
	while (parser->current.kind == TOKEN_PIPE || inline_start) {
		if (!inline_start && parser_next(parser) < 0)
			return NULL;
		inline_start = false;
		struct tree *filter = tree_new(parser, TREE_FILTER, parser->current.line);
		if (tree_add(parser, filter, CALL_NODE, node) < 0)
			return NULL;
		filter->name = parse_dotted(parser);
		if (!filter->name)
			return NULL;
		if (parser->current.kind == TOKEN_LPAREN && parse_arguments(parser, filter) < 0)
			return NULL;
		node = filter;
	}
	return node;
}

/* A test may be followed by one argument without parentheses. */
static int parse_bare_argument(struct parser *parser, struct tree *test)
{
	switch (parser->current.kind) {
	case TOKEN_NAME:
	case TOKEN_STRING:
	case TOKEN_INTEGER:
	case TOKEN_FLOAT:
	case TOKEN_LBRACKET:
	case TOKEN_LBRACE:
		break;
	default:
		return 0;
	}
	if (parser_at_name(parser, "else") || parser_at_name(parser, "or") ||
	    parser_at_name(parser, "and"))
		return 0;
	if (parser_at_name(parser, "is"))
		return parser_fail(parser, parser->current.line, "You cannot chain multiple tests with is");
	struct tree *arg = parse_primary(parser);
	if (arg)
		arg = parse_postfix(parser, arg);
	return arg ? tree_add(parser, test, CALL_ARGS, arg) : -1;
}

static struct tree *parse_test(struct parser *parser, struct tree *node)
{
	struct tree *test = tree_single(parser, TREE_TEST, parser->current.line, node);

	if (!test || parser_next(parser) < 0)
		return NULL;
	int negated = parser_skip_name(parser, "not");
	if (negated < 0)
		return NULL;
	test->name = parse_dotted(parser);
	if (!test->name)
		return NULL;
	int rc = parser->current.kind == TOKEN_LPAREN ? parse_arguments(parser, test)
						      : parse_bare_argument(parser, test);
	if (rc < 0)
		return NULL;
	return negated ? tree_single(parser, TREE_NOT, test->line, test) : test;
}

static struct tree *parse_filter_expr(struct parser *parser, struct tree *node)
{
	while (node) {
		if (parser->current.kind == TOKEN_PIPE)
			node = parse_filter(parser, node, false, NULL);
		else if (parser_at_name(parser, "is"))
			node = parse_test(parser, node);
		else if (parser->current.kind == TOKEN_LPAREN)
			node = parse_call(parser, node);
		else
			return node;
	}
	return NULL;
}

/* ---- operators ---- */

static struct tree *parse_sign(struct parser *parser, enum tree_kind kind)
{
	unsigned line = parser->current.line;

	if (parser_enter(parser) < 0 || parser_next(parser) < 0)
		return NULL;
	struct tree *node = parse_unary(parser, false);
	parser_leave(parser);
	return tree_single(parser, kind, line, node);
}

static struct tree *parse_unary(struct parser *parser, bool with_filter)
{
	struct tree *node;

	if (parser->current.kind == TOKEN_SUB)
		node = parse_sign(parser, TREE_NEG);
	else if (parser->current.kind == TOKEN_ADD)
		node = parse_sign(parser, TREE_POS);
	else
		node = parse_primary(parser);
	if (node)
		node = parse_postfix(parser, node);
	return node && with_filter ? parse_filter_expr(parser, node) : node;
}

static struct tree *parse_pow(struct parser *parser)
{
	unsigned line = parser->current.line;
	struct tree *left = parse_unary(parser, true);

	while (left && parser->current.kind == TOKEN_POW) {
		if (parser_next(parser) < 0)
			return NULL;
		left = tree_pair(parser, TREE_POW, line, left, parse_unary(parser, true));
		line = parser->current.line;
	}
	return left;
}

static bool math2_kind(enum token_kind token, enum tree_kind *kind)
{
	switch (token) {
	case TOKEN_MUL:
		*kind = TREE_MUL;
		return true;
	case TOKEN_DIV:
		*kind = TREE_DIV;
		return true;
	case TOKEN_FLOORDIV:
		*kind = TREE_FLOORDIV;
		return true;
	case TOKEN_MOD:
		*kind = TREE_MOD;
		return true;
	default:
		return false;
	}
}

static struct tree *parse_math2(struct parser *parser)
{
	unsigned line = parser->current.line;
	struct tree *left = parse_pow(parser);
	enum tree_kind kind;

	while (left && math2_kind(parser->current.kind, &kind)) {
		if (parser_next(parser) < 0)
			return NULL;
		left = tree_pair(parser, kind, line, left, parse_pow(parser));
		line = parser->current.line;
	}
	return left;
}

static struct tree *parse_concat(struct parser *parser)
{
	struct tree *concat = tree_new(parser, TREE_CONCAT, parser->current.line);
	struct tree *node = parse_math2(parser);

	if (!node || tree_add(parser, concat, 0, node) < 0)
		return NULL;
	if (parser->current.kind != TOKEN_TILDE)
		return node;
	while (parser->current.kind == TOKEN_TILDE) {
		if (parser_next(parser) < 0 || !(node = parse_math2(parser)) ||
		    tree_add(parser, concat, 0, node) < 0)
			return NULL;
	}
	return concat;
}

static struct tree *parse_math1(struct parser *parser)
{
	unsigned line = parser->current.line;
	struct tree *left = parse_concat(parser);

	while (left && (parser->current.kind == TOKEN_ADD || parser->current.kind == TOKEN_SUB)) {
		enum tree_kind kind = parser->current.kind == TOKEN_ADD ? TREE_ADD : TREE_SUB;
		if (parser_next(parser) < 0)
			return NULL;
		left = tree_pair(parser, kind, line, left, parse_concat(parser));
		line = parser->current.line;
	}
	return left;
}

/* 1 and the operator when one stands here, which is skipped; 0; -1 */
static int skip_compare_op(struct parser *parser, enum compare_op *op)
{
	static const enum token_kind tokens[] = { TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LTEQ,
						  TOKEN_GT, TOKEN_GTEQ };

	for (unsigned i = 0; i < sizeof tokens / sizeof *tokens; i++)
		if (parser->current.kind == tokens[i]) {
			*op = (enum compare_op)i;
			return parser_next(parser) < 0 ? -1 : 1;
		}
	if (parser_at_name(parser, "in")) {
		*op = COMPARE_IN;
		return parser_next(parser) < 0 ? -1 : 1;
	}
	if (!parser_at_name(parser, "not"))
		return 0;
	const struct token *ahead = parser_look(parser);
	if (!ahead)
		return -1;
	if (ahead->kind != TOKEN_NAME || !span_equal(ahead->text, span_of("in")))
		return 0;
	*op = COMPARE_NOTIN;
	return parser_next(parser) < 0 || parser_next(parser) < 0 ? -1 : 1;
}

static struct tree *parse_compare(struct parser *parser)
{
	struct tree *compare = tree_new(parser, TREE_COMPARE, parser->current.line);
	struct tree *first = parse_math1(parser);
	enum compare_op op;
	int rc;

	if (!first || tree_add(parser, compare, COMPARE_EXPR, first) < 0)
		return NULL;
	while ((rc = skip_compare_op(parser, &op)) > 0) {
		struct tree *operand = tree_single(parser, TREE_OPERAND, parser->current.line,
						   parse_math1(parser));
		if (!operand)
			return NULL;
		operand->op = (uint8_t)op;
		if (tree_add(parser, compare, COMPARE_OPS, operand) < 0)
			return NULL;
		compare->line = parser->current.line;
	}
	if (rc < 0)
		return NULL;
	return compare->field[COMPARE_OPS].count ? compare : first;
}

static struct tree *parse_not(struct parser *parser)
{
	unsigned line = parser->current.line;
	struct tree *node;

	if (!parser_at_name(parser, "not"))
		return parse_compare(parser);
	if (parser_enter(parser) < 0 || parser_next(parser) < 0)
		return NULL;
	node = parse_not(parser);
	parser_leave(parser);
	return tree_single(parser, TREE_NOT, line, node);
}

static struct tree *parse_logic(struct parser *parser, const char *word, enum tree_kind kind,
				struct tree *(*parse)(struct parser *))
{
	unsigned line = parser->current.line;
	struct tree *left = parse(parser);
	int rc;

	while (left && (rc = parser_skip_name(parser, word)) != 0) {
		if (rc < 0)
			return NULL;
		left = tree_pair(parser, kind, line, left, parse(parser));
		line = parser->current.line;
	}
	return left;
}

static struct tree *parse_and(struct parser *parser)
{
	return parse_logic(parser, "and", TREE_AND, parse_not);
}

static struct tree *parse_or(struct parser *parser)
{
	return parse_logic(parser, "or", TREE_OR, parse_and);
}

static struct tree *parse_cond(struct parser *parser)
{
	unsigned line = parser->current.line;
	struct tree *value = parse_or(parser);
	int rc;

	while (value && (rc = parser_skip_name(parser, "if")) != 0) {
		struct tree *cond = tree_new(parser, TREE_COND, line);
		struct tree *test = rc < 0 ? NULL : parse_or(parser);
		if (!test || tree_add(parser, cond, COND_TEST, test) < 0 ||
		    tree_add(parser, cond, COND_THEN, value) < 0)
			return NULL;
		if ((rc = parser_skip_name(parser, "else")) < 0)
			return NULL;
		if (rc > 0) {
			struct tree *other = parse_expression(parser, true);
			if (!other || tree_add(parser, cond, COND_ELSE, other) < 0)
				return NULL;
		}
		value = cond;
		line = parser->current.line;
	}
	return value;
}

struct tree *parse_expression(struct parser *parser, bool with_cond)
{
	if (parser_enter(parser) < 0)
		return NULL;
	struct tree *node = with_cond ? parse_cond(parser) : parse_or(parser);
	parser_leave(parser);
	return node;
}
