/*
 * test_steps.c - what each step does to the keys, once and repeated
 */
#include "../check.h"

#include <unistd.h>

#include "base/clock.h"
#include "message/record.h"
#include "redis.h"

static struct redis_server server;
static struct store_link *link_a, *link_b;
static struct store *store, *other;	/* a worker; another instance's retry child */

#define TAG "{postrider:queue:default}:"
#define QUEUE "postrider:queue:default"
#define MINE TAG "processing:one:w1"
#define R1 "01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define RECORD "{\"v\":1,\"id\":\"" R1 "\"}"

static int begin(void **state)
{
	(void)state;
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
	link_a = store_link_new(&server.config);
	link_b = store_link_new(&server.config);
	store = store_open(link_a, "postrider", "default", "one", "one:w1");
	other = store_open(link_b, "postrider", "default", "two", "two:retry");
	return 0;
}

static int after(void **state)
{
	(void)state;
	store_close(store);
	store_close(other);
	store_link_free(link_a);
	store_link_free(link_b);
	error_clear(&error);
	return 0;
}

/* Takes until there is something or the queue is empty. */
static enum store_status take(struct store *from, struct store_job *job)
{
	enum store_status status = STORE_NOTHING;

	for (int i = 0; i < 2 && status == STORE_NOTHING; i++) {
		status = store_take_start(from, 0, &error);
		if (status == STORE_OK)
			status = store_take_finish(from, job, &error);
	}
	return status;
}

static void push_and_take(const char *message, struct store_job *job)
{
	ok(store_register(store, &error));
	ok(store_push(store, message, strlen(message), &error));
	ok(take(store, job));
}

static void assert_empty_but_owner(void)
{
	static const char *const gone[] = { "record", "message", "retry", "dead", "mark",
					    "processing:one:w1" };

	assert_int_equal(redis_int(&server, "EXISTS " QUEUE), 0);
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		if (redis_int(&server, "EXISTS " TAG "%s", gone[i]))
			fail_msg("%s is still there", gone[i]);
}

/* ---- taking ---- */

static void test_register(void **state)
{
	(void)state;
	ok(store_register(store, &error));
	assert_int_equal(redis_int(&server, "SISMEMBER " TAG "owners one:w1"), 1);
	long long ttl = redis_int(&server, "PTTL " TAG "lease:one");
	assert_true(ttl > 25000 && ttl <= 30000);
	ok(store_register(store, &error));
}

static void test_take_any_bytes(void **state)
{
	static const char bytes[] = "{\"a\":\"\0\xff\r\n\"}";
	struct store_job job;

	(void)state;
	ok(store_push(store, bytes, sizeof bytes - 1, &error));
	ok(take(store, &job));
	assert_int_equal(job.element_len, sizeof bytes - 1);
	assert_memory_equal(job.element, bytes, sizeof bytes - 1);
	assert_int_equal(job.message_len, sizeof bytes - 1);
	assert_memory_equal(job.message, bytes, sizeof bytes - 1);
	assert_null(job.record_id);
	assert_null(job.record);
	assert_null(job.mark);
	assert_null(job.owner);
	assert_int_equal(redis_int(&server, "LLEN " MINE), 1);
	assert_int_equal(redis_int(&server, "SISMEMBER " TAG "owners one:w1"), 1);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	nothing(take(store, &job));
	assert_empty_but_owner();
}

static void test_take_waits(void **state)
{
	struct store_job job;
	int64_t began = clock_monotonic_ms();

	(void)state;
	nothing(take(store, &job));
	ok(store_take_start(store, 150, &error));
	nothing(store_take_finish(store, &job, &error));
	int64_t took = clock_monotonic_ms() - began;
	assert_true(took >= 140 && took < 10000);
	/* It is not waited for beyond the lease. */
	ok(store_take_start(store, 3600000, &error));
	assert_non_null(strstr(redis_str(&server, "CLIENT LIST"), "cmd=blmove"));
	store_take_hurry(store);
	nothing(store_take_finish(store, &job, &error));
}

