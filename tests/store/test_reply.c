/*
 * test_reply.c - reading what Redis answers, without Redis
 */
#include "../check.h"

#include "store/private.h"

static redisReply *parse(const char *bytes)
{
	void *reply = NULL;
	redisReader *reader = redisReaderCreate();

	reply_guard(reader);
	redisReaderFeed(reader, bytes, strlen(bytes));
	redisReaderGetReply(reader, &reply);
	redisReaderFree(reader);
	assert_non_null(reply);
	return reply;
}

static void test_sense(void **state)
{
	static const struct {
		const char *bytes;
		enum reply_sense sense;
	} cases[] = {
		{ "+OK\r\n", REPLY_FINE },
		{ "-NOSCRIPT No matching script. Please use EVAL.\r\n", REPLY_NO_SCRIPT },
		{ "-OOM command not allowed when used memory > 'maxmemory'.\r\n", REPLY_NO_MEMORY },
		{ "-OOM command not allowed when used memory > 'maxmemory'. script: 11, on @user_script:1.\r\n",
		  REPLY_NO_MEMORY },
		{ "-ERR Error running script (call to f_11): @user_script:3: @user_script: 3: "
		  "-OOM command not allowed when used memory > 'maxmemory'.\r\n", REPLY_NO_MEMORY },
		{ "-ERR Error running script (call to f_11): @user_script:3: "
		  "READONLY You can't write against a read only replica.\r\n", REPLY_ELSEWHERE },
		{ "-ERR Error running script (call to f_11): @user_script:3: WRONGTYPE Operation against\r\n",
		  REPLY_NO },
		{ "-ERR Error running script (call to f_11)\r\n", REPLY_NO },
		{ "-LOADING Redis is loading the dataset in memory\r\n", REPLY_LATER },
		{ "-BUSY Redis is busy running a script.\r\n", REPLY_LATER },
		{ "-BUSYKEY Target key name already exists.\r\n", REPLY_NO },
		{ "-MASTERDOWN Link with MASTER is down\r\n", REPLY_LATER },
		{ "-CLUSTERDOWN The cluster is down\r\n", REPLY_LATER },
		{ "-NOREPLICAS Not enough good replicas to write.\r\n", REPLY_LATER },
		{ "-MOVED 3999 127.0.0.1:6381\r\n", REPLY_MOVED },
		{ "-ASK 3999 127.0.0.1:6381\r\n", REPLY_LATER },
		{ "-READONLY You can't write against a read only replica.\r\n", REPLY_ELSEWHERE },
		{ "-UNBLOCKED force unblock from blocking operation\r\n", REPLY_ELSEWHERE },
		{ "-MISCONF Redis is configured to save RDB snapshots, but\r\n", REPLY_NO },
		{ "-NOPERM this user has no permissions\r\n", REPLY_ELSEWHERE },
		{ "-ERR The user executing the script can't run this command\r\n", REPLY_ELSEWHERE },
		{ "-ERR ACL failure in script: User rider has no permissions to run\r\n", REPLY_ELSEWHERE },
		{ "-ERR max number of clients reached\r\n", REPLY_LATER },
		{ "-ERR unknown command\r\n", REPLY_NO },
		{ "-\r\n", REPLY_NO },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		redisReply *reply = parse(cases[i].bytes);
		if (reply_sense(reply, NULL) != cases[i].sense)
			fail_msg("%s", cases[i].bytes);
		freeReplyObject(reply);
	}
}

