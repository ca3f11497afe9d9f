/* render.c - faults, limits and text of one rendering. */
#include "template/render.h"

#include <stdarg.h>

#include "base/clock.h"
#include "template/machine.h"

struct value render_fail(struct render *render, enum fail fail, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	render->fail = fail;
	error_set_at(&render->error, render_template_name(render), render->line, 0, "%s",
		     buf_str(&text));
	buf_clear(&text);
	return value_error();
}

struct value render_fail_error(struct render *render, enum fail fail, struct error *error)
{
	struct value failed = render_fail(render, fail, "%s", error->text ? error->text : "failed");

	error_clear(error);
	return failed;
}

/* ---- limits ---- */

static int out_of_memory(struct render *render)
{
	render_fail(render, FAIL_LIMIT,
		    "the rendering needs more memory than its limit of %zu bytes",
		    render->memory_limit);
	return -1;
}

int render_room(struct render *render, uint64_t bytes)
{
	size_t used = render->arena->used + render->out->len;

	if (bytes > render->memory_limit || used > render->memory_limit - bytes)
		return out_of_memory(render);
	return 0;
}

static int check_limits(struct render *render)
{
	if (render->arena->used > render->memory_limit)
		return out_of_memory(render);
	if (render->out->len > render->output_limit) {
		render_fail(render, FAIL_LIMIT, "the output is larger than %zu bytes", render->output_limit);
		return -1;
	}
	if (render->deadline_ms && clock_monotonic_ms() > render->deadline_ms) {
		render_fail(render, FAIL_LIMIT, "the rendering takes too long");
		return -1;
	}
	return 0;
}

enum { STEPS_BETWEEN_CHECKS = 1024 };

int render_checkpoint(struct render *render)
{
	uint64_t spent = (uint64_t)(STEPS_BETWEEN_CHECKS - render->countdown);

	if (spent > render->steps_left) {
		render_fail(render, FAIL_LIMIT, "the rendering takes too many steps");
		return -1;
	}
	render->steps_left -= spent;
	render->countdown = STEPS_BETWEEN_CHECKS;
	return check_limits(render);
}

int render_steps(struct render *render, uint64_t steps)
{
	render->countdown -= steps > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)steps;
	return render->countdown > 0 ? 0 : render_checkpoint(render);
}

int render_descend(struct render *render)
{
	const char *here = __builtin_frame_address(0);

	if (here < render->stack_end) {
		render_fail(render, FAIL_RUNTIME, "maximum recursion depth exceeded");
		return -1;
	}
	return 0;
}

int render_enter(struct render *render)
{
	if (render->depth >= render->depth_limit) {
		render_fail(render, FAIL_RUNTIME,
			    "maximum recursion depth exceeded (%u nested macros, blocks and includes)",
			    render->depth_limit);
		return -1;
	}
	if (render_descend(render) < 0)
		return -1;
	render->depth++;
	return render->arena->used > render->memory_limit ? out_of_memory(render) : 0;
}

void render_leave(struct render *render)
{
	render->depth--;
}

/* ---- text ---- */

struct value render_captured(struct render *render, size_t capture, unsigned flags)
{
	size_t len = render->out->len - capture;

	if (len > UINT32_MAX / 2 || render_room(render, len) < 0)
		return value_error();
	char *text = arena_alloc_raw(render->arena, len + 1);
	if (len) {
		memcpy(text, render->out->data + capture, len);
		render->out->len = capture;
		render->out->data[capture] = '\0';
	}
	text[len] = '\0';
	return value_text(text, len, flags);
}

struct value render_text(struct render *render, struct span text, unsigned flags)
{
	if (text.len > UINT32_MAX / 2 || render_room(render, text.len) < 0)
		return value_error();
	return value_text(arena_dup(render->arena, text.at, text.len), text.len, flags);
}

struct value render_printf(struct render *render, const char *format, ...)
{
	size_t capture = render_capture(render);
	va_list ap;

	va_start(ap, format);
	buf_vprintf(render->out, format, ap);
	va_end(ap);
	return render_captured(render, capture, 0);
}

bool render_autoescape(const struct render *render)
{
	return render->context->eval->autoescape;
}
