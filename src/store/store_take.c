/*
 * store_take.c - a queue over a link, and taking messages from it
 *
 * Owns struct store.  A message that was taken stays in its owner's list
 * until a step of store_step.c ends that; nothing is ever taken out here.
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

struct store *store_open(struct store_link *link, const char *prefix, const char *queue,
			 const char *instance, const char *owner)
{
	struct store *store = mem_alloc(sizeof *store);

	store->link = link;
	keys_init(&store->keys, prefix, queue, instance, owner);
	store->instance = mem_strdup(instance);
	store->owner = mem_strdup(owner);
	store->lease_ms = link->redis->lease_ms;
	store->look = true;
	return store;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	keys_clear(&store->keys);
	free(store->instance);
	free(store->owner);
	free(store);
}

void store_job_clear(struct store_job *job)
{
	free(job->owner);
	free(job->element);
	free(job->record_id);
	free(job->record);
	free(job->message);
	free(job->mark);
	memset(job, 0, sizeof *job);
}

/* ---- from an element to a job ---- */

/* The id in "@<id>", NULL when the element is no reference that we made. */
static char *reference(const struct store_job *job)
{
	if (job->element_len < 2 || *job->element != '@' || memchr(job->element, '\0', job->element_len))
		return NULL;
	return mem_dup(job->element + 1, job->element_len - 1);
}

static void number(struct store_job *job)
{
	random_id(clock_unix_ms(), job->hold);
}

/* What peek.lua said: OK, NOTHING or REFUSED. */
static enum store_status job_from_peek(struct store *store, const redisReply *reply,
				       struct store_job *job, struct error *error)
{
	int filled = reply_job(reply, job);

	if (filled < 0)
		return link_odd(store->link, script_peek.name, error);
	if (!filled)
		return STORE_NOTHING;
	job->record_id = reference(job);
	if (!job->record_id && !job->message)
		job->message = mem_dup(job->element, job->message_len = job->element_len);
	number(job);
	return STORE_OK;
}

/* Record and message of a reference. */
static enum store_status fetch(struct store *store, struct store_job *job, struct error *error)
{
	struct command commands[2];
	redisReply *replies[2];

	command_init(&commands[0], "HGET", store->keys.record, job->record_id, NULL);
	command_init(&commands[1], "HGET", store->keys.message, job->record_id, NULL);
	enum store_status status = link_run_all(store->link, commands, 2, replies, error);
	if (status != STORE_OK)
		return status;
	for (int i = 0; i < 2 && status == STORE_OK; i++)
		status = link_verdict(store->link, replies[i], "HGET", error);
	if (status == STORE_OK
	    && (reply_bytes(replies[0], &job->record, &job->record_len) < 0
		|| reply_bytes(replies[1], &job->message, &job->message_len) < 0))
		status = link_odd(store->link, "HGET", error);
	freeReplyObject(replies[0]);
	freeReplyObject(replies[1]);
	return status;
}

/* The list element that BLMOVE, LMOVE or claim.lua gave. */
static enum store_status job_from_element(struct store *store, const redisReply *reply,
					  struct store_job *job, struct error *error)
{
	if (reply_bytes(reply, &job->element, &job->element_len) < 0)
		return link_odd(store->link, "BLMOVE", error);
	if (!job->element)
		return STORE_NOTHING;
	number(job);
	job->record_id = reference(job);
	if (!job->record_id) {
		job->message = mem_dup(job->element, job->message_len = job->element_len);
		return STORE_OK;
	}
	enum store_status status = fetch(store, job, error);
	if (status != STORE_OK) {
		store->look = true;	/* it is in our list: the next take finds it */
		store_job_clear(job);
	}
	return status;
}

/* ---- taking ---- */

static enum store_status ask_look(struct store *store, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;

	script_init(&command, &script_peek, keys->processing, keys->mark, keys->record, keys->message,
		    NULL);
	command_str(&command, store->owner);
	enum store_status status = link_ask(store->link, &command, 1, 0, error);
	if (status == STORE_OK)
		store->asked = ASKED_LOOK;
	return status;
}

/* Entering :owners is repeated with each take, unanswered, in one go with it: an
 * owner that was taken for dead and lives after all cannot be given a message
 * that nobody would look for. */
