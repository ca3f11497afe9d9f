/*
 * loader.c - finds, compiles and keeps templates
 *
 * A template whose file has changed is compiled anew when it is next asked
 * for; the old one stays until no rendering can be running it.  Within one
 * rendering a template is looked at once.
 */
#include "template/loader.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "template/compile.h"
#include "template/knowledge.h"
#include "template/py/quote.h"
#include "template/py/utf8.h"

enum { MOST_SOURCE = 4 << 20, MOST_CACHED = 1000 };

const char *loader_template_name(const struct template *template)
{
	return template->name;
}

const struct program *loader_program(const struct template *template)
{
	return template->program;
}

bool loader_autoescape(const struct template *template)
{
	return template->autoescape;
}

enum undefined_kind loader_undefined(const struct template *template)
{
	return template->set->undefined;
}

const char *render_newline(const struct render *render)
{
	return render->template->set->grammar.syntax.newline_sequence;
}

const char *render_template_name(const struct render *render)
{
	return render->template ? render->template->name : NULL;
}

/* ---- names ---- */

static int fail_name(struct error *error, const char *reason)
{
	return error_set(error, "is no name for a template: %s", reason);
}

int template_name_check(const char *name, struct error *error)
{
	if (!*name)
		return fail_name(error, "it is empty");
	if (*name == '/')
		return fail_name(error, "it begins with '/'; names are relative to the template directory");
	if (strchr(name, '\\'))
		return fail_name(error, "it has a backslash");
	for (const char *part = name;; ) {
		size_t len = strcspn(part, "/");
		if (len == 0)
			return fail_name(error, "a part between two '/' is empty");
		if ((len == 1 && *part == '.') || (len == 2 && part[0] == '.' && part[1] == '.'))
			return fail_name(error, "\".\" and \"..\" are not allowed in it");
		part += len;
		if (!*part)
			return 0;
		part++;
	}
}

static bool escaped_by_name(const char *name)
{
	static const char *const endings[] = { ".html", ".htm", ".xml" };
	size_t len = strlen(name);

	for (size_t i = 0; i < sizeof endings / sizeof *endings; i++) {
		size_t end = strlen(endings[i]);
		if (len >= end && !strcasecmp(name + len - end, endings[i]))
			return true;
	}
	return false;
}

/* ---- compiling ---- */

static void template_free(struct template *template)
{
	arena_clear(&template->arena);
	free(template->name);
	free(template);
}

static int compile_source(struct template *template, struct span source, struct error *error)
{
	struct templates *set = template->set;
	struct arena scratch = ARENA_INIT;
	struct names *names = arena_alloc(&scratch, sizeof *names);
	size_t valid = utf8_valid(source);

	if (valid < source.len) {
		arena_clear(&scratch);
		return error_set(error, "the template is not UTF-8 (byte %zu)", valid);
	}
	names->arena = &template->arena;
	struct tree *tree = parser_parse(&set->grammar, source, names, &scratch, error);
	if (tree) {
		template->knowledge = knowledge_gather(tree, &template->arena);
		template->program = compile_template(template, tree, names, &template->arena, &scratch,
						     template->autoescape, error);
	}
	arena_clear(&scratch);
	return template->program ? 0 : -1;
}

/* Takes the place in `error` to be in this template. */
static void name_error(struct error *error, const char *name)
{
	if (error->file || !error->text)
		return;
	error->file = mem_strdup(name);
}

static struct template *template_new(struct templates *set, const char *name, struct span source,
				     const struct stamp *stamp, struct error *error)
{
	struct template *template = mem_alloc(sizeof *template);

	template->name = mem_strdup(name);
	template->set = set;
	template->stamp = *stamp;
	template->autoescape = set->options.escape == TEMPLATE_ESCAPE_ALWAYS ||
		(set->options.escape == TEMPLATE_ESCAPE_BY_NAME && escaped_by_name(name));
	if (compile_source(template, source, error) == 0)
		return template;
	name_error(error, name);
	template_free(template);
	return NULL;
}

/* ---- the cache ---- */

static struct template *cached(struct templates *set, const char *name)
{
	struct value found = dict_get_text(set->cache, name);

	return value_given(found) ? (struct template *)(intptr_t)found.number : NULL;
}

static void retire(struct templates *set, struct template *template)
{
	dict_remove(set->cache, value_literal(template->name));
	template->retired = set->retired;
	set->retired = template;
}

void loader_collect(struct templates *set)
{
	while (!set->running && set->retired) {
		struct template *next = set->retired->retired;
		template_free(set->retired);
		set->retired = next;
	}
}

/* Names come from data too: the cache must not grow without end. */
static void make_room(struct templates *set)
{
	uint32_t at = 0;
	const struct dict_entry *oldest;

	if (set->cache->count >= MOST_CACHED && (oldest = dict_next(set->cache, &at)))
		retire(set, (struct template *)(intptr_t)oldest->value.number);
}

