/*
 * test_recovery.c - what becomes of a message whose worker died, by how it died
 */
#include "../check.h"

#include "../store/redis.h"
#include "base/log.h"
#include "delivery/recovery.h"
#include "message/record.h"

static struct redis_server server;
static struct config config;
static struct store_link *link_;
static struct store *worker, *retrier;	/* of one instance */

#define TAG "{postrider:queue:default}:"
#define QUEUE "postrider:queue:default"
#define R1 "01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define MESSAGE "{\"id\": \"m\"}"

static const struct recovery_death unknown = { 0 }, crashed = { "SIGSEGV", "render", false },
				   stuck = { "time limit", "mail", false },
				   starved = { "out of memory or file descriptors", "parse", true };

static int begin(void **state)
{
	(void)state;
	log_configure(LOG_TEXT, LOG_ERROR, LOG_ADDRESS_FULL);
	redis_begin(&server, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	redis_remove(&server);
	return 0;
}

static int each(void **state)
{
	(void)state;
	redis_run(&server, "FLUSHALL");
	config = (struct config){ .retry = { .base_ms = 60000, .cap_ms = 60000, .factor = 1, .max_attempts = 2,
					     .max_age_ms = 3600000 } };
	link_ = store_link_new(&server.config);
	worker = store_open(link_, "postrider", "default", "one", "one:0");
	retrier = store_open(link_, "postrider", "default", "one", "one:retrier");
	ok(store_register(worker, &error));
	return 0;
}

static int after(void **state)
{
	(void)state;
	store_close(worker);
	store_close(retrier);
	store_link_free(link_);
	error_clear(&error);
	return 0;
}

/* The worker takes what is next in the queue, leaves `mark` (NULL: none), and dies. */
static void take_and_die(const char *mark)
{
	struct store_job job;
	enum store_status status;

	do {
		ok(store_take_start(worker, 0, &error));
		status = store_take_finish(worker, &job, &error);
	} while (status == STORE_NOTHING && redis_int(&server, "LLEN " QUEUE));
	ok(status);
	if (mark)
		ok(store_mark(worker, &job, mark, strlen(mark), &error));
	store_job_clear(&job);
}

static bool never_wait(void *arg, int64_t ms)
{
	(void)arg, (void)ms;
	return false;
}

static size_t recover_if(const struct recovery_death *death, bool (*is_dead)(void *, const char *))
{
	const struct recovery recovery = {
		.config = &config, .store = retrier, .queue = "default", .host = "web1", .worker = "retrier",
		.hooks = { NULL, never_wait }, .is_dead = is_dead,
	};
	size_t recovered;

	ok(recovery_run(&recovery, "one:0", death, &recovered, &error));
	return recovered;
}

static size_t recover(const struct recovery_death *death)
{
	return recover_if(death, NULL);
}

/* The only record there is, as JSON. */
static const char *record_now(void)
{
	return redis_str(&server, "EVAL %s 1 " TAG "record", "return redis.call('HVALS', KEYS[1])[1]");
}

static void assert_record_says(const char *part)
{
	if (!strstr(record_now(), part))
		fail_msg("\"%s\" is not in %s", part, record_now());
}

static void assert_counts(int queued, int retry, int dead)
{
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), queued);
	assert_int_equal(redis_int(&server, "ZCARD " TAG "retry"), retry);
	assert_int_equal(redis_int(&server, "ZCARD " TAG "dead"), dead);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "processing:one:0"), 0);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "mark"), 0);
}

static const char *mark_of(const char *state)
{
	static char text[512];

	snprintf(text, sizeof text, "{\"v\":1,\"id\":\"" R1 "\",\"producer_id\":\"m\",\"queue\":\"default\",\"attempts\":1,"
		 "\"first\":1764000000000,\"recipients\":[{\"address\":\"a@b.c\",\"state\":\"%s\"}]}", state);
	return text;
}

static void test_unmarked_goes_to_the_head(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " " "%s" " second", MESSAGE);
	take_and_die(NULL);
	assert_int_equal(recover(&unknown), 1);
	assert_string_equal(redis_str(&server, "LINDEX " QUEUE " 0"), MESSAGE);
	assert_counts(2, 0, 0);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "record"), 0);
}

