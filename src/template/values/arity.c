/*
 * arity.c - what Python says when arguments do not fit the parameters
 */
#include "template/values/arity.h"

/* How Python's counterpart of a native takes its arguments. */
enum style {
	STYLE_FUNCTION,		/* written in Python */
	STYLE_NO_ARGUMENTS,	/* METH_NOARGS */
	STYLE_ONE_ARGUMENT,	/* METH_O */
	STYLE_POSITIONAL,	/* Argument Clinic, no keywords */
	STYLE_TUPLE,		/* PyArg_ParseTuple() */
	STYLE_KEYWORDS,		/* Argument Clinic with keywords */
};

static unsigned parameters(const struct callable *callable)
{
	return callable->count - (callable->star >= 0) - (callable->star_star >= 0);
}

static unsigned required(const struct callable *callable)
{
	return (unsigned)__builtin_popcount(callable->required);
}

/* str.find() and its kin, with start and end. */
static bool is_search(const struct callable *callable)
{
	return strcmp(callable->type, "str") == 0 && callable->count == 3 && value_is_text(callable->names[1], "start");
}

static enum style style_of(const struct callable *callable)
{
	bool built_in = callable->type != NULL || (callable->row->flags & NATIVE_BUILTIN);
	unsigned count = parameters(callable) + callable->implicit;

	if (!built_in)
		return STYLE_FUNCTION;
	if (count == 0)
		return STYLE_NO_ARGUMENTS;
	if (count == 1 && required(callable) + callable->implicit == 1)
		return STYLE_ONE_ARGUMENT;
	if (callable->type != NULL && is_search(callable))
		return STYLE_TUPLE;
	return callable->positional_only > 0 || callable->star >= 0 ? STYLE_POSITIONAL : STYLE_KEYWORDS;
}

/* "str.upper", or just the name. */
static void add_name(const struct callable *callable, struct buf *out)
{
	if (callable->type != NULL)
		buf_printf(out, "%s.", callable->type);
	buf_puts(out, callable->pyname);
}

/* The name without its module, "eq" of "_operator.eq". */
static const char *short_name(const struct callable *callable)
{
	const char *dot = strrchr(callable->pyname, '.');

	return dot ? dot + 1 : callable->pyname;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static int fail(struct render *render, struct buf *text)
{
	render_fail(render, FAIL_TYPE, "%s", buf_str(text));
	buf_clear(text);
	return -1;
}

/* A built-in function got too many or too few. */
static void add_built_in(const struct callable *callable, enum style style, size_t given, struct buf *out)
{
	unsigned least = required(callable) + callable->implicit, most = parameters(callable) + callable->implicit;
	unsigned bound = given < least ? least : most;
	const char *which = least == most ? "" : given < least ? "at least " : "at most ";

	switch (style) {
	case STYLE_FUNCTION:
		break;
	case STYLE_NO_ARGUMENTS:
		add_name(callable, out);
		buf_printf(out, "() takes no arguments (%zu given)", given);
		break;
	case STYLE_ONE_ARGUMENT:
		add_name(callable, out);
		buf_printf(out, "() takes exactly one argument (%zu given)", given);
		break;
	case STYLE_POSITIONAL:
		buf_printf(out, "%s expected %s%u argument%s, got %zu", short_name(callable), which, bound, plural(bound), given);
		break;
	case STYLE_TUPLE:
	case STYLE_KEYWORDS:
		buf_printf(out, "%s() takes %s%u argument%s (%zu given)", callable->pyname, which, bound, plural(bound),
			   given);
		break;
	}
}

int arity_too_many(struct render *render, const struct callable *callable, size_t given)
{
	unsigned least = required(callable) + callable->implicit, most = parameters(callable) + callable->implicit;
	enum style style = style_of(callable);
	struct buf text = BUF_INIT;

	given += callable->implicit;
	if (style != STYLE_FUNCTION)
		add_built_in(callable, style, given, &text);
	else if (least < most)
		buf_printf(&text, "%s() takes from %u to %u positional arguments but %zu %s given", callable->pyname, least,
			   most, given, given == 1 ? "was" : "were");
	else
		buf_printf(&text, "%s() takes %u positional argument%s but %zu %s given", callable->pyname, most,
			   plural(most), given, given == 1 ? "was" : "were");
	return fail(render, &text);
}

int arity_check(struct render *render, const struct callable *callable, struct arguments arguments)
{
	enum style style = style_of(callable);
	unsigned most = parameters(callable) + callable->implicit;
	size_t given = arguments.count + arguments.named_count + callable->implicit;
	struct buf text = BUF_INIT;

	if (callable->keyword_only && arguments.count && given <= most) {
		buf_printf(&text, "%s() takes no positional arguments", callable->pyname);
		return fail(render, &text);
	}
	if ((!arguments.named_count && !callable->keyword_only) || style == STYLE_FUNCTION || callable->star_star >= 0)
		return 0;
	if (style != STYLE_KEYWORDS)
		return arity_unexpected(render, callable, arguments.named[0].name);
	if (given <= most)
		return 0;
	buf_printf(&text, "%s() takes at most %u %sargument%s (%zu given)", callable->pyname, most,
		   arguments.count ? "" : "keyword ", plural(most), given);
	return fail(render, &text);
}

/* 'a', 'b', and 'c' */
static void add_missing_names(const struct callable *callable, const struct value *slots, unsigned count, struct buf *out)
{
	unsigned nth = 0;

	for (unsigned i = 0; i < callable->count; i++) {
		if (value_given(slots[i]) || !(callable->required & 1u << i))
			continue;
		if (nth > 0)
			buf_puts(out, count == 2 ? " and " : nth + 1 == count ? ", and " : ", ");
		buf_printf(out, "'%.*s'", (int)callable->names[i].len, callable->names[i].text);
		nth++;
	}
}

int arity_missing(struct render *render, const struct callable *callable, const struct value *slots, size_t given)
{
	enum style style = style_of(callable);
	struct buf text = BUF_INIT;
	unsigned count = 0;

	for (unsigned i = 0; i < callable->count; i++)
		count += !value_given(slots[i]) && (callable->required & 1u << i);
	if (style != STYLE_FUNCTION) {
		add_built_in(callable, style, given + callable->implicit, &text);
		return fail(render, &text);
	}
	buf_printf(&text, "%s() missing %u required positional argument%s: ", callable->pyname, count, plural(count));
	add_missing_names(callable, slots, count, &text);
	return fail(render, &text);
}

int arity_unexpected(struct render *render, const struct callable *callable, struct value name)
{
	enum style style = style_of(callable);
	struct buf text = BUF_INIT;

	if (style == STYLE_KEYWORDS) {
		buf_printf(&text, "'%.*s' is an invalid keyword argument for %s()", (int)name.len, name.text,
			   callable->pyname);
	} else {
		if (style != STYLE_FUNCTION)
			add_name(callable, &text);
		else
			buf_puts(&text, callable->pyname);
		if (style != STYLE_FUNCTION)
			buf_puts(&text, "() takes no keyword arguments");
		else
			buf_printf(&text, "() got an unexpected keyword argument '%.*s'", (int)name.len, name.text);
	}
	return fail(render, &text);
}

int arity_twice(struct render *render, const struct callable *callable, struct value name)
{
	render_fail(render, FAIL_TYPE, "%s() got multiple values for argument '%.*s'", callable->pyname, (int)name.len,
		    name.text);
	return -1;
}
