/*
 * store_retry.c - the retry child's steps: lease, promotion, who lives, trimming
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MOST = 10000,	/* entries that one script looks at: those that stay are passed over */
	TRIM_MOST = 100,
};

/* A script that returns whether there was a lease: OK or NOTHING. */
static enum store_status run_on_lease(struct store *store, const struct script *script,
				      struct command *command, struct error *error)
{
	redisReply *reply;
	int64_t there;
	enum store_status status = script_run(store->link, script, command, &reply, error);

	if (status != STORE_OK)
		return status;
	int odd = reply_int(reply, &there);
	freeReplyObject(reply);
	if (odd)
		return link_odd(store->link, script->name, error);
	return there ? STORE_OK : STORE_NOTHING;
}

enum store_status store_renew_lease(struct store *store, struct error *error)
{
	struct command command;

	script_init(&command, &script_renew, store->keys.lease, store->keys.owners, NULL);
	command_int(&command, store->lease_ms);
	command_str(&command, store->owner);
	return run_on_lease(store, &script_renew, &command, error);
}

enum store_status store_register(struct store *store, struct error *error)
{
	enum store_status status = store_renew_lease(store, error);

	return status == STORE_NOTHING ? STORE_OK : status;
}

enum store_status store_end_lease(struct store *store, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;

	script_init(&command, &script_end, keys->lease, keys->owners, keys->processing, keys->mark,
		    keys->last, NULL);
	command_str(&command, store->owner);
	enum store_status status = run_on_lease(store, &script_end, &command, error);
	return status == STORE_NOTHING ? STORE_OK : status;
}

enum store_status store_promote(struct store *store, size_t most, size_t *moved, int64_t *next_ms,
				struct error *error)
{
	struct command command;
	redisReply *reply;
	int64_t count, next;

	*moved = 0;
	*next_ms = INT64_MAX;
	script_init(&command, &script_promote, store->keys.retry, store->keys.queue, store->keys.record,
		    NULL);
	command_int(&command, (int64_t)most);
	command_int(&command, LOOK_MOST);
	enum store_status status = script_run(store->link, &script_promote, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	int odd = reply_pair(reply, &count, &next);
	freeReplyObject(reply);
	if (odd || count < 0 || (uint64_t)count > most)
		return link_odd(store->link, script_promote.name, error);
	*moved = (size_t)count;
	if (next >= 0)
		*next_ms = next;
	return STORE_OK;
}

/* ---- who lives ---- */

void store_owners_free(struct store_owner *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++) {
		free(list[i].owner);
		free(list[i].instance);
	}
	free(list);
}

static enum store_status ask_lease(struct store *store, struct store_owner *owner, struct error *error)
{
	struct command command;
	redisReply *reply;
	int64_t there;
	char *lease = keys_lease(&store->keys, owner->instance);

	command_init(&command, "EXISTS", lease, NULL);
	enum store_status status = link_run(store->link, &command, &reply, error);
	free(lease);
	if (status != STORE_OK)
		return status;
	status = link_verdict(store->link, reply, "EXISTS", error);
	if (status == STORE_OK && reply_int(reply, &there) < 0)
		status = link_odd(store->link, "EXISTS", error);
	freeReplyObject(reply);
	if (status == STORE_OK)
		owner->leased = there != 0;
	return status;
}

/* The answer for another owner of the same instance, NULL when there is none yet. */
static const struct store_owner *of_instance(const struct store_owner *list, size_t count,
					     const char *instance)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(list[i].instance, instance) == 0)
			return &list[i];
	return NULL;
}

static enum store_status find_owners(struct store *store, char ***names, size_t *count,
				     struct error *error)
{
	struct command command;
	redisReply *reply;

	command_init(&command, "SMEMBERS", store->keys.owners, NULL);
	enum store_status status = link_run(store->link, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	status = link_verdict(store->link, reply, "SMEMBERS", error);
	if (status == STORE_OK && reply_texts(reply, names, count) < 0)
		status = link_odd(store->link, "SMEMBERS", error);
	freeReplyObject(reply);
	return status;
}

enum store_status store_owners(struct store *store, struct store_owner **list, size_t *count,
			       struct error *error)
{
	char **names;

	*list = NULL;
	*count = 0;
	size_t found;
	enum store_status status = find_owners(store, &names, &found, error);
	if (status != STORE_OK)
		return status;
	*list = mem_calloc(found + 1, sizeof **list);
	for (size_t i = 0; i < found && status == STORE_OK; i++) {
		struct store_owner *owner = &(*list)[i];
		owner->owner = mem_strdup(names[i]);
		owner->instance = keys_instance(names[i]);
		const struct store_owner *known = of_instance(*list, i, owner->instance);
		if (known)
			owner->leased = known->leased;
		else
			status = ask_lease(store, owner, error);
		*count = i + 1;
	}
	store_ids_free(names, found);
	if (status != STORE_OK) {
		store_owners_free(*list, *count);
		*list = NULL;
		*count = 0;
	}
	return status;
}

/* ---- the dead store's bounds ---- */

void store_ids_free(char **ids, size_t count)
{
	for (size_t i = 0; ids && i < count; i++)
		free(ids[i]);
	free(ids);
}

enum store_status store_trim_dead(struct store *store, int64_t keep_ms, int64_t most,
				  char ***ids, size_t *count, struct error *error)
{
	struct command command;
	redisReply *reply;

	*ids = NULL;
	*count = 0;
	script_init(&command, &script_trim, store->keys.dead, store->keys.record, store->keys.message,
		    NULL);
	command_int(&command, keep_ms);
	command_int(&command, most);
	command_int(&command, TRIM_MOST);
	command_int(&command, LOOK_MOST);
	enum store_status status = script_run(store->link, &script_trim, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	if (reply_texts(reply, ids, count) < 0)
		status = link_odd(store->link, script_trim.name, error);
	freeReplyObject(reply);
	return status;
}
