/* render.c - faults, limits and text of one rendering. */
#include "template/values/render.h"

#include <stdarg.h>

#include "base/clock.h"
#include "template/values/machine.h"
#include "template/template.h"

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

/* `what` with its number in it; the rest says how to allow it. */
__attribute__((format(printf, 3, 4)))
static int above(struct render *render, const char *key, const char *what, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, what);
	buf_vprintf(&text, what, ap);
	va_end(ap);
	render_fail(render, FAIL_LIMIT, "%s (templates.limits.%s)", buf_str(&text), key);
	buf_clear(&text);
	return -1;
}

static int above_memory(struct render *render)
{
	return above(render, "memory", "the rendering needs more than %zu bytes of memory",
		     render->limits->memory_bytes);
}

static int above_output(struct render *render)
{
	return above(render, "output", "the output is larger than %zu bytes", render->limits->output_bytes);
}

int render_room(struct render *render, uint64_t bytes)
{
	size_t used = render->arena->used + render->out->len, most = render->limits->memory_bytes;

	return bytes > most || used > most - bytes ? above_memory(render) : 0;
}

int render_width(struct render *render, int64_t columns)
{
	uint64_t most = render->limits->width;

	return columns <= 0 || (uint64_t)columns <= most ? 0
	     : above(render, "width", "a field of %lld characters is wider than %llu", (long long)columns,
		     (unsigned long long)most);
}

int render_repetition(struct render *render, uint64_t count)
{
	uint64_t most = render->limits->repetition;

	return count <= most ? 0
	     : above(render, "repetition", "a repetition makes more than %llu characters or items",
		     (unsigned long long)most);
}

int render_range(struct render *render, uint64_t count)
{
	uint64_t most = render->limits->range;

	return count <= most ? 0
	     : above(render, "range", "a range gives more than %llu numbers", (unsigned long long)most);
}

int render_power(struct render *render, uint64_t bits)
{
	uint64_t most = render->limits->power_bits;

	return bits <= most ? 0
	     : above(render, "power", "a power has more than %llu binary digits", (unsigned long long)most);
}

/* On a host with too much to do time passes in which nothing is rendered: the
 * clock that is read quickly only says when to ask the processor's, which most
 * renderings end without. */
static bool is_out_of_time(struct render *render)
{
	int64_t now = clock_coarse_ms(), used, left;

	if (!render->look_ms || now <= render->look_ms)
		return false;
	used = clock_processor_ms();
	if (!render->began_ms)
		render->began_ms = used;
	left = render->limits->time_ms - (used - render->began_ms);
	render->look_ms = now + left;
	return left <= 0;
}

static int check_limits(struct render *render)
{
	if (render->arena->used > render->limits->memory_bytes)
		return above_memory(render);
	if (render->out->len > render->limits->output_bytes)
		return above_output(render);
	if (is_out_of_time(render))
		return above(render, "time", "the rendering takes longer than %lld ms",
			     (long long)render->limits->time_ms);
	return 0;
}

enum { STEPS_BETWEEN_CHECKS = 1024, BYTES_A_STEP = 256 };

int render_checkpoint(struct render *render)
{
	int64_t left = render->steps_left + render->countdown;

	if (left < 0)
		return above(render, "iterations", "the rendering takes more than %llu steps",
			     (unsigned long long)render->limits->iterations);
	render->countdown = left < STEPS_BETWEEN_CHECKS ? left : STEPS_BETWEEN_CHECKS;
	render->steps_left = left - render->countdown;
	return check_limits(render);
}

int render_steps(struct render *render, uint64_t steps)
{
	render->countdown -= steps > INT64_MAX / 4 ? INT64_MAX / 4 : (int64_t)steps;
	return render->countdown > 0 ? 0 : render_checkpoint(render);
}

int render_work(struct render *render, uint64_t bytes)
{
	return render_steps(render, bytes / BYTES_A_STEP);
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
	if (render->depth >= render->limits->recursion)
		return above(render, "recursion",
			     "maximum recursion depth exceeded: more than %u nested macros, blocks and includes",
			     render->limits->recursion);
	if (render_descend(render) < 0)
		return -1;
	render->depth++;
	return render->arena->used > render->limits->memory_bytes ? above_memory(render) : 0;
}

void render_leave(struct render *render)
{
	render->depth--;
}

/* ---- text ---- */

void render_add_growing(struct render *render, const char *text, size_t len)
{
	/* The steps that are not waited for count as well. */
	if (render->out->len + len > render->limits->output_bytes && render->countdown > 0) {
		render->steps_left += render->countdown;
		render->countdown = 0;
	}
	buf_add(render->out, text, len);
}

struct value render_captured(struct render *render, size_t capture, unsigned flags)
{
	size_t len = render->out->len - capture;

	if (render_room(render, len) < 0 || render_work(render, len) < 0)
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
	if (render_room(render, text.len) < 0 || render_work(render, text.len) < 0)
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