static void test_numbers(void **state)
{
	static const struct {
		const char *bytes;
		int odd;
		int64_t ms;
	} times[] = {
		{ "*2\r\n$10\r\n1700000000\r\n$6\r\n123456\r\n", 0, 1700000000123 },
		{ "*2\r\n$10\r\n1700000000\r\n$7\r\n1234567\r\n", -1, 0 },
		{ "*2\r\n$2\r\n-1\r\n$1\r\n0\r\n", -1, 0 },
		{ "*2\r\n$3\r\nnan\r\n$1\r\n0\r\n", -1, 0 },
		{ "*2\r\n$3\r\ninf\r\n$1\r\n0\r\n", -1, 0 },
		{ "*2\r\n$-1\r\n$1\r\n0\r\n", -1, 0 },
		{ "*2\r\n*0\r\n$1\r\n0\r\n", -1, 0 },
		{ "*1\r\n$1\r\n0\r\n", -1, 0 },
		{ ":1700000000\r\n", -1, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
		int64_t ms = 0;
		redisReply *reply = parse(times[i].bytes);
		if (reply_time(reply, &ms) != times[i].odd || ms != times[i].ms)
			fail_msg("%s", times[i].bytes);
		freeReplyObject(reply);
	}
}

static void test_jobs(void **state)
{
	static const struct {
		const char *bytes;
		int filled;
	} cases[] = {
		{ "$-1\r\n", 0 },
		{ "*4\r\n$1\r\nx\r\n$-1\r\n$-1\r\n$-1\r\n", 1 },
		{ "*4\r\n$2\r\n@r\r\n$1\r\nm\r\n$2\r\n{}\r\n$0\r\n\r\n", 1 },
		{ "*4\r\n$-1\r\n$-1\r\n$-1\r\n$-1\r\n", -1 },
		{ "*4\r\n$1\r\nx\r\n$-1\r\n:5\r\n$-1\r\n", -1 },
		{ "*4\r\n*0\r\n$-1\r\n$-1\r\n$-1\r\n", -1 },
		{ "*3\r\n$1\r\nx\r\n$-1\r\n$-1\r\n", -1 },
		{ "*0\r\n", -1 },
		{ "*-1\r\n", 0 },
		{ ":1\r\n", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct store_job job = STORE_JOB_INIT;
		redisReply *reply = parse(cases[i].bytes);
		if (reply_job(reply, &job) != cases[i].filled)
			fail_msg("%s", cases[i].bytes);
		store_job_clear(&job);
		freeReplyObject(reply);
	}
}

static void test_info(void **state)
{
	char value[8];
	redisReply *reply = parse("$42\r\n# Server\r\nredis_version:7.0.15\r\nx:\r\nlast:1\r\r\n");

	(void)state;
	assert_true(reply_info(reply, "redis_version", value, sizeof value));
	assert_string_equal(value, "7.0.15");
	assert_true(reply_info(reply, "redis_version", value, 3));
	assert_string_equal(value, "7.");
	assert_true(reply_info(reply, "x", value, sizeof value));
	assert_string_equal(value, "");
	assert_true(reply_info(reply, "last", value, sizeof value));
	assert_string_equal(value, "1");
	assert_false(reply_info(reply, "version", value, sizeof value));
	freeReplyObject(reply);
}

static void test_version(void **state)
{
	static const struct {
		const char *text;
		int odd, major, minor;
	} cases[] = {
		{ "6.2.14", 0, 6, 2 }, { "7.0", 0, 7, 0 }, { "255.255.255", 0, 255, 255 },
		{ "6", -1, 0, 0 }, { "6.", -1, 0, 0 }, { "", -1, 0, 0 }, { ".2", -1, 0, 0 },
		{ "-1.2", -1, 0, 0 }, { "99999999999999999999.1", -1, 0, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		int major = 0, minor = 0;
		if (reply_version(cases[i].text, &major, &minor) != cases[i].odd
		    || major != cases[i].major || minor != cases[i].minor)
			fail_msg("%s", cases[i].text);
	}
}

static void test_texts(void **state)
{
	char **texts;
	size_t count;
	redisReply *reply = parse("*3\r\n$1\r\na\r\n$-1\r\n$0\r\n\r\n");

	(void)state;
	assert_int_equal(reply_texts(reply, &texts, &count), 0);
	assert_int_equal(count, 2);
	assert_string_equal(texts[0], "a");
	assert_string_equal(texts[1], "");
	store_ids_free(texts, count);
	freeReplyObject(reply);
	reply = parse("*2\r\n$1\r\na\r\n:1\r\n");
	assert_int_equal(reply_texts(reply, &texts, &count), -1);
	assert_null(texts);
	freeReplyObject(reply);
}

/* A server that announces more than memory has. */
static void test_announced(void **state)
{
	static const char *const bytes[] = { "*2147483647\r\n", "*1048577\r\n", "*2\r\n*99999999\r\n",
					     "*9223372036854775807\r\n", "*-2\r\n" };

	(void)state;
	for (size_t i = 0; i < sizeof bytes / sizeof *bytes; i++) {
		void *reply = NULL;
		redisReader *reader = redisReaderCreate();
		reply_guard(reader);
		redisReaderFeed(reader, bytes[i], strlen(bytes[i]));
		assert_int_equal(redisReaderGetReply(reader, &reply), REDIS_ERR);
		assert_null(reply);
		redisReaderFree(reader);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sense),
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_jobs),
		cmocka_unit_test(test_info),
		cmocka_unit_test(test_version),
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_announced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
