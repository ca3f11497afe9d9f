/* command.c - owns the words of the control socket; its server is control.c. */
#include "process/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"

enum { TRACE_MOST_MS = 86400000 };

/* Where the end of a worker's trace stands; NULL: there is none of that name. */
static _Atomic int64_t *worker_trace(struct scoreboard *scoreboard, const char *name)
{
	for (int i = 0; i < SCOREBOARD_SLOTS; i++) {
		struct scoreboard_slot *slot = &scoreboard->slots[i];
		char own[SCOREBOARD_QUEUE_SIZE + 16];
		snprintf(own, sizeof own, "%s/%d", slot->queue, slot->number);
		if (*slot->queue && !strcmp(own, name))
			return &slot->trace_until_ms;
	}
	return NULL;
}

static _Atomic int64_t *relay_trace(struct scoreboard *scoreboard, const char *name)
{
	for (int i = 0; i < SCOREBOARD_GATES; i++)
		if (*name && !strcmp(scoreboard->gates[i].relay, name))
			return &scoreboard->gates[i].trace_until_ms;
	return NULL;
}

static const char *trace(struct scoreboard *scoreboard, const char *words)
{
	char what[8], name[128];
	int64_t ms;

	if (sscanf(words, "%7s %" SCNd64 " %127s", what, &ms, name) != 3 || ms < 0 || ms > TRACE_MOST_MS)
		return "{\"error\":\"trace wants worker or relay, milliseconds of at most a day, and a name\"}\n";
	_Atomic int64_t *until = strcmp(what, "worker") ? relay_trace(scoreboard, name)
						       : worker_trace(scoreboard, name);
	if (!until)
		return "{\"error\":\"there is no worker or relay of that name; postriderctl status shows them\"}\n";
	atomic_store(until, ms ? clock_monotonic_ms() + ms : 0);
	log_event(LOG_INFO, ms ? "dialogue is traced" : "dialogue is traced no more", log_str(what, name),
		  log_ms("for", ms));
	return "{\"ok\":true}\n";
}

void command_answer(const struct status_source *source, struct scoreboard *scoreboard,
		    const char *line, struct buf *out)
{
	if (!strcmp(line, "status"))
		status_print(source, out);
	else if (!strncmp(line, "trace ", 6))
		buf_puts(out, trace(scoreboard, line + 6));
	else
		buf_puts(out, "{\"error\":\"unknown command\"}\n");
}
