/*
 * recovery.h - what the dead have left
 *
 * A worker that died leaves its message in its list, with a mark when it died
 * behind the final dot.  Here it is decided what becomes of it: marked means
 * in doubt, unmarked means back to the head of the queue, a message under which
 * workers crash twice is put to the dead store, and one for which there was too
 * little memory is tried again later.
 */
#ifndef POSTRIDER_RECOVERY_H
#define POSTRIDER_RECOVERY_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "delivery/settle.h"
#include "store/store.h"

/* How an owner died, when that is known. */
struct recovery_death {
	const char *cause;	/* "SIGSEGV", "time limit": the message is suspected; NULL: it is not */
	const char *stage;	/* where it was then; NULL: not known */
	bool starved;		/* the machine had too little for it: it is tried again later */
};

struct recovery {
	const struct config *config;	/* borrowed, as all of these */
	struct store *store;
	const char *queue;
	const char *host, *worker;	/* who recovers, for records */
	struct settle_hooks hooks;
	/* Asked by recovery_run() once a message has been looked at, before anything
	 * is done: is its owner still dead, and has been all the while?  With NULL
	 * the store's own check (no lease) is all. */
	bool (*is_dead)(void *arg, const char *owner);
	void *arg;
};

/*
 * Decides on one message that a dead owner held: a job from store_peek(), or
 * one of this process's own list with what an earlier life left there.
 * The answer is that of settle().
 */
enum store_status recovery_settle(const struct recovery *recovery, const struct store_job *job,
				  const struct recovery_death *death);

/*
 * Decides on everything that another owner holds; he is known to be dead.
 * Returns OK when his list is empty now, with the number of messages in
 * `*recovered`; else what Redis said last, the reason in `error`: to be tried
 * again.
 */
enum store_status recovery_run(const struct recovery *recovery, const char *owner,
			       const struct recovery_death *death, size_t *recovered,
			       struct error *error);

#endif
