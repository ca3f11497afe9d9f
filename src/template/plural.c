/* plural.c - the C expressions of Plural-Forms, parsed once, evaluated often. */
#include "template/plural.h"

#include <stdlib.h>

enum node_op {
	PLURAL_NUMBER, PLURAL_N, PLURAL_NOT, PLURAL_COND,
	PLURAL_OR, PLURAL_AND, PLURAL_EQ, PLURAL_NE, PLURAL_LE, PLURAL_GE, PLURAL_LT, PLURAL_GT,
	PLURAL_ADD, PLURAL_SUB, PLURAL_MUL, PLURAL_DIV, PLURAL_MOD,
};

struct node {
	enum node_op op;
	unsigned long number;
	const struct node *a, *b, *c;
};

struct plural {
	const struct node *expression;
	unsigned long count;
};

/* Operators from loosest to tightest; longer ones first where they begin alike. */
static const struct {
	const char *text;
	unsigned level;
	enum node_op op;
} binaries[] = {
	{ "||", 0, PLURAL_OR }, { "&&", 1, PLURAL_AND },
	{ "==", 2, PLURAL_EQ }, { "!=", 2, PLURAL_NE },
	{ "<=", 3, PLURAL_LE }, { ">=", 3, PLURAL_GE }, { "<", 3, PLURAL_LT }, { ">", 3, PLURAL_GT },
	{ "+", 4, PLURAL_ADD }, { "-", 4, PLURAL_SUB },
	{ "*", 5, PLURAL_MUL }, { "/", 5, PLURAL_DIV }, { "%", 5, PLURAL_MOD },
};

enum { LEVELS = 6, MOST_NODES = 200 };

struct parse {
	struct arena *arena;
	struct span text;
	size_t at;
	unsigned nodes;
};

static const struct node *parse_cond(struct parse *p);

static void skip_blanks(struct parse *p)
{
	while (p->at < p->text.len && strchr(" \t", p->text.at[p->at]))
		p->at++;
}

static bool take(struct parse *p, const char *text)
{
	size_t len = strlen(text);

	skip_blanks(p);
	if (p->text.len - p->at < len || memcmp(p->text.at + p->at, text, len) != 0)
		return false;
	p->at += len;
	return true;
}

/* NULL when the expression is too long to be one. */
static struct node *make(struct parse *p, enum node_op op, const struct node *a, const struct node *b,
			 const struct node *c)
{
	struct node *node = arena_alloc(p->arena, sizeof *node);

	*node = (struct node){ op, 0, a, b, c };
	return ++p->nodes > MOST_NODES ? NULL : node;
}

static const struct node *parse_number(struct parse *p)
{
	struct node *node = make(p, PLURAL_NUMBER, NULL, NULL, NULL);
	size_t begin = p->at;

	while (node && p->at < p->text.len && p->text.at[p->at] >= '0' && p->text.at[p->at] <= '9' &&
	       p->at - begin < 9)
		node->number = node->number * 10 + (unsigned long)(p->text.at[p->at++] - '0');
	return p->at > begin ? node : NULL;
}

static const struct node *parse_primary(struct parse *p)
{
	if (take(p, "!")) {
		const struct node *operand = p->nodes < MOST_NODES ? parse_primary(p) : NULL;
		return operand ? make(p, PLURAL_NOT, operand, NULL, NULL) : NULL;
	}
	if (take(p, "(")) {
		const struct node *inner = ++p->nodes < MOST_NODES ? parse_cond(p) : NULL;
		return inner && take(p, ")") ? inner : NULL;
	}
	if (take(p, "n"))
		return make(p, PLURAL_N, NULL, NULL, NULL);
	skip_blanks(p);
	return parse_number(p);
}

static bool take_operator(struct parse *p, unsigned level, enum node_op *op)
{
	for (size_t i = 0; i < sizeof binaries / sizeof *binaries; i++)
		if (binaries[i].level == level && take(p, binaries[i].text)) {
			*op = binaries[i].op;
			return true;
		}
	return false;
}

static const struct node *parse_level(struct parse *p, unsigned level)
{
	const struct node *left = level == LEVELS ? parse_primary(p) : parse_level(p, level + 1);
	enum node_op op;

	while (left && level < LEVELS && take_operator(p, level, &op)) {
		const struct node *right = parse_level(p, level + 1);
		left = right ? make(p, op, left, right, NULL) : NULL;
	}
	return left;
}

static const struct node *parse_cond(struct parse *p)
{
	const struct node *test = parse_level(p, 0);

	if (!test || !take(p, "?"))
		return test;
	const struct node *then = p->nodes < MOST_NODES ? parse_cond(p) : NULL;
	const struct node *otherwise = then && take(p, ":") ? parse_cond(p) : NULL;
	return otherwise ? make(p, PLURAL_COND, test, then, otherwise) : NULL;
}

struct plural *plural_parse(struct arena *arena, struct span text)
{
	struct parse p = { .arena = arena, .text = text };
	struct plural *plural = arena_alloc(arena, sizeof *plural);

	if (!take(&p, "nplurals") || !take(&p, "="))
		return NULL;
	skip_blanks(&p);
	const struct node *count = parse_number(&p);
	if (!count || !take(&p, ";") || !take(&p, "plural") || !take(&p, "="))
		return NULL;
	plural->count = count->number;
	plural->expression = parse_cond(&p);
	take(&p, ";");
	skip_blanks(&p);
	return plural->expression && p.at == p.text.len ? plural : NULL;
}

static unsigned long evaluate(const struct node *node, unsigned long n)
{
	unsigned long a, b;

	switch (node->op) {
	case PLURAL_NUMBER:
		return node->number;
	case PLURAL_N:
		return n;
	case PLURAL_NOT:
		return !evaluate(node->a, n);
	case PLURAL_COND:
		return evaluate(evaluate(node->a, n) ? node->b : node->c, n);
	case PLURAL_OR:
		return evaluate(node->a, n) || evaluate(node->b, n);
	case PLURAL_AND:
		return evaluate(node->a, n) && evaluate(node->b, n);
	default:
		break;
	}
	a = evaluate(node->a, n);
	b = evaluate(node->b, n);
	switch (node->op) {
	case PLURAL_EQ:
		return a == b;
	case PLURAL_NE:
		return a != b;
	case PLURAL_LE:
		return a <= b;
	case PLURAL_GE:
		return a >= b;
	case PLURAL_LT:
		return a < b;
	case PLURAL_GT:
		return a > b;
	case PLURAL_ADD:
		return a + b;
	case PLURAL_SUB:
		return a - b;
	case PLURAL_MUL:
		return a * b;
	case PLURAL_DIV:
		return b ? a / b : 0;
	default:
		return b ? a % b : 0;
	}
}

unsigned plural_form(const struct plural *plural, long long n)
{
	unsigned long form = evaluate(plural->expression, n < 0 ? 0 - (unsigned long)n : (unsigned long)n);

	return form < plural->count ? (unsigned)form : 0;
}
