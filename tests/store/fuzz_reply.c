/*
 * fuzz_reply.c - any bytes as Redis's answers, through every reader of them
 */
#include <stdint.h>
#include <stdlib.h>

#include "store/private.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void read_as_texts(const redisReply *reply)
{
	char **texts, value[16], *copy;
	size_t count, len;
	const char *borrowed;

	if (reply_texts(reply, &texts, &count) == 0)
		store_ids_free(texts, count);
	if (reply_bytes(reply, &copy, &len) == 0)
		free(copy);
	if (reply_peek(reply, &borrowed, &len) == 0 && borrowed) {
		int major, minor;
		reply_version(borrowed, &major, &minor);
	}
	reply_info(reply, "redis_version", value, sizeof value);
	reply_setting(reply);
}

static void read_as_all(const redisReply *reply)
{
	struct store_job job = STORE_JOB_INIT;
	const char *advice;
	int64_t a, b;
	double d;

	reply_sense(reply, &advice);
	reply_int(reply, &a);
	reply_double(reply, &d);
	reply_array(reply, 2);
	reply_pair(reply, &a, &b);
	reply_time(reply, &a);
	reply_job(reply, &job);
	store_job_clear(&job);
	read_as_texts(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	redisReader *reader = redisReaderCreate();
	void *reply;

	if (!reader)
		return 0;
	reply_guard(reader);
	redisReaderFeed(reader, (const char *)bytes, len);
	while (redisReaderGetReply(reader, &reply) == REDIS_OK && reply) {
		read_as_all(reply);
		freeReplyObject(reply);
	}
	redisReaderFree(reader);
	return 0;
}
