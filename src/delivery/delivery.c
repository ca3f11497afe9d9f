/*
 * delivery.c - the story of one message, told once
 *
 * Owns what lives for one message: its arena, its record, its mail.  Reads no
 * JSON, speaks no SMTP and no Redis itself.
 */
#include "delivery/delivery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crashpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "delivery/fate.h"
#include "delivery/prepare.h"
#include "delivery/settle.h"
#include "message/record.h"

/* A record of a newer version waits so long for the program that knows it. */
enum { FOREIGN_RECORD_WAIT_MS = 3600000 };

struct delivery {
	struct delivery_setup setup;
	struct fate_policy policy;
	struct prepare *prepare;
	struct relays *relays;
	struct delivery_counts counts;

	/* of the message in hand */
	struct arena arena;
	const struct store_job *job;
	struct record *record;
	struct prepared prepared;
	size_t *asked, asked_count;	/* the record's recipients in this attempt's envelope */
	const char *relay;		/* the name of the relay in use */
	enum store_status fence;	/* what the fence before the dot said last */
	int64_t started_ms;
	struct buf json;
};

static void on_session_progress(void *arg, enum session_stage stage, int64_t limit_ms);
static bool on_before_dot(void *arg, const struct session_verdict *so_far);
static void on_dialogue(void *arg, char side, const char *line, size_t len);

struct delivery *delivery_open(const struct delivery_setup *setup, struct error *error)
{
	struct delivery *d = mem_alloc(sizeof *d);

	d->setup = *setup;
	d->policy = fate_policy(setup->config);
	d->prepare = prepare_open(setup->config, error);
	if (!d->prepare) {
		delivery_close(d);
		return NULL;
	}
	const struct session_hooks hooks = {
		.arg = d,
		.before_dot = on_before_dot,
		.progress = on_session_progress,
		.dialogue = on_dialogue,
	};
	d->relays = relays_open(setup->config, setup->queue, setup->gates, &hooks);
	return d;
}

void delivery_close(struct delivery *d)
{
	if (!d)
		return;
	relays_close(d->relays);
	prepare_close(d->prepare);
	arena_clear(&d->arena);
	buf_clear(&d->json);
	free(d);
}

struct relays *delivery_relays(struct delivery *d)
{
	return d->relays;
}

struct delivery_counts delivery_counts(const struct delivery *d)
{
	return d->counts;
}

static const char *shown_id(const struct delivery *d)
{
	return d->record->producer_id ? d->record->producer_id : d->record->id;
}

static struct fate_place here(const struct delivery *d)
{
	return (struct fate_place){ d->relay, d->setup.host, d->setup.worker, clock_unix_ms() };
}

/* ---- hooks of the floors below ---- */

static void on_progress(void *arg, const char *stage, int64_t limit_ms)
{
	struct delivery *d = arg;

	d->setup.hooks.progress(d->setup.hooks.arg, stage, shown_id(d), limit_ms);
}

/* A session is also driven outside a message: by a probe, by its tending. */
static void on_session_progress(void *arg, enum session_stage stage, int64_t limit_ms)
{
	struct delivery *d = arg;

	d->setup.hooks.progress(d->setup.hooks.arg, session_stage_name(stage),
				d->job ? shown_id(d) : NULL, limit_ms);
}

/* Logged only while somebody has asked for it (postriderctl trace). */
static void on_dialogue(void *arg, char side, const char *line, size_t len)
{
	struct delivery *d = arg;
	const struct relay *relay = relays_current(d->relays);
	int64_t now = clock_monotonic_ms();
	char text[1024];

	if (now >= atomic_load(d->setup.trace_until_ms) &&
	    (!relay || now >= atomic_load(&relay->gate->trace_until_ms)))
		return;
	snprintf(text, sizeof text, "%c: %.*s", side, (int)(len < 1000 ? len : 1000), line);
	log_event(LOG_INFO, "dialogue", log_str("relay", relay ? relay->config->name : NULL),
		  log_str("id", d->record ? shown_id(d) : NULL), log_str("line", text));
}

/* The record as it is to be read if this process dies behind the dot. */
static void write_mark(struct delivery *d, const struct session_verdict *so_far, struct buf *out)
{
	struct record if_dead = *d->record;
	struct session_verdict verdict = *so_far;
	struct fate_place place = here(d);

	if_dead.recipients = arena_alloc_raw(&d->arena, if_dead.recipient_count * sizeof *if_dead.recipients);
	memcpy(if_dead.recipients, d->record->recipients,
	       if_dead.recipient_count * sizeof *if_dead.recipients);
	verdict.result = SESSION_IN_DOUBT;
	verdict.stage = SESSION_FINAL;
	verdict.reply = (struct session_reply){ .text = "the worker died after the final dot" };
	fate_note_verdict(&if_dead, d->asked, d->asked_count, &verdict, &place);
	record_to_json(&if_dead, out);
}

