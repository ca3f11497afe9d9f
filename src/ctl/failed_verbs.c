/* failed_verbs.c - failed list, show, retry, delete */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "ctl/failed.h"
#include "ctl/text.h"

/* A verb's whole state. */
struct failed_run {
	const struct verb *verb;
	struct failed_filter filter;
	struct verb_common common;
	gboolean json, all, yes;
	struct config *config;
	struct failed_stores stores;
};

/* Loads the configuration and opens the queues: 0 or the exit status. */
static int open_run(struct failed_run *run)
{
	run->config = verb_config(&run->common);
	if (!run->config)
		return EX_CONFIG;
	failed_stores_open(&run->stores, run->verb, run->config);
	return 0;
}

static int close_run(struct failed_run *run, int status)
{
	if (run->config)
		failed_stores_close(&run->stores);
	config_free(run->config);
	failed_filter_clear(&run->filter);
	g_strfreev(run->common.rest);
	g_free(run->common.config);
	return status;
}

/* ---- list ---- */

static const char *const list_columns[] = { "ID", "QUEUE", "STATE", "CLASS", ">TRIES", ">LAST TRIED", "TEMPLATE",
					    "TO", "REASON", NULL };

/* The first recipient that matters, and how many more there are. */
static void add_recipients(struct table *table, const struct record *record)
{
	size_t first = 0;
	char *text;

	if (record->recipient_count == 0) {
		table_text(table, NULL);
		return;
	}
	while (first + 1 < record->recipient_count && record->recipients[first].state == RECORD_RCPT_SENT)
		first++;
	text = record->recipient_count == 1 ? mem_strdup(record->recipients[0].address)
		: mem_printf("%s +%zu", record->recipients[first].address, record->recipient_count - 1);
	table_text(table, text);
	free(text);
}

/* The death's reason, else the last error's reply. */
static void add_reason(struct table *table, const struct failed *failed)
{
	const struct record_error *error = failed_last_error(failed);
	char *text;

	if (error && error->reply.code) {
		text = mem_printf("%d %s%s%s", error->reply.code, error->reply.enhanced ? error->reply.enhanced : "",
				  error->reply.enhanced ? " " : "", error->reply.text ? error->reply.text : "");
		table_text(table, text);
		free(text);
	} else if (error) {
		table_text(table, error->reply.text);
	} else {
		table_text(table, failed->record->dead.reason);
	}
}

static void list_row(void *arg, const struct failed *failed)
{
	struct table *table = arg;
	const struct record *record = failed->record;
	int class = failed_class(failed);

	table_text(table, failed->entry->record_id);
	table_text(table, failed->queue->name);
	table_text(table, failed_state_name(failed->state));
	if (!record) {
		for (int i = 0; i < 5; i++)
			table_text(table, NULL);
		table_text(table, failed->record_status == RECORD_FOREIGN ? "a record of another version"
			   : "a broken record");
		return;
	}
	table_text(table, class < 0 ? NULL : record_class_name((enum record_class)class));
	table_number(table, record->attempts);
	table_span(table, clock_unix_ms() - record->last_unix_ms);
	table_text(table, record->template_name);
	add_recipients(table, record);
	add_reason(table, failed);
}

static void list_json(void *arg, const struct failed *failed)
{
	json_array_append_new(arg, failed_to_json(failed, false));
}

static int list(struct failed_run *run)
{
	struct table *table = table_new(list_columns);
	json_t *array = json_array();
	struct buf out = BUF_INIT;
	int status = run->json ? failed_each(&run->stores, &run->filter, list_json, array)
		: failed_each(&run->stores, &run->filter, list_row, table);

	if (status == 0 && run->json) {
		status = verb_print_json(json_incref(array));
	} else if (status == 0) {
		if (table_rows(table) > 0)
			table_print(table, text_terminal_width(), &out);
		fputs(buf_str(&out), stdout);
		if (table_rows(table) == 0)
			fputs("no failed message\n", stderr);
		status = verb_finish();
	}
	buf_clear(&out);
	json_decref(array);
	table_free(table);
	return status;
}