static void test_hurry(void **state)
{
	struct store_job job;
	int64_t began = clock_monotonic_ms();

	(void)state;
	nothing(take(store, &job));
	ok(store_take_start(store, 20000, &error));
	store_take_hurry(store);
	nothing(store_take_finish(store, &job, &error));
	assert_true(clock_monotonic_ms() - began < 10000);
	/* What came in before it counts. */
	ok(store_push(other, "x", 1, &error));
	ok(store_take_start(store, 20000, &error));
	store_take_hurry(store);
	ok(store_take_finish(store, &job, &error));
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
}

static void test_take_reference(void **state)
{
	struct store_job job;

	(void)state;
	redis_run(&server, "HSET " TAG "record " R1 " %s", RECORD);
	redis_run(&server, "HSET " TAG "message " R1 " the-message");
	redis_run(&server, "RPUSH " QUEUE " @" R1);
	ok(take(store, &job));
	assert_string_equal(job.record_id, R1);
	assert_string_equal(job.record, RECORD);
	assert_string_equal(job.message, "the-message");
	assert_string_equal(job.element, "@" R1);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	assert_empty_but_owner();
}

static void test_take_reference_to_nowhere(void **state)
{
	struct store_job job;

	(void)state;
	redis_run(&server, "RPUSH " QUEUE " @no-such-thing");
	ok(take(store, &job));
	assert_string_equal(job.record_id, "no-such-thing");
	assert_null(job.record);
	assert_null(job.message);
	/* Buried under an id of ours, with the bytes that were there. */
	ok(store_bury(store, &job, R1, RECORD, strlen(RECORD), &error));
	assert_string_equal(redis_str(&server, "HGET " TAG "message " R1), "@no-such-thing");
	store_job_clear(&job);
}

static void test_held_from_an_earlier_life(void **state)
{
	struct store_job job;

	(void)state;
	push_and_take("x", &job);
	ok(store_mark(store, &job, RECORD, strlen(RECORD), &error));
	store_job_clear(&job);
	/* The next life of the same owner. */
	struct store_link *link = store_link_new(&server.config);
	struct store *again = store_open(link, "postrider", "default", "one", "one:w1");
	ok(store_register(again, &error));
	ok(store_push(again, "y", 1, &error));
	ok(store_take_held(again, &job, &error));
	assert_string_equal(job.element, "x");
	assert_string_equal(job.mark, RECORD);
	store_job_clear(&job);
	/* And the take finds it by itself, before the queue. */
	ok(take(again, &job));
	assert_string_equal(job.element, "x");
	ok(store_done(again, &job, &error));
	store_job_clear(&job);
	nothing(store_take_held(again, &job, &error));
	ok(take(again, &job));
	assert_string_equal(job.element, "y");
	assert_null(job.mark);
	store_job_clear(&job);
	store_close(again);
	store_link_free(link);
}

/* BLMOVE gave a message to a connection that was lost: it is ours and we do not know. */
static void test_unknown_one_is_found(void **state)
{
	struct store_job job;

	(void)state;
	push_and_take("x", &job);
	redis_run(&server, "LPUSH " MINE " ghost");
	ok(store_mark(store, &job, RECORD, strlen(RECORD), &error));
	/* The mark is not the first element's, but its own. */
	struct store_job peeked;
	ok(store_peek(other, "one:w1", &peeked, &error));
	assert_string_equal(peeked.element, "ghost");
	assert_null(peeked.mark);
	store_job_clear(&peeked);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	ok(take(store, &job));
	assert_string_equal(job.element, "ghost");
	assert_null(job.mark);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	assert_empty_but_owner();
}

/* ---- the message in hand ---- */

static void test_mark(void **state)
{
	struct store_job job, peeked;

	(void)state;
	push_and_take("x", &job);
	ok(store_mark(store, &job, "\0m", 2, &error));
	ok(store_mark(store, &job, "\0m2", 3, &error));
	ok(store_peek(other, "one:w1", &peeked, &error));
	assert_string_equal(peeked.owner, "one:w1");
	assert_int_equal(peeked.mark_len, 3);
	assert_memory_equal(peeked.mark, "\0m2", 3);
	store_job_clear(&peeked);
	ok(store_done(store, &job, &error));
	nothing(store_mark(store, &job, "m", 1, &error));
	assert_empty_but_owner();
	store_job_clear(&job);
}

