/*
 * parser_trans.c - {% trans %}: text to translate, as a call of gettext
 *
 * The text becomes a format string with %(name)s where variables stand; what
 * is printed is that string's translation formatted with their values.
 */
#include "template/syntax/parser.h"

#include "base/arena.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

enum { MAX_VARIABLES = 64 };

struct variable {
	const struct name *name;
	struct tree *value;
};

struct trans {
	struct parser *parser;
	unsigned line;
	struct tree *context;			/* a string, or NULL */
	struct variable variables[MAX_VARIABLES];
	unsigned count;
	struct tree *plural;			/* what decides between the forms */
	struct tree *assignment;		/* of _trans, when the first variable is a call */
	bool called_num, referenced;
	int trimmed;				/* -1: not said */
};

static struct variable *find_variable(struct trans *trans, const struct name *name)
{
	for (unsigned i = 0; i < trans->count; i++)
		if (trans->variables[i].name == name)
			return &trans->variables[i];
	return NULL;
}

static int add_variable(struct trans *trans, const struct name *name, struct tree *value)
{
	if (!value)
		return -1;
	if (trans->count == MAX_VARIABLES)
		return parser_fail(trans->parser, trans->line,
				   "a translatable section can have only %d variables", MAX_VARIABLES);
	trans->variables[trans->count++] = (struct variable){ name, value };
	return 0;
}

static struct tree *load_name(struct trans *trans, const struct name *name)
{
	return tree_name_new(trans->parser, value_span(name->text), CTX_LOAD, trans->line);
}

/* A call is evaluated once, into _trans. */
static int take_plural(struct trans *trans, struct variable *variable)
{
	struct parser *parser = trans->parser;

	trans->plural = variable->value;
	trans->called_num = value_is_text(variable->name->text, "num");
	if (variable->value->kind != TREE_CALL)
		return 0;
	trans->assignment = tree_new(parser, TREE_ASSIGN, trans->line);
	if (tree_add(parser, trans->assignment, ASSIGN_TARGET,
		     tree_name_new(parser, span_of("_trans"), CTX_STORE, trans->line)) < 0 ||
	    tree_add(parser, trans->assignment, ASSIGN_NODE, variable->value) < 0)
		return -1;
	trans->plural = tree_name_new(parser, span_of("_trans"), CTX_LOAD, trans->line);
	variable->value = trans->plural;
	return 0;
}

/* One "name", "name=expression", "trimmed" or "notrimmed". */
static int parse_variable(struct trans *trans)
{
	struct parser *parser = trans->parser;
	struct token token;

	if (parser_expect(parser, TOKEN_NAME, &token) < 0)
		return -1;
	const struct name *name = names_intern(parser->names, token.text);
	if (find_variable(trans, name))
		return parser_fail(parser, token.line, "translatable variable '%s' defined twice.",
				   name->text.text);
	if (parser->current.kind == TOKEN_ASSIGN) {
		if (parser_next(parser) < 0 ||
		    add_variable(trans, name, parse_expression(parser, true)) < 0)
			return -1;
	} else if (trans->trimmed < 0 && (value_is_text(name->text, "trimmed") ||
					  value_is_text(name->text, "notrimmed"))) {
		trans->trimmed = *token.text.at == 't';
		return 0;
	} else if (add_variable(trans, name, load_name(trans, name)) < 0) {
		return -1;
	}
	return trans->plural ? 0 : take_plural(trans, &trans->variables[trans->count - 1]);
}

static int parse_header(struct trans *trans)
{
	struct parser *parser = trans->parser;
	int rc;

	if (parser->current.kind == TOKEN_STRING) {
		trans->context = tree_text_new(parser, TREE_CONST, parser->current.text, trans->line);
		if (parser_next(parser) < 0)
			return -1;
	}
	while (parser->current.kind != TOKEN_BLOCK_END) {
		if (trans->count && parser_expect(parser, TOKEN_COMMA, NULL) < 0)
			return -1;
		if ((rc = parser_skip_kind(parser, TOKEN_COLON)) != 0) {
			if (rc < 0)
				return -1;
			break;
		}
		if (parse_variable(trans) < 0)
			return -1;
	}
	return parser_expect(parser, TOKEN_BLOCK_END, NULL);
}

/* Names that are printed in a text, in order of their first appearance. */
struct references {
	const struct name *names[MAX_VARIABLES];
	unsigned count;
};

static int add_reference(struct trans *trans, struct references *references, struct span text)
{
	const struct name *name = names_intern(trans->parser->names, text);

	trans->referenced = true;
	for (unsigned i = 0; i < references->count; i++)
		if (references->names[i] == name)
			return 0;
	if (references->count == MAX_VARIABLES)
		return parser_fail(trans->parser, trans->line,
				   "a translatable section can have only %d variables", MAX_VARIABLES);
	references->names[references->count++] = name;
	return 0;
}

static void add_doubling_percent(struct buf *out, struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '%')
			buf_putc(out, '%');
		buf_putc(out, text.at[i]);
	}
}

