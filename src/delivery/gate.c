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

void gate_init(struct gate *gate, const char *relay)
{
	memset(gate, 0, sizeof *gate);
	snprintf(gate->relay, sizeof gate->relay, "%s", relay);
}

bool gate_is_open(const struct gate *gate)
{
	return !atomic_load(&gate->closed);
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
	if (!atomic_exchange(&gate->closed, false))
		return;
	int64_t now = clock_unix_ms();
	int64_t since = atomic_exchange(&gate->since_unix_ms, now);
	/* A braked relay answers a probe well and still refuses mail: it is open
	 * on trial, the next refusal closes it for longer (gate_refused()). */
	if (atomic_load(&gate->refusals) >= GATE_BRAKE_AFTER) {
		log_event(LOG_INFO, "relay on trial", log_str("relay", gate->relay),
			  log_ms("down", now - since));
		return;
	}
	atomic_store(&gate->failed_probes, 0);
	log_event(LOG_INFO, "relay back", log_str("relay", gate->relay), log_ms("down", now - since));
}

/* RFC 3463: which of the refusals say something about the sender or the relay. */
static bool speaks_of_the_relay(const struct session_reply *reply)
{
	if (reply->code / 100 != 5)
		return false;
	if (reply->code == 530 || reply->code == 535 || reply->code == 538)
		return true;	/* RFC 4954: authentication required, failed, too weak */
	if (*reply->enhanced)
		return !strncmp(reply->enhanced, "5.3.", 4) || !strncmp(reply->enhanced, "5.7.", 4) ||
		       !strncmp(reply->enhanced, "5.5.", 4) || !strncmp(reply->enhanced, "5.0.", 4);
	return reply->code != 552;
}

bool gate_refused(struct gate *gate, const struct session_reply *reply)
{
	unsigned key = (unsigned)reply->code * 1000003u;

	if (!speaks_of_the_relay(reply))
		return false;
	for (const char *p = reply->enhanced; *p; p++)
		key = key * 31 + (unsigned char)*p;
	if (atomic_exchange(&gate->refusal_key, key) != key)
		atomic_store(&gate->refusals, 0);
	unsigned in_a_row = atomic_fetch_add(&gate->refusals, 1) + 1;
	if (in_a_row < GATE_BRAKE_AFTER && reply->code != 530)
		return false;
	write_cause(gate, reply, SESSION_MAIL);
	if (close_gate(gate, &auth_backoff))
		log_event(LOG_ERROR, "relay refuses everything, queue paused",
			  log_str("relay", gate->relay), log_int("refusals", in_a_row),
			  log_int("code", reply->code),
			  log_str("enhanced", *reply->enhanced ? reply->enhanced : NULL),
			  log_str("reply", reply->text));
	return true;
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
