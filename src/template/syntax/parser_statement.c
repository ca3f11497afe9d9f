/* parser_statement.c - the tags, a function each. */
#include "template/syntax/parser.h"

#include "template/py/uni.h"
#include "template/py/utf8.h"

/* An expression as the only node of a field. */
static int add_expression(struct parser *parser, struct tree *node, unsigned field, bool with_cond)
{
	struct tree *value = parse_expression(parser, with_cond);

	return value ? tree_add(parser, node, field, value) : -1;
}

static int add_tuple(struct parser *parser, struct tree *node, unsigned field, enum tuple_mode mode)
{
	struct tree *value = parse_tuple(parser, mode);

	return value ? tree_add(parser, node, field, value) : -1;
}

/* The node of a tag whose name is the current token, which is skipped. */
static struct tree *begin_tag(struct parser *parser, enum tree_kind kind)
{
	struct tree *node = tree_new(parser, kind, parser->current.line);

	return parser_next(parser) < 0 ? NULL : node;
}

static struct tree *parse_set(struct parser *parser)
{
	static const char *const ends[] = { "endset", NULL };
	struct tree *node = begin_tag(parser, TREE_ASSIGN);
	struct tree *target = node ? parse_target(parser, true) : NULL;
	bool none;

	if (!target || tree_add(parser, node, ASSIGN_TARGET, target) < 0)
		return NULL;
	int assign = parser_skip_kind(parser, TOKEN_ASSIGN);
	if (assign < 0)
		return NULL;
	if (assign)
		return add_tuple(parser, node, ASSIGN_NODE, TUPLE_FULL) < 0 ? NULL : node;
	node->kind = TREE_ASSIGN_BLOCK;
	struct tree *filter = parse_filter(parser, NULL, false, &none);
	if ((!filter && !none) || tree_add(parser, node, ASSIGN_BLOCK_FILTER, filter) < 0)
		return NULL;
	return parse_body(parser, node, ASSIGN_BLOCK_BODY, ends, true) < 0 ? NULL : node;
}

static struct tree *parse_for(struct parser *parser)
{
	static const char *const ends[] = { "endfor", "else", NULL }, *const end[] = { "endfor", NULL };
	struct tree *node = begin_tag(parser, TREE_FOR);
	struct tree *target = node ? parse_target(parser, false) : NULL;
	int rc;

	if (!target || tree_add(parser, node, FOR_TARGET, target) < 0 ||
	    parser_expect_name(parser, "in") < 0 ||
	    add_tuple(parser, node, FOR_ITER, TUPLE_NO_COND) < 0 ||
	    (rc = parser_skip_name(parser, "if")) < 0 ||
	    (rc && add_expression(parser, node, FOR_TEST, true) < 0) ||
	    (rc = parser_skip_name(parser, "recursive")) < 0)
		return NULL;
	node->flags = rc ? TREE_RECURSIVE : 0;
	if (parse_body(parser, node, FOR_BODY, ends, false) < 0)
		return NULL;
	bool has_else = parser_at_name(parser, "else");
	if (parser_next(parser) < 0 || (has_else && parse_body(parser, node, FOR_ELSE, end, true) < 0))
		return NULL;
	return node;
}

static struct tree *parse_if(struct parser *parser)
{
	static const char *const ends[] = { "elif", "else", "endif", NULL }, *const end[] = { "endif", NULL };
	struct tree *first = begin_tag(parser, TREE_IF), *node = first;

	while (node) {
		if (add_tuple(parser, node, IF_TEST, TUPLE_NO_COND) < 0 ||
		    parse_body(parser, node, IF_BODY, ends, false) < 0)
			return NULL;
		if (node != first && tree_add(parser, first, IF_ELIF, node) < 0)
			return NULL;
		bool has_elif = parser_at_name(parser, "elif"), has_else = parser_at_name(parser, "else");
		if (parser_next(parser) < 0)
			return NULL;
		if (has_else && parse_body(parser, first, IF_ELSE, end, true) < 0)
			return NULL;
		if (!has_elif)
			return first;
		node = tree_new(parser, TREE_IF, parser->current.line);
	}
	return NULL;
}

static bool mark_param(struct tree *target)
{
	if (target->kind == TREE_NAME)
		target->ctx = CTX_PARAM;
	for (unsigned i = 0; i < target->field[0].count; i++)
		mark_param(target->field[0].nodes[i]);
	return true;
}

static struct tree *parse_with(struct parser *parser)
{
	static const char *const ends[] = { "endwith", NULL };
	struct tree *node = begin_tag(parser, TREE_WITH);

