/*
 * check_templates.c - the directory, what begins a tag, and the limits
 */
#include "config/check.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void check_directory(struct check *check, const struct yaml *section)
{
	const struct yaml *node = check_get(section, "directory");
	const char *directory = check->config->templates.directory;
	struct stat st;

	if (stat(directory, &st) < 0)
		check_warn(check, node, "templates.directory: %s: %s", directory, strerror(errno));
	else if (!S_ISDIR(st.st_mode))
		reader_fault(&check->reader, node, "templates.directory: %s is no directory", directory);
}

/* As Jinja2 has it: what begins a block, a value and a comment must differ. */
static void check_delimiters(struct check *check, const struct yaml *section)
{
	const struct config_templates *t = &check->config->templates;
	const struct {
		const char *key, *text;
	} starts[] = {
		{ "block_start_string", t->block_start },
		{ "variable_start_string", t->variable_start },
		{ "comment_start_string", t->comment_start },
	};

	for (size_t i = 1; i < sizeof starts / sizeof *starts; i++)
		for (size_t k = 0; k < i; k++) {
			const struct yaml *node = check_get(section, starts[i].key);
			if (!strcmp(starts[i].text, starts[k].text))
				reader_fault(&check->reader, node ? node : check_get(section, starts[k].key),
					     "templates.%s: \"%s\" is templates.%s, too: a tag could be either",
					     starts[i].key, starts[i].text, starts[k].key);
		}
}

/* A prefix of white space would never be seen: lines are looked at behind theirs. */
static void check_prefix(struct check *check, const struct yaml *section, const char *key, const char *prefix)
{
	if (prefix && strspn(prefix, " ") == strlen(prefix))
		reader_fault(&check->reader, check_get(section, key), "templates.%s: blanks begin no line", key);
}

void check_templates(struct check *check)
{
	const struct yaml *section = check_get(check->root, "templates");
	struct config_templates *templates = &check->config->templates;

	check_directory(check, section);
	check_delimiters(check, section);
	check_prefix(check, section, "line_statement_prefix", templates->line_statement_prefix);
	check_prefix(check, section, "line_comment_prefix", templates->line_comment_prefix);
	if (!templates->limits.output)
		templates->limits.output = check->config->message.max_size;
}