static void test_fence_without_lease(void **state)
{
	struct store_job job;

	(void)state;
	push_and_take("x", &job);
	redis_run(&server, "DEL " TAG "lease:one");
	nothing(store_mark(store, &job, "m", 1, &error));
	assert_int_equal(redis_int(&server, "EXISTS " TAG "mark"), 0);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "lease:one"), 0);
	store_job_clear(&job);
	/* It is still in our list, and the next take brings it back. */
	ok(take(store, &job));
	assert_string_equal(job.element, "x");
	store_job_clear(&job);
}

static void test_defer(void **state)
{
	struct store_job job;
	int64_t before = clock_unix_ms();

	(void)state;
	push_and_take("x", &job);
	ok(store_mark(store, &job, "m", 1, &error));
	ok(store_defer(store, &job, R1, RECORD, strlen(RECORD), 60000, &error));
	nothing(store_defer(store, &job, R1, RECORD, strlen(RECORD), 60000, &error));
	assert_string_equal(redis_str(&server, "HGET " TAG "record " R1), RECORD);
	assert_string_equal(redis_str(&server, "HGET " TAG "message " R1), "x");
	assert_int_equal(redis_int(&server, "EXISTS " TAG "mark"), 0);
	assert_int_equal(redis_int(&server, "EXISTS " MINE), 0);
	int64_t due = atoll(redis_str(&server, "ZSCORE " TAG "retry " R1));
	assert_true(due >= before + 60000 - 1000 && due <= clock_unix_ms() + 60000 + 1000);
	store_job_clear(&job);
	/* Deferred again, as the reference that it is now. */
	redis_run(&server, "ZREM " TAG "retry " R1);
	redis_run(&server, "RPUSH " QUEUE " @" R1);
	ok(take(store, &job));
	ok(store_defer(store, &job, R1, "{\"v\":1,2}", 9, 1, &error));
	assert_string_equal(redis_str(&server, "HGET " TAG "record " R1), "{\"v\":1,2}");
	assert_string_equal(redis_str(&server, "HGET " TAG "message " R1), "x");
	store_job_clear(&job);
}

static void test_bury(void **state)
{
	struct store_job job;

	(void)state;
	push_and_take("x", &job);
	ok(store_bury(store, &job, R1, RECORD, strlen(RECORD), &error));
	nothing(store_bury(store, &job, R1, "other", 5, &error));
	assert_string_equal(redis_str(&server, "HGET " TAG "record " R1), RECORD);
	assert_string_equal(redis_str(&server, "HGET " TAG "message " R1), "x");
	assert_true(atoll(redis_str(&server, "ZSCORE " TAG "dead " R1)) > 1600000000000);
	store_job_clear(&job);
}

static void test_give_back(void **state)
{
	struct store_job job;

	(void)state;
	push_and_take("x", &job);
	ok(store_push(store, "y", 1, &error));
	ok(store_mark(store, &job, "m", 1, &error));
	ok(store_give_back(store, &job, NULL, NULL, 0, &error));
	nothing(store_give_back(store, &job, NULL, NULL, 0, &error));
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 2);
	assert_string_equal(redis_str(&server, "LINDEX " QUEUE " 0"), "x");
	assert_int_equal(redis_int(&server, "EXISTS " TAG "mark"), 0);
	store_job_clear(&job);
	ok(take(store, &job));
	ok(store_give_back(store, &job, R1, RECORD, strlen(RECORD), &error));
	assert_string_equal(redis_str(&server, "LINDEX " QUEUE " 0"), "@" R1);
	assert_string_equal(redis_str(&server, "HGET " TAG "message " R1), "x");
	store_job_clear(&job);
}

/* The answer to a step was lost; an identical message is in the list and must
 * not be taken for the one that the step was about. */
