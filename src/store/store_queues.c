/*
 * store_queues.c - which queues have owners, whoever configured them
 */
#include "store/private.h"

#include <stdlib.h>
#include <string.h>

enum { SCAN_PAGE = 1000 };

/* "postrider:queue:bulk" out of "{postrider:queue:bulk}:owners"; NULL: no such key. */
static char *queue_of(const char *key, const char *start, const char *end)
{
	size_t len = strlen(key), before = strlen(start), behind = strlen(end);

	if (len <= before + behind || strncmp(key, start, before) || strcmp(key + len - behind, end))
		return NULL;
	return mem_dup(key + before, len - before - behind);
}

/* Turns the keys of a page into queue names, in place. */
static size_t to_queues(char **keys, size_t count, const char *prefix)
{
	char *start = mem_printf("{%s:queue:", prefix);
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		char *queue = queue_of(keys[i], start, "}:owners");
		free(keys[i]);
		if (queue)
			keys[kept++] = queue;
	}
	free(start);
	return kept;
}

enum store_status store_scan_queues(struct store_link *link, const char *prefix, char **cursor,
				    char ***names, size_t *count, struct error *error)
{
	char *pattern = mem_printf("{%s:queue:*}:owners", prefix);
	struct command command;
	redisReply *reply;

	*names = NULL;
	*count = 0;
	command_init(&command, "SCAN", *cursor ? *cursor : "0", "MATCH", pattern, "COUNT", NULL);
	command_int(&command, SCAN_PAGE);
	enum store_status status = link_run(link, &command, &reply, error);
	if (status == STORE_OK) {
		status = link_verdict(link, reply, "SCAN", error);
		const char *next;
		size_t len;
		if (status == STORE_OK && (reply_array(reply, 2) < 0 ||
					   reply_peek(reply->element[0], &next, &len) < 0 || !next ||
					   reply_texts(reply->element[1], names, count) < 0))
			status = link_odd(link, "SCAN", error);
		if (status == STORE_OK) {
			free(*cursor);
			*cursor = strcmp(next, "0") ? mem_dup(next, len) : NULL;
			*count = to_queues(*names, *count, prefix);
		}
		freeReplyObject(reply);
	}
	free(pattern);
	return status;
}
