/*
 * gate.h - whether a relay takes mail now, known to all workers of a host
 *
 * A relay that cannot be had (connect, greeting, TLS, AUTH, 421), or that
 * refuses one mail after the other for a reason of its own, is at fault, not
 * the messages: its gate closes, workers stop taking messages for it and one
 * of them at a time probes it, with backoff, until it is back.  Closing and
 * opening are logged once each, not once a worker.
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
	_Atomic unsigned refusals;		/* mails refused in a row with the same reply */
	_Atomic unsigned refusal_key;		/* code and enhanced code of that reply */
	_Atomic unsigned recipients_most;	/* in one mail, as learned from its replies; 0: not known */
	_Atomic unsigned messages_most;		/* in one session, as it has said; 0: not known */
	_Atomic int64_t trace_until_ms;		/* monotonic: dialogues with it are logged until then */
	_Atomic uint32_t cause_turn;		/* odd while `cause` is written */
	char cause[GATE_CAUSE_SIZE];		/* why it closed; for people */
};

/* After so many mails refused in a row with the same reply the gate closes. */
enum { GATE_BRAKE_AFTER = 10 };

void gate_init(struct gate *gate, const char *relay);

bool gate_is_open(const struct gate *gate);

/* A session could not be had: closes the gate or, when it is closed, sets the
 * next probe further off.  `verdict` has the result SESSION_RELAY. */
void gate_fault(struct gate *gate, const struct session_verdict *verdict);

/* A session worked, or a probe did: opens the gate. */
void gate_recovered(struct gate *gate);

/*
 * Every refusal of a whole mail for good goes through here, and every mail
 * that was accepted resets the count.  True: this refusal is the relay's own
 * fault (it wants authentication, denies relaying, is over quota ...) and the
 * gate is closed now, so the message is to be given back.  Only replies that
 * speak of the sender or the system count, never 5.1.x (no such address),
 * 5.2.x (its mailbox), 5.4.x or 5.6.x (the content): RFC 3463 3.
 */
bool gate_refused(struct gate *gate, const struct session_reply *reply);
void gate_accepted(struct gate *gate);

/* When the gate is closed: true for the one worker that may probe now. */
bool gate_claim_probe(struct gate *gate);

/* Until the next probe may be claimed; 0: now. */
int64_t gate_wait_ms(const struct gate *gate);

/* Copies the cause; "" when there is none or it is just being written. */
void gate_cause(const struct gate *gate, char out[GATE_CAUSE_SIZE]);

#endif
