/* failed_find.c - goes through retry and dead and picks; changes nothing */
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/units.h"
#include "ctl/failed.h"

enum { PAGE = 200 };

static int check_class(const struct verb *verb, struct failed_filter *filter)
{
	struct buf names = BUF_INIT;

	if (record_class_from_name(filter->class_name, &filter->class) == 0)
		return 0;
	for (int i = RECORD_SENT + 1; i < RECORD_CLASSES; i++)
		buf_printf(&names, "%s%s", names.len ? ", " : "", record_class_name((enum record_class)i));
	verb_fail(verb, EX_USAGE, "--class %s: is one of %s", filter->class_name, buf_str(&names));
	buf_clear(&names);
	return EX_USAGE;
}

int failed_filter_check(const struct verb *verb, struct failed_filter *filter, const char *state)
{
	struct error error = ERROR_INIT;

	if (filter->state)
		state = filter->state;
	filter->dead = strcmp(state, "dead") == 0 || strcmp(state, "all") == 0;
	filter->retry = strcmp(state, "retry") == 0 || strcmp(state, "all") == 0;
	if (!filter->dead && !filter->retry)
		return verb_fail(verb, EX_USAGE, "--state %s: is one of dead, retry, all", state);
	if (filter->class_name && check_class(verb, filter) != 0)
		return EX_USAGE;
	if (filter->older && units_duration(filter->older, &filter->older_ms, &error) != 0) {
		verb_fail(verb, EX_USAGE, "--older %s: %s", filter->older, error.text);
		error_clear(&error);
		return EX_USAGE;
	}
	return 0;
}

bool failed_filter_given(const struct failed_filter *filter)
{
	return filter->queue || filter->class_name || filter->older || filter->state;
}

void failed_filter_clear(struct failed_filter *filter)
{
	g_free(filter->queue);
	g_free(filter->class_name);
	g_free(filter->older);
	g_free(filter->state);
}

const char *failed_state_name(enum failed_state state)
{
	switch (state) {
	case FAILED_RETRY: return "retry";
	case FAILED_DEAD: return "dead";
	case FAILED_MOVING: return "moving";
	}
	return "?";
}

const struct record_error *failed_last_error(const struct failed *failed)
{
	const struct record *record = failed->record;

	return record && record->error_count ? &record->errors[record->error_count - 1] : NULL;
}

int failed_class(const struct failed *failed)
{
	const struct record_error *error = failed_last_error(failed);

	if (failed->record && failed->record->dead.reason)
		return (int)failed->record->dead.class;
	return error ? (int)error->class : -1;
}

void failed_stores_open(struct failed_stores *stores, const struct verb *verb, const struct config *config)
{
	stores->verb = verb;
	stores->config = config;
	stores->link = store_link_new(&config->redis);
	stores->stores = mem_calloc(config->queue_count, sizeof *stores->stores);
	for (size_t i = 0; i < config->queue_count; i++)
		stores->stores[i] = verb_store(config, stores->link, &config->queues[i]);
}

void failed_stores_close(struct failed_stores *stores)
{
	for (size_t i = 0; stores->stores && i < stores->config->queue_count; i++)
		store_close(stores->stores[i]);
	free(stores->stores);
	store_link_free(stores->link);
}

/* Reads the record and hands the whole to `visit` when the filter lets it pass. */
static void consider(struct failed *failed, const struct failed_filter *filter, const char *producer_id,
		     failed_visit *visit, void *arg)
{
	struct arena arena = ARENA_INIT;
	struct record *record = NULL;
	int64_t tried = failed->entry->score_ms;
	bool pass = true;

	failed->record_status = record_from_json(failed->entry->record, failed->entry->record_len, &arena,
						 &record, NULL);
	failed->record = record;
	if (record)
		tried = record->last_unix_ms;
	if (filter && filter->class_name)
		pass = failed_class(failed) == (int)filter->class;
	if (filter && filter->older)
		pass = pass && clock_unix_ms() - tried >= filter->older_ms;
	if (producer_id)
		pass = record && record->producer_id && strcmp(record->producer_id, producer_id) == 0;
	if (pass)
		visit(arg, failed);
	arena_clear(&arena);
}

static int refused(const struct failed_stores *stores, struct error *error)
{
	int status = verb_fail_error(stores->verb, EX_UNAVAILABLE, error);

	error_clear(error);
	return status;
}