static void test_repeated_with_a_twin(void **state)
{
	struct store_job job;
	const char *what;

	(void)state;
	for (int step = 0; step < 4; step++) {
		redis_run(&server, "FLUSHALL");
		push_and_take("twin", &job);
		redis_run(&server, "RPUSH " MINE " twin");
		ok(store_mark(store, &job, "m", 1, &error));
		for (int repeat = 0; repeat < 3; repeat++) {
			enum store_status status;
			switch (step) {
			case 0:
				what = "done";
				status = store_done(store, &job, &error);
				break;
			case 1:
				what = "defer";
				status = store_defer(store, &job, R1, RECORD, strlen(RECORD), 1, &error);
				break;
			case 2:
				what = "bury";
				status = store_bury(store, &job, R1, RECORD, strlen(RECORD), &error);
				break;
			default:
				what = "give_back";
				status = store_give_back(store, &job, NULL, NULL, 0, &error);
			}
			if (status != (repeat ? STORE_NOTHING : STORE_OK))
				fail_msg("%s, repeat %d: %d", what, repeat, status);
			assert_int_equal(redis_int(&server, "LLEN " MINE), 1);
		}
		store_job_clear(&job);
		/* The twin is another message, and not in doubt. */
		ok(store_take_held(store, &job, &error));
		assert_string_equal(job.element, "twin");
		assert_null(job.mark);
		ok(store_done(store, &job, &error));
		assert_int_equal(redis_int(&server, "EXISTS " MINE), 0);
		store_job_clear(&job);
	}
}

static void test_leave(void **state)
{
	struct store_job job;

	(void)state;
	push_and_take("x", &job);
	nothing(store_leave(store, NULL, &error));
	assert_int_equal(redis_int(&server, "SISMEMBER " TAG "owners one:w1"), 1);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	nothing(store_leave(other, "one:w1", &error));	/* its instance lives */
	ok(store_leave(store, NULL, &error));
	ok(store_leave(store, NULL, &error));
	assert_int_equal(redis_int(&server, "EXISTS " TAG "owners"), 0);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "last"), 0);
	ok(store_end_lease(store, &error));
	assert_int_equal(redis_int(&server, "DBSIZE"), 0);
}

/* Taken for dead and put out of :owners, but it lives: its next take enters it. */
static void test_left_and_alive(void **state)
{
	struct store_job job;

	(void)state;
	ok(store_register(store, &error));
	nothing(take(store, &job));
	redis_run(&server, "DEL " TAG "lease:one");
	ok(store_leave(other, "one:w1", &error));
	assert_int_equal(redis_int(&server, "EXISTS " TAG "owners"), 0);
	ok(store_push(store, "x", 1, &error));
	ok(take(store, &job));
	assert_int_equal(redis_int(&server, "SISMEMBER " TAG "owners one:w1"), 1);
	store_job_clear(&job);
}

/* ---- recovery ---- */

static void test_recover_needs_the_lease_gone(void **state)
{
	struct store_job job, found;

	(void)state;
	push_and_take("x", &job);
	ok(store_peek(other, "one:w1", &found, &error));
	nothing(store_give_back(other, &found, NULL, NULL, 0, &error));
	ok(store_end_lease(store, &error));
	ok(store_give_back(other, &found, NULL, NULL, 0, &error));
	nothing(store_give_back(other, &found, NULL, NULL, 0, &error));
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 1);
	/* The owner wakes up: its fence and its steps find nothing. */
	ok(store_register(store, &error));
	nothing(store_mark(store, &job, "m", 1, &error));
	nothing(store_done(store, &job, &error));
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 1);
	store_job_clear(&job);
	store_job_clear(&found);
}

static void test_recover_needs_the_same_mark(void **state)
{
	struct store_job job, found, again;

	(void)state;
	push_and_take("x", &job);
	ok(store_peek(other, "one:w1", &found, &error));
	ok(store_mark(store, &job, RECORD, strlen(RECORD), &error));
	ok(store_end_lease(store, &error));
	nothing(store_give_back(other, &found, NULL, NULL, 0, &error));
	store_job_clear(&found);
	/* Two that both read the mark: one acts. */
	ok(store_peek(other, "one:w1", &found, &error));
	ok(store_peek(other, "one:w1", &again, &error));
	assert_string_equal(found.mark, RECORD);
	ok(store_defer(other, &found, R1, found.mark, found.mark_len, 1, &error));
	nothing(store_defer(other, &again, R1, found.mark, found.mark_len, 1, &error));
	assert_int_equal(redis_int(&server, "ZCARD " TAG "retry"), 1);
	store_job_clear(&job);
	nothing(store_peek(other, "one:w1", &job, &error));
	ok(store_leave(other, "one:w1", &error));
	store_job_clear(&found);
	store_job_clear(&again);
}

