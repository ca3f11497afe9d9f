/*
 * test_race.c - several at once, and kill -9 at any instant: nothing is lost, nothing doubled
 *
 * SEED and ROUNDS in the environment make it another or a longer run.
 */
#include "../check.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "redis.h"

static struct redis_server server;
static struct store_link *link_;
static unsigned seed = 1;

#define TAG "{postrider:queue:default}:"
#define QUEUE "postrider:queue:default"

enum { MESSAGES = 400, TWIN_EVERY = 10 };

/* What the children tell the test, however they end. */
static struct ledger {
	unsigned tried[MESSAGES], confirmed[MESSAGES];	/* store_done(), begun and answered */
	unsigned done_twice, marked, steps;
	size_t moved[2];
} *ledger;

static int begin(void **state)
{
	const char *given = getenv("SEED");

	(void)state;
	seed = given ? (unsigned)atoi(given) : 1;
	ledger = mmap(NULL, sizeof *ledger, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	redis_begin(&server, NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	redis_remove(&server);
	munmap(ledger, sizeof *ledger);
	return 0;
}

static int each(void **state)
{
	(void)state;
	redis_run(&server, "FLUSHALL");
	memset(ledger, 0, sizeof *ledger);
	return 0;
}

/* Over a link of this process's own: made in the children, not inherited. */
static struct store *open_store(const char *instance, const char *owner)
{
	if (!link_)
		link_ = store_link_new(&server.config);
	return store_open(link_, "postrider", "default", instance, owner);
}

static int after(void **state)
{
	(void)state;
	store_link_free(link_);
	link_ = NULL;
	return 0;
}

/* Every one of the children's own; they end by _exit() or by a signal. */
static pid_t child(void (*run)(int number), int number)
{
	pid_t pid = fork();

	if (pid == 0) {
		link_ = NULL;
		signal(SIGALRM, SIG_DFL);
		alarm(60);
		run(number);
		store_link_free(link_);	/* for valgrind, which looks at children too */
		_exit(0);
	}
	return pid;
}

static void await(pid_t pid)
{
	int status;

	waitpid(pid, &status, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* ---- two retry children ---- */

static void promote_all(int number)
{
	struct store *store = open_store(number ? "two" : "one", number ? "two:retry" : "one:retry");
	size_t moved;
	int64_t next = 0;

	while (next != INT64_MAX) {
		if (store_promote(store, 7, &moved, &next, &error) != STORE_OK)
			_exit(1);
		ledger->moved[number] += moved;
	}
	store_close(store);
}

static void test_two_promote(void **state)
{
	(void)state;
	for (int i = 0; i < 2000; i++) {
		redis_run(&server, "HSET " TAG "record r%d {\"v\":1}", i);
		redis_run(&server, "ZADD " TAG "retry %d r%d", 1000 + i, i);
	}
	pid_t a = child(promote_all, 0), b = child(promote_all, 1);
	await(a);
	await(b);
	assert_int_equal(ledger->moved[0] + ledger->moved[1], 2000);
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 2000);
	/* All different: as many in a set. */
	redis_run(&server, "EVAL %s 2 " QUEUE " all",
		  "for _, e in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do"
		  " redis.call('SADD', KEYS[2], e) end");
	assert_int_equal(redis_int(&server, "SCARD all"), 2000);
	redis_run(&server, "DEL all");
}

/* Empties a dead owner's list: marked to the dead store, unmarked to the queue. */
static size_t recover(struct store *store, const char *owner)
{
	struct store_job job;
	char id[RANDOM_ID_SIZE];
	size_t acted = 0;

	while (store_peek(store, owner, &job, &error) == STORE_OK) {
		random_id(clock_unix_ms(), id);
		const char *record_id = job.record_id ? job.record_id : id;
		enum store_status status = job.mark
			? store_bury(store, &job, record_id, "{\"v\":1}", 7, &error)
			: store_give_back(store, &job, NULL, NULL, 0, &error);
		acted += status == STORE_OK;
		if (status != STORE_OK && status != STORE_NOTHING)
			_exit(2);
		store_job_clear(&job);
	}
	if (error.text)
		_exit(3);
	return acted;
}

static void recover_dead(int number)
{
	struct store *store = open_store(number ? "two" : "three", number ? "two:retry" : "three:retry");

	ledger->moved[number] = recover(store, "dead:w1");
	store_close(store);
}

static void test_two_recover(void **state)
{
	struct store *dead = open_store("dead", "dead:w1");
	struct store_job job = STORE_JOB_INIT;

	for (int i = 0; i < 500; i++)
		redis_run(&server, "RPUSH " TAG "processing:dead:w1 message-%d", i % 400);
	assert_int_equal(store_register(dead, &error), STORE_OK);
	assert_int_equal(store_take_held(dead, &job, &error), STORE_OK);
	assert_int_equal(store_mark(dead, &job, "m", 1, &error), STORE_OK);
	assert_int_equal(store_end_lease(dead, &error), STORE_OK);
	store_job_clear(&job);
	store_close(dead);
	after(state);	/* children have nothing of ours */
	pid_t a = child(recover_dead, 0), b = child(recover_dead, 1);
	await(a);
	await(b);
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 499);
	assert_int_equal(redis_int(&server, "ZCARD " TAG "dead"), 1);
	assert_int_equal(redis_int(&server, "EXISTS " TAG "processing:dead:w1"), 0);
	assert_int_equal(ledger->moved[0] + ledger->moved[1], 500);
}

/* ---- a worker that dies at any instant ---- */

static int number_in(const struct store_job *job)
{
	return job->message ? atoi(job->message + strcspn(job->message, "0123456789")) : -1;
}

static void decide(struct store *store, struct store_job *job)
{
	char id[RANDOM_ID_SIZE];
	int n = number_in(job), dice = rand_r(&seed) % 10;
	enum store_status status;

	if (n < 0 || n >= MESSAGES)
		_exit(10);
	random_id(clock_unix_ms(), id);
	const char *record_id = job->record_id ? job->record_id : id;
	if (dice < 4) {
		if (store_mark(store, job, "m", 1, &error) != STORE_OK)
			_exit(11);
		ledger->marked++;
		ledger->tried[n]++;
		status = store_done(store, job, &error);
		ledger->confirmed[n] += status == STORE_OK;
	} else if (dice < 7) {
		status = store_defer(store, job, record_id, "{\"v\":1}", 7, rand_r(&seed) % 20, &error);
	} else if (dice < 8) {
		status = store_bury(store, job, record_id, "{\"v\":1}", 7, &error);
	} else {
		status = store_give_back(store, job, record_id, dice < 9 ? "{\"v\":1}" : NULL, 7, &error);
	}
	if (status != STORE_OK)
		_exit(12);
	ledger->steps++;
}

static void work(int number)
{
	struct store *store = open_store("one", "one:w1");
	struct store_job job;
	size_t moved;
	int64_t next;

	seed = (unsigned)number;
	if (store_register(store, &error) != STORE_OK)
		_exit(13);
	for (;;) {
		if (store_promote(store, 5, &moved, &next, &error) != STORE_OK
		    || store_take_start(store, 2, &error) != STORE_OK)
			_exit(14);
		enum store_status status = store_take_finish(store, &job, &error);
		if (status == STORE_NOTHING)
			continue;
		if (status != STORE_OK)
			_exit(15);
		decide(store, &job);
		store_job_clear(&job);
	}
}

/* How often each message stands anywhere in Redis; returns how many records that needs. */
static long long count_messages(unsigned standing[MESSAGES])
{
	static const char script[] =
		"local all, tag = {0}, KEYS[2]\n"
		"local function add(element)\n"
		"  if string.sub(element, 1, 1) == '@' then\n"
		"    all[1] = all[1] + 1\n"
		"    element = redis.call('HGET', tag .. 'message', string.sub(element, 2)) or '{\"n\":-1}'\n"
		"  end\n"
		"  all[#all + 1] = element\n"
		"end\n"
		"for _, e in ipairs(redis.call('LRANGE', KEYS[1], 0, -1)) do add(e) end\n"
		"for _, e in ipairs(redis.call('LRANGE', tag .. 'processing:one:w1', 0, -1)) do add(e) end\n"
		"for _, e in ipairs(redis.call('ZRANGE', tag .. 'retry', 0, -1)) do add('@' .. e) end\n"
		"for _, e in ipairs(redis.call('ZRANGE', tag .. 'dead', 0, -1)) do add('@' .. e) end\n"
		"return all\n";
	redisReply *all = redis_do(&server, "EVAL %s 2 " QUEUE " " TAG, script);
	long long references = all->element[0]->integer;

	for (size_t i = 1; i < all->elements; i++) {
		int n = atoi(all->element[i]->str + strcspn(all->element[i]->str, "-0123456789"));
		assert_in_range(n, 0, MESSAGES - 1);
		standing[n]++;
	}
	freeReplyObject(all);
	return references;
}

static void audit(const unsigned pushed[MESSAGES])
{
	unsigned standing[MESSAGES] = { 0 };

	long long references = count_messages(standing);
	for (int n = 0; n < MESSAGES; n++) {
		unsigned gone = pushed[n] - standing[n];
		if (standing[n] > pushed[n])
			fail_msg("message %d stands %u times", n, standing[n]);
		if (gone < ledger->confirmed[n] || gone > ledger->tried[n])
			fail_msg("message %d: %u gone, done %u times and tried %u times", n, gone,
				 ledger->confirmed[n], ledger->tried[n]);
	}
	/* No record without its place, no message without its record. */
	assert_int_equal(redis_int(&server, "HLEN " TAG "record"), references);
	assert_int_equal(redis_int(&server, "HLEN " TAG "message"), references);
}

/* Always enough to do; every tenth is the same message. */
static void keep_pushing(unsigned pushed[MESSAGES])
{
	static int next;

	while (redis_int(&server, "LLEN " QUEUE) < 100) {
		int n = next % TWIN_EVERY ? next : 0;
		next = (next + 1) % MESSAGES;
		redis_run(&server, "RPUSH " QUEUE " {\"n\":%d}", n);
		pushed[n]++;
	}
}

static void test_killed_at_any_instant(void **state)
{
	const char *rounds = getenv("ROUNDS");
	unsigned pushed[MESSAGES] = { 0 };
	struct store *retry = open_store("one", "one:retry");
	int most = rounds ? atoi(rounds) : 150, killed = 0;

	(void)state;
	for (int round = 0; round < most; round++) {
		int status;
		struct timespec pause = { 0, rand_r(&seed) % 12000000 };
		keep_pushing(pushed);
		pid_t pid = child(work, (int)(seed + (unsigned)round));
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		if (WIFEXITED(status))
			fail_msg("the worker ended with %d", WEXITSTATUS(status));
		killed += WIFSIGNALED(status);
		if (round % 10 == 0)
			audit(pushed);
		recover(retry, "one:w1");
		audit(pushed);
	}
	assert_int_equal(redis_int(&server, "EXISTS " TAG "processing:one:w1"), 0);
	assert_int_equal(store_leave(retry, "one:w1", &error), STORE_OK);
	store_close(retry);
	print_message("# %d kills, %u steps, %u marks\n", killed, ledger->steps, ledger->marked);
}

#define test(name) cmocka_unit_test_setup_teardown(name, each, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_two_promote),
		test(test_two_recover),
		test(test_killed_at_any_instant),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
