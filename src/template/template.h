/*
 * template.h - Jinja2 templates, rendered in C
 *
 * The one public header of this folder.  A set of templates is a directory
 * (or a table of texts, for tests and tools) with its compiled templates
 * cached: a template is compiled when it is first asked for and again when
 * its file has changed.  The language is that of Jinja2 3.1
 * (jinja.palletsprojects.com/en/3.1.x/templates/); postrider-template(7) says
 * what differs.
 *
 * One set belongs to one process and one thread.
 */
#ifndef POSTRIDER_TEMPLATE_H
#define POSTRIDER_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/error.h"

enum template_undefined { TEMPLATE_UNDEFINED_DEFAULT, TEMPLATE_UNDEFINED_CHAINABLE, TEMPLATE_UNDEFINED_STRICT };

/* Which names are autoescaped. */
enum template_escape {
	TEMPLATE_ESCAPE_BY_NAME,	/* .html .htm .xml are, others not */
	TEMPLATE_ESCAPE_ALWAYS,
	TEMPLATE_ESCAPE_NEVER,
};

/* What Jinja2 does not bound.  0 means the default named beside it. */
struct template_limits {
	size_t output_bytes;	/* 25 MB: of one rendering */
	size_t memory_bytes;	/* 256 MB: arena of one rendering */
	uint64_t steps;		/* 50 million: loop turns and evaluated operations of one rendering */
	unsigned depth;		/* 200: nested calls of macros, blocks, includes, imports */
	int64_t time_ms;	/* 10 s by the monotonic clock */
};

/* A template that is text in memory; the array ends with a NULL name. */
struct template_text {
	const char *name;
	const char *text;
	size_t len;
};

struct template_options {
	const char *directory;			/* or NULL: only `texts` */
	const struct template_text *texts;	/* or NULL: only `directory`; looked up first */
	enum template_undefined undefined;
	enum template_escape escape;
	bool trim_blocks, lstrip_blocks, keep_trailing_newline;
	const char *newline_sequence;		/* NULL: "\n" */
	bool ext_do, ext_loopcontrols, ext_i18n; /* tags that Jinja2 calls extensions */
	struct template_limits limits;
};

struct templates;

/* The options and what they point to are copied.  Never NULL; to be freed
 * with templates_close(), which takes NULL too. */
struct templates *templates_open(const struct template_options *options);
void templates_close(struct templates *templates);

/*
 * Whether a name may be a template's at all: not empty, relative, no "." or
 * ".." or empty segment, no NUL, no backslash.  The reason in `error`.
 */
int template_name_check(const char *name, struct error *error);

enum template_status {
	TEMPLATE_OK,
	TEMPLATE_MISSING,	/* there is no such template */
	TEMPLATE_BROKEN,	/* it (or one that it names) has a fault, or rendering failed */
};

/*
 * Compiles the template (not those that it names), or finds it compiled and
 * unchanged.  A file that changes while it is read is read again.
 * Errors carry file (the template's name) and line.
 */
enum template_status templates_check(struct templates *templates, const char *name,
				     struct error *error);

/*
 * Renders `name` with the members of the JSON object `context` as its
 * variables and adds the output, UTF-8, to `out` (nothing is added on
 * failure).  `context` is borrowed during the call and not changed.
 * `locale` chooses the message catalogue below locale/ ("de", "pt_BR");
 * NULL: none.
 */
enum template_status templates_render(struct templates *templates, const char *name,
				      json_t *context, const char *locale, struct buf *out,
				      struct error *error);

#endif