static bool on_before_dot(void *arg, const struct session_verdict *so_far)
{
	struct delivery *d = arg;
	struct error error = ERROR_INIT;
	struct buf mark = BUF_INIT;

	crash_point("before mark");
	write_mark(d, so_far, &mark);
	d->fence = store_mark(d->setup.store, d->job, mark.data, mark.len, &error);
	if (d->fence != STORE_OK)
		log_event(LOG_WARNING, "final dot held back", log_str("id", shown_id(d)),
			  log_str("cause", d->fence == STORE_NOTHING
				  ? "the message is no longer this worker's" : error.text));
	buf_clear(&mark);
	error_clear(&error);
	crash_point("marked");
	return d->fence == STORE_OK;
}

/* ---- the end of a message ---- */

static enum store_status write_down(struct delivery *d, enum settle_step step, bool with_record,
				    int64_t delay_ms)
{
	const struct settle_hooks hooks = { d->setup.hooks.arg, d->setup.hooks.wait };

	buf_reset(&d->json);
	if (with_record)
		record_to_json(d->record, &d->json);
	crash_point("before record");
	return settle(d->setup.store, &(struct settlement){
			.step = step,
			.job = d->job,
			.record_id = d->record->id,
			.record = with_record ? d->json.data : NULL,
			.record_len = d->json.len,
			.delay_ms = delay_ms,
		}, &hooks);
}

static enum delivery_end end_of(enum store_status status, enum delivery_end end)
{
	return status == STORE_OK || status == STORE_NOTHING ? end : DELIVERY_UNSETTLED;
}

static void log_outcome(struct delivery *d, enum log_level level, const char *event,
			enum record_class class, int64_t delay_ms, const struct session_reply *reply)
{
	const struct record *record = d->record;

	log_event(level, event,
		  log_str("id", shown_id(d)),
		  log_str("record", record->producer_id ? record->id : NULL),
		  log_str("queue", record->queue),
		  log_str("template", record->template_name),
		  log_addr("to", record->recipient_count ? record->recipients[0].address : NULL),
		  log_int("recipients", (int64_t)record->recipient_count),
		  log_str("relay", d->relay),
		  log_str("class", record_class_name(class)),
		  log_int("code", reply ? reply->code : 0),
		  log_str("enhanced", reply && *reply->enhanced ? reply->enhanced : NULL),
		  log_str("reply", reply && reply->text && *reply->text ? reply->text : NULL),
		  log_str("reason", record->dead.reason),
		  log_int("attempt", record->attempts),
		  delay_ms ? log_ms("again_in", delay_ms) : log_str("again_in", NULL),
		  log_ms("took", clock_monotonic_ms() - d->started_ms));
}

static enum delivery_end bury_fault(struct delivery *d, struct prepare_fault *fault)
{
	struct record *record = d->record;
	const struct fate_place place = here(d);

	record->attempts++;
	record->last_unix_ms = place.unix_ms;
	record_note_error(record, &(struct record_error){
		.class = fault->class,
		.stage = fault->stage,
		.reply = { .text = buf_str(&fault->text) },
		.host = place.host,
		.worker = place.worker,
		.unix_ms = place.unix_ms,
		.file = fault->file,
		.line = fault->line,
	});
	record_note_death(record, fault->class, place.unix_ms, buf_str(&fault->text));
	enum store_status status = write_down(d, SETTLE_BURY, true, 0);
	d->counts.dead++;
	log_outcome(d, LOG_WARNING, "message dead", fault->class, 0, NULL);
	return end_of(status, DELIVERY_SETTLED);
}

static enum delivery_end give_back(struct delivery *d)
{
	/* What is charged to nobody leaves no trace: back as it came. */
	enum store_status status = write_down(d, SETTLE_GIVE_BACK, false, 0);

	d->counts.given_back++;
	return end_of(status, DELIVERY_GIVEN_BACK);
}

static const char *deferral_name(enum record_class class)
{
	if (class == RECORD_IN_DOUBT)
		return "message in doubt, may be sent more than once";
	if (class == RECORD_RELAY)
		return "message held back, the relay seems to be at fault";
	return class == RECORD_SENT ? "part delivered, the rest follows" : "message deferred";
}

