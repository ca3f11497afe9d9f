/*
 * command.h - what the control socket can be asked
 *
 *	status				the scoreboard (process/status.h)
 *	trace worker MS QUEUE/NUMBER	log that worker's SMTP dialogue for MS; 0 ends it
 *	trace relay MS NAME		the same for every worker's dialogue with a relay
 */
#ifndef POSTRIDER_COMMAND_H
#define POSTRIDER_COMMAND_H

#include "base/buf.h"
#include "process/scoreboard.h"
#include "process/status.h"

/* Carries out one line and adds the answer, a JSON object and a line end. */
void command_answer(const struct status_source *source, struct scoreboard *scoreboard,
		    const char *line, struct buf *out);

#endif
