/* send.c - one message, checked as the daemon checks it, then pushed */
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>

#include "base/arena.h"
#include "ctl/verb.h"
#include "delivery/prepare.h"

struct send {
	char *queue, *template_name, *title, *from, *id, *body;
	char **to, **cc, **bcc;
	gboolean dry_run;
	struct verb_common common;
	struct config *config;
};

static void clear(struct send *send)
{
	char *texts[] = { send->queue, send->template_name, send->title, send->from, send->id, send->body,
			  send->common.config };

	for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
		g_free(texts[i]);
	g_strfreev(send->to);
	g_strfreev(send->cc);
	g_strfreev(send->bcc);
	g_strfreev(send->common.rest);
	config_free(send->config);
}

static bool has_fields(const struct send *send)
{
	return send->template_name || send->title || send->from || send->id || send->body || send->to ||
	       send->cc || send->bcc;
}

/* -1: the argument is no UTF-8, so no JSON string. */
static int set_text(json_t *message, const char *field, const char *value)
{
	return value ? json_object_set_new(message, field, json_string(value)) : 0;
}

static int set_list(json_t *message, const char *field, char **values)
{
	json_t *list;

	if (!values)
		return 0;
	list = json_array();
	for (char **value = values; *value; value++)
		if (json_array_append_new(list, json_string(*value)) != 0) {
			json_decref(list);
			return -1;
		}
	return json_object_set_new(message, field, list);
}

/* Lays the options over what the file said. */
static int set_fields(const struct verb *verb, const struct send *send, json_t *message)
{
	if (set_text(message, "template_name", send->template_name) != 0 ||
	    set_text(message, "title", send->title) != 0 ||
	    set_text(message, "email_from", send->from) != 0 || set_text(message, "id", send->id) != 0 ||
	    set_list(message, "email_to", send->to) != 0 || set_list(message, "cc", send->cc) != 0 ||
	    set_list(message, "bcc", send->bcc) != 0)
		return verb_fail(verb, EX_USAGE, "an option's value is not UTF-8");
	if (send->body) {
		json_t *body = verb_read_object(verb, send->body);

		if (!body)
			return EX_DATAERR;
		json_object_set_new(message, "body", body);
	}
	return 0;
}

/*
 * The bytes to push.  A file to which no option adds anything goes as it is,
 * but for white space behind it: the daemon gets what the author wrote.
 */
static int build(const struct verb *verb, const struct send *send, struct buf *out)
{
	const char *file = send->common.rest[0];
	json_t *message;
	char *text;
	int status;

	if (file && !has_fields(send)) {
		status = verb_read(verb, file, out);
		while (out->len > 0 && g_ascii_isspace(out->data[out->len - 1]))
			buf_truncate(out, out->len - 1);
		return status;
	}
	message = file ? verb_read_object(verb, file) : json_object();
	if (!message)
		return EX_DATAERR;
	status = set_fields(verb, send, message);
	if (status == 0) {
		text = json_dumps(message, JSON_COMPACT | JSON_PRESERVE_ORDER);
		buf_puts(out, text);
		free(text);
	}
	json_decref(message);
	return status;
}

/* Every fault for which the daemon would refuse these bytes, found by its own code. */
static int check(const struct verb *verb, const struct config *config, const struct buf *bytes)
{
	struct error error = ERROR_INIT;
	struct prepare *prepare = prepare_open(config, &error);
	struct faults faults = FAULTS_INIT;
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT;
	int status = 0;

	if (!prepare) {
		status = verb_fail_error(verb, EX_CONFIG, &error);
	} else if (prepare_check(prepare, buf_str(bytes), bytes->len, &arena, &faults) != 0) {
		faults_print(&faults, "\n  ", &text);
		status = verb_fail(verb, EX_DATAERR, "not sent:\n  %s", buf_str(&text));
	}
	buf_clear(&text);
	faults_clear(&faults);
	error_clear(&error);
	prepare_close(prepare);
	arena_clear(&arena);
	return status;
}

static int push(const struct verb *verb, const struct send *send, const struct config_queue *queue,
		const struct buf *bytes)
{
	struct store_link *link = store_link_new(&send->config->redis);
	struct store *store = verb_store(send->config, link, queue);
	struct error error = ERROR_INIT;
	int status = 0;

	if (store_push(store, buf_str(bytes), bytes->len, &error) == STORE_OK)
		printf("queued in %s, %zu bytes\n", queue->name, bytes->len);
	else
		status = verb_fail_error(verb, EX_UNAVAILABLE, &error);
	error_clear(&error);
	store_close(store);
	store_link_free(link);
	return status;
}

static int run(const struct verb *verb, struct send *send)
{
	const struct config_queue *queue;
	struct buf bytes = BUF_INIT;
	int status;

	if (!send->common.rest[0] && !has_fields(send))
		return verb_fail(verb, EX_USAGE,
				 "what?  A JSON file (-: standard input), or --template, --to and so on");
	send->config = verb_config(&send->common);
	if (!send->config)
		return EX_CONFIG;
	queue = verb_queue(verb, send->config, send->queue);
	if (!queue)
		return EX_USAGE;
	status = build(verb, send, &bytes);
	if (status == 0)
		status = check(verb, send->config, &bytes);
	if (status == 0 && send->dry_run)
		printf("%s\n", buf_str(&bytes));
	else if (status == 0)
		status = push(verb, send, queue, &bytes);
	buf_clear(&bytes);
	return status ? status : verb_finish();
}

int verb_send(const struct verb *verb, int argc, char **argv)
{
	struct send send = { 0 };
	const GOptionEntry entries[] = {
		{ "queue", 'q', 0, G_OPTION_ARG_FILENAME, &send.queue, "the queue (default)", "NAME" },
		{ "to", 't', 0, G_OPTION_ARG_FILENAME_ARRAY, &send.to, "a recipient; may be repeated", "ADDRESS" },
		{ "cc", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &send.cc, "the same, in Cc", "ADDRESS" },
		{ "bcc", 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &send.bcc, "the same, shown to nobody", "ADDRESS" },
		{ "from", 0, 0, G_OPTION_ARG_FILENAME, &send.from, "the sender (message.from)", "ADDRESS" },
		{ "title", 0, 0, G_OPTION_ARG_FILENAME, &send.title, "the subject", "TEXT" },
		{ "template", 0, 0, G_OPTION_ARG_FILENAME, &send.template_name,
		  "the template's name, below templates.directory", "NAME" },
		{ "body", 'b', 0, G_OPTION_ARG_FILENAME, &send.body,
		  "a JSON file (-: standard input) with the template's data", "FILE" },
		{ "id", 0, 0, G_OPTION_ARG_FILENAME, &send.id, "your own name for this message", "TEXT" },
		{ "dry-run", 'n', 0, G_OPTION_ARG_NONE, &send.dry_run,
		  "check and print the message, push nothing", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries,
				  "FILE (-: standard input) holds a whole message as JSON; options replace its "
				  "fields.\nWhat the daemon would refuse is not pushed: every fault is named, and "
				  "the status is 65.", 1, argc, argv, &send.common);

	if (status == 0)
		status = run(verb, &send);
	clear(&send);
	return status;
}
