/* relays.c - owns the order of preference; decides nothing about messages. */
#include "delivery/relays.h"

#include <stdlib.h>

#include "base/mem.h"

struct relays {
	struct relay *list;
	size_t count;
	struct relay *current;	/* whose session may be open; NULL: none was picked yet */
	struct relay *spoken_to;	/* last: `current`, or one that was probed */
};

struct relays *relays_open(const struct config *config, const struct config_queue *queue,
			   struct gate *const *gates, const struct session_hooks *hooks)
{
	struct relays *relays = mem_alloc(sizeof *relays);

	relays->count = queue->relay_count;
	relays->list = mem_calloc(relays->count, sizeof *relays->list);
	for (size_t i = 0; i < relays->count; i++) {
		size_t index = queue->relays[i];
		relays->list[i] = (struct relay){
			.config = &config->relays[index],
			.gate = gates[index],
			.session = session_new(&config->relays[index], hooks),
		};
	}
	return relays;
}

void relays_close(struct relays *relays)
{
	if (!relays)
		return;
	for (size_t i = 0; i < relays->count; i++)
		session_free(relays->list[i].session);
	free(relays->list);
	free(relays);
}

struct relay *relays_pick(struct relays *relays)
{
	for (size_t i = 0; i < relays->count; i++) {
		struct relay *relay = &relays->list[i];
		if (!gate_is_open(relay->gate))
			continue;
		for (size_t k = 0; k < relays->count; k++)
			if (k != i)
				session_close(relays->list[k].session);
		relays->current = relays->spoken_to = relay;
		return relay;
	}
	return NULL;
}

void relays_probe(struct relays *relays, struct arena *arena)
{
	for (size_t i = 0; i < relays->count && !gate_is_open(relays->list[i].gate); i++) {
		struct relay *relay = &relays->list[i];
		struct session_verdict verdict;
		if (!gate_claim_probe(relay->gate))
			continue;
		relays->spoken_to = relay;
		if (session_open(relay->session, arena, &verdict)) {
			gate_recovered(relay->gate);
			return;
		}
		gate_fault(relay->gate, &verdict);
	}
}

int64_t relays_probe_wait_ms(const struct relays *relays)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < relays->count && !gate_is_open(relays->list[i].gate); i++) {
		int64_t wait = gate_wait_ms(relays->list[i].gate);
		if (wait < least)
			least = wait;
	}
	return least;
}

const struct relay *relays_current(const struct relays *relays)
{
	return relays->spoken_to;
}

struct session *relays_session(const struct relays *relays)
{
	if (!relays->current || session_fd(relays->current->session) < 0)
		return NULL;
	return relays->current->session;
}

struct session_counts relays_counts(const struct relays *relays)
{
	struct session_counts sum = { 0 };

	for (size_t i = 0; i < relays->count; i++) {
		struct session_counts one = session_counts(relays->list[i].session);
		sum.sessions += one.sessions;
		sum.auths += one.auths;
		sum.mails += one.mails;
	}
	return sum;
}