/* A sibling that waitpid() told of: its instance, ours, has a lease. */
static void test_recover_a_child(void **state)
{
	struct store_job job, found;
	struct store *retry = store_open(link_b, "postrider", "default", "one", "one:retry");

	(void)state;
	push_and_take("x", &job);
	ok(store_peek(retry, "one:w1", &found, &error));
	ok(store_give_back(retry, &found, NULL, NULL, 0, &error));
	ok(store_leave(retry, "one:w1", &error));
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 1);
	store_job_clear(&job);
	store_job_clear(&found);
	store_close(retry);
}

/* Twins in a dead owner's list, the first one marked. */
static void test_recover_twins(void **state)
{
	struct store_job job, found;

	(void)state;
	push_and_take("twin", &job);
	redis_run(&server, "RPUSH " MINE " twin");
	ok(store_mark(store, &job, RECORD, strlen(RECORD), &error));
	store_job_clear(&job);
	ok(store_end_lease(store, &error));
	ok(store_peek(other, "one:w1", &found, &error));
	assert_non_null(found.mark);
	ok(store_bury(other, &found, R1, RECORD, strlen(RECORD), &error));
	nothing(store_bury(other, &found, R1, RECORD, strlen(RECORD), &error));
	store_job_clear(&found);
	ok(store_peek(other, "one:w1", &found, &error));
	assert_null(found.mark);
	ok(store_give_back(other, &found, NULL, NULL, 0, &error));
	store_job_clear(&found);
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 1);
	assert_int_equal(redis_int(&server, "ZCARD " TAG "dead"), 1);
}

/* ---- the retry child ---- */

static void test_renew_lease(void **state)
{
	(void)state;
	nothing(store_renew_lease(store, &error));
	redis_run(&server, "PEXPIRE " TAG "lease:one 100");
	ok(store_renew_lease(store, &error));
	assert_true(redis_int(&server, "PTTL " TAG "lease:one") > 20000);
	assert_int_equal(redis_int(&server, "SISMEMBER " TAG "owners one:w1"), 1);
}

static void test_end_lease(void **state)
{
	struct store_job job, found;
	struct store *retry = store_open(link_b, "postrider", "default", "one", "one:retry");

	(void)state;
	push_and_take("x", &job);
	ok(store_register(retry, &error));
	ok(store_peek(retry, "one:w1", &found, &error));
	ok(store_give_back(retry, &found, NULL, NULL, 0, &error));
	ok(store_end_lease(retry, &error));
	ok(store_end_lease(retry, &error));
	assert_int_equal(redis_int(&server, "EXISTS " TAG "lease:one"), 0);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "last"), 0);
	assert_int_equal(redis_int(&server, "SCARD " TAG "owners"), 1);
	store_job_clear(&job);
	store_job_clear(&found);
	/* Who still holds something stays to be found. */
	ok(take(store, &job));
	ok(store_end_lease(store, &error));
	assert_int_equal(redis_int(&server, "SISMEMBER " TAG "owners one:w1"), 1);
	store_job_clear(&job);
	store_close(retry);
}

static void shelve(const char *shelf, const char *id, const char *record, int64_t score)
{
	redis_run(&server, "HSET " TAG "record %s %s", id, record);
	redis_run(&server, "HSET " TAG "message %s message-%s", id, id);
	redis_run(&server, "ZADD " TAG "%s %lld %s", shelf, (long long)score, id);
}

