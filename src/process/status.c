/* status.c - reads the scoreboard, changes nothing. */
#include "process/status.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

static json_t *counts_json(const struct scoreboard_counts *c)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
			 "taken", (json_int_t)c->taken, "sent", (json_int_t)c->sent,
			 "deferred", (json_int_t)c->deferred, "dead", (json_int_t)c->dead,
			 "given_back", (json_int_t)c->given_back, "in_doubt", (json_int_t)c->in_doubt,
			 "sessions", (json_int_t)c->sessions, "auths", (json_int_t)c->auths);
}

static json_t *child_json(const struct scoreboard_slot *slot, int index)
{
	struct scoreboard_report report;
	unsigned starts = atomic_load(&slot->starts);

	scoreboard_read(slot, &report);
	return json_pack("{s:i, s:i, s:i, s:s, s:s, s:s, s:I, s:i, s:o}",
			 "slot", index, "number", slot->number, "pid", (int)atomic_load(&slot->pid),
			 "state", atomic_load(&slot->pid) ? scoreboard_state_name(report.state) : "vacant",
			 "stage", report.stage, "id", report.id,
			 "since_unix_ms", (json_int_t)report.since_unix_ms,
			 "restarts", (int)(starts ? starts - 1 : 0), "counts", counts_json(&report.counts));
}

static json_t *relay_json(const struct scoreboard *scoreboard, const char *name)
{
	for (size_t i = 0; i < SCOREBOARD_GATES; i++) {
		const struct gate *gate = &scoreboard->gates[i];
		char cause[GATE_CAUSE_SIZE];
		if (strcmp(gate->relay, name))
			continue;
		gate_cause(gate, cause);
		bool open = gate_is_open(gate);
		return json_pack("{s:s, s:s, s:I, s:s, s:i, s:i, s:I}", "name", name, "state", open ? "up" : "down",
				 "since_unix_ms", (json_int_t)atomic_load(&gate->since_unix_ms),
				 "error", open ? "" : cause,
				 "recipients_most", (int)atomic_load(&gate->recipients_most),
				 "messages_most", (int)atomic_load(&gate->messages_most),
				 "idle_most_ms", (json_int_t)atomic_load(&gate->idle_most_ms));
	}
	return json_pack("{s:s, s:s}", "name", name, "state", "up");
}

static json_t *queue_json(const struct status_source *source, const struct config_queue *queue)
{
	json_t *relays = json_array(), *workers = json_array();

	for (size_t i = 0; i < queue->relay_count; i++)
		json_array_append_new(relays, relay_json(source->scoreboard,
							 source->config->relays[queue->relays[i]].name));
	for (int i = 0; i < SCOREBOARD_SLOTS; i++) {
		const struct scoreboard_slot *slot = &source->scoreboard->slots[i];
		if (!strcmp(slot->queue, queue->name))
			json_array_append_new(workers, child_json(slot, i));
	}
	return json_pack("{s:s, s:o, s:o}", "name", queue->name, "relays", relays, "workers", workers);
}

void status_print(const struct status_source *source, struct buf *out)
{
	json_t *queues = json_array();

	for (size_t i = 0; i < source->config->queue_count; i++)
		json_array_append_new(queues, queue_json(source, &source->config->queues[i]));
	json_t *status = json_pack("{s:s, s:i, s:s, s:I, s:s, s:b, s:o, s:o}",
				   "version", PACKAGE_VERSION, "pid", (int)getpid(),
				   "instance", source->instance,
				   "started_unix_ms", (json_int_t)source->started_unix_ms,
				   "config", source->config->path, "stopping", source->stopping,
				   "queues", queues, "retrier", child_json(&source->scoreboard->retrier, -1));
	/* A queue's or a path's name that is no UTF-8 cannot be packed. */
	char *text = status ? json_dumps(status, JSON_COMPACT) : NULL;
	buf_puts(out, text ? text : "{\"error\":\"the status could not be written\"}");
	buf_putc(out, '\n');
	free(text);
	json_decref(status);
}
