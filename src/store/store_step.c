/*
 * store_step.c - what becomes of a message in somebody's hands
 *
 * Each is one script that acts once or does nothing (scripts/hold.lua): after
 * an answer that was lost it may be repeated.
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

const char *store_how(const struct store *store, const char *owner)
{
	if (!owner)
		return "own";
	char *instance = keys_instance(owner);
	bool mine = strcmp(instance, store->instance) == 0;
	free(instance);
	return mine ? "child" : "other";
}

/* The keys and arguments that every step on a held message begins with. */
struct hold {
	char *processing, *lease;
};

static void hold_init(struct hold *hold, const struct store *store, const char *owner)
{
	char *instance = keys_instance(owner);

	hold->processing = keys_processing(&store->keys, owner);
	hold->lease = keys_lease(&store->keys, instance);
	free(instance);
}

static void hold_clear(struct hold *hold)
{
	free(hold->processing);
	free(hold->lease);
}

/* The arguments of hold.lua, behind the keys. */
static void add_hold(struct command *command, const struct store *store, const struct store_job *job)
{
	command_add(command, job->element, job->element_len);
	command_str(command, job->owner ? job->owner : store->owner);
	command_str(command, store->owner);
	command_str(command, job->hold);
	command_str(command, store_how(store, job->owner));
	command_add(command, job->mark ? job->mark : "", job->mark_len);
}

/* A step's {acted, left}. */
static enum store_status run_step(struct store *store, const struct script *script,
				  struct command *command, const struct store_job *job,
				  struct error *error)
{
	redisReply *reply;
	int64_t acted, left;
	enum store_status status = script_run(store->link, script, command, &reply, error);

	if (status != STORE_OK)
		return status;
	int odd = reply_pair(reply, &acted, &left);
	freeReplyObject(reply);
	if (odd)
		return link_odd(store->link, script->name, error);
	if (!job->owner && left > 0)
		store->look = true;	/* there is something that we do not know of */
	return acted ? STORE_OK : STORE_NOTHING;
}

/* `last_key` is the seventh key, NULL when there are six; `record` NULL: none. */
static enum store_status end_hold(struct store *store, const struct script *script,
				  const struct store_job *job, const char *last_key,
				  const char *record_id, const char *record, size_t len,
				  const int64_t *delay_ms, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;
	struct hold hold;

	hold_init(&hold, store, job->owner ? job->owner : store->owner);
	script_init(&command, script, hold.processing, keys->mark, hold.lease, keys->last, keys->record,
		    keys->message, last_key, NULL);
	add_hold(&command, store, job);
	command_str(&command, record_id ? record_id : "");
	if (record)
		command_add(&command, record, len);
	if (delay_ms)
		command_int(&command, *delay_ms);
	enum store_status status = run_step(store, script, &command, job, error);
	hold_clear(&hold);
	return status;
}

enum store_status store_mark(struct store *store, const struct store_job *job,
			     const char *mark, size_t len, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;
	redisReply *reply;
	int64_t left;

	script_init(&command, &script_mark, keys->lease, keys->processing, keys->mark, NULL);
	command_int(&command, store->lease_ms);
	command_add(&command, job->element, job->element_len);
	command_str(&command, store->owner);
	command_add(&command, mark, len);
	enum store_status status = script_run(store->link, &script_mark, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	int odd = reply_int(reply, &left);
	freeReplyObject(reply);
	if (odd)
		return link_odd(store->link, script_mark.name, error);
	if (left)
		return STORE_OK;
	store->look = true;	/* perhaps only the lease had run out, and it is still in our list */
	return STORE_NOTHING;
}

enum store_status store_done(struct store *store, const struct store_job *job, struct error *error)
{
	return end_hold(store, &script_done, job, NULL, job->record_id, NULL, 0, NULL, error);
}

enum store_status store_defer(struct store *store, const struct store_job *job, const char *record_id,
			      const char *record, size_t len, int64_t delay_ms, struct error *error)
{
	return end_hold(store, &script_defer, job, store->keys.retry, record_id, record, len, &delay_ms,
			error);
}

enum store_status store_bury(struct store *store, const struct store_job *job, const char *record_id,
			     const char *record, size_t len, struct error *error)
{
	return end_hold(store, &script_bury, job, store->keys.dead, record_id, record, len, NULL, error);
}

enum store_status store_give_back(struct store *store, const struct store_job *job,
				  const char *record_id, const char *record, size_t len,
				  struct error *error)
{
	return end_hold(store, &script_give_back, job, store->keys.queue, record ? record_id : NULL,
			record ? record : "", record ? len : 0, NULL, error);
}

enum store_status store_leave(struct store *store, const char *owner, struct error *error)
{
	const struct keys *keys = &store->keys;
	const char *who = owner ? owner : store->owner;
	struct command command;
	struct hold hold;
	redisReply *reply;
	int64_t out;

	hold_init(&hold, store, who);
	script_init(&command, &script_leave, keys->owners, hold.processing, keys->mark, keys->last,
		    hold.lease, NULL);
	command_str(&command, who);
	command_str(&command, store_how(store, owner));
	enum store_status status = script_run(store->link, &script_leave, &command, &reply, error);
	hold_clear(&hold);
	if (status != STORE_OK)
		return status;
	int odd = reply_int(reply, &out);
	freeReplyObject(reply);
	if (odd)
		return link_odd(store->link, script_leave.name, error);
	return out ? STORE_OK : STORE_NOTHING;
}