static void test_promote(void **state)
{
	size_t moved;
	int64_t next;
	int64_t now = clock_unix_ms();

	(void)state;
	ok(store_promote(store, 10, &moved, &next, &error));
	assert_int_equal(moved, 0);
	assert_true(next == INT64_MAX);
	shelve("retry", "a", RECORD, now - 3000);
	shelve("retry", "b", " {\"v\" : 1}", now - 2000);
	shelve("retry", "c", RECORD, now - 1000);
	shelve("retry", "later", RECORD, now + 60000);
	ok(store_promote(store, 2, &moved, &next, &error));
	assert_int_equal(moved, 2);
	assert_int_equal(next, 0);
	assert_string_equal(redis_str(&server, "LINDEX " QUEUE " 0"), "@a");
	assert_string_equal(redis_str(&server, "LINDEX " QUEUE " 1"), "@b");
	ok(store_promote(store, 2, &moved, &next, &error));
	assert_int_equal(moved, 1);
	assert_true(next > 50000 && next <= 61000);
	assert_int_equal(redis_int(&server, "ZCARD " TAG "retry"), 1);
	assert_int_equal(redis_int(&server, "HLEN " TAG "record"), 4);
}

/* What a later postrider wrote stays where it is and stands in nobody's way. */
static void test_promote_leaves_unknown_versions(void **state)
{
	size_t moved;
	int64_t next, now = clock_unix_ms();

	(void)state;
	shelve("retry", "f1", "{\"v\":2,\"id\":1}", now - 9000);
	shelve("retry", "f2", "{\"v\":10}", now - 8000);
	shelve("retry", "f3", "no record", now - 7000);
	shelve("retry", "a", RECORD, now - 3000);
	shelve("retry", "b", RECORD, now - 2000);
	redis_run(&server, "ZADD " TAG "retry %lld no-record", (long long)now - 1000);
	ok(store_promote(store, 1, &moved, &next, &error));
	assert_int_equal(moved, 1);
	assert_int_equal(next, 0);
	ok(store_promote(store, 10, &moved, &next, &error));
	assert_int_equal(moved, 2);
	assert_true(next == INT64_MAX);
	assert_int_equal(redis_int(&server, "ZCARD " TAG "retry"), 3);
	assert_string_equal(redis_str(&server, "LINDEX " QUEUE " 2"), "@no-record");
}

/* scripts/version.lua looks at a record's first key and parses nothing. */
static void test_a_real_record_is_known(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *record = record_new(&arena);
	struct buf json = BUF_INIT;
	size_t moved;
	int64_t next;

	(void)state;
	record->id = R1;
	record->queue = "default";
	record->first_unix_ms = record->last_unix_ms = clock_unix_ms();
	record_to_json(record, &json);
	shelve("retry", R1, buf_str(&json), 1000);
	ok(store_promote(store, 10, &moved, &next, &error));
	assert_int_equal(moved, 1);
	buf_clear(&json);
	arena_clear(&arena);
}

static void test_owners(void **state)
{
	struct store_owner *list;
	size_t count;

	(void)state;
	ok(store_owners(other, &list, &count, &error));
	assert_int_equal(count, 0);
	store_owners_free(list, count);
	ok(store_register(store, &error));
	redis_run(&server, "SADD " TAG "owners one:w2 gone:w1 odd %b", "nul\0x", (size_t)5);
	ok(store_owners(other, &list, &count, &error));
	assert_int_equal(count, 4);
	for (size_t i = 0; i < count; i++) {
		assert_true(list[i].leased == (strcmp(list[i].instance, "one") == 0));
		assert_int_equal(strncmp(list[i].owner, list[i].instance, strlen(list[i].instance)), 0);
	}
	store_owners_free(list, count);
}

static void test_trim(void **state)
{
	char **ids;
	size_t count;
	int64_t now = clock_unix_ms();

	(void)state;
	shelve("dead", "foreign", "{\"v\":2}", now - 100000);
	shelve("dead", "old1", RECORD, now - 90000);
	shelve("dead", "old2", RECORD, now - 80000);
	shelve("dead", "new1", RECORD, now - 3000);
	shelve("dead", "new2", RECORD, now - 2000);
	shelve("dead", "new3", RECORD, now - 1000);
	ok(store_trim_dead(store, 60000, 100, &ids, &count, &error));
	assert_int_equal(count, 2);
	assert_string_equal(ids[0], "old1");
	assert_string_equal(ids[1], "old2");
	store_ids_free(ids, count);
	assert_int_equal(redis_int(&server, "HLEN " TAG "record"), 4);
	assert_int_equal(redis_int(&server, "HLEN " TAG "message"), 4);
	ok(store_trim_dead(store, 60000, 3, &ids, &count, &error));
	assert_int_equal(count, 1);
	assert_string_equal(ids[0], "new1");
	store_ids_free(ids, count);
	ok(store_trim_dead(store, 60000, 3, &ids, &count, &error));
	assert_int_equal(count, 0);
	store_ids_free(ids, count);
	assert_non_null(redis_str(&server, "ZSCORE " TAG "dead foreign"));
}

