/*
 * status.c - what is in the queues and what the daemon is doing
 *
 * Two sources, each useful without the other: Redis for what is stored, the
 * supervisor's control socket for its processes.
 */
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "ctl/daemon.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "message/record.h"

enum {
	OLDEST_PAGE = 500,
	OLDEST_MAX = 10000,	/* waiting records that are looked through for the oldest */
};

/* ---- Redis ---- */

struct queue_status {
	const char *name;
	struct store_counts counts;
	int64_t oldest_ms;	/* since the first attempt at the oldest message that waits for a retry; -1: none */
};

static int64_t first_attempt_ms(const struct store_entry *entry)
{
	struct arena arena = ARENA_INIT;
	struct record *record = NULL;
	int64_t first = INT64_MAX;

	if (record_from_json(entry->record, entry->record_len, &arena, &record, NULL) == RECORD_OK)
		first = record->first_unix_ms;
	arena_clear(&arena);
	return first;
}

/* The messages that wait are sorted by when they are due, not by age, so all
 * are looked at, up to a bound.  A message that was never tried has no time. */
static enum store_status find_oldest(struct store *store, int64_t *oldest_ms, struct error *error)
{
	int64_t first = INT64_MAX;
	size_t count = OLDEST_PAGE;

	for (size_t offset = 0; offset < OLDEST_MAX && count == OLDEST_PAGE; offset += count) {
		struct store_entry *list = NULL;
		enum store_status status = store_list(store, STORE_RETRY, offset, OLDEST_PAGE, &list, &count,
						      error);

		if (status != STORE_OK && status != STORE_NOTHING)
			return status;
		if (status == STORE_NOTHING)
			break;
		for (size_t i = 0; i < count; i++)
			first = MIN(first, first_attempt_ms(&list[i]));
		store_list_free(list, count);
	}
	*oldest_ms = first == INT64_MAX ? -1 : clock_unix_ms() - first;
	return STORE_OK;
}

static enum store_status read_queue(const struct config *config, struct store_link *link,
				    const struct config_queue *queue, struct queue_status *out,
				    struct error *error)
{
	struct store *store = verb_store(config, link, queue);
	enum store_status status;

	*out = (struct queue_status){ .name = queue->name, .oldest_ms = -1 };
	status = store_counts(store, &out->counts, error);
	if (status == STORE_OK && out->counts.retry > 0)
		status = find_oldest(store, &out->oldest_ms, error);
	store_close(store);
	return status;
}

/* Every queue's numbers; NULL with the reason when Redis does not give them. */
static struct queue_status *read_queues(const struct config *config, struct error *error)
{
	struct store_link *link = store_link_new(&config->redis);
	struct queue_status *list = g_new0(struct queue_status, config->queue_count);

	for (size_t i = 0; i < config->queue_count; i++)
		if (read_queue(config, link, &config->queues[i], &list[i], error) != STORE_OK) {
			g_free(list);
			list = NULL;
			break;
		}
	store_link_free(link);
	return list;
}

/* ---- tables ---- */

