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

/*
 * What Jinja2 does not bound.  0 means the default named beside it.  The
 * message of one that is reached names it as templates.limits.KEY, the key of
 * postrider.yaml(5).
 */
struct template_limits {
	size_t output_bytes;	/* 25 MB: of one rendering, and of what a block or filter collects */
	size_t memory_bytes;	/* 256 MB, at most 2 GB: arena of one rendering */
	uint64_t iterations;	/* 50 million: loop turns, operations, and work on long texts */
	unsigned recursion;	/* 200: nested calls of macros, blocks, includes, imports */
	uint64_t range;		/* 10 million: numbers that one range() gives */
	uint64_t repetition;	/* 10 million: characters or items that a `*` makes */
	uint64_t power_bits;	/* 262144, and not more: binary digits of what `**` gives */
	uint64_t width;		/* 1 million: columns of a field or indention, digits of a precision */
	int64_t time_ms;	/* 10 s of the processor */
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
	bool ext_do, ext_loopcontrols, ext_i18n, ext_debug; /* tags that Jinja2 calls extensions */
	bool newstyle_gettext;			/* gettext() formats its named arguments itself */
	bool trimmed;				/* {% trans %} is trimmed unless it says notrimmed */
	/* NULL: Jinja2's own, "{%" and so on; the last two: none */
	const char *block_start, *block_end, *variable_start, *variable_end;
	const char *comment_start, *comment_end, *line_statement_prefix, *line_comment_prefix;
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

enum template_reference_kind { TEMPLATE_EXTENDS, TEMPLATE_INCLUDES, TEMPLATE_IMPORTS };

/* What one template can be seen to use without running it. */
struct template_knowledge {
	/* Other templates, in order. */
	const struct template_reference {
		const char *name;	/* NULL: only running it names it */
		enum template_reference_kind kind;
		bool optional;		/* ignore missing, or one of several to try */
		unsigned line;
	} *references;
	size_t reference_count;
	/* Variables and what is asked of them, as "body.order.id"; each once. */
	const struct template_field {
		const char *path;
		unsigned line;		/* of its first use */
		bool own;		/* it begins with a name that is set here or always there */
	} *fields;
	size_t field_count;
	/* Filters and tests that do not exist, which is no fault where they
	 * are not reached. */
	const struct template_unknown {
		const char *name;
		bool is_filter;
		unsigned line;
	} *unknown;
	size_t unknown_count;
};

/*
 * Compiles the template as templates_check() does and gives what is known of
 * it: NULL and the fault, or borrowed until the set is next used.
 */
const struct template_knowledge *templates_knowledge(struct templates *templates, const char *name,
						     struct error *error);

/*
 * Whether messages can be translated into the locale: MISSING when neither it
 * nor its language has a catalogue, BROKEN when there is one that cannot be
 * read, and the reason in `error`, which must not be NULL.
 */
enum template_status templates_check_locale(struct templates *templates, const char *locale,
					    struct error *error);

/*
 * JSON for templates_render(): json_loadb() of jansson, but that integers
 * beyond 64 bits are taken as well (they become strings of a form that only
 * templates_render() knows).  `flags` and the result are jansson's.
 */
json_t *template_json_load(const char *bytes, size_t len, size_t flags, json_error_t *error);

/*
 * Renders `name` with the members of the JSON object `context` as its
 * variables and adds the output, UTF-8, to `out` (nothing is added on
 * failure).  `context` is borrowed during the call and not changed.
 * `locale` chooses the message catalogue locale/<locale>/LC_MESSAGES/messages.mo
 * of the directory ("de", "pt_BR"; what "pt_BR" lacks is looked for in "pt");
 * NULL, or none there: messages stand for themselves.
 * Needs up to 4 MB of stack, at most half of what the process may have.
 */
enum template_status templates_render(struct templates *templates, const char *name,
				      json_t *context, const char *locale, struct buf *out,
				      struct error *error);

#endif
