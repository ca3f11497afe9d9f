/*
 * throttle.h - how soon a dead child is replaced
 *
 * Pure.  A child that had taken a message is replaced at once, whatever it
 * died of.  One that dies before, or for want of memory, has met a fault that the
 * next one will meet too: it waits 1 s, doubling to 60 s, until one has done better.
 */
#ifndef POSTRIDER_THROTTLE_H
#define POSTRIDER_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

struct throttle {
	unsigned early_deaths;	/* in a row */
};

enum { THROTTLE_FIRST_MS = 1000, THROTTLE_MOST_MS = 60000 };

/* A child has died; `worked`: it had taken a message and was not
 * short of anything, or ended on request.
 * Returns how long to wait before its successor. */
int64_t throttle_death(struct throttle *throttle, bool worked);

#endif
