/* fate.c - decides; sends nothing, stores nothing, reads no clock. */
#include "delivery/fate.h"

#include <stdbool.h>
#include <string.h>

#include "base/arena.h"
#include "base/units.h"

/* The rest of a mail's recipients, for which one envelope was too small. */
enum { REST_DELAY_MS = 1 };

struct fate_policy fate_policy(const struct config *config)
{
	const struct config_retry *retry = &config->retry;

	return (struct fate_policy){
		.backoff = { retry->base_ms, retry->cap_ms, retry->factor, retry->jitter },
		.max_attempts = retry->max_attempts,
		.max_age_ms = retry->max_age_ms,
		.in_doubt = config->in_doubt,
	};
}

enum fate_reply fate_read_reply(const struct session_reply *reply, enum session_stage stage)
{
	switch (reply->code / 100) {
	case 2:
	case 3:
		return FATE_REPLY_ACCEPTED;
	case 4:
		return FATE_REPLY_TEMPORARY;
	case 5:
		if (reply->code == 552 && stage == SESSION_RCPT)
			return FATE_REPLY_TEMPORARY;
		return reply->enhanced[0] == '4' ? FATE_REPLY_TEMPORARY : FATE_REPLY_PERMANENT;
	default:
		return FATE_REPLY_NONE;
	}
}

static bool is_left(const struct record_recipient *recipient, const struct fate_policy *policy)
{
	return recipient->state == RECORD_RCPT_PENDING ||
	       (recipient->state == RECORD_RCPT_IN_DOUBT &&
		policy->in_doubt == CONFIG_IN_DOUBT_RESEND);
}

size_t *fate_recipients_left(const struct record *record, const struct fate_policy *policy,
			     size_t *count)
{
	size_t *left = arena_alloc_raw(record->arena, record->recipient_count * sizeof *left);

	*count = 0;
	for (size_t i = 0; i < record->recipient_count; i++)
		if (is_left(&record->recipients[i], policy))
			left[(*count)++] = i;
	return left;
}

static struct record_reply reply_for_record(const struct session_reply *reply)
{
	return (struct record_reply){
		.code = reply->code,
		.enhanced = *reply->enhanced ? reply->enhanced : NULL,
		.text = reply->text && *reply->text ? reply->text : NULL,
	};
}

/* What a whole mail's end means for a recipient that RCPT had accepted. */
static enum record_state state_of_accepted(const struct session_verdict *verdict)
{
	switch (verdict->result) {
	case SESSION_SENT:
		return RECORD_RCPT_SENT;
	case SESSION_IN_DOUBT:
		return RECORD_RCPT_IN_DOUBT;
	case SESSION_REFUSED:
		return fate_read_reply(&verdict->reply, verdict->stage) == FATE_REPLY_PERMANENT
			? RECORD_RCPT_REFUSED : RECORD_RCPT_PENDING;
	case SESSION_LOST:
	case SESSION_RELAY:
	case SESSION_FENCED:
		break;
	}
	return RECORD_RCPT_PENDING;
}

/* A recipient's own reply speaks for it; else the reply to the whole mail does. */
static void note_recipient(struct record *record, size_t index, const struct session_reply *own,
			   const struct session_verdict *verdict)
{
	const struct session_reply *decisive = own;
	enum record_state state = RECORD_RCPT_PENDING;

	switch (fate_read_reply(own, SESSION_RCPT)) {
	case FATE_REPLY_PERMANENT:
		state = RECORD_RCPT_REFUSED;
		break;
	case FATE_REPLY_TEMPORARY:
		break;
	case FATE_REPLY_ACCEPTED:
	case FATE_REPLY_NONE:
		/* MAIL refused: RCPT was never asked, MAIL's reply is everybody's. */
		if (own->code || verdict->stage == SESSION_MAIL)
			state = state_of_accepted(verdict);
		decisive = &verdict->reply;
		break;
	}
	struct record_reply reply = reply_for_record(decisive);
	record_note_recipient(record, index, state, decisive->code ? &reply : NULL);
}

bool fate_is_too_many(const struct session_reply *reply)
{
	return (reply->code == 452 || reply->code == 552) &&
	       (!*reply->enhanced || !strcmp(reply->enhanced + 1, ".5.3"));
}

/* The reply that the history quotes when the mail was accepted, but not for all.
 * Those that were too many for one mail simply follow in the next. */
static const struct session_reply *worst_recipient_reply(const struct session_verdict *verdict)
{
	const struct session_reply *worst = NULL;

	for (size_t i = 0; i < verdict->recipient_count; i++) {
		const struct session_reply *reply = &verdict->recipients[i];
		enum fate_reply read = fate_read_reply(reply, SESSION_RCPT);
		if (verdict->result == SESSION_SENT && fate_is_too_many(reply))
			continue;
		if (read == FATE_REPLY_PERMANENT)
			return reply;
		if (read == FATE_REPLY_TEMPORARY && !worst)
			worst = reply;
	}
	return worst;
}

