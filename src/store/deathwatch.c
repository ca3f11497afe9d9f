/*
 * deathwatch.c - see deathwatch.h; knows neither Redis nor a clock
 */
#include "store/deathwatch.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* An instance that has been seen without a lease, and never with one since. */
struct suspect {
	char *instance;
	int64_t since_ms;	/* when the first look that found none was answered */
	bool seen;		/* by the present look */
};

struct deathwatch {
	int64_t lease_ms;
	char *own;
	uint64_t epoch;
	int64_t looked_ms;	/* when the last look was begun */
	struct suspect *suspects;
	size_t count;
};

struct deathwatch *deathwatch_new(int64_t lease_ms, const char *own)
{
	struct deathwatch *watch = mem_alloc(sizeof *watch);

	watch->lease_ms = lease_ms;
	watch->own = mem_strdup(own);
	return watch;
}

static void forget_all(struct deathwatch *watch)
{
	for (size_t i = 0; i < watch->count; i++)
		free(watch->suspects[i].instance);
	watch->count = 0;
}

void deathwatch_free(struct deathwatch *watch)
{
	if (!watch)
		return;
	forget_all(watch);
	free(watch->suspects);
	free(watch->own);
	free(watch);
}

static struct suspect *find(struct deathwatch *watch, const char *instance)
{
	for (size_t i = 0; i < watch->count; i++)
		if (strcmp(watch->suspects[i].instance, instance) == 0)
			return &watch->suspects[i];
	return NULL;
}

static struct suspect *suspect(struct deathwatch *watch, const char *instance, int64_t since_ms)
{
	struct suspect *found = find(watch, instance);

	if (found)
		return found;
	watch->suspects = mem_realloc(watch->suspects, watch->count + 1, sizeof *watch->suspects);
	found = &watch->suspects[watch->count++];
	*found = (struct suspect){ mem_strdup(instance), since_ms, false };
	return found;
}

/* Those with a lease, and those that this look did not meet, are suspects no more. */
static void clear_others(struct deathwatch *watch)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->count; i++) {
		if (watch->suspects[i].seen)
			watch->suspects[kept++] = watch->suspects[i];
		else
			free(watch->suspects[i].instance);
	}
	watch->count = kept;
}

size_t deathwatch_look(struct deathwatch *watch, int64_t asked_ms, int64_t answered_ms, uint64_t epoch,
		       const struct store_owner *owners, size_t count, bool *dead)
{
	size_t proven = 0;

	if (epoch != watch->epoch || answered_ms - watch->looked_ms > watch->lease_ms / 2)
		forget_all(watch);
	watch->epoch = epoch;
	watch->looked_ms = asked_ms;
	for (size_t i = 0; i < watch->count; i++)
		watch->suspects[i].seen = false;
	for (size_t i = 0; i < count; i++) {
		dead[i] = false;
		if (owners[i].leased || strcmp(owners[i].instance, watch->own) == 0)
			continue;
		struct suspect *s = suspect(watch, owners[i].instance, answered_ms);
		s->seen = true;
		dead[i] = asked_ms - s->since_ms >= watch->lease_ms;
		proven += dead[i];
	}
	clear_others(watch);
	return proven;
}
