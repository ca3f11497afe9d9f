/*
 * deathwatch.h - when another instance may be taken for dead
 *
 * Pure: it is told what was seen and when.  An instance is proven dead when
 * this observer, connected to the same run of Redis without a break, has seen
 * no lease of it for a full lease time by its own monotonic clock.  So after
 * an outage of Redis, a step of its clock or a pause of the observer, nobody's
 * live work is taken: whoever lives has renewed by then.
 */
#ifndef POSTRIDER_DEATHWATCH_H
#define POSTRIDER_DEATHWATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/store.h"

struct deathwatch;

/* `own` is the observer's instance, never reported (copied). */
struct deathwatch *deathwatch_new(int64_t lease_ms, const char *own);
void deathwatch_free(struct deathwatch *watch);

/*
 * One look at store_owners(), begun at asked_ms and answered at answered_ms
 * (clock_monotonic_ms()), over the connection `epoch` (store_link_epoch()
 * after the answer).  Sets dead[i] for each of the `count` owners and returns
 * how many are proven dead.
 *
 * Look at least every third of a lease: what lies further apart than half a
 * lease begins anew, since a lease may have come and gone between.
 */
size_t deathwatch_look(struct deathwatch *watch, int64_t asked_ms, int64_t answered_ms, uint64_t epoch,
		       const struct store_owner *owners, size_t count, bool *dead);

#endif
