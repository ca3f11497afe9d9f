/*
 * keys.c - the names of a queue's keys
 *
 * Owns the naming alone.  All but the queue itself stand under its hash tag,
 * so that a Redis Cluster keeps them in the queue's own slot: a key without
 * braces is hashed as a whole, one with them by what is between.
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

static char *below(const char *queue, const char *what, const char *name)
{
	return mem_printf("{%s}:%s%s%s", queue, what, name ? ":" : "", name ? name : "");
}

void keys_init(struct keys *keys, const char *prefix, const char *queue, const char *instance,
	       const char *owner)
{
	keys->queue = mem_printf("%s:queue:%s", prefix, queue);
	keys->processing = keys_processing(keys, owner);
	keys->lease = keys_lease(keys, instance);
	keys->owners = below(keys->queue, "owners", NULL);
	keys->mark = below(keys->queue, "mark", NULL);
	keys->last = below(keys->queue, "last", NULL);
	keys->record = below(keys->queue, "record", NULL);
	keys->message = below(keys->queue, "message", NULL);
	keys->retry = below(keys->queue, "retry", NULL);
	keys->dead = below(keys->queue, "dead", NULL);
}

void keys_clear(struct keys *keys)
{
	free(keys->queue);
	free(keys->processing);
	free(keys->lease);
	free(keys->owners);
	free(keys->mark);
	free(keys->last);
	free(keys->record);
	free(keys->message);
	free(keys->retry);
	free(keys->dead);
	memset(keys, 0, sizeof *keys);
}

char *keys_processing(const struct keys *keys, const char *owner)
{
	return below(keys->queue, "processing", owner);
}

char *keys_lease(const struct keys *keys, const char *instance)
{
	return below(keys->queue, "lease", instance);
}

char *keys_instance(const char *owner)
{
	return mem_dup(owner, strcspn(owner, ":"));
}
