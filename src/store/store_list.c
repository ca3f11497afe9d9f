/*
 * store_list.c - reading what is stored, for people: counts, shelves, records
 *
 * Changes nothing.  What is read in several commands is not one instant.
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

static enum store_status check_all(struct store *store, redisReply *const *replies, size_t count,
				   const char *what, struct error *error)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; i < count && status == STORE_OK; i++)
		status = link_verdict(store->link, replies[i], what, error);
	return status;
}

static void free_all(redisReply *const *replies, size_t count)
{
	for (size_t i = 0; i < count; i++)
		freeReplyObject(replies[i]);
}

/* ---- counts ---- */

/* One LLEN for each owner. */
static enum store_status count_held(struct store *store, const redisReply *members, int64_t *held,
				    struct error *error)
{
	char **owners;
	size_t count;
	enum store_status status = STORE_OK;

	*held = 0;
	if (reply_texts(members, &owners, &count) < 0)
		return link_odd(store->link, "SMEMBERS", error);
	for (size_t i = 0; i < count && status == STORE_OK; i++) {
		struct command command;
		redisReply *reply;
		int64_t n = 0;
		char *processing = keys_processing(&store->keys, owners[i]);
		command_init(&command, "LLEN", processing, NULL);
		status = link_run(store->link, &command, &reply, error);
		free(processing);
		if (status != STORE_OK)
			break;
		status = link_verdict(store->link, reply, "LLEN", error);
		if (status == STORE_OK && reply_int(reply, &n) < 0)
			status = link_odd(store->link, "LLEN", error);
		freeReplyObject(reply);
		*held += n;
	}
	store_ids_free(owners, count);
	return status;
}

/* ZRANGE key 0 0 WITHSCORES and TIME, to the time until then. */
static int until_first(const redisReply *first, const redisReply *time, int64_t *ms)
{
	int64_t now;
	double due;

	*ms = INT64_MAX;
	if (reply_time(time, &now) < 0 || reply_array(first, SIZE_MAX) < 0)
		return -1;
	if (first->elements == 0)
		return 0;
	if (first->elements != 2 || reply_double(first->element[1], &due) < 0)
		return -1;
	if (due <= (double)now)
		*ms = 0;
	else if (due - (double)now < 1e15)
		*ms = (int64_t)(due - (double)now);
	return 0;
}

enum store_status store_counts(struct store *store, struct store_counts *counts, struct error *error)
{
	enum { QUEUED, RETRY, DEAD, TIME, FIRST, OWNERS, MOST };
	const struct keys *keys = &store->keys;
	struct command commands[MOST];
	redisReply *replies[MOST];

	memset(counts, 0, sizeof *counts);
	command_init(&commands[QUEUED], "LLEN", keys->queue, NULL);
	command_init(&commands[RETRY], "ZCARD", keys->retry, NULL);
	command_init(&commands[DEAD], "ZCARD", keys->dead, NULL);
	command_init(&commands[TIME], "TIME", NULL);
	command_init(&commands[FIRST], "ZRANGE", keys->retry, "0", "0", "WITHSCORES", NULL);
	command_init(&commands[OWNERS], "SMEMBERS", keys->owners, NULL);
	enum store_status status = link_run_all(store->link, commands, MOST, replies, error);
	if (status != STORE_OK)
		return status;
	status = check_all(store, replies, MOST, "counting", error);
	if (status == STORE_OK
	    && (reply_int(replies[QUEUED], &counts->queued) < 0
		|| reply_int(replies[RETRY], &counts->retry) < 0
		|| reply_int(replies[DEAD], &counts->dead) < 0
		|| until_first(replies[FIRST], replies[TIME], &counts->next_due_ms) < 0))
		status = link_odd(store->link, "counting", error);
	if (status == STORE_OK)
		status = count_held(store, replies[OWNERS], &counts->processing, error);
	free_all(replies, MOST);
	return status;
}

/* ---- shelves ---- */

void store_entry_clear(struct store_entry *entry)
{
	free(entry->record_id);
	free(entry->record);
	free(entry->message);
	memset(entry, 0, sizeof *entry);
}

void store_list_free(struct store_entry *list, size_t count)
{
	for (size_t i = 0; list && i < count; i++)
		store_entry_clear(&list[i]);
	free(list);
}

