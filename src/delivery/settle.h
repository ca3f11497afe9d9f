/*
 * settle.h - writing down what became of a message, however long it takes
 *
 * Delivery is at least once: once a server has said 250, only the record in
 * Redis keeps the mail from being sent again.  So a settlement is repeated
 * until Redis has answered; meanwhile it is kept in memory and nothing new is
 * taken.  One log line says that Redis is away, one that it is back.
 */
#ifndef POSTRIDER_SETTLE_H
#define POSTRIDER_SETTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "store/store.h"

enum settle_step { SETTLE_DONE, SETTLE_DEFER, SETTLE_BURY, SETTLE_GIVE_BACK };

/* What a store step needs; everything is borrowed during the call. */
struct settlement {
	enum settle_step step;
	const struct store_job *job;
	const char *record_id;
	const char *record;	/* JSON; NULL with DONE, and with GIVE_BACK: as it was */
	size_t record_len;
	int64_t delay_ms;	/* with DEFER */
};

struct settle_hooks {
	void *arg;
	/* Waits; false: the process must end now, whatever is unsettled. */
	bool (*wait)(void *arg, int64_t ms);
};

/*
 * OK: it is written.  NOTHING: the message was not ours any more, or this was
 * done before a lost reply.  DOWN: Redis never answered and wait() said stop.
 */
enum store_status settle(struct store *store, const struct settlement *settlement,
			 const struct settle_hooks *hooks);

#endif