static void keep(struct templates *set, struct template *template)
{
	make_room(set);
	template->checked = set->serial;
	dict_set(&set->arena, set->cache, value_literal(template->name), value_int((intptr_t)template));
}

/* ---- changes ---- */

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

bool loader_is_same(const struct stat *st, const struct stamp *stamp)
{
	return st->st_dev == stamp->dev && st->st_ino == stamp->ino && st->st_size == stamp->size &&
	       same_time(st->st_mtim, stamp->modified) && same_time(st->st_ctim, stamp->changed);
}

/* From now on the kernel tells when it changes, if it can. */
static void watch(struct templates *set, struct template *template)
{
	uint64_t generation = set->watch.generation;
	struct stat st;

	if (template->unwatched == generation)
		return;
	if (watch_file(&set->watch, set->directory, template->name, &st) == 0 && loader_is_same(&st, &template->stamp))
		template->watched = generation;
	else
		template->unwatched = generation;
}

static bool is_unchanged(struct templates *set, struct template *template)
{
	struct stat st;

	if (!template->stamp.is_file || template->checked == set->serial ||
	    template->watched == set->watch.generation)
		return true;
	if (fstatat(set->directory, template->name, &st, 0) < 0 || !loader_is_same(&st, &template->stamp))
		return false;
	template->checked = set->serial;
	watch(set, template);
	return true;
}

/* ---- finding ---- */

static const struct template_text *find_text(const struct templates *set, const char *name)
{
	struct value found = dict_get_text(set->texts, name);

	return value_given(found) ? &set->options.texts[found.number] : NULL;
}

static int fail_missing(struct error *error, const char *name)
{
	return error_set(error, "TemplateNotFound: %s", name);
}

static enum template_status load_file(struct templates *set, const char *name,
				      const struct template **template, struct error *error)
{
	struct buf source = BUF_INIT;
	struct stamp stamp = { .is_file = true };
	struct template *fresh = NULL;
	int rc = loader_read(set, name, &source, &stamp, error);

	if (rc == 0)
		fresh = template_new(set, name, span_buf(&source), &stamp, error);
	else if (rc > 0)
		fail_missing(error, name);
	else
		name_error(error, name);
	buf_clear(&source);
	if (fresh)
		keep(set, fresh);
	*template = fresh;
	return fresh ? TEMPLATE_OK : rc > 0 ? TEMPLATE_MISSING : TEMPLATE_BROKEN;
}

enum template_status loader_find(struct templates *set, const char *name,
				 const struct template **template, struct error *error)
{
	struct template *known = cached(set, name);
	const struct template_text *text;
	struct error reason = ERROR_INIT;

	if (known && is_unchanged(set, known)) {
		*template = known;
		return TEMPLATE_OK;
	}
	if (known)
		retire(set, known);
	*template = NULL;
	if ((text = find_text(set, name))) {
		struct template *fresh = template_new(set, name, (struct span){ text->text, text->len },
						      &(struct stamp){ .is_file = false }, error);
		if (fresh)
			keep(set, fresh);
		*template = fresh;
		return fresh ? TEMPLATE_OK : TEMPLATE_BROKEN;
	}
	if (set->directory < 0 || template_name_check(name, &reason) < 0) {
		error_clear(&reason);
		fail_missing(error, name);
		return TEMPLATE_MISSING;
	}
	return load_file(set, name, template, error);
}

/* No template is called by what is no string, but a dict of them could be asked. */
static void fail_no_name(struct render *render, struct value name)
{
	uint32_t hash;
	size_t capture = render_capture(render);

	if (value_hash(render, name, &hash) < 0 || value_print(render, name) < 0)
		return;
	struct value text = render_captured(render, capture, 0);
	if (!value_failed(text))
		render_fail(render, FAIL_NOT_FOUND, "TemplateNotFound: %.*s", (int)text.len, text.text);
}

const struct template *loader_get(struct render *render, struct value name)
{
	const struct template *template;
	struct error error = ERROR_INIT;

	if (name.kind == VALUE_UNDEFINED) {
		undefined_fail(render, name);
		return NULL;
	}
	if (name.kind != VALUE_STRING) {
		fail_no_name(render, name);
		return NULL;
	}
	const char *text = arena_dup(render->arena, name.text, name.len);
	if (strlen(text) != name.len) {
		render_fail(render, FAIL_NOT_FOUND, "TemplateNotFound: a name with a NUL byte");
		return NULL;
	}
	enum template_status status = loader_find(render->set, text, &template, &error);
	if (status == TEMPLATE_OK)
		return template;
	render->fail = status == TEMPLATE_MISSING ? FAIL_NOT_FOUND : FAIL_SYNTAX;
	if (status == TEMPLATE_MISSING)
		render_fail_error(render, FAIL_NOT_FOUND, &error);
	error_clear(status == TEMPLATE_MISSING ? &error : &render->error);
	if (status == TEMPLATE_BROKEN)
		render->error = error;
	return NULL;
}