static int score_ms(const redisReply *reply, int64_t *ms)
{
	double score;

	*ms = 0;
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply_double(reply, &score) < 0)
		return -1;
	*ms = score >= 1e18 ? INT64_MAX : score <= 0 ? 0 : (int64_t)score;
	return 0;
}

/* Ids and scores of a page; `page` is {id, score, id, score, ...}. */
static int entries_from_page(const redisReply *page, struct store_entry **list, size_t *count)
{
	if (reply_array(page, SIZE_MAX) < 0 || page->elements % 2)
		return -1;
	*list = mem_calloc(page->elements / 2 + 1, sizeof **list);
	for (size_t i = 0; i < page->elements; i += 2) {
		struct store_entry *entry = &(*list)[(*count)++];
		size_t len;
		if (reply_bytes(page->element[i], &entry->record_id, &len) < 0 || !entry->record_id
		    || score_ms(page->element[i + 1], &entry->score_ms) < 0)
			return -1;
	}
	return 0;
}

static enum store_status fetch_record(struct store *store, struct store_entry *entry,
				      struct error *error)
{
	struct command command;
	redisReply *reply;

	command_init(&command, "HGET", store->keys.record, entry->record_id, NULL);
	enum store_status status = link_run(store->link, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	status = link_verdict(store->link, reply, "HGET", error);
	if (status == STORE_OK && reply_bytes(reply, &entry->record, &entry->record_len) < 0)
		status = link_odd(store->link, "HGET", error);
	freeReplyObject(reply);
	return status;
}

enum store_status store_list(struct store *store, enum store_shelf shelf, size_t offset, size_t most,
			     struct store_entry **list, size_t *count, struct error *error)
{
	struct command command;
	redisReply *reply;

	*list = NULL;
	*count = 0;
	if (most == 0)
		return STORE_OK;
	command_init(&command, "ZRANGE", shelf == STORE_RETRY ? store->keys.retry : store->keys.dead,
		     NULL);
	command_int(&command, (int64_t)offset);
	command_int(&command, (int64_t)(offset + most - 1));
	command_str(&command, "WITHSCORES");
	enum store_status status = link_run(store->link, &command, &reply, error);
	if (status != STORE_OK)
		return status;
	status = link_verdict(store->link, reply, "ZRANGE", error);
	if (status == STORE_OK && entries_from_page(reply, list, count) < 0)
		status = link_odd(store->link, "ZRANGE", error);
	freeReplyObject(reply);
	for (size_t i = 0; i < *count && status == STORE_OK; i++)
		status = fetch_record(store, &(*list)[i], error);
	if (status != STORE_OK) {
		store_list_free(*list, *count);
		*list = NULL;
		*count = 0;
	}
	return status;
}

static int entry_from_replies(redisReply *const *replies, struct store_entry *entry)
{
	int64_t retry, dead;

	if (reply_bytes(replies[0], &entry->record, &entry->record_len) < 0
	    || reply_bytes(replies[1], &entry->message, &entry->message_len) < 0
	    || score_ms(replies[2], &retry) < 0 || score_ms(replies[3], &dead) < 0)
		return -1;
	entry->score_ms = retry ? retry : dead;
	return 0;
}

enum store_status store_get(struct store *store, const char *record_id, struct store_entry *entry,
			    struct error *error)
{
	const struct keys *keys = &store->keys;
	struct command commands[4];
	redisReply *replies[4];

	memset(entry, 0, sizeof *entry);
	command_init(&commands[0], "HGET", keys->record, record_id, NULL);
	command_init(&commands[1], "HGET", keys->message, record_id, NULL);
	command_init(&commands[2], "ZSCORE", keys->retry, record_id, NULL);
	command_init(&commands[3], "ZSCORE", keys->dead, record_id, NULL);
	enum store_status status = link_run_all(store->link, commands, 4, replies, error);
	if (status != STORE_OK)
		return status;
	status = check_all(store, replies, 4, "reading a record", error);
	if (status == STORE_OK && entry_from_replies(replies, entry) < 0)
		status = link_odd(store->link, "reading a record", error);
	free_all(replies, 4);
	if (status == STORE_OK && !entry->record && !entry->message)
		status = STORE_NOTHING;
	if (status != STORE_OK)
		store_entry_clear(entry);
	else
		entry->record_id = mem_strdup(record_id);
	return status;
}
