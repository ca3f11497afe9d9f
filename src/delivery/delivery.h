/*
 * delivery.h - the story: one message's way from the queue to its end
 *
 *	store_take -> message_parse -> templates_render -> mime_build ->
 *	session_send -> fate_note_verdict -> fate_decide -> settle
 *
 * A newcomer reads delivery.c first.
 */
#ifndef POSTRIDER_DELIVERY_H
#define POSTRIDER_DELIVERY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "delivery/gate.h"
#include "delivery/relays.h"
#include "store/store.h"

struct delivery_hooks {
	void *arg;
	/* A stage begins for the message of that id and is over within limit_ms. */
	void (*progress)(void *arg, const char *stage, const char *id, int64_t limit_ms);
	/* Waits; false: the process must end now. */
	bool (*wait)(void *arg, int64_t ms);
};

struct delivery_setup {
	const struct config *config;		/* borrowed, as all of these */
	const struct config_queue *queue;
	struct gate *const *gates;		/* as in relays_open() */
	struct store *store;
	const char *host, *worker;		/* for records: "web1", "default/1" */
	const _Atomic int64_t *trace_until_ms;	/* monotonic: the dialogue is logged until then */
	struct delivery_hooks hooks;
};

struct delivery;

/* NULL: the reason is in `error`. */
struct delivery *delivery_open(const struct delivery_setup *setup, struct error *error);
void delivery_close(struct delivery *delivery);

enum delivery_end {
	DELIVERY_SETTLED,	/* its outcome is recorded */
	DELIVERY_GIVEN_BACK,	/* no relay takes mail now: it is back at the queue's head */
	DELIVERY_UNSETTLED,	/* the process must end before Redis could be told */
};

/* Sends one message and records what became of it.  `job` is borrowed. */
enum delivery_end delivery_run(struct delivery *delivery, const struct store_job *job);

/* For looking after sessions between messages. */
struct relays *delivery_relays(struct delivery *delivery);

struct delivery_counts {
	uint64_t sent, deferred, dead, given_back, in_doubt;
};
struct delivery_counts delivery_counts(const struct delivery *delivery);

#endif
