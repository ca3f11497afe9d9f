/* gate.c - owns the state of relays that is shared between workers; sends nothing. */
#include "delivery/gate.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/random.h"
#include "message/backoff.h"

/* Wrong credentials are tried rarely: many servers lock an account after a few. */
static const struct backoff probe_backoff = { .base_ms = 1000, .cap_ms = 60000, .factor = 2, .jitter = 0.2 };
static const struct backoff auth_backoff = { .base_ms = 15000, .cap_ms = 300000, .factor = 2, .jitter = 0.2 };

enum { SPARE_PLACES = 16 };	/* so many to spare: the relay is used fully again */

void gate_init(struct gate *gate, const char *relay)
{
	memset(gate, 0, sizeof *gate);
	snprintf(gate->relay, sizeof gate->relay, "%s", relay);
}

bool gate_is_open(const struct gate *gate)
{
	return !atomic_load(&gate->closed);
}

bool gate_takes_open_sessions(const struct gate *gate)
{
	return !atomic_load(&gate->closed) || !atomic_load(&gate->braked);
}

bool gate_claim_first_try(struct gate *gate)
{
	return !atomic_exchange(&gate->tried, true);
}

static void write_cause(struct gate *gate, const struct session_reply *reply,
			enum session_stage stage)
{
	uint32_t turn = atomic_load(&gate->cause_turn);

	/* Somebody else writes: his cause is as good as ours. */
	if (turn & 1 || !atomic_compare_exchange_strong(&gate->cause_turn, &turn, turn + 1))
		return;
	if (reply->code)
		snprintf(gate->cause, sizeof gate->cause, "%s: %d%s%s %s", session_stage_name(stage),
			 reply->code, *reply->enhanced ? " " : "", reply->enhanced, reply->text);
	else
		snprintf(gate->cause, sizeof gate->cause, "%s: %s", session_stage_name(stage),
			 reply->text);
	atomic_store(&gate->cause_turn, turn + 2);
}

void gate_cause(const struct gate *gate, char out[GATE_CAUSE_SIZE])
{
	uint32_t turn = atomic_load(&gate->cause_turn);

	memcpy(out, gate->cause, GATE_CAUSE_SIZE);
	out[GATE_CAUSE_SIZE - 1] = '\0';
	if (turn & 1 || atomic_load(&gate->cause_turn) != turn)
		*out = '\0';
}

/* Sets the next probe; closes the gate.  True when it was open. */
static bool close_gate(struct gate *gate, const struct backoff *backoff)
{
	unsigned failed = atomic_fetch_add(&gate->failed_probes, 1) + 1;

	atomic_store(&gate->next_probe_ms,
		     clock_monotonic_ms() + backoff_delay_ms(backoff, failed, random_unit()));
	if (atomic_exchange(&gate->closed, true))
		return false;
	atomic_store(&gate->since_unix_ms, clock_unix_ms());
	return true;
}

void gate_fault(struct gate *gate, const struct session_verdict *verdict)
{
	const struct session_reply *reply = &verdict->reply;

	write_cause(gate, reply, verdict->stage);
	if (!close_gate(gate, verdict->stage == SESSION_AUTH ? &auth_backoff : &probe_backoff))
		return;
	log_event(LOG_WARNING, "relay down", log_str("relay", gate->relay),
		  log_str("stage", session_stage_name(verdict->stage)), log_int("code", reply->code),
		  log_str("enhanced", *reply->enhanced ? reply->enhanced : NULL),
		  log_str("reply", reply->text));
}

void gate_recovered(struct gate *gate)
{
	if (gate_is_open(gate))
		return;
	atomic_store(&gate->places, 1);
	atomic_store(&gate->place_ms, clock_monotonic_ms());
	atomic_store(&gate->ramping, true);
	if (!atomic_exchange(&gate->closed, false))
		return;
	int64_t now = clock_unix_ms();
	int64_t since = atomic_exchange(&gate->since_unix_ms, now);
	/* A braked relay answers a probe well and still refuses mail: it is open
	 * on trial, the next refusal closes it for longer (gate_refused()). */
	if (atomic_exchange(&gate->braked, false)) {
		log_event(LOG_INFO, "relay on trial", log_str("relay", gate->relay),
			  log_ms("down", now - since));
		return;
	}
	atomic_store(&gate->failed_probes, 0);
	log_event(LOG_INFO, "relay back", log_str("relay", gate->relay), log_ms("down", now - since));
}

/* ---- coming back ---- */