static enum delivery_end settle_fate(struct delivery *d, const struct fate *fate,
				     const struct session_reply *reply)
{
	enum store_status status = STORE_OK;

	switch (fate->step) {
	case FATE_DONE:
		status = write_down(d, SETTLE_DONE, false, 0);
		d->counts.sent++;
		log_outcome(d, LOG_INFO, "message delivered", fate->class, 0, reply);
		break;
	case FATE_DEFER:
		status = write_down(d, SETTLE_DEFER, true, fate->delay_ms);
		d->counts.deferred++;
		log_outcome(d, fate->class == RECORD_SENT ? LOG_INFO : LOG_WARNING,
			    deferral_name(fate->class), fate->class, fate->delay_ms, reply);
		break;
	case FATE_BURY:
		status = write_down(d, SETTLE_BURY, true, 0);
		d->counts.dead++;
		log_outcome(d, LOG_WARNING, "message dead", fate->class, 0, reply);
		break;
	case FATE_GIVE_BACK:
		return give_back(d);
	}
	if (fate->class == RECORD_IN_DOUBT)
		d->counts.in_doubt++;
	return end_of(status, DELIVERY_SETTLED);
}

/* ---- sending ---- */

/* No more recipients in one mail than this relay is known to take. */
static void cut_envelope(struct delivery *d, const struct relay *relay, size_t left)
{
	unsigned most = atomic_load(&relay->gate->recipients_most);

	d->asked_count = most && most < left ? most : left;
}

/* What a relay's replies tell of its limits is kept where all workers see it. */
static void learn_limits(struct relay *relay, const struct session_verdict *verdict)
{
	const struct session_counts counts = session_counts(relay->session);
	unsigned accepted = 0;
	bool too_many = false;

	if (counts.learned_messages)
		atomic_store(&relay->gate->messages_most, (unsigned)counts.learned_messages);
	if (counts.learned_idle_ms)
		atomic_store(&relay->gate->idle_most_ms, counts.learned_idle_ms);
	for (size_t i = 0; i < verdict->recipient_count; i++) {
		accepted += verdict->recipients[i].code / 100 == 2;
		too_many |= fate_is_too_many(&verdict->recipients[i]);
	}
	if (!too_many || !accepted || atomic_load(&relay->gate->recipients_most) == accepted)
		return;
	atomic_store(&relay->gate->recipients_most, accepted);
	log_event(LOG_INFO, "relay takes so many recipients in one mail",
		  log_str("relay", relay->config->name), log_int("recipients", accepted));
}

/*
 * One attempt over whichever relay is there.  A relay that cannot be had is
 * passed over; a connection lost before the dot gets one more session at
 * once.  NULL: no relay takes mail.
 */
static struct relay *send_over_relays(struct delivery *d, struct session_mail *mail,
				      struct session_verdict *verdict)
{
	struct relay *relay;
	bool lost_before = false;
	size_t left = mail->recipient_count;

	while ((relay = relays_pick(d->relays))) {
		d->relay = relay->config->name;
		cut_envelope(d, relay, left);
		mail->recipient_count = d->asked_count;
		uint64_t sessions = session_counts(relay->session).sessions;
		session_send(relay->session, mail, &d->arena, verdict);
		crash_point("answered");
		if (verdict->result == SESSION_RELAY) {
			gate_fault(relay->gate, verdict);
			continue;
		}
		if (session_counts(relay->session).sessions != sessions)
			gate_recovered(relay->gate);
		learn_limits(relay, verdict);
		if (verdict->result != SESSION_LOST || lost_before)
			return relay;
		lost_before = true;
		log_event(LOG_INFO, "connection lost, once more at once", log_str("id", shown_id(d)),
			  log_str("relay", d->relay), log_str("stage", session_stage_name(verdict->stage)),
			  log_str("reply", verdict->reply.text));
	}
	return NULL;
}

/* Many refusals with the same reply are the relay's fault: the message waits. */
static bool is_relays_fault(struct delivery *d, struct relay *relay, const struct session_verdict *verdict)
{
	relay->accepted = verdict->result == SESSION_SENT;
	if (relay->accepted)
		gate_accepted(relay->gate);
	return verdict->result == SESSION_REFUSED &&
	       fate_read_reply(&verdict->reply, verdict->stage) == FATE_REPLY_PERMANENT &&
	       gate_refused(relay->gate, &verdict->reply, verdict->stage, d->record->id) != GATE_MESSAGE;
}

/* What was said on the line, for whoever asks why it failed. */
static void keep_dialogue(struct delivery *d, const struct relay *relay)
{
	struct buf dialogue = BUF_INIT;

	session_dialogue(relay->session, &dialogue);
	record_set_dialogue(d->record, buf_str(&dialogue));
	buf_clear(&dialogue);
}

static enum delivery_end send(struct delivery *d)
{
	struct session_verdict verdict;
	const char **recipients;