static void test_trim_in_parts(void **state)
{
	char **ids, id[32];
	size_t count, total = 0;

	(void)state;
	for (int i = 0; i < 250; i++) {
		snprintf(id, sizeof id, "r%03d", i);
		shelve("dead", id, RECORD, 1000 + i);
	}
	do {
		ok(store_trim_dead(store, 60000, 10, &ids, &count, &error));
		assert_true(count <= 100);
		store_ids_free(ids, count);
		total += count;
	} while (count);
	assert_int_equal(total, 250);
	assert_int_equal(redis_int(&server, "DBSIZE"), 0);
}

/* ---- for people ---- */

static void test_counts(void **state)
{
	struct store_counts counts;
	struct store_job job;

	(void)state;
	ok(store_counts(store, &counts, &error));
	assert_true(counts.queued == 0 && counts.processing == 0 && counts.retry == 0 && counts.dead == 0);
	assert_true(counts.next_due_ms == INT64_MAX);
	push_and_take("x", &job);
	ok(store_push(store, "y", 1, &error));
	shelve("retry", "a", RECORD, clock_unix_ms() + 60000);
	shelve("dead", "b", RECORD, 1);
	ok(store_counts(store, &counts, &error));
	assert_true(counts.queued == 1 && counts.processing == 1 && counts.retry == 1 && counts.dead == 1);
	assert_true(counts.next_due_ms > 50000 && counts.next_due_ms <= 61000);
	redis_run(&server, "ZADD " TAG "retry 1 a");
	ok(store_counts(store, &counts, &error));
	assert_int_equal(counts.next_due_ms, 0);
	store_job_clear(&job);
}

static void test_list_and_get(void **state)
{
	struct store_entry *list, entry;
	size_t count;

	(void)state;
	shelve("dead", "a", "{\"v\":1,\"n\":1}", 1700000000001);
	shelve("dead", "b", "{\"v\":1,\"n\":2}", 1700000000002);
	shelve("dead", "c", "{\"v\":1,\"n\":3}", 1700000000003);
	redis_run(&server, "HDEL " TAG "record c");
	ok(store_list(store, STORE_DEAD, 1, 10, &list, &count, &error));
	assert_int_equal(count, 2);
	assert_string_equal(list[0].record_id, "b");
	assert_string_equal(list[0].record, "{\"v\":1,\"n\":2}");
	assert_true(list[0].score_ms == 1700000000002);
	assert_null(list[0].message);
	assert_null(list[1].record);
	store_list_free(list, count);
	ok(store_list(store, STORE_RETRY, 0, 10, &list, &count, &error));
	assert_int_equal(count, 0);
	store_list_free(list, count);
	ok(store_get(store, "a", &entry, &error));
	assert_string_equal(entry.record, "{\"v\":1,\"n\":1}");
	assert_string_equal(entry.message, "message-a");
	assert_true(entry.score_ms == 1700000000001);
	store_entry_clear(&entry);
	nothing(store_get(store, "z", &entry, &error));
}

static void test_requeue_and_delete(void **state)
{
	(void)state;
	shelve("dead", "a", RECORD, 1);
	shelve("retry", "b", RECORD, 1);
	shelve("dead", "c", "{\"v\":7}", 1);
	ok(store_requeue(store, "a", NULL, 0, &error));
	nothing(store_requeue(store, "a", NULL, 0, &error));
	ok(store_requeue(store, "b", "{\"v\":1,\"new\":1}", 15, &error));
	assert_string_equal(redis_str(&server, "HGET " TAG "record b"), "{\"v\":1,\"new\":1}");
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 2);
	refused(store_requeue(store, "c", NULL, 0, &error));
	assert_non_null(strstr(error.text, "version"));
	ok(store_delete(store, "c", &error));
	nothing(store_delete(store, "c", &error));
	assert_int_equal(redis_int(&server, "HEXISTS " TAG "record c"), 0);
	nothing(store_delete(store, "a", &error));	/* it is in the queue now */
	assert_int_equal(redis_int(&server, "HEXISTS " TAG "record a"), 1);
}

