/*
 * store_admin.c - what people and producers do: push, requeue, delete, advice
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

enum store_status store_push(struct store *store, const char *message, size_t len, struct error *error)
{
	struct command command;
	redisReply *reply;

	command_init(&command, "RPUSH", store->keys.queue, NULL);
	command_add(&command, message, len);
	enum store_status status = link_run(store->link, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	status = link_verdict(store->link, reply, "RPUSH", error);
	freeReplyObject(reply);
	return status;
}

/* A script that returns one number. */
static enum store_status run_counted(struct store *store, const struct script *script,
				     struct command *command, int64_t *out, struct error *error)
{
	redisReply *reply;
	enum store_status status = script_run(store->link, script, command, &reply, error);

	if (status != STORE_OK)
		return status;
	int odd = reply_int(reply, out);
	freeReplyObject(reply);
	return odd ? link_odd(store->link, script->name, error) : STORE_OK;
}

enum store_status store_requeue(struct store *store, const char *record_id, const char *record,
				size_t len, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;
	int64_t moved;

	script_init(&command, &script_requeue, keys->retry, keys->dead, keys->record, keys->queue, NULL);
	command_str(&command, record_id);
	command_add(&command, record ? record : "", record ? len : 0);
	enum store_status status = run_counted(store, &script_requeue, &command, &moved, error);
	if (status != STORE_OK)
		return status;
	if (moved < 0) {
		error_set(error, "the record %s is of a version that this postrider does not know:"
				 " it is left alone", record_id);
		return STORE_REFUSED;
	}
	return moved ? STORE_OK : STORE_NOTHING;
}

enum store_status store_delete(struct store *store, const char *record_id, struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command command;
	int64_t deleted;

	script_init(&command, &script_delete, keys->retry, keys->dead, keys->record, keys->message, NULL);
	command_str(&command, record_id);
	enum store_status status = run_counted(store, &script_delete, &command, &deleted, error);
	if (status != STORE_OK)
		return status;
	return deleted ? STORE_OK : STORE_NOTHING;
}

/* ---- advice ---- */

static bool is_zero(const char *text)
{
	return strcmp(text, "0") == 0;
}

static void advise_memory(const redisReply *info, struct faults *advice)
{
	char policy[32];

	if (reply_info(info, "maxmemory_policy", policy, sizeof policy)
	    && strcmp(policy, "noeviction") != 0)
		faults_add(advice, "Redis evicts keys when its memory is full (maxmemory-policy %s):"
				   " messages would be lost; set maxmemory-policy to noeviction", policy);
}

/* `save` is NULL when the setting may not be read. */
static void advise_persistence(const redisReply *info, const char *save, const char *fsync,
			       struct faults *advice)
{
	char aof[4], state[8];

	bool has_aof = reply_info(info, "aof_enabled", aof, sizeof aof) && !is_zero(aof);
	if (!has_aof && save && !*save)
		faults_add(advice, "Redis saves nothing to disk: its restart loses every message;"
				   " set appendonly to yes");
	else if (!has_aof)
		faults_add(advice, "Redis saves snapshots only (appendonly no): its crash loses the"
				   " messages since the last one; set appendonly to yes");
	else if (fsync && strcmp(fsync, "no") == 0)
		faults_add(advice, "Redis leaves it to the kernel when its append-only file reaches the"
				   " disk (appendfsync no); set everysec or always");
	if (reply_info(info, "aof_last_write_status", state, sizeof state) && strcmp(state, "ok") != 0)
		faults_add(advice, "Redis cannot write its append-only file: see its log");
	if (reply_info(info, "rdb_last_bgsave_status", state, sizeof state) && strcmp(state, "ok") != 0)
		faults_add(advice, "Redis could not save its last snapshot: see its log");
}

enum store_status store_advise(struct store_link *link, struct faults *advice, struct error *error)
{
	enum { MEMORY, PERSISTENCE, SAVE, FSYNC, MOST };
	struct command commands[MOST];
	redisReply *replies[MOST];

	command_init(&commands[MEMORY], "INFO", "memory", NULL);
	command_init(&commands[PERSISTENCE], "INFO", "persistence", NULL);
	command_init(&commands[SAVE], "CONFIG", "GET", "save", NULL);	/* an ACL may refuse these two */
	command_init(&commands[FSYNC], "CONFIG", "GET", "appendfsync", NULL);
	enum store_status status = link_run_all(link, commands, MOST, replies, error);
	if (status != STORE_OK)
		return status;
	for (int i = MEMORY; i <= PERSISTENCE && status == STORE_OK; i++)
		status = link_verdict(link, replies[i], "INFO", error);
	if (status == STORE_OK) {
		advise_memory(replies[MEMORY], advice);
		advise_persistence(replies[PERSISTENCE], reply_setting(replies[SAVE]),
				   reply_setting(replies[FSYNC]), advice);
	}
	for (int i = 0; i < MOST; i++)
		freeReplyObject(replies[i]);
	return status;
}
