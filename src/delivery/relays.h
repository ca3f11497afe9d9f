/*
 * relays.h - the relays of one queue, as one worker uses them
 *
 * In the configured order the first whose gate is open carries the mail, so a
 * relay that is down is passed over and used again when it is back.  At most
 * one session is open at a time.
 */
#ifndef POSTRIDER_RELAYS_H
#define POSTRIDER_RELAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "delivery/gate.h"
#include "smtp/session.h"

struct relays;

/*
 * `config` and `queue` are borrowed; gates[i] belongs to config->relays[i]
 * and is borrowed too.  `hooks` goes to every session.
 */
struct relays *relays_open(const struct config *config, const struct config_queue *queue,
			   struct gate *const *gates, const struct session_hooks *hooks);
void relays_close(struct relays *relays);

/* One relay that takes mail now: borrowed until the next call. */
struct relay {
	const struct config_relay *config;
	struct gate *gate;
	struct session *session;
	bool has_place, accepted;	/* while the relay is coming back: see gate_enter() */
};

/*
 * Tries each relay that nobody has tried since the start or the last reload, so
 * that a wrong password is told of before the first message meets it.  The
 * session of the relay that is picked next stays open for that message.
 */
void relays_try_first(struct relays *relays, struct arena *arena);

/*
 * Around a message, before it is taken and when it is over: whether the relay
 * that was picked takes one more, which all do but those that have just come
 * back.  False: wait a moment, and pick again.
 */
bool relays_enter(struct relays *relays);
void relays_leave(struct relays *relays);

/* Whether this worker has one of the few places at a relay that comes back. */
bool relays_has_place(const struct relays *relays);

/* NULL: all are down.  Closes the sessions of other relays than the one picked. */
struct relay *relays_pick(struct relays *relays);

/*
 * Probes what may be probed now: a closed gate in front of the one in use, so
 * that a preferred relay is used again, or all of them when none is open, until
 * one is back; its session stays open for the next mail.
 */
void relays_probe(struct relays *relays, struct arena *arena);

/* Until relays_probe() has something to do; INT64_MAX: never. */
int64_t relays_probe_wait_ms(const struct relays *relays);

/* The relay whose session is in use or was last; NULL: none was yet. */
const struct relay *relays_current(const struct relays *relays);

/* The session that is open now; NULL: none. */
struct session *relays_session(const struct relays *relays);

/* All sessions of this worker so far, together. */
struct session_counts relays_counts(const struct relays *relays);

#endif
