/*
 * retrier.h - the retry child: what is due, what the dead have left, leases
 */
#ifndef POSTRIDER_RETRIER_H
#define POSTRIDER_RETRIER_H

#include "config/config.h"
#include "process/scoreboard.h"

struct retrier_setup {
	const struct config *config;
	struct scoreboard *scoreboard;
	const char *instance;
	const char *host;
	int wake_fd;		/* eventfd: somebody deferred a message or died */
};

/* The child's whole life.  Takes a struct retrier_setup; returns the exit
 * status.  On TERM it recovers what this instance's workers have left, ends
 * the lease and goes: it is the last to be asked. */
int retrier_run(void *setup);

#endif
