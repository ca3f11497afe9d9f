/* verb.c - options, configuration, files: what the verbs share */
#include "ctl/verb.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/file.h"
#include "base/mem.h"

enum { INPUT_MAX = 256 << 20 };	/* bytes of a file that is read; the configuration bounds messages */

int verb_fail(const struct verb *verb, int status, const char *format, ...)
{
	va_list ap;

	fprintf(stderr, "postriderctl %s: ", verb->name);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

int verb_fail_error(const struct verb *verb, int status, const struct error *error)
{
	struct buf text = BUF_INIT;

	error_print(error, &text);
	verb_fail(verb, status, "%s", buf_str(&text));
	buf_clear(&text);
	return status;
}

int verb_options(const struct verb *verb, const GOptionEntry *entries, const char *description,
		 int most, int argc, char **argv, struct verb_common *common)
{
	const GOptionEntry shared[] = {
		{ "config", 'c', 0, G_OPTION_ARG_FILENAME, &common->config,
		  "the configuration (" CONFIG_DEFAULT_PATH ")", "FILE" },
		{ G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &common->rest, NULL, NULL },
		{ 0 },
	};
	GOptionContext *context = g_option_context_new(verb->arguments[0] ? verb->arguments : NULL);
	GError *error = NULL;
	char *name = mem_printf("postriderctl %s", verb->name);
	int status = 0;

	*common = (struct verb_common){ 0 };
	g_set_prgname(name);
	g_option_context_add_main_entries(context, entries, NULL);
	g_option_context_add_main_entries(context, shared, NULL);
	g_option_context_set_description(context, description);
	if (!g_option_context_parse(context, &argc, &argv, &error)) {
		fprintf(stderr, "%s: %s; '%s --help' lists the options\n", name, error->message, name);
		g_error_free(error);
		status = EX_USAGE;
	}
	g_option_context_free(context);
	if (!common->rest)
		common->rest = g_new0(char *, 1);
	common->rest_count = (int)g_strv_length(common->rest);
	if (status == 0 && most >= 0 && common->rest_count > most)
		status = verb_fail(verb, EX_USAGE, "'%s' is too much; '%s --help' shows the usage",
				   common->rest[most], name);
	free(name);
	return status;
}

struct config *verb_config(const struct verb_common *common)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct config *config = config_load(common->config ? common->config : CONFIG_DEFAULT_PATH,
					    &faults, &warnings);
	struct buf text = BUF_INIT;

	if (!config) {
		faults_print(&faults, "\n", &text);
		fprintf(stderr, "%s\n", buf_str(&text));
	}
	buf_clear(&text);
	faults_clear(&faults);
	faults_clear(&warnings);
	return config;
}

const struct config_queue *verb_queue(const struct verb *verb, const struct config *config,
				      const char *name)
{
	struct buf names = BUF_INIT;

	if (!name && config->queue_count == 1)
		return &config->queues[0];
	for (size_t i = 0; i < config->queue_count; i++) {
		if (strcmp(config->queues[i].name, name ? name : "default") == 0)
			return &config->queues[i];
		buf_printf(&names, "%s%s", i ? ", " : "", config->queues[i].name);
	}
	if (name)
		verb_fail(verb, EX_USAGE, "%s has no queue '%s', but %s", config->path, name,
			  buf_str(&names));
	else
		verb_fail(verb, EX_USAGE, "which queue? --queue is one of %s", buf_str(&names));
	buf_clear(&names);
	return NULL;
}

struct store *verb_store(const struct config *config, struct store_link *link,
			 const struct config_queue *queue)
{
	return store_open(link, config->redis.prefix, queue->name, "postriderctl", "postriderctl:0");
}

static int read_stdin(const struct verb *verb, struct buf *out)
{
	ssize_t n;

	do {
		buf_reserve(out, 65536);
		n = read(STDIN_FILENO, out->data + out->len, 65536);
		if (n < 0)
			return verb_fail(verb, EX_IOERR, "standard input: %m");
		out->len += (size_t)n;
		if (out->len > INPUT_MAX)
			return verb_fail(verb, EX_DATAERR, "standard input: more than %d MiB",
					 INPUT_MAX >> 20);
	} while (n > 0);
	return 0;
}

int verb_read(const struct verb *verb, const char *path, struct buf *out)
{
	struct error error = ERROR_INIT;
	int status = 0;

	if (strcmp(path, "-") == 0)
		return read_stdin(verb, out);
	if (file_read(path, INPUT_MAX, out, &error) != 0)
		status = verb_fail_error(verb, EX_NOINPUT, &error);
	error_clear(&error);
	return status;
}

json_t *verb_read_object(const struct verb *verb, const char *path)
{
	const char *name = strcmp(path, "-") == 0 ? "standard input" : path;
	struct buf bytes = BUF_INIT;
	json_error_t error;
	json_t *value = NULL;

	if (verb_read(verb, path, &bytes) != 0)
		goto out;
	value = json_loadb(buf_str(&bytes), bytes.len, JSON_REJECT_DUPLICATES, &error);
	if (!value) {
		verb_fail(verb, EX_DATAERR, "%s:%d:%d: %s", name, error.line, error.column, error.text);
	} else if (!json_is_object(value)) {
		verb_fail(verb, EX_DATAERR, "%s: a JSON object ({...}) is wanted", name);
		json_decref(value);
		value = NULL;
	}
out:
	buf_clear(&bytes);
	return value;
}

int verb_print_json(json_t *value)
{
	json_dumpf(value, stdout, JSON_INDENT(2) | JSON_PRESERVE_ORDER);
	putchar('\n');
	json_decref(value);
	return verb_finish();
}

int verb_finish(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return 0;
	perror("postriderctl: standard output");
	return EX_IOERR;
}
