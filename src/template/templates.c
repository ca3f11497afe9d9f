/* templates.c - the public side: sets of templates, and rendering one. */
#include "template/template.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "template/catalogue.h"
#include "template/eval.h"
#include "template/input.h"
#include "template/loader.h"

static const struct template_limits default_limits = {
	.output_bytes = 25000000,
	.memory_bytes = 256000000,
	.iterations = 50000000,
	.recursion = 200,
	.range = 10000000,
	.repetition = 10000000,
	.power_bits = PYINT_MAX_BITS,
	.width = 1000000,
	.time_ms = 10000,
};

/* ---- opening ---- */

static const char *keep_string(struct templates *set, const char *text, const char *otherwise)
{
	return text ? arena_strdup(&set->arena, text) : otherwise;
}

static void take_syntax(struct templates *set, const struct template_options *options)
{
	set->grammar = (struct grammar){
		.syntax = {
			.block_start = keep_string(set, options->block_start, "{%"),
			.block_end = keep_string(set, options->block_end, "%}"),
			.variable_start = keep_string(set, options->variable_start, "{{"),
			.variable_end = keep_string(set, options->variable_end, "}}"),
			.comment_start = keep_string(set, options->comment_start, "{#"),
			.comment_end = keep_string(set, options->comment_end, "#}"),
			.line_statement = keep_string(set, options->line_statement_prefix, NULL),
			.line_comment = keep_string(set, options->line_comment_prefix, NULL),
			.trim_blocks = options->trim_blocks,
			.lstrip_blocks = options->lstrip_blocks,
			.keep_trailing_newline = options->keep_trailing_newline,
			.newline_sequence = keep_string(set, options->newline_sequence, "\n"),
		},
		.ext_do = options->ext_do,
		.ext_debug = options->ext_debug,
		.ext_loopcontrols = options->ext_loopcontrols,
		.ext_i18n = options->ext_i18n,
		.newstyle_gettext = options->newstyle_gettext,
		.trimmed = options->trimmed,
	};
}

/* The length of a string is kept in 32 bits. */
enum { MOST_MEMORY = INT32_MAX };

#define TAKE(limit) limits->limit = limits->limit ? limits->limit : default_limits.limit

static void take_limits(struct template_limits *limits)
{
	TAKE(output_bytes);
	TAKE(memory_bytes);
	TAKE(iterations);
	TAKE(recursion);
	TAKE(range);
	TAKE(repetition);
	TAKE(power_bits);
	TAKE(width);
	TAKE(time_ms);
	if (limits->memory_bytes > MOST_MEMORY)
		limits->memory_bytes = MOST_MEMORY;
}

static void take_texts(struct templates *set, const struct template_text *texts)
{
	size_t count = 0;

	set->texts = dict_new(&set->arena, 0);
	while (texts && texts[count].name)
		count++;
	struct template_text *copies = arena_alloc(&set->arena, (count + 1) * sizeof *copies);
	for (size_t i = 0; i < count; i++) {
		copies[i].name = arena_strdup(&set->arena, texts[i].name);
		copies[i].text = arena_dup(&set->arena, texts[i].text, texts[i].len);
		copies[i].len = texts[i].len;
		dict_set_text(&set->arena, set->texts, copies[i].name, value_int((int64_t)i));
	}
	set->options.texts = copies;
}

enum { MOST_STACK = 4 << 20, LEAST_STACK = 256 << 10 };

static size_t stack_to_use(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_STACK, &limit) < 0 || limit.rlim_cur == RLIM_INFINITY ||
	    limit.rlim_cur / 2 > MOST_STACK)
		return MOST_STACK;
	return limit.rlim_cur / 2 < LEAST_STACK ? LEAST_STACK : limit.rlim_cur / 2;
}

static bool is_same_directory(const struct templates *set, const struct stat *st)
{
	return st->st_dev == set->directory_dev && st->st_ino == set->directory_ino;
}

static void take_directory(struct templates *set, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		fatal("%s cannot be looked at: %s", set->options.directory, strerror(errno));
	if (set->directory >= 0)
		close(set->directory);
	set->directory = fd;
	set->directory_dev = st.st_dev;
	set->directory_ino = st.st_ino;
	watch_restart(&set->watch);
}

enum { LOOK_AT_PATH_MS = 10 };	/* a system call is dear beside a rendering */

/* Not sooner than that again; by the coarse clock, which costs next to nothing. */
static bool is_path_due(struct templates *set)
{
	int64_t now_ms = clock_coarse_ms();

	if (now_ms - set->path_looked_ms < LOOK_AT_PATH_MS)
		return false;
	set->path_looked_ms = now_ms;
	return true;
}

/* Whether the directory that is open is still the one to use. */
static bool directory_stays(struct templates *set)
{
	struct stat st;

	if (set->directory < 0)
		return false;
	return !is_path_due(set) || stat(set->options.directory, &st) < 0 || is_same_directory(set, &st);
}