	d->asked = fate_recipients_left(d->record, &d->policy, &d->asked_count);
	recipients = arena_alloc_raw(&d->arena, d->asked_count * sizeof *recipients);
	for (size_t i = 0; i < d->asked_count; i++)
		recipients[i] = d->record->recipients[d->asked[i]].address;
	if (!d->asked_count) {
		/* A record of which everybody is settled already: just to be put away. */
		struct fate fate = fate_decide(d->record, RECORD_SENT, &d->policy, clock_unix_ms(), 0);
		return settle_fate(d, &fate, NULL);
	}
	struct session_mail mail = {
		.reverse_path = d->prepared.sender,
		.recipients = recipients,
		.recipient_count = d->asked_count,
		.bytes = d->prepared.bytes,
		.len = d->prepared.len,
	};
	crash_point("prepared");
	struct relay *relay = send_over_relays(d, &mail, &verdict);
	if (!relay)
		return give_back(d);
	if (verdict.result == SESSION_FENCED)
		return d->fence == STORE_NOTHING ? DELIVERY_SETTLED : give_back(d);
	struct fate_place place = here(d);
	if (is_relays_fault(d, relay, &verdict)) {
		struct fate held = fate_hold(d->record, &verdict, &place, &d->policy, random_unit());
		keep_dialogue(d, relay);
		return settle_fate(d, &held, &verdict.reply);
	}
	enum record_class class = fate_note_verdict(d->record, d->asked, d->asked_count, &verdict, &place);
	if (class != RECORD_SENT)
		keep_dialogue(d, relay);
	struct fate fate = fate_decide(d->record, class, &d->policy, place.unix_ms, random_unit());
	return settle_fate(d, &fate, &verdict.reply);
}

/* ---- the way ---- */

static struct record *fresh_record(struct delivery *d)
{
	struct record *record = record_new(&d->arena);
	char id[RANDOM_ID_SIZE];

	record->first_unix_ms = record->last_unix_ms = clock_unix_ms();
	record->id = d->job->record_id ? d->job->record_id
		: arena_strdup(&d->arena, random_id(record->first_unix_ms, id));
	record->queue = d->setup.queue->name;
	return record;
}

/* Puts away, byte for byte, a record that this program cannot read. */
static enum delivery_end leave_alone(struct delivery *d, enum record_status why,
				     const char *cause)
{
	const struct settle_hooks hooks = { d->setup.hooks.arg, d->setup.hooks.wait };
	bool foreign = why == RECORD_FOREIGN;

	log_event(LOG_ERROR, foreign ? "record of another version left alone" : "broken record put away",
		  log_str("id", d->job->record_id), log_str("cause", cause));
	return end_of(settle(d->setup.store, &(struct settlement){
				.step = foreign ? SETTLE_DEFER : SETTLE_BURY,
				.job = d->job,
				.record_id = d->job->record_id,
				.record = d->job->record,
				.record_len = d->job->record_len,
				.delay_ms = FOREIGN_RECORD_WAIT_MS,
			}, &hooks), DELIVERY_SETTLED);
}

/* A reference whose message was deleted in the meantime. */
static enum delivery_end drop_reference(struct delivery *d)
{
	log_event(LOG_WARNING, "message is gone, its reference dropped",
		  log_str("id", d->job->record_id));
	d->record = fresh_record(d);
	return end_of(write_down(d, SETTLE_DONE, false, 0), DELIVERY_SETTLED);
}

static enum delivery_end deliver(struct delivery *d)
{
	const struct prepare_hooks hooks = { d, on_progress };
	struct error error = ERROR_INIT;
	struct prepare_fault fault;
	enum delivery_end end;

	if (!d->job->message)
		return drop_reference(d);
	d->record = NULL;
	if (d->job->record) {
		enum record_status status = record_from_json(d->job->record, d->job->record_len,
							     &d->arena, &d->record, &error);
		if (status != RECORD_OK) {
			end = leave_alone(d, status, error.text);
			error_clear(&error);
			return end;
		}
	} else {
		d->record = fresh_record(d);
	}
	if (prepare_mail(d->prepare, d->job->message, d->job->message_len, &d->arena, d->record,
			 &hooks, &d->prepared, &fault) < 0)
		end = bury_fault(d, &fault);
	else
		end = send(d);
	crash_point("settled");
	prepare_fault_clear(&fault);
	prepared_clear(&d->prepared);
	return end;
}

enum delivery_end delivery_run(struct delivery *d, const struct store_job *job)
{
	crash_point("taken");
	arena_reset(&d->arena);
	d->job = job;
	d->relay = NULL;
	d->started_ms = clock_monotonic_ms();
	enum delivery_end end = deliver(d);
	d->job = NULL;
	d->record = NULL;
	return end;
}