	while (node && parser->current.kind != TOKEN_BLOCK_END) {
		if (node->field[WITH_TARGETS].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return NULL;
		struct tree *target = parse_target(parser, false);
		if (!target || !mark_param(target) || tree_add(parser, node, WITH_TARGETS, target) < 0 ||
		    parser_expect(parser, TOKEN_ASSIGN, NULL) < 0 ||
		    add_expression(parser, node, WITH_VALUES, true) < 0)
			return NULL;
	}
	return node && parse_body(parser, node, WITH_BODY, ends, true) == 0 ? node : NULL;
}

static struct tree *parse_autoescape(struct parser *parser)
{
	static const char *const ends[] = { "endautoescape", NULL };
	struct tree *scope = tree_new(parser, TREE_SCOPE, parser->current.line);
	struct tree *node = begin_tag(parser, TREE_AUTOESCAPE);

	if (!node || add_expression(parser, node, AUTOESCAPE_OPTION, true) < 0 ||
	    parse_body(parser, node, AUTOESCAPE_BODY, ends, true) < 0 ||
	    tree_add(parser, scope, 0, node) < 0)
		return NULL;
	return scope;
}

static bool is_blank(struct span text)
{
	for (size_t at = 0; at < text.len;)
		if (!uni_is(utf8_next(text, &at), UNI_SPACE))
			return false;
	return true;
}

/* A required block may hold nothing but white space. */
static bool body_is_blank(const struct tree_list *body)
{
	for (unsigned i = 0; i < body->count; i++) {
		const struct tree *output = body->nodes[i];
		if (output->kind != TREE_OUTPUT)
			return false;
		for (unsigned k = 0; k < output->field[0].count; k++) {
			const struct tree *data = output->field[0].nodes[k];
			if (data->kind != TREE_DATA || !is_blank(value_span(data->value)))
				return false;
		}
	}
	return true;
}

static struct tree *parse_block(struct parser *parser)
{
	static const char *const ends[] = { "endblock", NULL };
	struct tree *node = begin_tag(parser, TREE_BLOCK);
	struct token name;
	int scoped, required;

	if (!node || parser_expect(parser, TOKEN_NAME, &name) < 0 ||
	    (scoped = parser_skip_name(parser, "scoped")) < 0 ||
	    (required = parser_skip_name(parser, "required")) < 0)
		return NULL;
	node->name = names_intern(parser->names, name.text);
	node->flags = (uint8_t)((scoped ? TREE_SCOPED : 0) | (required ? TREE_REQUIRED : 0));
	if (parser->current.kind == TOKEN_SUB) {
		parser_fail(parser, parser->current.line,
			    "Block names in Jinja have to be valid Python identifiers and may not"
			    " contain hyphens, use an underscore instead.");
		return NULL;
	}
	if (parse_body(parser, node, BLOCK_BODY, ends, true) < 0)
		return NULL;
	if (required && !body_is_blank(&node->field[BLOCK_BODY])) {
		parser_fail(parser, parser->current.line,
			    "Required blocks can only contain comments or whitespace");
		return NULL;
	}
	if (parser->current.kind == TOKEN_NAME && span_equal(parser->current.text, name.text) &&
	    parser_next(parser) < 0)
		return NULL;
	return node;
}

static struct tree *parse_extends(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_EXTENDS);

	return node && add_expression(parser, node, EXTENDS_TEMPLATE, true) == 0 ? node : NULL;
}

static bool ahead_is_name(struct parser *parser, const char *name, int *rc)
{
	const struct token *ahead = parser_look(parser);

	if (!ahead)
		*rc = -1;
	return ahead && ahead->kind == TOKEN_NAME && span_equal(ahead->text, span_of(name));
}

/* "with context" or "without context": 1 when there was one. */
static int parse_context(struct parser *parser, struct tree *node)
{
	bool with = parser_at_name(parser, "with");
	int rc = 0;

	if ((!with && !parser_at_name(parser, "without")) || !ahead_is_name(parser, "context", &rc))
		return rc;
	node->flags = (uint8_t)((node->flags & ~TREE_WITH_CONTEXT) | (with ? TREE_WITH_CONTEXT : 0));
	return parser_next(parser) < 0 || parser_next(parser) < 0 ? -1 : 1;
}

static struct tree *parse_include(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_INCLUDE);
	int rc = 0;

	if (!node || add_expression(parser, node, IMPORT_TEMPLATE, true) < 0)
		return NULL;
	node->flags = TREE_WITH_CONTEXT;
	if (parser_at_name(parser, "ignore") && ahead_is_name(parser, "missing", &rc)) {
		node->flags |= TREE_IGNORE_MISSING;
		if (parser_next(parser) < 0 || parser_next(parser) < 0)
			return NULL;
	}
	return rc < 0 || parse_context(parser, node) < 0 ? NULL : node;
}

