/*
 * worker.h - a child that takes messages of one queue and delivers them
 */
#ifndef POSTRIDER_WORKER_H
#define POSTRIDER_WORKER_H

#include "config/config.h"
#include "process/scoreboard.h"

struct worker_setup {
	const struct config *config;
	const struct config_queue *queue;
	struct scoreboard *scoreboard;
	struct scoreboard_slot *slot;	/* its own */
	int slot_index;
	const char *instance;		/* store/instance.h */
	const char *host;
	int wake_fd;			/* eventfd: wakes the retry child when something was deferred */
};

/* The child's whole life, from after the fork until it is asked to stop.
 * Takes a struct worker_setup; returns the exit status. */
int worker_run(void *setup);

#endif