static void test_everything_it_held(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " a b c");
	take_and_die(NULL);
	/* What Redis gave to a connection that had gone. */
	redis_run(&server, "LMOVE " QUEUE " " TAG "processing:one:0 LEFT RIGHT");
	assert_int_equal(recover(&unknown), 2);
	assert_counts(3, 0, 0);
}

static void test_the_second_crash_is_poison(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	take_and_die(NULL);
	assert_int_equal(recover(&crashed), 1);
	assert_counts(1, 0, 0);
	assert_record_says("\"crashes\":{\"count\":1,\"cause\":\"SIGSEGV\",\"stage\":\"render\"}");
	take_and_die(NULL);
	assert_int_equal(recover(&stuck), 1);
	assert_counts(0, 0, 1);
	assert_record_says("\"class\":\"poison\",\"reason\":\"worker died: time limit in stage mail\"");
	assert_string_equal(redis_str(&server, "EVAL %s 1 " TAG "message", "return redis.call('HVALS', KEYS[1])[1]"),
			    MESSAGE);
}

static void test_a_death_that_says_nothing_does_not_count(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	for (int i = 0; i < 3; i++) {
		take_and_die(NULL);
		assert_int_equal(recover(&unknown), 1);
		assert_counts(1, 0, 0);
	}
}

static void test_too_little_memory_is_tried_again_later(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	take_and_die(NULL);
	assert_int_equal(recover(&starved), 1);
	assert_counts(0, 1, 0);
	assert_record_says("\"class\":\"temporary\",\"stage\":\"parse\",\"text\":\"worker ended: out of memory");
	assert_null(strstr(record_now(), "crashes"));
	redis_run(&server, "DEL " TAG "retry");
	redis_run(&server, "EVAL %s 2 " TAG "record " QUEUE,
		  "return redis.call('RPUSH', KEYS[2], '@' .. redis.call('HKEYS', KEYS[1])[1])");
	take_and_die(NULL);
	assert_int_equal(recover(&starved), 1);
	assert_counts(0, 0, 1);
	assert_record_says("\"reason\":\"given up after 2 attempts\"");
}

static void test_marked_is_in_doubt(void **state)
{
	(void)state;
	config.retry.max_attempts = 30;
	config.retry.max_age_ms = INT64_MAX;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	take_and_die(mark_of("in_doubt"));
	assert_int_equal(recover(&crashed), 1);		/* that it had sent the dot is what counts */
	assert_counts(0, 1, 0);
	assert_record_says("\"state\":\"in_doubt\"");
}

static void test_marked_with_hold(void **state)
{
	(void)state;
	config.in_doubt = CONFIG_IN_DOUBT_HOLD;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	take_and_die(mark_of("in_doubt"));
	assert_int_equal(recover(&unknown), 1);
	assert_counts(0, 0, 1);
	assert_record_says("\"class\":\"in_doubt\"");
}

static void test_a_mark_that_cannot_be_read_is_kept(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	take_and_die("no record");
	assert_int_equal(recover(&unknown), 1);
	assert_counts(0, 0, 1);
	assert_string_equal(record_now(), "no record");
}

static bool lives(void *arg, const char *owner)
{
	(void)arg, (void)owner;
	return false;
}

static void test_one_that_lives_after_all_keeps_it(void **state)
{
	(void)state;
	redis_run(&server, "RPUSH " QUEUE " %s", MESSAGE);
	take_and_die(NULL);
	assert_int_equal(recover_if(&crashed, lives), 0);
	assert_int_equal(redis_int(&server, "LLEN " TAG "processing:one:0"), 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, each, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_unmarked_goes_to_the_head),
		TEST(test_everything_it_held),
		TEST(test_the_second_crash_is_poison),
		TEST(test_a_death_that_says_nothing_does_not_count),
		TEST(test_too_little_memory_is_tried_again_later),
		TEST(test_marked_is_in_doubt),
		TEST(test_marked_with_hold),
		TEST(test_a_mark_that_cannot_be_read_is_kept),
		TEST(test_one_that_lives_after_all_keeps_it),
	};
	return cmocka_run_group_tests_name("recovery", tests, begin, end);
}