static struct tree *parse_import(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_IMPORT);

	if (!node || add_expression(parser, node, IMPORT_TEMPLATE, true) < 0 ||
	    parser_expect_name(parser, "as") < 0)
		return NULL;
	struct tree *target = parse_target_name(parser);
	if (!target || parse_context(parser, node) < 0)
		return NULL;
	/* Not a field: looking for names does not see it, as in Jinja2. */
	node->name = target->name;
	return node;
}

/* One "name" or "name as alias". */
static int parse_from_name(struct parser *parser, struct tree *node)
{
	struct tree *target = parse_target_name(parser);
	int rc;

	if (!target)
		return -1;
	if (target->name->text.len && *target->name->text.text == '_')
		return parser_fail(parser, target->line,
				   "names starting with an underline can not be imported");
	struct tree *alias = tree_new(parser, TREE_ALIAS, target->line);
	alias->value = target->name->text;
	alias->name = target->name;
	if ((rc = parser_skip_name(parser, "as")) < 0)
		return -1;
	if (rc) {
		struct tree *as = parse_target_name(parser);
		if (!as)
			return -1;
		alias->name = as->name;
	}
	return tree_add(parser, node, IMPORT_NAMES, alias);
}

static struct tree *parse_from(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_FROM_IMPORT);
	int rc;

	if (!node || add_expression(parser, node, IMPORT_TEMPLATE, true) < 0 ||
	    parser_expect_name(parser, "import") < 0)
		return NULL;
	for (;;) {
		if (node->field[IMPORT_NAMES].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return NULL;
		if (parser->current.kind != TOKEN_NAME) {
			parser_expect(parser, TOKEN_NAME, NULL);
			return NULL;
		}
		if ((rc = parse_context(parser, node)) != 0)
			return rc < 0 ? NULL : node;
		if (parse_from_name(parser, node) < 0)
			return NULL;
		if ((rc = parse_context(parser, node)) < 0)
			return NULL;
		if (rc || parser->current.kind != TOKEN_COMMA)
			return node;
	}
}

/* Parameters in parentheses with their defaults. */
static int parse_signature(struct parser *parser, struct tree *node, unsigned args, unsigned defaults)
{
	int rc;

	if (parser_expect(parser, TOKEN_LPAREN, NULL) < 0)
		return -1;
	while (parser->current.kind != TOKEN_RPAREN) {
		if (node->field[args].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return -1;
		struct tree *arg = parse_target_name(parser);
		if (!arg || (rc = parser_skip_kind(parser, TOKEN_ASSIGN)) < 0)
			return -1;
		arg->ctx = CTX_PARAM;
		if (rc && add_expression(parser, node, defaults, true) < 0)
			return -1;
		if (!rc && node->field[defaults].count)
			return parser_fail(parser, parser->current.line,
					   "non-default argument follows default argument");
		if (tree_add(parser, node, args, arg) < 0)
			return -1;
	}
	return parser_next(parser);
}

static struct tree *parse_call_block(struct parser *parser)
{
	static const char *const ends[] = { "endcall", NULL };
	struct tree *node = begin_tag(parser, TREE_CALL_BLOCK);

	if (!node || (parser->current.kind == TOKEN_LPAREN &&
		      parse_signature(parser, node, CALL_BLOCK_ARGS, CALL_BLOCK_DEFAULTS) < 0))
		return NULL;
	struct tree *call = parse_expression(parser, true);
	if (!call)
		return NULL;
	if (call->kind != TREE_CALL) {
		parser_fail(parser, node->line, "expected call");
		return NULL;
	}
	if (tree_add(parser, node, CALL_BLOCK_CALL, call) < 0 ||
	    parse_body(parser, node, CALL_BLOCK_BODY, ends, true) < 0)
		return NULL;
	return node;
}

static struct tree *parse_filter_block(struct parser *parser)
{
	static const char *const ends[] = { "endfilter", NULL };
	struct tree *node = begin_tag(parser, TREE_FILTER_BLOCK);
	struct tree *filter = node ? parse_filter(parser, NULL, true, NULL) : NULL;

	if (!filter || tree_add(parser, node, FILTER_BLOCK_FILTER, filter) < 0 ||
	    parse_body(parser, node, FILTER_BLOCK_BODY, ends, true) < 0)
		return NULL;
	return node;
}

static struct tree *parse_macro(struct parser *parser)
{
	static const char *const ends[] = { "endmacro", NULL };
	struct tree *node = begin_tag(parser, TREE_MACRO);
	struct tree *name = node ? parse_target_name(parser) : NULL;

	if (!name || parse_signature(parser, node, MACRO_ARGS, MACRO_DEFAULTS) < 0 ||
	    parse_body(parser, node, MACRO_BODY, ends, true) < 0)
		return NULL;
	node->name = name->name;
	return node;
}

static struct tree *parse_print(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_OUTPUT);

	while (node && parser->current.kind != TOKEN_BLOCK_END) {
		if ((node->field[OUTPUT_NODES].count && parser_expect(parser, TOKEN_COMMA, NULL) < 0) ||
		    add_expression(parser, node, OUTPUT_NODES, true) < 0)
			return NULL;
	}
	return node;
}