bool gate_enter(struct gate *gate, bool *has_place)
{
	*has_place = false;
	if (!atomic_load(&gate->ramping))
		return true;
	unsigned places = atomic_load(&gate->places);
	while (places && !*has_place)
		*has_place = atomic_compare_exchange_weak(&gate->places, &places, places - 1);
	if (*has_place)
		return true;
	/* Who has the places may wait for a reply, or for a message, or be dead. */
	int64_t since = atomic_load(&gate->place_ms), now = clock_monotonic_ms();
	*has_place = now - since >= GATE_PLACE_MS &&
		     atomic_compare_exchange_strong(&gate->place_ms, &since, now);
	return *has_place;
}

void gate_leave(struct gate *gate, bool accepted)
{
	unsigned back = accepted ? 2 : 1;

	atomic_store(&gate->place_ms, clock_monotonic_ms());
	/* With so many to spare nobody waits for one any more. */
	if (atomic_fetch_add(&gate->places, back) + back >= SPARE_PLACES)
		atomic_store(&gate->ramping, false);
}

/* ---- the brake ---- */

static bool wants_authentication(const struct session_reply *reply)
{
	return reply->code == 530 || reply->code == 535 || reply->code == 538;
}

/* A refusal without an enhanced code: do its words speak of us, not of the recipient? */
static bool words_are_about_us(const char *text)
{
	static const char *const words[] = {
		"relay", "authent", "quota", "limit", "blocked", "banned", "denied", "not allowed", "suspend",
	};

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasestr(text, words[i]))
			return true;
	return false;
}

/* Which of the refusals say something about the sender or the relay. */
static bool speaks_of_the_relay(const struct session_reply *reply, enum session_stage stage)
{
	const char *enhanced = reply->enhanced;

	if (wants_authentication(reply))
		return true;
	if (!*enhanced)
		return reply->code != 552 && (stage != SESSION_RCPT || words_are_about_us(reply->text));
	if (*enhanced != '5' || !strcmp(enhanced, "5.3.4") || !strcmp(enhanced, "5.1.7"))
		return false;
	return stage == SESSION_MAIL || strchr("0357", enhanced[2]) || !strcmp(enhanced, "5.4.5");
}

static unsigned hash(unsigned start, const char *text)
{
	for (; *text; text++)
		start = start * 31 + (unsigned char)*text;
	return start;
}

/* How often in a row that reply has come, this time included. */
static unsigned count_refusal(struct gate *gate, const struct session_reply *reply, const char *id)
{
	unsigned key = hash((unsigned)reply->code * 1000003u, reply->enhanced), mail = hash(0, id);

	if (atomic_exchange(&gate->refusal_key, key) != key)
		atomic_store(&gate->refusals, 0);
	bool same = atomic_exchange(&gate->refused_id, mail) == mail && atomic_load(&gate->refusals);
	return same ? atomic_load(&gate->refusals) : atomic_fetch_add(&gate->refusals, 1) + 1;
}

enum gate_blame gate_refused(struct gate *gate, const struct session_reply *reply,
			     enum session_stage stage, const char *id)
{
	if (!speaks_of_the_relay(reply, stage))
		return GATE_MESSAGE;
	unsigned in_a_row = count_refusal(gate, reply, id);
	if (in_a_row < GATE_BRAKE_AFTER && !wants_authentication(reply))
		return in_a_row < GATE_SUSPECT_AFTER ? GATE_MESSAGE : GATE_UNCLEAR;
	write_cause(gate, reply, stage);
	atomic_store(&gate->braked, true);
	if (close_gate(gate, &auth_backoff))
		log_event(LOG_ERROR, "relay refuses everything, queue paused",
			  log_str("relay", gate->relay), log_int("refusals", in_a_row),
			  log_int("code", reply->code),
			  log_str("enhanced", *reply->enhanced ? reply->enhanced : NULL),
			  log_str("reply", reply->text));
	return GATE_RELAY;
}

void gate_accepted(struct gate *gate)
{
	if (atomic_load(&gate->refusals))
		atomic_store(&gate->refusals, 0);
	if (atomic_load(&gate->failed_probes))
		atomic_store(&gate->failed_probes, 0);
}

bool gate_claim_probe(struct gate *gate)
{
	int64_t next = atomic_load(&gate->next_probe_ms);
	int64_t now = clock_monotonic_ms();

	/* The claim lasts a minute: longer than a probe, should the worker die in it. */
	return atomic_load(&gate->closed) && next <= now &&
	       atomic_compare_exchange_strong(&gate->next_probe_ms, &next, now + 60000);
}

int64_t gate_wait_ms(const struct gate *gate)
{
	int64_t wait = atomic_load(&gate->next_probe_ms) - clock_monotonic_ms();

	return wait > 0 ? wait : 0;
}