static enum store_status ask_queue(struct store *store, int64_t wait_ms, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command commands[3], *take = &commands[2];
	char seconds[32];

	if (wait_ms > store->lease_ms)
		wait_ms = store->lease_ms;
	command_init(&commands[0], "CLIENT", "REPLY", "SKIP", NULL);
	command_init(&commands[1], "SADD", keys->owners, store->owner, NULL);
	command_init(take, wait_ms > 0 ? "BLMOVE" : "LMOVE", keys->queue, keys->processing,
		     "LEFT", "RIGHT", NULL);
	if (wait_ms > 0) {
		snprintf(seconds, sizeof seconds, "%lld.%03d", (long long)(wait_ms / 1000),
			 (int)(wait_ms % 1000));
		command_str(take, seconds);
	}
	enum store_status status = link_ask(store->link, commands, 3, wait_ms, error);
	if (status == STORE_OK)
		store->asked = ASKED_QUEUE;
	return status;
}

enum store_status store_take_start(struct store *store, int64_t wait_ms, struct error *error)
{
	enum store_status status = link_open(store->link, error);

	if (status != STORE_OK)
		return status;
	if (store->looked_epoch != store_link_epoch(store->link)) {
		store->looked_epoch = store_link_epoch(store->link);
		store->look = true;
	}
	return store->look ? ask_look(store, error) : ask_queue(store, wait_ms, error);
}

/* Above maxmemory BLMOVE is refused; a script that removes first is not. */
static enum store_status claim(struct store *store, const char *refusal, struct store_job *job,
			       struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;
	redisReply *reply;

	script_init(&command, &script_claim, keys->queue, keys->processing, keys->owners, NULL);
	command_str(&command, store->owner);
	enum store_status status = script_run(store->link, &script_claim, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	status = job_from_element(store, reply, job, error);
	freeReplyObject(reply);
	if (status != STORE_NOTHING)
		return status;
	error_set(error, "Redis at %s is out of memory: %.200s", link_server(store->link), refusal);
	return STORE_REFUSED;
}

static enum store_status finish_look(struct store *store, const redisReply *reply,
				     struct store_job *job, struct error *error)
{
	if (reply_sense(reply, NULL) == REPLY_NO_SCRIPT)
		return store_take_held(store, job, error);
	enum store_status status = link_verdict(store->link, reply, script_peek.name, error);
	if (status == STORE_OK)
		status = job_from_peek(store, reply, job, error);
	if (status == STORE_NOTHING)
		store->look = false;
	return status;
}

static enum store_status finish_queue(struct store *store, const redisReply *reply,
				      struct store_job *job, struct error *error)
{
	if (reply_sense(reply, NULL) == REPLY_NO_MEMORY)
		return claim(store, reply->str, job, error);
	enum store_status status = link_verdict(store->link, reply, "BLMOVE", error);
	return status == STORE_OK ? job_from_element(store, reply, job, error) : status;
}

enum store_status store_take_finish(struct store *store, struct store_job *job, struct error *error)
{
	redisReply *reply;
	bool look = store->asked == ASKED_LOOK;

	memset(job, 0, sizeof *job);
	store->asked = ASKED_NOTHING;
	enum store_status status = link_answer(store->link, &reply, error);
	if (status != STORE_OK)
		return status;
	status = look ? finish_look(store, reply, job, error) : finish_queue(store, reply, job, error);
	freeReplyObject(reply);
	return status;
}

void store_take_hurry(struct store *store)
{
	if (store->asked == ASKED_QUEUE)
		link_unblock(store->link);
}

static enum store_status look_into(struct store *store, const char *processing, const char *owner,
				   struct store_job *job, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;
	redisReply *reply;

	memset(job, 0, sizeof *job);
	script_init(&command, &script_peek, processing, keys->mark, keys->record, keys->message, NULL);
	command_str(&command, owner);
	enum store_status status = script_run(store->link, &script_peek, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	status = job_from_peek(store, reply, job, error);
	freeReplyObject(reply);
	return status;
}

enum store_status store_take_held(struct store *store, struct store_job *job, struct error *error)
{
	enum store_status status = look_into(store, store->keys.processing, store->owner, job, error);

	if (status == STORE_NOTHING)
		store->look = false;
	return status;
}

enum store_status store_peek(struct store *store, const char *owner, struct store_job *job,
			     struct error *error)
{
	char *processing = keys_processing(&store->keys, owner);
	enum store_status status = look_into(store, processing, owner, job, error);

	free(processing);
	if (status == STORE_OK)
		job->owner = mem_strdup(owner);
	return status;
}