static int parse_reference(struct trans *trans, struct references *references, struct buf *out)
{
	struct parser *parser = trans->parser;
	struct token name;

	if (parser_next(parser) < 0 || parser_expect(parser, TOKEN_NAME, &name) < 0 ||
	    add_reference(trans, references, name.text) < 0)
		return -1;
	buf_printf(out, "%%(%.*s)s", (int)name.text.len, name.text.at);
	return parser_expect(parser, TOKEN_VARIABLE_END, NULL);
}

static int check_end(struct parser *parser, bool allow_pluralize)
{
	if (parser_next(parser) < 0)
		return -1;
	if (parser_at_name(parser, "endtrans"))
		return 0;
	if (parser_at_name(parser, "pluralize"))
		return allow_pluralize ? 0 : parser_fail(parser, parser->current.line,
			"a translatable section can have only one pluralize section");
	return parser_fail(parser, parser->current.line,
			   "control structures in translatable sections are not allowed");
}

/* The text up to the tag that ends it, which is then the current token. */
static int parse_text(struct trans *trans, bool allow_pluralize, struct references *references,
		      struct buf *out)
{
	struct parser *parser = trans->parser;

	for (;;) {
		switch (parser->current.kind) {
		case TOKEN_DATA:
			add_doubling_percent(out, parser->current.text);
			if (parser_next(parser) < 0)
				return -1;
			break;
		case TOKEN_VARIABLE_BEGIN:
			if (parse_reference(trans, references, out) < 0)
				return -1;
			break;
		case TOKEN_BLOCK_BEGIN:
			return check_end(parser, allow_pluralize);
		default:
			return parser_fail(parser, parser->current.line, "unclosed translation block");
		}
	}
}

static int parse_pluralize(struct trans *trans, struct references *references, struct buf *plural)
{
	struct parser *parser = trans->parser;
	struct token token;

	if (parser_next(parser) < 0)
		return -1;
	if (parser->current.kind != TOKEN_BLOCK_END) {
		if (parser_expect(parser, TOKEN_NAME, &token) < 0)
			return -1;
		struct variable *chosen = find_variable(trans, names_intern(parser->names, token.text));
		if (!chosen)
			return parser_fail(parser, token.line,
					   "unknown variable '%.*s' for pluralization",
					   (int)token.text.len, token.text.at);
		trans->plural = chosen->value;
		trans->called_num = span_equal(token.text, span_of("num"));
	}
	if (parser_expect(parser, TOKEN_BLOCK_END, NULL) < 0)
		return -1;
	return parse_text(trans, false, references, plural);
}

/* Line breaks and the blanks around them become one blank: \s*\n\s*. */
static struct span trim(struct arena *arena, struct span text)
{
	struct buf out = BUF_INIT;

	text = strip_space(text, STRIP_BOTH);
	for (size_t at = 0; at < text.len;) {
		size_t end = at;
		while (end < text.len) {
			size_t next = end;
			if (!uni_is(utf8_next(text, &next), UNI_SPACE))
				break;
			end = next;
		}
		if (end > at && memchr(text.at + at, '\n', end - at)) {
			buf_putc(&out, ' ');
			at = end;
			continue;
		}
		if (end == at)
			utf8_next(text, &end);
		buf_add(&out, text.at + at, end - at);
		at = end;
	}
	struct span trimmed = { arena_dup(arena, out.data, out.len), out.len };
	buf_clear(&out);
	return trimmed;
}

static struct span halve_percent(struct arena *arena, struct span text)
{
	char *out = arena_dup(arena, text.at, text.len);
	size_t len = 0;

	for (size_t i = 0; i < text.len; i++) {
		out[len++] = text.at[i];
		if (text.at[i] == '%' && i + 1 < text.len && text.at[i + 1] == '%')
			i++;
	}
	return (struct span){ out, len };
}

static struct tree *make_text(struct trans *trans, const struct buf *buf)
{
	const struct grammar *grammar = trans->parser->grammar;
	struct span text = span_buf(buf);

	if (trans->trimmed > 0 || (trans->trimmed < 0 && grammar->trimmed))
		text = trim(trans->parser->scratch, text);
	if (!trans->referenced && !grammar->newstyle_gettext)
		text = halve_percent(trans->parser->scratch, text);
	return tree_text_new(trans->parser, TREE_CONST, text, trans->line);
}

/* gettext(...), ngettext(...), pgettext(...) or npgettext(...) */
static struct tree *make_call(struct trans *trans, struct tree *singular, struct tree *plural)
{
	struct parser *parser = trans->parser;
	struct tree *call = tree_new(parser, TREE_CALL, trans->line);
	const char *name = plural ? trans->context ? "npgettext" : "ngettext"
				  : trans->context ? "pgettext" : "gettext";