static enum record_class class_of(const struct session_verdict *verdict,
				  const struct session_reply *worst)
{
	switch (verdict->result) {
	case SESSION_SENT:
		if (!worst)
			return RECORD_SENT;
		return fate_read_reply(worst, SESSION_RCPT) == FATE_REPLY_PERMANENT
			? RECORD_RECIPIENT : RECORD_TEMPORARY;
	case SESSION_REFUSED:
		if (verdict->stage == SESSION_RCPT && worst)
			return fate_read_reply(worst, SESSION_RCPT) == FATE_REPLY_PERMANENT
				? RECORD_RECIPIENT : RECORD_TEMPORARY;
		return fate_read_reply(&verdict->reply, verdict->stage) == FATE_REPLY_PERMANENT
			? RECORD_PERMANENT : RECORD_TEMPORARY;
	case SESSION_LOST:
	case SESSION_FENCED:
		return RECORD_LOST;
	case SESSION_IN_DOUBT:
		return RECORD_IN_DOUBT;
	case SESSION_RELAY:
		return RECORD_RELAY;
	}
	return RECORD_LOST;
}

static void note_history(struct record *record, enum record_class class, enum session_stage stage,
			 const struct session_reply *reply, const struct fate_place *place)
{
	record_note_error(record, &(struct record_error){
		.class = class,
		.stage = session_stage_name(stage),
		.reply = reply_for_record(reply),
		.relay = place->relay,
		.host = place->host,
		.worker = place->worker,
		.unix_ms = place->unix_ms,
	});
}

enum record_class fate_note_verdict(struct record *record, const size_t *asked, size_t asked_count,
				    const struct session_verdict *verdict,
				    const struct fate_place *place)
{
	const struct session_reply *worst = worst_recipient_reply(verdict);
	enum record_class class = class_of(verdict, worst);
	bool by_recipient = worst && (verdict->result == SESSION_SENT || verdict->stage == SESSION_RCPT);

	record->last_unix_ms = place->unix_ms;
	if (class == RECORD_RELAY)
		return class;	/* nothing was asked of anybody, nothing is charged */
	for (size_t i = 0; i < asked_count && i < verdict->recipient_count; i++)
		note_recipient(record, asked[i], &verdict->recipients[i], verdict);
	/* A part that was sent is progress, not a failed attempt. */
	if (class != RECORD_SENT || !record_count(record, RECORD_RCPT_PENDING))
		record->attempts++;
	if (class != RECORD_SENT)
		note_history(record, class, by_recipient ? SESSION_RCPT : verdict->stage,
			     by_recipient ? worst : &verdict->reply, place);
	return class;
}

static struct fate bury(struct record *record, enum record_class class, int64_t now_unix_ms,
			const char *reason)
{
	record_note_death(record, class, now_unix_ms, reason);
	return (struct fate){ FATE_BURY, class, 0 };
}

/* Nobody is left to send to. */
static struct fate decide_end(struct record *record, enum record_class class, int64_t now_unix_ms)
{
	size_t refused = record_count(record, RECORD_RCPT_REFUSED);
	size_t in_doubt = record_count(record, RECORD_RCPT_IN_DOUBT);

	if (in_doubt)
		return bury(record, RECORD_IN_DOUBT, now_unix_ms,
			    arena_printf(record->arena, "in doubt for %zu of %zu recipients and in_doubt is hold",
					 in_doubt, record->recipient_count));
	if (!refused)
		return (struct fate){ FATE_DONE, RECORD_SENT, 0 };
	if (class != RECORD_PERMANENT)
		class = RECORD_RECIPIENT;
	return bury(record, class, now_unix_ms,
		    arena_printf(record->arena, "refused for %zu of %zu recipients",
				 refused, record->recipient_count));
}

static struct fate bury_aged(struct record *record, enum record_class class,
			     const struct fate_policy *policy, int64_t now_unix_ms)
{
	struct buf age = BUF_INIT;

	units_print_duration(policy->max_age_ms, &age);
	struct fate fate = bury(record, class, now_unix_ms,
				arena_printf(record->arena, "given up: older than %s", buf_str(&age)));
	buf_clear(&age);
	return fate;
}

static bool is_aged(const struct record *record, const struct fate_policy *policy, int64_t now_unix_ms)
{
	return now_unix_ms - record->first_unix_ms >= policy->max_age_ms;
}

struct fate fate_again(struct record *record, enum record_class class,
		       const struct fate_policy *policy, int64_t now_unix_ms, double random)
{
	if (record->attempts >= policy->max_attempts)
		return bury(record, class, now_unix_ms,
			    arena_printf(record->arena, "given up after %lld attempts",
					 (long long)record->attempts));
	if (is_aged(record, policy, now_unix_ms))
		return bury_aged(record, class, policy, now_unix_ms);
	return (struct fate){ FATE_DEFER, class,
			      backoff_delay_ms(&policy->backoff, record->attempts, random) };
}

struct fate fate_hold(struct record *record, const struct session_verdict *verdict,
		      const struct fate_place *place, const struct fate_policy *policy, double random)
{
	record->last_unix_ms = place->unix_ms;
	note_history(record, RECORD_RELAY, verdict->stage, &verdict->reply, place);
	if (is_aged(record, policy, place->unix_ms))
		return bury_aged(record, RECORD_PERMANENT, policy, place->unix_ms);
	return (struct fate){ FATE_DEFER, RECORD_RELAY,
			      backoff_delay_ms(&policy->backoff, record->error_total, random) };
}

struct fate fate_decide(struct record *record, enum record_class class,
			const struct fate_policy *policy, int64_t now_unix_ms, double random)
{
	size_t left;

	if (class == RECORD_RELAY)
		return (struct fate){ FATE_GIVE_BACK, class, 0 };
	fate_recipients_left(record, policy, &left);
	if (!left)
		return decide_end(record, class, now_unix_ms);
	if (class == RECORD_SENT)
		return (struct fate){ FATE_DEFER, class, REST_DELAY_MS };
	return fate_again(record, class, policy, now_unix_ms, random);
}
