/*
 * render.h - one rendering in progress, as natives see it
 *
 * A native is a filter, test, method or global written in C (native.h).
 *
 * Failing: describe the fault with render_fail() and return what it returns,
 * a value of kind VALUE_ERROR; every result of a call back is tested with
 * value_failed() and handed on.
 *
 * Building text: between render_capture() and render_captured() everything
 * added to render->out is the new string.  Captures nest; nothing is copied
 * twice and no buffer has to be freed.  After a failure a capture need not be
 * closed.
 *
 * Memory comes from render->arena and is never freed.  Before making
 * something whose size the template or the data chose, ask render_room().
 */
#ifndef POSTRIDER_TEMPLATE_RENDER_H
#define POSTRIDER_TEMPLATE_RENDER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "template/values/value.h"

/* Python's class of the exception; what is caught where depends on it. */
enum fail {
	FAIL_TYPE,		/* TypeError */
	FAIL_VALUE,		/* ValueError */
	FAIL_LOOKUP,		/* KeyError, IndexError */
	FAIL_ATTRIBUTE,		/* AttributeError */
	FAIL_ARITHMETIC,	/* ZeroDivisionError, OverflowError */
	FAIL_ASSERTION,		/* AssertionError */
	FAIL_RUNTIME,		/* RuntimeError and others that nothing catches */
	FAIL_TEMPLATE,		/* TemplateRuntimeError, FilterArgumentError */
	FAIL_UNDEFINED,		/* UndefinedError */
	FAIL_NOT_FOUND,		/* TemplateNotFound, TemplatesNotFound */
	FAIL_SYNTAX,		/* TemplateSyntaxError, TemplateAssertionError */
	FAIL_LIMIT,		/* one of struct template_limits; nothing catches it */
};

struct context;
struct template_limits;

struct render {
	struct arena *arena;
	struct buf *out;		/* see render_capture() */
	struct context *context;	/* of the template that is running */
	bool folding;			/* at compile time: there are no variables and no context */

	/* The rest is for the engine itself. */
	struct templates *set;
	enum fail fail;			/* of the failure that is described in `error` */
	struct error error;
	const struct template_limits *limits;
	int64_t steps_left;		/* of limits->iterations, beyond those of the countdown */
	int64_t countdown;		/* steps until the limits are looked at again */
	int64_t look_ms;		/* when to ask the processor's clock, by the coarse one; 0: never */
	int64_t began_ms;		/* by the processor's; 0: it was not asked yet */
	unsigned depth;			/* of limits->recursion */
	const char *stack_end;		/* the stack must not grow below */
	const struct template *template; /* whose code is running, */
	unsigned line;			/* and the line of its statement */
	/* The type of something that is no text where Jinja2 joins texts, and where
	 * it was: the end of the rendering fails.  NULL: none. */
	const char *unjoined;
	const struct template *unjoined_template;
	unsigned unjoined_line;
	enum undefined_kind undefined;
	const struct catalogue *catalogues[2]; /* of the locale and of its language, or NULL */
	struct dict *modules;		/* templates that were imported without context */
	struct dict *types;		/* classes that were asked for, by name; NULL while empty */
};

/* The message is Python's (str(exception)), as a person reads it. */
__attribute__((format(printf, 3, 4)))
struct value render_fail(struct render *render, enum fail fail, const char *format, ...);

/* The same with the text of `error`, which is emptied. */
struct value render_fail_error(struct render *render, enum fail fail, struct error *error);

/* Whether the running template's output is being escaped (eval_ctx.autoescape). */
bool render_autoescape(const struct render *render);

/* What a line ends with: template_options.newline_sequence. */
const char *render_newline(const struct render *render);

/* 0, or -1 and a failure if `bytes` more would break a limit of the rendering. */
int render_room(struct render *render, uint64_t bytes);

/* Counts work in loops that a template can make long: every so many items.
 * 0, or -1 and a failure when steps, memory or time are used up. */
int render_steps(struct render *render, uint64_t steps);

/* The same for bytes that are looked through or copied at one go. */
int render_work(struct render *render, uint64_t bytes);

/* 0, or -1 and a failure when a field is to be wider, a repetition or a range
 * longer, a power larger than its limit. */
int render_width(struct render *render, int64_t columns);
int render_repetition(struct render *render, uint64_t count);
int render_range(struct render *render, uint64_t count);
int render_power(struct render *render, uint64_t bits);

/* Looks at the limits now; 0 or -1. */
int render_checkpoint(struct render *render);

static inline int render_step(struct render *render)
{
	return __builtin_expect(--render->countdown > 0, 1) ? 0 : render_checkpoint(render);
}

/* ---- text ---- */

static inline size_t render_capture(struct render *render)
{
	return render->out->len;
}

/* What render_add() does where there is no room: makes it, and has the limits
 * looked at by the next step if there is too much. */
void render_add_growing(struct render *render, const char *text, size_t len);

/* buf_add() to render->out, without a call where there is room. */
static inline void render_add(struct render *render, const char *text, size_t len)
{
	if (__builtin_expect(render->out->room - render->out->len <= len, 0))
		render_add_growing(render, text, len);
	else
		buf_put_in_room(render->out, text, len);
}

/* What was added since, as a string in the arena; `flags` as for value_text().
 * The capture is closed and render->out as it was. */
struct value render_captured(struct render *render, size_t capture, unsigned flags);

__attribute__((format(printf, 2, 3)))
struct value render_printf(struct render *render, const char *format, ...);

/* A copy of bytes as a string. */
struct value render_text(struct render *render, struct span text, unsigned flags);

/* ---- calling back ---- */

struct keyword {
	struct value name;	/* a string */
	struct value value;
};

struct arguments {
	const struct value *list;
	size_t count;
	const struct keyword *named;
	size_t named_count;
};

/* callee(*list, **named) */
struct value render_call(struct render *render, struct value callee, struct arguments arguments);

/* subject|name(...) and subject is name(...), the name known only at run time
 * as in map() and select(): "No filter named 'x'." */
struct value render_filter(struct render *render, struct value name, struct value subject,
			   struct arguments arguments);
struct value render_test(struct render *render, struct value name, struct value subject,
			 struct arguments arguments);

/* Whether there is one of this name. */
bool render_has_filter(struct value name);
bool render_has_test(struct value name);

#endif
