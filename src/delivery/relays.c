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

static bool is_open(const struct relay *relay)
{
	return session_fd(relay->session) >= 0;
}

/* Who has a session goes on with it, even where nobody gets another one. */
static bool is_usable(const struct relay *relay)
{
	return gate_is_open(relay->gate) || (is_open(relay) && gate_takes_open_sessions(relay->gate));
}

struct relay *relays_pick(struct relays *relays)
{
	for (size_t i = 0; i < relays->count; i++) {
		struct relay *relay = &relays->list[i];
		if (!is_usable(relay))
			continue;
		for (size_t k = 0; k < relays->count; k++)
			if (k != i)
				session_close(relays->list[k].session);
		relays->current = relays->spoken_to = relay;
		return relay;
	}
	return NULL;
}

static bool probe(struct relays *relays, struct relay *relay, struct arena *arena)
{
	struct session_verdict verdict;

	relays->spoken_to = relay;
	if (session_open(relay->session, arena, &verdict)) {
		gate_recovered(relay->gate);
		return true;
	}
	gate_fault(relay->gate, &verdict);
	return false;
}

void relays_try_first(struct relays *relays, struct arena *arena)
{
	for (size_t i = 0; i < relays->count; i++)
		if (gate_claim_first_try(relays->list[i].gate))
			probe(relays, &relays->list[i], arena);
}

void relays_probe(struct relays *relays, struct arena *arena)
{
	for (size_t i = 0; i < relays->count && !is_usable(&relays->list[i]); i++)
		if (gate_claim_probe(relays->list[i].gate) && probe(relays, &relays->list[i], arena))
			return;
}

bool relays_enter(struct relays *relays)
{
	struct relay *relay = relays->current;

	relay->accepted = false;
	return gate_enter(relay->gate, &relay->has_place);
}

bool relays_has_place(const struct relays *relays)
{
	return relays->current && relays->current->has_place;
}

void relays_leave(struct relays *relays)
{
	for (size_t i = 0; i < relays->count; i++) {
		struct relay *relay = &relays->list[i];
		if (relay->has_place)
			gate_leave(relay->gate, relay->accepted);
		relay->has_place = false;
	}
}

int64_t relays_probe_wait_ms(const struct relays *relays)
{
	int64_t least = INT64_MAX;

	for (size_t i = 0; i < relays->count && !is_usable(&relays->list[i]); i++) {
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