static struct tree *parse_do(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_EXPR_STMT);

	return node && add_tuple(parser, node, 0, TUPLE_FULL) == 0 ? node : NULL;
}

static struct tree *parse_debug(struct parser *parser)
{
	struct tree *node = begin_tag(parser, TREE_OUTPUT);
	struct tree *text = node ? tree_new(parser, TREE_DEBUG, node->line) : NULL;

	return text && tree_add(parser, node, OUTPUT_NODES, text) == 0 ? node : NULL;
}

static struct tree *parse_break(struct parser *parser)
{
	return begin_tag(parser, TREE_BREAK);
}

static struct tree *parse_continue(struct parser *parser)
{
	return begin_tag(parser, TREE_CONTINUE);
}

static const struct {
	const char *tag;
	struct tree *(*parse)(struct parser *);
	enum { TAG_ALWAYS, TAG_DO, TAG_LOOPCONTROLS, TAG_DEBUG } extension;
} tags[] = {
	{ "for", parse_for, TAG_ALWAYS },
	{ "if", parse_if, TAG_ALWAYS },
	{ "block", parse_block, TAG_ALWAYS },
	{ "extends", parse_extends, TAG_ALWAYS },
	{ "print", parse_print, TAG_ALWAYS },
	{ "macro", parse_macro, TAG_ALWAYS },
	{ "include", parse_include, TAG_ALWAYS },
	{ "from", parse_from, TAG_ALWAYS },
	{ "import", parse_import, TAG_ALWAYS },
	{ "set", parse_set, TAG_ALWAYS },
	{ "with", parse_with, TAG_ALWAYS },
	{ "autoescape", parse_autoescape, TAG_ALWAYS },
	{ "call", parse_call_block, TAG_ALWAYS },
	{ "filter", parse_filter_block, TAG_ALWAYS },
	{ "do", parse_do, TAG_DO },
	{ "break", parse_break, TAG_LOOPCONTROLS },
	{ "continue", parse_continue, TAG_LOOPCONTROLS },
	{ "debug", parse_debug, TAG_DEBUG },
};

static bool tag_is_known(const struct parser *parser, size_t i)
{
	switch (tags[i].extension) {
	case TAG_ALWAYS:
		return true;
	case TAG_DO:
		return parser->grammar->ext_do;
	case TAG_LOOPCONTROLS:
		return parser->grammar->ext_loopcontrols;
	case TAG_DEBUG:
		return parser->grammar->ext_debug;
	}
	return false;
}

static int parse_known_tag(struct parser *parser, struct tree *into, unsigned field)
{
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (tag_is_known(parser, i) && parser_at_name(parser, tags[i].tag)) {
			struct tree *node = tags[i].parse(parser);
			return node ? tree_add(parser, into, field, node) : -1;
		}
	return parse_trans(parser, into, field);
}

static bool at_known_tag(const struct parser *parser)
{
	for (size_t i = 0; i < sizeof tags / sizeof *tags; i++)
		if (tag_is_known(parser, i) && parser_at_name(parser, tags[i].tag))
			return true;
	return parser->grammar->ext_i18n && parser_at_name(parser, "trans");
}

int parse_statement(struct parser *parser, struct tree *into, unsigned field)
{
	if (parser->current.kind != TOKEN_NAME)
		return parser_fail(parser, parser->current.line, "tag name expected");
	if (!at_known_tag(parser))
		return parser_fail_unknown_tag(parser);
	if (parser->tag_count == PARSER_MAX_TAGS)
		return parser_fail(parser, parser->current.line,
				   "the template is nested too deeply (more than %d tags)",
				   PARSER_MAX_TAGS);
	parser->tags[parser->tag_count++] = parser->current.text;
	if (parse_known_tag(parser, into, field) < 0)
		return -1;
	parser->tag_count--;
	return 0;
}