int verb_failed_list(const struct verb *verb, int argc, char **argv)
{
	struct failed_run run = { .verb = verb };
	const GOptionEntry entries[] = {
		FAILED_FILTER_ENTRIES(run.filter),
		{ "json", 0, 0, G_OPTION_ARG_NONE, &run.json, "an array of objects instead of a table", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries, "Those that wait for a retry and those that are dead.", 0, argc,
				  argv, &run.common);

	if (status == 0)
		status = failed_filter_check(verb, &run.filter, "all");
	if (status == 0)
		status = open_run(&run);
	if (status == 0)
		status = list(&run);
	return close_run(&run, status);
}

/* ---- what show, retry and delete act on ---- */

/* Ids and their queues, collected before anything is changed. */
struct chosen {
	struct failed_stores *stores;
	struct chosen_one {
		struct store *store;
		char *id;
		enum failed_state state;
	} *list;
	size_t count, room;
};

static void choose(void *arg, const struct failed *failed)
{
	struct chosen *chosen = arg;

	if (chosen->count == chosen->room) {
		chosen->room = chosen->room ? chosen->room * 2 : 64;
		chosen->list = mem_realloc(chosen->list, chosen->room, sizeof *chosen->list);
	}
	chosen->list[chosen->count++] = (struct chosen_one){
		failed->store, mem_strdup(failed->entry->record_id), failed->state,
	};
}

static void chosen_clear(struct chosen *chosen)
{
	for (size_t i = 0; i < chosen->count; i++)
		free(chosen->list[i].id);
	free(chosen->list);
}

/* By id, or by filter.  An id that is not there is told and the others are
 * still done. */
static int choose_all(struct failed_run *run, struct chosen *chosen)
{
	int status = 0, one;

	if (run->common.rest_count == 0)
		return failed_each(&run->stores, &run->filter, choose, chosen);
	for (char **id = run->common.rest; *id; id++) {
		one = failed_find(&run->stores, *id, choose, chosen);
		if (one == EX_UNAVAILABLE)
			return one;
		if (one != 0)
			status = one;
	}
	return status;
}

/* Asks before something is done to what no id named. */
static int confirm(struct failed_run *run, const struct chosen *chosen, const char *what)
{
	size_t dead = 0;
	char answer[16] = "";

	for (size_t i = 0; i < chosen->count; i++)
		dead += chosen->list[i].state == FAILED_DEAD;
	if (chosen->count == 0)
		return verb_fail(run->verb, 1, "there is no such message");
	if (run->yes || run->common.rest_count > 0)
		return 0;
	if (!isatty(STDIN_FILENO))
		return verb_fail(run->verb, EX_USAGE, "%zu dead and %zu waiting messages; add --yes to %s them",
				 dead, chosen->count - dead, what);
	printf("%s %zu dead and %zu waiting messages? [y/N] ", what, dead, chosen->count - dead);
	fflush(stdout);
	if (!fgets(answer, sizeof answer, stdin) || (answer[0] != 'y' && answer[0] != 'Y'))
		return verb_fail(run->verb, 1, "nothing done");
	return 0;
}

static enum store_status delete_one(const struct chosen_one *one, struct error *error)
{
	return store_delete(one->store, one->id, error);
}

/* A record that cannot be read goes back as it is, if Redis' steps allow that. */
static enum store_status retry_one(const struct chosen_one *one, struct error *error)
{
	struct store_entry entry = { 0 };
	struct arena arena = ARENA_INIT;
	struct record *record = NULL;
	struct buf json = BUF_INIT;
	enum store_status status = store_get(one->store, one->id, &entry, error);

	if (status == STORE_OK) {
		record_from_json(entry.record, entry.record_len, &arena, &record, NULL);
		if (record) {
			failed_renew(record, clock_unix_ms());
			record_to_json(record, &json);
		}
		status = store_requeue(one->store, one->id, record ? buf_str(&json) : NULL, json.len, error);
	}
	buf_clear(&json);
	store_entry_clear(&entry);
	arena_clear(&arena);
	return status;
}

/* Does it to each; goes on where one is refused. */
static int act(struct failed_run *run, const struct chosen *chosen, const char *done,
	       enum store_status (*step)(const struct chosen_one *, struct error *))
{
	size_t count = 0;
	int status = 0;

	for (size_t i = 0; i < chosen->count && status != EX_UNAVAILABLE; i++) {
		struct error error = ERROR_INIT;

		switch (step(&chosen->list[i], &error)) {
		case STORE_OK:
			count++;
			if (run->common.rest_count > 0)
				printf("%s %s\n", chosen->list[i].id, done);
			break;
		case STORE_NOTHING:
			status = verb_fail(run->verb, 1, "%s: no longer among the failed messages",
					   chosen->list[i].id);
			break;
		case STORE_REFUSED:
			status = verb_fail(run->verb, 1, "%s: %s", chosen->list[i].id, error.text);
			break;
		case STORE_DOWN:
			status = verb_fail_error(run->verb, EX_UNAVAILABLE, &error);
			break;
		}
		error_clear(&error);
	}
	if (run->common.rest_count == 0)
		printf("%zu %s\n", count, done);
	return status;
}

static int change(struct failed_run *run, const char *what, const char *done,
		  enum store_status (*step)(const struct chosen_one *, struct error *))
{
	struct chosen chosen = { .stores = &run->stores };
	int missing, status;

	missing = choose_all(run, &chosen);
	status = missing;
	if (missing == 0 || (missing != EX_UNAVAILABLE && chosen.count > 0)) {
		status = confirm(run, &chosen, what);
		if (status == 0)
			status = act(run, &chosen, done, step);
		if (status == 0)
			status = missing ? missing : verb_finish();
	}
	chosen_clear(&chosen);
	return status;
}

/* The options of retry and delete, which differ in what --all means. */
static int verb_change(const struct verb *verb, int argc, char **argv, const char *state, const char *what,
		       const char *done, const char *description,
		       enum store_status (*step)(const struct chosen_one *, struct error *))
{
	struct failed_run run = { .verb = verb };
	const GOptionEntry entries[] = {
		FAILED_FILTER_ENTRIES(run.filter),
		{ "all", 'a', 0, G_OPTION_ARG_NONE, &run.all, "all that the other options leave", NULL },
		{ "yes", 'y', 0, G_OPTION_ARG_NONE, &run.yes, "do not ask", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries, description, -1, argc, argv, &run.common);
	bool filtered = run.all || failed_filter_given(&run.filter);

	if (status == 0 && run.common.rest_count > 0 && filtered)
		status = verb_fail(verb, EX_USAGE, "ids, or --all and its companions, not both");
	if (status == 0 && run.common.rest_count == 0 && !filtered)
		status = verb_fail(verb, EX_USAGE, "which ones?  Ids ('failed list'), a filter, or --all");
	if (status == 0)
		status = failed_filter_check(verb, &run.filter, state);
	if (status == 0)
		status = open_run(&run);
	if (status == 0)
		status = change(&run, what, done, step);
	return close_run(&run, status);
}

int verb_failed_retry(const struct verb *verb, int argc, char **argv)
{
	return verb_change(verb, argc, argv, "all", "retry", "queued again",
			   "They go to the end of their queue, with attempts and age counted anew.  Recipients\n"
			   "who have the mail do not get it again; one in doubt may.", retry_one);
}

int verb_failed_delete(const struct verb *verb, int argc, char **argv)
{
	return verb_change(verb, argc, argv, "dead", "delete", "deleted",
			   "Without ids only dead ones, unless --state says otherwise.", delete_one);
}

/* ---- show ---- */

struct shown {
	json_t *array;	/* with --json */
	bool any;
};

static void show_one(void *arg, const struct failed *failed)
{
	struct shown *shown = arg;
	struct buf out = BUF_INIT;

	if (shown->array) {
		json_array_append_new(shown->array, failed_to_json(failed, true));
		return;
	}
	if (shown->any)
		buf_puts(&out, "\n--------\n\n");
	shown->any = true;
	failed_print(failed, &out);
	fputs(buf_str(&out), stdout);
	buf_clear(&out);
}

/* A page of a shelf comes without the messages, so each is asked for by its
 * record id, whatever it was named by. */
static int show(struct failed_run *run)
{
	struct chosen chosen = { .stores = &run->stores };
	struct shown shown = { .array = run->json ? json_array() : NULL };
	int status = choose_all(run, &chosen), one;

	for (size_t i = 0; i < chosen.count && status != EX_UNAVAILABLE; i++) {
		one = failed_find(&run->stores, chosen.list[i].id, show_one, &shown);
		if (one != 0)
			status = one;
	}
	if (shown.array)
		one = verb_print_json(shown.array);
	else
		one = verb_finish();
	chosen_clear(&chosen);
	return status ? status : one;
}

int verb_failed_show(const struct verb *verb, int argc, char **argv)
{
	struct failed_run run = { .verb = verb };
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &run.json, "an array of objects instead of text", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries, "An id is postrider's own, or the producer's.", -1, argc, argv,
				  &run.common);

	if (status == 0 && run.common.rest_count == 0)
		status = verb_fail(verb, EX_USAGE, "which ones?  'postriderctl failed list' shows their ids");
	if (status == 0)
		status = failed_filter_check(verb, &run.filter, "all");
	if (status == 0)
		status = open_run(&run);
	if (status == 0)
		status = show(&run);
	return close_run(&run, status);
}
