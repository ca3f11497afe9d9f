/*
 * gate.h - whether a relay takes mail now, known to all workers of a host
 *
 * A relay that cannot be had (connect, greeting, TLS, AUTH, 421), or that
 * refuses one mail after the other for a reason of its own, is at fault, not
 * the messages: its gate closes, workers stop taking messages for it and one
 * of them at a time probes it, with backoff, until it is back.  Closing and
 * opening are logged once each, not once a worker.
 *
 * When it is back not all workers fall upon it at once: first one message may be
 * on its way, and for each that is accepted one more, so two, four, eight, until
 * nobody waits for a place any more.
 *
 * Gates lie in memory shared by the supervisor's children; every field is
 * atomic and nothing is ever locked, so a killed worker leaves no lock behind.
 */
#ifndef POSTRIDER_GATE_H
#define POSTRIDER_GATE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "smtp/session.h"

enum { GATE_NAME_SIZE = 64, GATE_CAUSE_SIZE = 200 };

struct gate {
	char relay[GATE_NAME_SIZE];		/* written before the first fork that uses it */
	_Atomic bool closed;
	_Atomic int64_t since_unix_ms;		/* of the last opening or closing; 0: never */
	_Atomic int64_t next_probe_ms;		/* monotonic */
	_Atomic unsigned failed_probes;
	_Atomic bool tried;			/* a session was asked for since the start or the last reload */
	_Atomic bool braked;			/* closed since it refuses everything: for open sessions too */
	_Atomic bool ramping;			/* it has come back and is not used fully yet */
	_Atomic unsigned places;		/* while it is ramping: messages that may be begun now */
	_Atomic int64_t place_ms;		/* monotonic: when a place was given back last, or given away for nothing */
	_Atomic unsigned refusals;		/* mails refused in a row with the same reply */
	_Atomic unsigned refusal_key;		/* code and enhanced code of that reply */
	_Atomic unsigned refused_id;		/* the last of those mails */
	_Atomic unsigned recipients_most;	/* in one mail, as learned from its replies; 0: not known */
	_Atomic unsigned messages_most;		/* in one session, as it has said; 0: not known */
	_Atomic int64_t idle_most_ms;		/* between two mails, as it has said; 0: not known */
	_Atomic int64_t trace_until_ms;		/* monotonic: dialogues with it are logged until then */
	_Atomic uint32_t cause_turn;		/* odd while `cause` is written */
	char cause[GATE_CAUSE_SIZE];		/* why it closed; for people */
};

enum {
	GATE_SUSPECT_AFTER = 2,	/* mails refused in a row with the same reply: no longer taken for their fault */
	GATE_BRAKE_AFTER = 10,	/* so many, and the gate closes */
	GATE_PLACE_MS = 1000,	/* while ramping: so often there is a place even if none comes back */
};

void gate_init(struct gate *gate, const char *relay);

bool gate_is_open(const struct gate *gate);

/* Whether mail may go over a session that is open already: a relay that takes
 * no further connection, or no new password, still takes that. */
bool gate_takes_open_sessions(const struct gate *gate);

/* True once, for the first that asks: whether the relay can be had at all is
 * tried before there is a message. */
bool gate_claim_first_try(struct gate *gate);

/* A session could not be had: closes the gate or, when it is closed, sets the
 * next probe further off.  `verdict` has the result SESSION_RELAY. */
void gate_fault(struct gate *gate, const struct session_verdict *verdict);

/* A new session could be had: opens the gate. */
void gate_recovered(struct gate *gate);

/*
 * Before a message is taken: false when that has to wait, since the relay has
 * just come back.  *has_place: gate_leave() is to be called when the message is
 * over, or none came; `accepted`: the relay has taken it.
 */
bool gate_enter(struct gate *gate, bool *has_place);
void gate_leave(struct gate *gate, bool accepted);

enum gate_blame {
	GATE_MESSAGE,	/* the refusal is the message's own */
	GATE_UNCLEAR,	/* others were refused like this just before: it may be the relay's fault */
	GATE_RELAY,	/* it is the relay's fault, and the gate is closed now */
};

/*
 * Every refusal of a whole mail for good goes through here, and every mail that
 * was accepted resets the count.  Who is to blame?  A relay that wants
 * authentication (530, 535, 538: RFC 4954 6) at once; one that gives the same
 * reply again and again (relaying denied, over quota ...) in the end.  Only
 * replies that speak of the sender or the system count (RFC 3463 3): x.3.x but
 * 5.3.4 (too big), x.4.5 (over quota), x.5.x, x.7.x, x.0.x, and to MAIL all but
 * these and 5.1.7; where there is no enhanced code, to RCPT by their words.  `id`
 * is the message's: one that comes again and again says no more than once.
 */
enum gate_blame gate_refused(struct gate *gate, const struct session_reply *reply,
			     enum session_stage stage, const char *id);
void gate_accepted(struct gate *gate);

/* When the gate is closed: true for the one worker that may probe now. */
bool gate_claim_probe(struct gate *gate);

/* Until the next probe may be claimed; 0: now. */
int64_t gate_wait_ms(const struct gate *gate);

/* Copies the cause; "" when there is none or it is just being written. */
void gate_cause(const struct gate *gate, char out[GATE_CAUSE_SIZE]);

#endif
