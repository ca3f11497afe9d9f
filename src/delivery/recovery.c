/* recovery.c - owns the decision about a dead worker's message; takes none for itself. */
#include "delivery/recovery.h"

#include <stdbool.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crashpoint.h"
#include "base/log.h"
#include "base/random.h"
#include "delivery/fate.h"
#include "message/record.h"

/* So many workers may die of one message. */
enum { POISON_DEATHS = 2 };

/* One message of the dead owner. */
struct find {
	const struct recovery *recovery;
	const struct store_job *job;
	struct arena arena;
};

static enum store_status write_down(struct find *find, enum settle_step step, const char *record_id,
				    const char *record, size_t len, int64_t delay_ms)
{
	return settle(find->recovery->store, &(struct settlement){
			.step = step,
			.job = find->job,
			.record_id = record_id,
			.record = record,
			.record_len = len,
			.delay_ms = delay_ms,
		}, &find->recovery->hooks);
}

static enum store_status write_record(struct find *find, enum settle_step step,
				      const struct record *record, int64_t delay_ms)
{
	struct buf json = BUF_INIT;

	record_to_json(record, &json);
	enum store_status status = write_down(find, step, record->id, json.data, json.len, delay_ms);
	buf_clear(&json);
	return status;
}

static void log_find(const struct find *find, const char *event, const char *id, const char *cause)
{
	log_event(LOG_WARNING, event, log_str("id", id), log_str("queue", find->recovery->queue),
		  log_str("owner", find->job->owner), log_str("cause", cause));
}

/* It died behind the dot: the mark is the record as it was to be read then. */
static enum store_status settle_marked(struct find *find)
{
	const struct fate_policy policy = fate_policy(find->recovery->config);
	struct error error = ERROR_INIT;
	struct record *record;
	char id[RANDOM_ID_SIZE];

	if (record_from_json(find->job->mark, find->job->mark_len, &find->arena, &record, &error) != RECORD_OK) {
		/* The mark is kept as it is, for a person to read. */
		log_find(find, "unreadable mark, message put to the dead store", NULL, error.text);
		error_clear(&error);
		return write_down(find, SETTLE_BURY, find->job->record_id ? find->job->record_id
				  : random_id(clock_unix_ms(), id), find->job->mark, find->job->mark_len, 0);
	}
	struct fate fate = fate_decide(record, RECORD_IN_DOUBT, &policy, clock_unix_ms(), random_unit());
	const char *shown = record->producer_id ? record->producer_id : record->id;
	switch (fate.step) {
	case FATE_DEFER:
		log_find(find, "message in doubt, may be sent more than once", shown, "worker died after the final dot");
		return write_record(find, SETTLE_DEFER, record, fate.delay_ms);
	case FATE_DONE:
	case FATE_BURY:
	case FATE_GIVE_BACK:
		break;
	}
	log_find(find, "message in doubt, put to the dead store", shown, record->dead.reason);
	return write_record(find, SETTLE_BURY, record, 0);
}

/* The record of a message under which its worker crashed. */
static struct record *suspect_record(struct find *find)
{
	struct record *record = NULL;
	char id[RANDOM_ID_SIZE];

	if (find->job->record) {
		/* One that cannot be read is left alone: the next worker sees to it. */
		record_from_json(find->job->record, find->job->record_len, &find->arena, &record, NULL);
		return record;
	}
	record = record_new(&find->arena);
	record->first_unix_ms = clock_unix_ms();
	record->id = find->job->record_id ? find->job->record_id
		: arena_strdup(&find->arena, random_id(record->first_unix_ms, id));
	record->queue = find->recovery->queue;
	return record;
}

static void note_worker_error(const struct find *find, struct record *record, enum record_class class,
			      const char *stage, const char *text, int64_t now)
{
	record->last_unix_ms = now;
	record_note_error(record, &(struct record_error){
		.class = class,
		.stage = stage,
		.reply = { .text = text },
		.host = find->recovery->host,
		.worker = find->recovery->worker,
		.unix_ms = now,
	});
}

static enum store_status settle_suspect(struct find *find, struct record *record,
					const struct recovery_death *death)
{
	int64_t now = clock_unix_ms();
	const char *text = arena_printf(&find->arena, "worker died: %s%s%s", death->cause,
					death->stage ? " in stage " : "", death->stage ? death->stage : "");

	record->crashes.count++;
	record->crashes.cause = death->cause;
	record->crashes.stage = death->stage;
	note_worker_error(find, record, RECORD_POISON, death->stage, text, now);
	if (record->crashes.count < POISON_DEATHS) {
		log_find(find, "message recovered, its worker crashed", record->id, text);
		return write_record(find, SETTLE_GIVE_BACK, record, 0);
	}
	record_note_death(record, RECORD_POISON, now, text);
	log_find(find, "message dead, it kills its worker", record->id, text);
	return write_record(find, SETTLE_BURY, record, 0);
}

/* At once would be too soon, and the message is not to blame: as a temporary failure. */
static enum store_status settle_starved(struct find *find, struct record *record,
					const struct recovery_death *death)
{
	const struct fate_policy policy = fate_policy(find->recovery->config);
	int64_t now = clock_unix_ms();
	const char *text = arena_printf(&find->arena, "worker ended: %s", death->cause);

	record->attempts++;
	note_worker_error(find, record, RECORD_TEMPORARY, death->stage, text, now);
	struct fate fate = fate_again(record, RECORD_TEMPORARY, &policy, now, random_unit());
	log_find(find, fate.step == FATE_DEFER ? "message deferred" : "message dead", record->id, text);
	return write_record(find, fate.step == FATE_DEFER ? SETTLE_DEFER : SETTLE_BURY, record, fate.delay_ms);
}

static enum store_status settle_find(struct find *find, const struct recovery_death *death)
{
	if (find->job->mark)
		return settle_marked(find);
	struct record *record = death && death->cause ? suspect_record(find) : NULL;
	if (record && death->starved)
		return settle_starved(find, record, death);
	if (record)
		return settle_suspect(find, record, death);
	log_find(find, "message recovered", find->job->record_id, "worker died before the final dot");
	return write_down(find, SETTLE_GIVE_BACK, find->job->record_id, NULL, 0, 0);
}

enum store_status recovery_settle(const struct recovery *recovery, const struct store_job *job,
				  const struct recovery_death *death)
{
	struct find find = { .recovery = recovery, .job = job };
	crash_point("before recovery");
	enum store_status status = settle_find(&find, death);

	crash_point("recovered");
	arena_clear(&find.arena);
	return status;
}

enum store_status recovery_run(const struct recovery *recovery, const char *owner,
			       const struct recovery_death *death, size_t *recovered,
			       struct error *error)
{
	enum store_status status;

	*recovered = 0;
	do {
		struct store_job job = STORE_JOB_INIT;
		status = store_peek(recovery->store, owner, &job, error);
		if (status != STORE_OK)
			break;
		if (recovery->is_dead && !recovery->is_dead(recovery->arg, owner))
			status = STORE_NOTHING;
		else
			status = recovery_settle(recovery, &job, death);
		*recovered += status == STORE_OK;
		store_job_clear(&job);
		/* NOTHING: somebody else acted, or the owner's lease is back. */
	} while (status == STORE_OK);
	return status == STORE_NOTHING ? STORE_OK : status;
}