	if (tree_add(parser, call, CALL_NODE,
		     tree_name_new(parser, span_of(name), CTX_LOAD, trans->line)) < 0 ||
	    tree_add(parser, call, CALL_ARGS, trans->context) < 0 ||
	    tree_add(parser, call, CALL_ARGS, singular) < 0 ||
	    (plural && (tree_add(parser, call, CALL_ARGS, plural) < 0 ||
			tree_add(parser, call, CALL_ARGS, trans->plural) < 0)))
		return NULL;
	return call;
}

static struct tree *make_keyword(struct trans *trans, const struct variable *variable)
{
	struct tree *keyword = tree_new(trans->parser, TREE_KEYWORD, trans->line);

	keyword->name = variable->name;
	return tree_add(trans->parser, keyword, 0, variable->value) < 0 ? NULL : keyword;
}

static struct tree *make_item(struct trans *trans, const struct variable *variable)
{
	struct parser *parser = trans->parser;
	struct tree *pair = tree_new(parser, TREE_PAIR, trans->line);
	struct tree *key = tree_text_new(parser, TREE_CONST, value_span(variable->name->text), trans->line);

	return tree_add(parser, pair, LEFT, key) < 0 ||
	       tree_add(parser, pair, RIGHT, variable->value) < 0 ? NULL : pair;
}

/* Old style: the translation, safe where escaping is on, % the variables. */
static struct tree *make_old_style(struct trans *trans, struct tree *call)
{
	struct parser *parser = trans->parser;
	struct tree *safe = tree_new(parser, TREE_MARK_SAFE, trans->line);
	struct tree *dict = tree_new(parser, TREE_DICT, trans->line);
	struct tree *mod = tree_new(parser, TREE_MOD, trans->line);

	if (tree_add(parser, safe, 0, call) < 0)
		return NULL;
	if (!trans->count)
		return safe;
	for (unsigned i = 0; i < trans->count; i++) {
		struct tree *item = make_item(trans, &trans->variables[i]);
		if (!item || tree_add(parser, dict, 0, item) < 0)
			return NULL;
	}
	return tree_add(parser, mod, LEFT, safe) < 0 || tree_add(parser, mod, RIGHT, dict) < 0 ? NULL : mod;
}

/* New style: gettext() formats by itself. */
static struct tree *make_new_style(struct trans *trans, struct tree *call, bool plural)
{
	for (unsigned i = 0; i < trans->count; i++) {
		if (plural && trans->called_num && value_is_text(trans->variables[i].name->text, "num"))
			continue;
		struct tree *keyword = make_keyword(trans, &trans->variables[i]);
		if (!keyword || tree_add(trans->parser, call, CALL_KWARGS, keyword) < 0)
			return NULL;
	}
	return call;
}

static int add_nodes(struct trans *trans, struct tree *singular, struct tree *plural,
		     struct tree *into, unsigned field)
{
	struct parser *parser = trans->parser;
	struct tree *output = tree_new(parser, TREE_OUTPUT, trans->line);
	struct tree *call = make_call(trans, singular, plural);

	if (call)
		call = parser->grammar->newstyle_gettext ? make_new_style(trans, call, plural)
							 : make_old_style(trans, call);
	if (!call || tree_add(parser, output, OUTPUT_NODES, call) < 0 ||
	    tree_add(parser, into, field, trans->assignment) < 0)
		return -1;
	return tree_add(parser, into, field, output);
}

static int parse_texts(struct trans *trans, struct buf *singular, struct buf *plural, bool *has_plural)
{
	struct parser *parser = trans->parser;
	struct references references = { .count = 0 };

	if (parse_text(trans, true, &references, singular) < 0)
		return -1;
	if (references.count && !trans->plural) {
		trans->plural = load_name(trans, references.names[0]);
		trans->called_num = value_is_text(references.names[0]->text, "num");
	}
	*has_plural = parser_at_name(parser, "pluralize");
	if (*has_plural && parse_pluralize(trans, &references, plural) < 0)
		return -1;
	for (unsigned i = 0; i < references.count; i++)
		if (!find_variable(trans, references.names[i]) &&
		    add_variable(trans, references.names[i], load_name(trans, references.names[i])) < 0)
			return -1;
	return parser_next(parser);
}

int parse_trans(struct parser *parser, struct tree *into, unsigned field)
{
	struct trans *trans = arena_alloc(parser->scratch, sizeof *trans);
	struct buf singular = BUF_INIT, plural = BUF_INIT;
	bool has_plural;

	trans->parser = parser;
	trans->line = parser->current.line;
	trans->trimmed = -1;
	int rc = parser_next(parser) < 0 || parse_header(trans) < 0 ||
		 parse_texts(trans, &singular, &plural, &has_plural) < 0 ? -1 : 0;
	if (rc == 0 && has_plural && !trans->plural)
		rc = parser_fail(parser, trans->line, "pluralize without variables");
	if (rc == 0)
		rc = add_nodes(trans, make_text(trans, &singular),
			       has_plural ? make_text(trans, &plural) : NULL, into, field);
	buf_clear(&singular);
	buf_clear(&plural);
	return rc;
}
