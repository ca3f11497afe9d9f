/*
 * reply.c - what Redis answered
 *
 * Pure.  Owns the reading of replies: every one is checked for its kind
 * before it is used, since what is at the other end may be anything.
 */
#include "store/private.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char rights[] = "postriderd(8) lists what the user must be allowed";

/* An error reply begins with a word in capitals; within a script Redis 6.2
 * puts it further back. */
static const struct {
	const char *word;
	enum reply_sense sense;
	const char *advice;
} senses[] = {
	{ "NOSCRIPT", REPLY_NO_SCRIPT, "" },
	{ "OOM", REPLY_NO_MEMORY, "raise maxmemory, or free what is not needed" },
	{ "LOADING", REPLY_LATER, "" },
	{ "BUSY", REPLY_LATER, "" },
	{ "TRYAGAIN", REPLY_LATER, "" },
	{ "MASTERDOWN", REPLY_LATER, "" },
	{ "CLUSTERDOWN", REPLY_LATER, "" },
	{ "NOREPLICAS", REPLY_LATER, "see min-replicas-to-write" },
	{ "READONLY", REPLY_ELSEWHERE, "connect to the master" },
	{ "UNBLOCKED", REPLY_ELSEWHERE, "" },
	{ "MOVED", REPLY_MOVED, "" },
	{ "ASK", REPLY_LATER, "" },
	{ "MISCONF", REPLY_NO, "Redis cannot save its data: see its log" },
	{ "NOAUTH", REPLY_ELSEWHERE, "set redis.password_file (and redis.username)" },
	{ "WRONGPASS", REPLY_ELSEWHERE, "check redis.username and redis.password_file" },
	{ "NOPERM", REPLY_ELSEWHERE, rights },
	{ "The user executing the script", REPLY_ELSEWHERE, rights },	/* within a script */
	{ "ACL failure in script", REPLY_ELSEWHERE, rights },		/* the same, in Redis 8 */
	{ "DENIED", REPLY_ELSEWHERE, "" },
	{ "WRONGTYPE", REPLY_NO, "a key of this queue is used by something else" },
	{ "max number of clients", REPLY_LATER, "raise maxclients" },
};

static bool begins(const char *text, const char *word)
{
	size_t len = strlen(word);

	return strncmp(text, word, len) == 0 && !isalnum((unsigned char)text[len]);
}

/* What is behind ERR; within a script Redis 6.2 says "ERR Error running script (call
 * to f_...): @user_script:7: @user_script: 7: -OOM command not ...". */
static const char *behind_err(const char *text)
{
	static const char script[] = "ERR Error running script", place[] = "@user_script:";

	if (strncmp(text, "ERR ", 4) != 0)
		return text;
	const char *last = text + 4;
	if (begins(text, script))
		for (const char *at = text; (at = strstr(at, place)); last = at)
			at += sizeof place - 1;
	return last + strspn(last, "0123456789: -");
}

enum reply_sense reply_sense(const redisReply *reply, const char **advice)
{
	if (advice)
		*advice = "";
	if (reply->type != REDIS_REPLY_ERROR)
		return REPLY_FINE;
	const char *inner = behind_err(reply->str);
	for (size_t i = 0; i < sizeof senses / sizeof *senses; i++) {
		if (!begins(inner, senses[i].word))
			continue;
		if (advice)
			*advice = senses[i].advice;
		return senses[i].sense;
	}
	return REPLY_NO;
}

int reply_int(const redisReply *reply, int64_t *out)
{
	if (reply->type != REDIS_REPLY_INTEGER)
		return -1;
	*out = reply->integer;
	return 0;
}

int reply_peek(const redisReply *reply, const char **bytes, size_t *len)
{
	*bytes = NULL;
	*len = 0;
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply->type != REDIS_REPLY_STRING && reply->type != REDIS_REPLY_STATUS)
		return -1;
	*bytes = reply->str;
	*len = reply->len;
	return 0;
}

int reply_bytes(const redisReply *reply, char **bytes, size_t *len)
{
	const char *borrowed;

	if (reply_peek(reply, &borrowed, len) < 0) {
		*bytes = NULL;
		return -1;
	}
	*bytes = borrowed ? mem_dup(borrowed, *len) : NULL;
	return 0;
}

int reply_double(const redisReply *reply, double *out)
{
	const char *text;
	size_t len;
	char *end;

	if (reply_peek(reply, &text, &len) < 0 || !text || len == 0)
		return -1;
	*out = strtod(text, &end);
	return *end || isnan(*out) ? -1 : 0;
}

