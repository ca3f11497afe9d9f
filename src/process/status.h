/*
 * status.h - the scoreboard as the JSON that `postriderctl status` reads
 */
#ifndef POSTRIDER_STATUS_H
#define POSTRIDER_STATUS_H

#include "base/buf.h"
#include "config/config.h"
#include "process/scoreboard.h"

struct status_source {
	const struct config *config;
	const struct scoreboard *scoreboard;
	const char *instance;
	int64_t started_unix_ms;
	bool stopping;
};

/* Adds one JSON document and a line end. */
void status_print(const struct status_source *source, struct buf *out);

#endif