/* Members of the daemon's answer; what is absent or of another type is empty. */
static const char *get_text(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

static int64_t get_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static void print_table(struct table *table)
{
	struct buf out = BUF_INIT;

	if (table_rows(table) > 0) {
		putchar('\n');
		table_print(table, text_terminal_width(), &out);
		fputs(buf_str(&out), stdout);
	}
	buf_clear(&out);
	table_free(table);
}

static void print_daemon(const json_t *daemon)
{
	struct buf line = BUF_INIT, clean = BUF_INIT;

	buf_printf(&line, "postriderd %s, pid %" PRId64 ", up ",
		   get_text(daemon, "version") ? get_text(daemon, "version") : "?", get_number(daemon, "pid"));
	text_span(clock_unix_ms() - get_number(daemon, "started_unix_ms"), &line);
	if (get_text(daemon, "config"))
		buf_printf(&line, ", %s", get_text(daemon, "config"));
	text_clean(buf_str(&line), line.len, TEXT_ONE_LINE, &clean);
	puts(buf_str(&clean));
	buf_clear(&clean);
	buf_clear(&line);
}

static void print_queues(const struct queue_status *list, size_t count)
{
	static const char *const columns[] = { "QUEUE", ">QUEUED", ">PROCESSING", ">RETRY", ">DEAD",
					       ">NEXT RETRY", ">OLDEST", NULL };
	struct table *table = table_new(columns);

	for (size_t i = 0; i < count; i++) {
		table_text(table, list[i].name);
		table_number(table, list[i].counts.queued);
		table_number(table, list[i].counts.processing);
		table_number(table, list[i].counts.retry);
		table_number(table, list[i].counts.dead);
		if (list[i].counts.retry > 0 && list[i].counts.next_due_ms != INT64_MAX)
			table_span(table, list[i].counts.next_due_ms);
		else
			table_text(table, NULL);
		if (list[i].oldest_ms >= 0)
			table_span(table, list[i].oldest_ms);
		else
			table_text(table, NULL);
	}
	print_table(table);
}

/* "3 recipients, 50 messages, 5m idle": what the relay's own replies have told of its limits. */
static void add_learned(struct table *table, const json_t *relay)
{
	int64_t recipients = get_number(relay, "recipients_most"), messages = get_number(relay, "messages_most");
	int64_t idle_ms = get_number(relay, "idle_most_ms");
	struct buf text = BUF_INIT;

	if (recipients > 0)
		buf_printf(&text, "%" PRId64 " recipients", recipients);
	if (messages > 0)
		buf_printf(&text, "%s%" PRId64 " messages", text.len ? ", " : "", messages);
	if (idle_ms > 0) {
		buf_puts(&text, text.len ? ", " : "");
		text_span(idle_ms, &text);
		buf_puts(&text, " idle");
	}
	table_text(table, text.len ? buf_str(&text) : NULL);
	buf_clear(&text);
}

static void print_relays(const json_t *daemon)
{
	static const char *const columns[] = { "RELAY", "QUEUE", "STATE", ">SINCE", "AT MOST", "REASON", NULL };
	struct table *table = table_new(columns);
	json_t *queue, *relay;
	size_t i, j;

	json_array_foreach(json_object_get(daemon, "queues"), i, queue)
		json_array_foreach(json_object_get(queue, "relays"), j, relay) {
			table_text(table, get_text(relay, "name"));
			table_text(table, get_text(queue, "name"));
			table_text(table, get_text(relay, "state"));
			if (get_number(relay, "since_unix_ms") > 0)
				table_span(table, clock_unix_ms() - get_number(relay, "since_unix_ms"));
			else
				table_text(table, NULL);
			add_learned(table, relay);
			table_text(table, get_text(relay, "error"));
		}
	print_table(table);
}

static void print_workers(const json_t *daemon)
{
	static const char *const columns[] = { "WORKER", ">PID", "STATE", "STAGE", ">FOR", ">TAKEN", ">SENT",
					       ">DEFERRED", ">DEAD", ">SESSIONS", ">AUTHS", ">RESTARTS",
					       "MESSAGE", NULL };
	static const char *const counts[] = { "taken", "sent", "deferred", "dead", "sessions", "auths" };
	struct table *table = table_new(columns);
	json_t *queue, *worker;
	size_t i, j;

	json_array_foreach(json_object_get(daemon, "queues"), i, queue)
		json_array_foreach(json_object_get(queue, "workers"), j, worker) {
			char *name = g_strdup_printf("%s/%" PRId64, get_text(queue, "name"),
						     get_number(worker, "number"));

			table_text(table, name);
			table_number(table, get_number(worker, "pid"));
			table_text(table, get_text(worker, "state"));
			table_text(table, get_text(worker, "stage"));
			table_span(table, clock_unix_ms() - get_number(worker, "since_unix_ms"));
			for (size_t k = 0; k < G_N_ELEMENTS(counts); k++)
				table_number(table, get_number(json_object_get(worker, "counts"), counts[k]));
			table_number(table, get_number(worker, "restarts"));
			table_text(table, get_text(worker, "id"));
			g_free(name);
		}
	print_table(table);
}

/* ---- the verb ---- */

static json_t *queue_to_json(const struct queue_status *queue)
{
	const struct store_counts *counts = &queue->counts;
	bool due = counts->retry > 0 && counts->next_due_ms != INT64_MAX;

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "name", queue->name,
			 "queued", (json_int_t)counts->queued, "processing", (json_int_t)counts->processing,
			 "retry", (json_int_t)counts->retry, "dead", (json_int_t)counts->dead,
			 "next_due_ms", due ? json_integer(counts->next_due_ms) : json_null(),
			 "oldest_ms", queue->oldest_ms >= 0 ? json_integer(queue->oldest_ms) : json_null());
}

static int print_json(json_t *daemon, const struct error *daemon_error, const struct queue_status *queues,
		      size_t count, const struct error *redis_error)
{
	json_t *list = queues ? json_array() : json_null();

	for (size_t i = 0; queues && i < count; i++)
		json_array_append_new(list, queue_to_json(&queues[i]));
	return verb_print_json(json_pack("{s:O?, s:s?, s:o, s:s?}", "daemon", daemon,
					 "daemon_error", daemon_error->text, "redis", list,
					 "redis_error", redis_error->text));
}

static void print_text(const struct verb *verb, const struct config *config, const json_t *daemon,
		       const struct error *daemon_error, const struct queue_status *queues,
		       const struct error *redis_error)
{
	if (daemon)
		print_daemon(daemon);
	else
		printf("postriderd does not answer: %s\n", daemon_error->text);
	if (queues)
		print_queues(queues, config->queue_count);
	else
		verb_fail_error(verb, 0, redis_error);
	if (daemon) {
		print_relays(daemon);
		print_workers(daemon);
	}
}

static int run(const struct verb *verb, const struct config *config, bool json)
{
	struct error daemon_error = ERROR_INIT, redis_error = ERROR_INIT;
	json_t *daemon = daemon_ask(config->control_socket, "status", &daemon_error);
	struct queue_status *queues = read_queues(config, &redis_error);
	int status;

	if (json) {
		status = print_json(daemon, &daemon_error, queues, config->queue_count, &redis_error);
	} else {
		print_text(verb, config, daemon, &daemon_error, queues, &redis_error);
		status = verb_finish();
	}
	if (status == 0 && !(daemon && queues))
		status = EX_UNAVAILABLE;
	g_free(queues);
	json_decref(daemon);
	error_clear(&daemon_error);
	error_clear(&redis_error);
	return status;
}

int verb_status(const struct verb *verb, int argc, char **argv)
{
	gboolean json = FALSE;
	struct verb_common common;
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &json, "one JSON object instead of tables", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries,
				  "The status is 69 when the daemon or Redis does not answer; what the other "
				  "knows is shown all the same.", 0, argc, argv, &common);
	struct config *config = status == 0 ? verb_config(&common) : NULL;

	if (status == 0)
		status = config ? run(verb, config, json) : EX_CONFIG;
	config_free(config);
	g_strfreev(common.rest);
	g_free(common.config);
	return status;
}