/*
 * The directory that its path names now: one that was put into the place of
 * another, by a rename or a symbolic link, counts from then on, and for renderings
 * within LOOK_AT_PATH_MS of the one before from the end of that time on.  Where
 * there is none for a moment, the one that was there stays.
 */
static void find_directory(struct templates *set)
{
	const char *path = set->options.directory;

	if (!path || directory_stays(set))
		return;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0)
		take_directory(set, fd);
	else if (file_is_shortage(errno))
		fatal("%s cannot be opened: %s", path, strerror(errno));
}

struct templates *templates_open(const struct template_options *options)
{
	struct templates *set = mem_alloc(sizeof *set);

	set->options = *options;
	set->options.directory = keep_string(set, options->directory, NULL);
	set->undefined = (enum undefined_kind)options->undefined;
	take_syntax(set, options);
	take_limits(&set->options.limits);
	take_texts(set, options->texts);
	set->cache = dict_new(&set->arena, 0);
	set->stack = stack_to_use();
	set->directory = -1;
	set->watch = (struct watch)WATCH_INIT;
	find_directory(set);
	return set;
}

static void free_templates(struct templates *set)
{
	uint32_t at = 0;

	for (const struct dict_entry *e; (e = dict_next(set->cache, &at));) {
		struct template *template = (struct template *)(intptr_t)e->value.number;
		template->retired = set->retired;
		set->retired = template;
	}
	loader_collect(set);
}

void templates_close(struct templates *set)
{
	if (!set)
		return;
	free_templates(set);
	if (set->directory >= 0)
		close(set->directory);
	watch_close(&set->watch);
	catalogues_free(set);
	buf_clear(&set->out);
	arena_clear(&set->work);
	arena_clear(&set->arena);
	free(set);
}

/* ---- looking at one ---- */

static enum template_status find(struct templates *set, const char *name,
				 const struct template **template, struct error *error)
{
	set->serial++;
	watch_look(&set->watch);
	find_directory(set);
	enum template_status status = loader_find(set, name, template, error);
	loader_collect(set);
	return status;
}

enum template_status templates_check(struct templates *set, const char *name, struct error *error)
{
	const struct template *template;

	return find(set, name, &template, error);
}

const struct template_knowledge *templates_knowledge(struct templates *set, const char *name,
						     struct error *error)
{
	const struct template *template;

	return find(set, name, &template, error) == TEMPLATE_OK ? template->knowledge : NULL;
}

/* ---- rendering ---- */

/* A rendering that takes less is not measured. */
enum { FIRST_LOOK_MS = 10 };

static void begin(struct templates *set, struct render *render)
{
	const struct template_limits *limits = &set->options.limits;

	arena_reset(&set->work);
	buf_reset(&set->out);
	*render = (struct render){
		.arena = &set->work, .out = &set->out, .set = set, .error = ERROR_INIT,
		.limits = limits, .steps_left = (int64_t)limits->iterations,
		.look_ms = clock_coarse_ms() + (limits->time_ms < FIRST_LOOK_MS ? limits->time_ms : FIRST_LOOK_MS),
		.stack_end = (const char *)__builtin_frame_address(0) - set->stack,
		.undefined = set->undefined,
	};
}

/* The output so far is dropped; a buffer that grew for it is given back. */
static void end(struct templates *set)
{
	enum { KEPT = 1 << 20 };

	set->running--;
	loader_collect(set);
	arena_reset(&set->work);
	if (set->out.room > KEPT)
		buf_clear(&set->out);
}

static int fail_unjoined(struct render *render)
{
	render->template = render->unjoined_template;
	render->line = render->unjoined_line;
	render_fail(render, FAIL_TYPE, "sequence item 0: expected str instance, %s found", render->unjoined);
	return -1;
}

/* What was printed goes to `out`: by exchange where that saves the copying. */
static void hand_over(struct buf *printed, struct buf *out)
{
	struct buf empty = *out;

	if (out->len || !printed->len) {
		buf_add(out, printed->data, printed->len);
		return;
	}
	*out = *printed;
	*printed = empty;
}

static int run(struct render *render, const struct template *template, json_t *input)
{
	struct dict *own = input_dict(render->arena, input);

	render->template = template;
	render->context = context_new(render, template, own, NULL);
	if (eval_root(render, render->context, template) < 0)
		return -1;
	return render->unjoined ? fail_unjoined(render) : 0;
}

enum template_status templates_render(struct templates *set, const char *name, json_t *context,
				      const char *locale, struct buf *out, struct error *error)
{
	const struct template *template;
	struct render render;
	enum template_status status = find(set, name, &template, error);

	if (status != TEMPLATE_OK)
		return status;
	begin(set, &render);
	set->running++;
	if (locale)
		catalogues_find(set, locale, render.catalogues);
	if (run(&render, template, context) == 0) {
		hand_over(&set->out, out);
	} else {
		status = TEMPLATE_BROKEN;
		if (error) {
			error_clear(error);
			*error = render.error;
		} else {
			error_clear(&render.error);
		}
	}
	end(set);
	return status;
}