static void test_a_large_one(void **state)
{
	size_t len = 25u << 20;
	char *message = malloc(len);
	struct store_job job;

	(void)state;
	for (size_t i = 0; i < len; i++)
		message[i] = (char)(i * 31 + i / 251);
	ok(store_push(store, message, len, &error));
	ok(store_register(store, &error));
	ok(take(store, &job));
	assert_int_equal(job.message_len, len);
	assert_memory_equal(job.message, message, len);
	ok(store_mark(store, &job, RECORD, strlen(RECORD), &error));
	ok(store_defer(store, &job, R1, RECORD, strlen(RECORD), 0, &error));
	store_job_clear(&job);
	size_t moved;
	int64_t next;
	usleep(2000);
	ok(store_promote(store, 10, &moved, &next, &error));
	assert_int_equal(moved, 1);
	ok(take(store, &job));
	assert_int_equal(job.message_len, len);
	assert_memory_equal(job.message, message, len);
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	free(message);
}

/* ---- one slot ---- */

static unsigned slot(const char *key, size_t len)
{
	const char *open = memchr(key, '{', len), *close;
	unsigned crc = 0;

	if (open && (close = memchr(open + 1, '}', len - (size_t)(open + 1 - key))) && close > open + 1) {
		key = open + 1;
		len = (size_t)(close - key);
	}
	for (size_t i = 0; i < len; i++) {	/* CRC-16/XMODEM, as the cluster specification says */
		crc ^= (unsigned)(unsigned char)key[i] << 8;
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 0x8000 ? (crc << 1 ^ 0x1021) & 0xffff : crc << 1;
	}
	return crc % 16384;
}

static void test_one_slot(void **state)
{
	struct store_job job;

	(void)state;
	assert_int_equal(slot("123456789", 9), 0x31c3 % 16384);
	push_and_take("x", &job);
	ok(store_mark(store, &job, "m", 1, &error));
	shelve("retry", "a", RECORD, 1);
	shelve("dead", "b", RECORD, 1);
	ok(store_push(store, "y", 1, &error));
	redis_run(&server, "HSET " TAG "last x y");
	redisReply *keys = redis_do(&server, "KEYS *");
	assert_int_equal(keys->elements, 10);
	for (size_t i = 0; i < keys->elements; i++)
		assert_int_equal(slot(keys->element[i]->str, keys->element[i]->len),
				 slot(QUEUE, strlen(QUEUE)));
	freeReplyObject(keys);
	store_job_clear(&job);
}

#define test(name) cmocka_unit_test_setup_teardown(name, each, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_register),
		test(test_take_any_bytes),
		test(test_take_waits),
		test(test_hurry),
		test(test_take_reference),
		test(test_take_reference_to_nowhere),
		test(test_held_from_an_earlier_life),
		test(test_unknown_one_is_found),
		test(test_mark),
		test(test_fence_without_lease),
		test(test_defer),
		test(test_bury),
		test(test_give_back),
		test(test_repeated_with_a_twin),
		test(test_leave),
		test(test_left_and_alive),
		test(test_recover_needs_the_lease_gone),
		test(test_recover_needs_the_same_mark),
		test(test_recover_a_child),
		test(test_recover_twins),
		test(test_renew_lease),
		test(test_end_lease),
		test(test_promote),
		test(test_promote_leaves_unknown_versions),
		test(test_a_real_record_is_known),
		test(test_owners),
		test(test_trim),
		test(test_trim_in_parts),
		test(test_counts),
		test(test_list_and_get),
		test(test_requeue_and_delete),
		test(test_a_large_one),
		test(test_one_slot),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