int reply_array(const redisReply *reply, size_t count)
{
	if (reply->type != REDIS_REPLY_ARRAY)
		return -1;
	return count == SIZE_MAX || reply->elements == count ? 0 : -1;
}

int reply_pair(const redisReply *reply, int64_t *first, int64_t *second)
{
	if (reply_array(reply, 2) < 0 || reply_int(reply->element[0], first) < 0)
		return -1;
	return reply_int(reply->element[1], second);
}

int reply_time(const redisReply *reply, int64_t *unix_ms)
{
	double seconds, micros;

	if (reply_array(reply, 2) < 0 || reply_double(reply->element[0], &seconds) < 0
	    || reply_double(reply->element[1], &micros) < 0)
		return -1;
	if (!(seconds >= 0 && seconds < 1e12 && micros >= 0 && micros < 1e6))
		return -1;
	*unix_ms = (int64_t)seconds * 1000 + (int64_t)micros / 1000;
	return 0;
}

int reply_texts(const redisReply *reply, char ***texts, size_t *count)
{
	*texts = NULL;
	*count = 0;
	if (reply_array(reply, SIZE_MAX) < 0)
		return -1;
	char **list = mem_calloc(reply->elements + 1, sizeof *list);
	for (size_t i = 0; i < reply->elements; i++) {
		const char *bytes;
		size_t len;
		if (reply_peek(reply->element[i], &bytes, &len) < 0) {
			store_ids_free(list, *count);
			*count = 0;
			return -1;
		}
		if (bytes && memchr(bytes, '\0', len) == NULL)
			list[(*count)++] = mem_dup(bytes, len);
	}
	*texts = list;
	return 0;
}

int reply_job(const redisReply *reply, struct store_job *job)
{
	if (reply->type == REDIS_REPLY_NIL)
		return 0;
	if (reply_array(reply, 4) < 0)
		return -1;
	redisReply *const *part = reply->element;
	if (reply_bytes(part[0], &job->element, &job->element_len) < 0 || !job->element
	    || reply_bytes(part[1], &job->mark, &job->mark_len) < 0
	    || reply_bytes(part[2], &job->record, &job->record_len) < 0
	    || reply_bytes(part[3], &job->message, &job->message_len) < 0) {
		store_job_clear(job);
		return -1;
	}
	return 1;
}

bool reply_info(const redisReply *reply, const char *name, char *value, size_t room)
{
	const char *text;
	size_t len, name_len = strlen(name);

	if (reply_peek(reply, &text, &len) < 0 || !text)
		return false;
	for (const char *line = text; *line; line += strcspn(line, "\n"), line += *line == '\n') {
		if (strncmp(line, name, name_len) != 0 || line[name_len] != ':')
			continue;
		line += name_len + 1;
		size_t n = strcspn(line, "\r\n");
		if (n >= room)
			n = room - 1;
		memcpy(value, line, n);
		value[n] = '\0';
		return true;
	}
	return false;
}

int reply_version(const char *text, int *major, int *minor)
{
	char *end;
	long a = strtol(text, &end, 10);

	if (end == text || *end != '.' || a < 0 || a > 1000)
		return -1;
	const char *second = end + 1;
	long b = strtol(second, &end, 10);
	if (end == second || b < 0 || b > 100000)
		return -1;
	*major = (int)a;
	*minor = (int)b;
	return 0;
}

const char *reply_setting(const redisReply *reply)
{
	const char *value;
	size_t len;

	if (reply_array(reply, 2) < 0 || reply_peek(reply->element[1], &value, &len) < 0)
		return NULL;
	return value;
}

/* ---- what a reader may believe ---- */

/* More elements than any answer to us has; hiredis would allocate what a
 * server merely announces. */
enum { ELEMENTS_MOST = 1 << 20 };

#if HIREDIS_MAJOR >= 1
void reply_guard(redisReader *reader)
{
	reader->maxelements = ELEMENTS_MOST;
}
#else
static void *(*create_array)(const redisReadTask *, int);

static void *create_bounded_array(const redisReadTask *task, int elements)
{
	return elements > ELEMENTS_MOST ? NULL : create_array(task, elements);
}

/* The reader's own functions with one of them replaced; the same for all
 * readers, made with the first. */
void reply_guard(redisReader *reader)
{
	static redisReplyObjectFunctions functions;

	if (!create_array) {
		create_array = reader->fn->createArray;
		functions = *reader->fn;
		functions.createArray = create_bounded_array;
	}
	reader->fn = &functions;
}
#endif