static int each_of_shelf(struct failed_stores *stores, size_t queue, enum store_shelf shelf,
			 const struct failed_filter *filter, const char *producer_id, failed_visit *visit,
			 void *arg)
{
	struct failed failed = {
		.queue = &stores->config->queues[queue],
		.store = stores->stores[queue],
		.state = shelf == STORE_DEAD ? FAILED_DEAD : FAILED_RETRY,
	};
	struct error error = ERROR_INIT;
	size_t count = PAGE;

	for (size_t offset = 0; count == PAGE; offset += count) {
		struct store_entry *list = NULL;
		enum store_status status = store_list(failed.store, shelf, offset, PAGE, &list, &count, &error);

		if (status == STORE_NOTHING)
			break;
		if (status != STORE_OK)
			return refused(stores, &error);
		for (size_t i = 0; i < count; i++) {
			failed.entry = &list[i];
			consider(&failed, filter, producer_id, visit, arg);
		}
		store_list_free(list, count);
	}
	error_clear(&error);
	return 0;
}

int failed_each(struct failed_stores *stores, const struct failed_filter *filter, failed_visit *visit,
		void *arg)
{
	int status = 0;

	if (filter->queue && !verb_queue(stores->verb, stores->config, filter->queue))
		return EX_USAGE;
	for (size_t i = 0; status == 0 && i < stores->config->queue_count; i++) {
		if (filter->queue && strcmp(filter->queue, stores->config->queues[i].name) != 0)
			continue;
		if (filter->dead)
			status = each_of_shelf(stores, i, STORE_DEAD, filter, NULL, visit, arg);
		if (status == 0 && filter->retry)
			status = each_of_shelf(stores, i, STORE_RETRY, filter, NULL, visit, arg);
	}
	return status;
}

/* What is visited is counted on its way. */
struct counted {
	failed_visit *visit;
	void *arg;
	size_t count;
};

static void count_visit(void *arg, const struct failed *failed)
{
	struct counted *counted = arg;

	counted->count++;
	counted->visit(counted->arg, failed);
}

/* The record of that very id, in whichever queue.  The record itself says
 * whether it is dead; a score says that it is on a shelf at all. */
static int find_record(struct failed_stores *stores, const char *id, struct counted *counted)
{
	for (size_t i = 0; i < stores->config->queue_count; i++) {
		struct failed failed = { .queue = &stores->config->queues[i], .store = stores->stores[i] };
		struct store_entry entry = { 0 };
		struct error error = ERROR_INIT;
		enum store_status status = store_get(failed.store, id, &entry, &error);

		if (status != STORE_OK && status != STORE_NOTHING)
			return refused(stores, &error);
		if (status == STORE_OK) {
			struct arena arena = ARENA_INIT;
			struct record *record = NULL;

			record_from_json(entry.record, entry.record_len, &arena, &record, NULL);
			failed.state = entry.score_ms == 0 ? FAILED_MOVING
				: record && !record->dead.reason ? FAILED_RETRY : FAILED_DEAD;
			failed.entry = &entry;
			consider(&failed, NULL, NULL, count_visit, counted);
			arena_clear(&arena);
		}
		store_entry_clear(&entry);
		error_clear(&error);
	}
	return 0;
}

int failed_find(struct failed_stores *stores, const char *id, failed_visit *visit, void *arg)
{
	struct counted counted = { .visit = visit, .arg = arg };
	int status = 0;

	if (record_is_id(id, strlen(id)))
		status = find_record(stores, id, &counted);
	for (size_t i = 0; status == 0 && counted.count == 0 && i < stores->config->queue_count; i++) {
		status = each_of_shelf(stores, i, STORE_DEAD, NULL, id, count_visit, &counted);
		if (status == 0)
			status = each_of_shelf(stores, i, STORE_RETRY, NULL, id, count_visit, &counted);
	}
	if (status == 0 && counted.count == 0)
		status = verb_fail(stores->verb, EX_NOINPUT, "there is no failed message %s", id);
	return status;
}

void failed_renew(struct record *record, int64_t now_unix_ms)
{
	record->attempts = 0;
	record->crashes.count = 0;
	record->first_unix_ms = now_unix_ms;
	record->dead.reason = NULL;
	for (size_t i = 0; i < record->recipient_count; i++)
		if (record->recipients[i].state != RECORD_RCPT_SENT)
			record->recipients[i].state = RECORD_RCPT_PENDING;
}
