/*
 * test_link.c - a server that is away, slow, full, strange or somebody else's
 */
#include "../check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "redis.h"

static struct redis_server server;
static struct config_redis config;
static struct store_link *link_;
static struct store *store;

#define TAG "{postrider:queue:default}:"
#define QUEUE "postrider:queue:default"
#define R1 "01ARZ3NDEKTSV4RRFFQ69G5FAV"
#define RECORD "{\"v\":1,\"id\":\"" R1 "\"}"

static int begin(void **state)
{
	static const char *const options[] = { "--appendonly", "yes", "--appendfsync", "always", NULL };

	(void)state;
	redis_begin(&server, options);
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
	config = server.config;
	link_ = store_link_new(&config);
	store = store_open(link_, "postrider", "default", "one", "one:w1");
	return 0;
}

static int after(void **state)
{
	(void)state;
	store_close(store);
	store_link_free(link_);
	error_clear(&error);
	return 0;
}

static enum store_status take(struct store_job *job, int64_t wait_ms)
{
	enum store_status status = STORE_NOTHING;

	for (int i = 0; i < 2 && status == STORE_NOTHING; i++) {
		status = store_take_start(store, wait_ms, &error);
		if (status == STORE_OK)
			status = store_take_finish(store, job, &error);
	}
	return status;
}

static void push(const char *message)
{
	redis_run(&server, "RPUSH " QUEUE " %s", message);
}

/* One of everything that a daemon and its operator do. */
static void live_a_life(void)
{
	struct store_job job;
	struct store_owner *owners;
	struct store_counts counts;
	struct store_entry *list, entry;
	size_t n;
	int64_t next;
	char **ids;

	ok(store_link_check(link_, &error));
	ok(store_register(store, &error));
	ok(store_renew_lease(store, &error));
	ok(store_push(store, "m1", 2, &error));
	ok(store_push(store, "m2", 2, &error));
	ok(take(&job, 0));
	ok(store_mark(store, &job, "mark", 4, &error));
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	ok(take(&job, 100));
	ok(store_give_back(store, &job, NULL, NULL, 0, &error));
	store_job_clear(&job);
	ok(take(&job, 100));
	ok(store_defer(store, &job, R1, RECORD, strlen(RECORD), 0, &error));
	store_job_clear(&job);
	usleep(2000);
	ok(store_promote(store, 10, &n, &next, &error));
	assert_int_equal(n, 1);
	ok(take(&job, 100));
	assert_string_equal(job.message, "m2");
	ok(store_bury(store, &job, R1, RECORD, strlen(RECORD), &error));
	store_job_clear(&job);
	ok(store_requeue(store, R1, RECORD, strlen(RECORD), &error));
	ok(take(&job, 0));
	ok(store_bury(store, &job, R1, RECORD, strlen(RECORD), &error));
	store_job_clear(&job);
	ok(store_list(store, STORE_DEAD, 0, 10, &list, &n, &error));
	assert_int_equal(n, 1);
	store_list_free(list, n);
	ok(store_get(store, R1, &entry, &error));
	store_entry_clear(&entry);
	ok(store_owners(store, &owners, &n, &error));
	store_owners_free(owners, n);
	ok(store_counts(store, &counts, &error));
	assert_int_equal(counts.dead, 1);
	ok(store_trim_dead(store, 1000000, 0, &ids, &n, &error));
	assert_int_equal(n, 1);
	store_ids_free(ids, n);
	nothing(store_delete(store, R1, &error));
	ok(store_leave(store, NULL, &error));
	char *cursor = NULL, **queues;
	ok(store_scan_queues(link_, "postrider", &cursor, &queues, &n, &error));
	assert_null(cursor);
	store_ids_free(queues, n);
	ok(store_end_lease(store, &error));
	assert_int_equal(redis_int(&server, "DBSIZE"), 0);
}

/* ---- not there ---- */

static void test_nobody_there(void **state)
{
	(void)state;
	config.socket = (char *)(uintptr_t)"/nonexistent/redis.sock";
	struct store_link *lost = store_link_new(&config);
	down(store_link_check(lost, &error));
	assert_says("/nonexistent/redis.sock");
	assert_int_equal(store_link_fd(lost), -1);
	assert_true(store_link_epoch(lost) == 0);
	assert_string_equal(store_link_run(lost), "");
	store_link_free(lost);
	config.socket = NULL;
	config.host = (char *)(uintptr_t)"127.0.0.1";
	config.port = 1;
	lost = store_link_new(&config);
	down(store_link_check(lost, &error));
	assert_says("127.0.0.1:1");
	store_link_free(lost);
}

static void test_restart(void **state)
{
	struct store_job job;
	char run[64];

	(void)state;
	push("x");
	ok(take(&job, 0));
	uint64_t epoch = store_link_epoch(link_);
	assert_int_equal(epoch, 1);
	snprintf(run, sizeof run, "%s", store_link_run(link_));
	assert_int_equal(strlen(run), 40);
	redis_end(&server, SIGKILL);
	down(store_mark(store, &job, "m", 1, &error));
	assert_int_equal(store_link_fd(link_), -1);
	redis_again(&server);
	/* What it had is there again, and who we are as well once we have said so. */
	ok(store_register(store, &error));
	ok(store_mark(store, &job, "m", 1, &error));
	ok(store_done(store, &job, &error));
	assert_true(store_link_epoch(link_) > epoch);
	assert_string_not_equal(run, store_link_run(link_));
	store_job_clear(&job);
}

static void test_killed_between_steps(void **state)
{
	struct store_job job;

	(void)state;
	push("x");
	ok(store_register(store, &error));
	ok(take(&job, 0));
	redis_run(&server, "CLIENT KILL TYPE normal SKIPME yes");
	usleep(150000);	/* nothing is said of one that is lost while it stands still */
	ok(store_mark(store, &job, "m", 1, &error));
	redis_run(&server, "CLIENT KILL TYPE normal SKIPME yes");
	down(store_done(store, &job, &error));
	ok(store_done(store, &job, &error));
	assert_int_equal(store_link_epoch(link_), 3);
	store_job_clear(&job);
}

static void test_killed_while_waiting(void **state)
{
	struct store_job job;

	(void)state;
	nothing(take(&job, 0));
	ok(store_take_start(store, 20000, &error));
	redis_run(&server, "CLIENT KILL TYPE normal SKIPME yes");
	down(store_take_finish(store, &job, &error));
	assert_says("closed");
	push("x");
	ok(take(&job, 0));
	store_job_clear(&job);
}

/* The message was given and the answer lost. */
static void test_answer_to_a_take_lost(void **state)
{
	struct store_job job;

	(void)state;
	nothing(take(&job, 0));
	ok(store_take_start(store, 20000, &error));
	push("x");
	store_close(store);
	store_link_free(link_);
	link_ = store_link_new(&config);
	store = store_open(link_, "postrider", "default", "one", "one:w1");
	ok(take(&job, 0));
	assert_string_equal(job.element, "x");
	store_job_clear(&job);
}

static void test_frozen(void **state)
{
	struct store_job job;
	int64_t began;

	(void)state;
	config.command_timeout_ms = 200;
	push("x");
	ok(store_register(store, &error));
	ok(take(&job, 0));
	kill(server.pid, SIGSTOP);
	began = clock_monotonic_ms();
	down(store_mark(store, &job, "m", 1, &error));
	assert_says("no answer within 200 ms");
	assert_true(clock_monotonic_ms() - began < 10000);
	down(store_mark(store, &job, "m", 1, &error));	/* now it is the connection that hangs */
	assert_true(clock_monotonic_ms() - began < 15000);
	kill(server.pid, SIGCONT);
	ok(store_mark(store, &job, "m", 1, &error));
	/* A wait that is not answered ends as well. */
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	nothing(take(&job, 0));
	ok(store_take_start(store, 300, &error));
	kill(server.pid, SIGSTOP);
	began = clock_monotonic_ms();
	down(store_take_finish(store, &job, &error));
	assert_true(clock_monotonic_ms() - began < 10000);
	kill(server.pid, SIGCONT);
}

static void test_scripts_forgotten(void **state)
{
	struct store_job job;

	(void)state;
	push("x");
	ok(store_register(store, &error));
	redis_run(&server, "SCRIPT FLUSH");
	ok(take(&job, 0));
	redis_run(&server, "SCRIPT FLUSH");
	ok(store_mark(store, &job, "m", 1, &error));
	redis_run(&server, "SCRIPT FLUSH");
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	/* The sha1 that was made with the program is the one that Redis makes. */
	ok(store_renew_lease(store, &error));
	redis_run(&server, "CONFIG RESETSTAT");
	ok(store_renew_lease(store, &error));
	assert_null(strstr(redis_str(&server, "INFO commandstats"), "cmdstat_eval:"));
}

static void test_a_life(void **state)
{
	(void)state;
	live_a_life();
}

/* ---- full ---- */

static void test_out_of_memory(void **state)
{
	struct store_job job;
	size_t n;
	int64_t next;

	(void)state;
	redis_run(&server, "RPUSH " QUEUE " a b c d e f");
	redis_run(&server, "SCRIPT FLUSH");
	redis_run(&server, "CONFIG SET maxmemory 1");
	ok(store_register(store, &error));
	assert_true(redis_int(&server, "PTTL " TAG "lease:one") > 0);
	refused(store_push(store, "no", 2, &error));
	assert_says("maxmemory");
	ok(take(&job, 1000));
	ok(store_mark(store, &job, "m", 1, &error));
	ok(store_done(store, &job, &error));
	store_job_clear(&job);
	ok(take(&job, 0));
	ok(store_give_back(store, &job, NULL, NULL, 0, &error));
	store_job_clear(&job);
	ok(take(&job, 0));
	ok(store_mark(store, &job, "m", 1, &error));
	ok(store_defer(store, &job, R1, RECORD, strlen(RECORD), 0, &error));
	store_job_clear(&job);
	usleep(2000);
	ok(store_promote(store, 10, &n, &next, &error));
	assert_int_equal(n, 1);
	ok(take(&job, 0));
	assert_string_equal(job.element, "c");
	ok(store_bury(store, &job, "r2", RECORD, strlen(RECORD), &error));
	store_job_clear(&job);
	ok(store_requeue(store, "r2", "{\"v\":1}", 7, &error));
	for (int i = 0; i < 5; i++) {
		ok(take(&job, 0));
		ok(store_done(store, &job, &error));
		store_job_clear(&job);
	}
	refused(take(&job, 100));	/* nothing there, and nothing can be waited for */
	assert_says("memory");
	redis_run(&server, "CONFIG SET maxmemory 0");
	nothing(take(&job, 10));
}

/* ---- not for us ---- */

static void test_passwords(void **state)
{
	(void)state;
	redis_run(&server, "CONFIG SET requirepass secret");
	refused(store_link_check(link_, &error));
	assert_says("password_file");
	config.password = (char *)(uintptr_t)"wrong";
	refused(store_link_check(link_, &error));
	assert_says("WRONGPASS");
	assert_null(strstr(error.text, "wrong "));
	config.password = (char *)(uintptr_t)"secret";
	ok(store_link_check(link_, &error));
	config.username = (char *)(uintptr_t)"nobody";
	struct store_link *nobody = store_link_new(&config);
	refused(store_link_check(nobody, &error));
	store_link_free(nobody);
	redis_run(&server, "CONFIG SET requirepass %s", "");
	/* A password where none is asked for. */
	config.username = NULL;
	struct store_link *eager = store_link_new(&config);
	refused(store_link_check(eager, &error));
	store_link_free(eager);
}

static void use_acl_user(const char *rights)
{
	redisReply *reply;
	char *line = NULL;

	assert_true(asprintf(&line, "ACL SETUSER rider reset on >secret %s", rights) > 0);
	/* Word by word: the rights are many words in one text. */
	const char *argv[80];
	int argc = 0;
	for (char *word = strtok(line, " "); word; word = strtok(NULL, " "))
		argv[argc++] = word;
	reply = redisCommandArgv(server.client, argc, argv, NULL);
	if (!reply || reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", rights, reply ? reply->str : "no answer");
	freeReplyObject(reply);
	free(line);
	config.username = (char *)(uintptr_t)"rider";
	config.password = (char *)(uintptr_t)"secret";
	config.database = 0;
}

static void test_acl_as_documented(void **state)
{
	struct faults advice = FAULTS_INIT;
	struct store_job job;

	(void)state;
	use_acl_user(STORE_ACL_KEYS " " STORE_ACL_COMMANDS " " STORE_ACL_OPTIONAL);
	redis_run(&server, "ACL LOG RESET");
	redis_run(&server, "CONFIG RESETSTAT");
	live_a_life();
	nothing(take(&job, 0));
	ok(store_take_start(store, 20000, &error));
	store_take_hurry(store);
	nothing(store_take_finish(store, &job, &error));
	ok(store_advise(link_, &advice, &error));
	faults_clear(&advice);
	redisReply *log = redis_do(&server, "ACL LOG");
	assert_int_equal(log->elements, 0);
	freeReplyObject(log);
	/* Nothing is asked for that is not needed (but those of other situations:
	 * SELECT, and what a script does when there is no memory). */
	char *stats = strdup(redis_str(&server, "INFO commandstats"));
	char *words = strdup(STORE_ACL_COMMANDS " " STORE_ACL_OPTIONAL);
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		char name[64];
		snprintf(name, sizeof name, "cmdstat_%s:", word + 1);
		if (!strstr(stats, name) && strcmp(word, "+select") && strcmp(word, "+lpop")
		    && strcmp(word, "+eval"))
			fail_msg("%s is in the list and never used", word);
	}
	free(words);
	free(stats);
}

/* The page names the same rights, word for word. */
static void test_acl_in_the_manual(void **state)
{
	struct buf page = BUF_INIT;
	char *path = mem_printf("%s/../man/postriderd.8", tests_path(""));
	char *words = mem_strdup(STORE_ACL_KEYS " " STORE_ACL_COMMANDS " " STORE_ACL_OPTIONAL);

	(void)state;
	assert_int_equal(file_read(path, 1 << 20, &page, &error), 0);
	const char *line = strstr(page.data, "\nACL SETUSER"), *end = line ? strstr(line, "\n.Ed") : NULL;
	assert_non_null(end);
	char *part = mem_dup(line, (size_t)(end - line));
	size_t pluses = 0;
	for (char *p = part; *p; p++) {
		pluses += *p == '+';
		if (*p == '\n')
			*p = ' ';
	}
	for (char *word = strtok(words, " "); word; word = strtok(NULL, " ")) {
		char *whole = mem_printf(" %s ", word), *last = mem_printf(" %s", word);
		size_t len = strlen(part), tail = strlen(last);
		if (!strstr(part, whole) && strcmp(part + len - tail, last) != 0)
			fail_msg("postriderd(8) does not name %s", word);
		pluses -= *word == '+';
		free(whole);
		free(last);
	}
	assert_int_equal(pluses, 0);
	free(part);
	free(words);
	free(path);
	buf_clear(&page);
}

static void test_acl_without_what_is_optional(void **state)
{
	struct faults advice = FAULTS_INIT;
	struct store_job job;

	(void)state;
	use_acl_user(STORE_ACL_KEYS " " STORE_ACL_COMMANDS);
	live_a_life();
	nothing(take(&job, 0));
	int64_t began = clock_monotonic_ms();
	ok(store_take_start(store, 200, &error));
	store_take_hurry(store);
	nothing(store_take_finish(store, &job, &error));
	assert_true(clock_monotonic_ms() - began >= 190);
	ok(store_advise(link_, &advice, &error));
	faults_clear(&advice);
}

static void test_acl_of_too_little(void **state)
{
	struct store_job job;

	(void)state;
	use_acl_user(STORE_ACL_KEYS " " STORE_ACL_COMMANDS " -client|reply");
	refused(take(&job, 0));
	assert_says("NOPERM");
	use_acl_user("~other:* " STORE_ACL_COMMANDS);
	refused(store_register(store, &error));
	use_acl_user(STORE_ACL_KEYS " " STORE_ACL_COMMANDS " -hset");
	push("x");
	ok(store_register(store, &error));
	ok(take(&job, 0));
	refused(store_mark(store, &job, "m", 1, &error));
	assert_says("postriderd(8)");
	store_job_clear(&job);
	use_acl_user(STORE_ACL_KEYS " " STORE_ACL_COMMANDS " -info");
	struct store_link *blind = store_link_new(&config);
	refused(store_link_check(blind, &error));
	store_link_free(blind);
}

static void test_wrong_type(void **state)
{
	struct store_job job;

	(void)state;
	redis_run(&server, "SET " QUEUE " x");
	refused(take(&job, 0));
	assert_says("used by something else");
}

static void test_database(void **state)
{
	(void)state;
	config.database = 3;
	ok(store_push(store, "x", 1, &error));
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 0);
	redis_run(&server, "SELECT 3");
	assert_int_equal(redis_int(&server, "LLEN " QUEUE), 1);
	redis_run(&server, "SELECT 0");
	config.database = 99;
	struct store_link *far = store_link_new(&config);
	refused(store_link_check(far, &error));
	assert_says("SELECT");
	store_link_free(far);
}

/* ---- busy, read-only ---- */

static void test_becomes_a_replica(void **state)
{
	(void)state;
	ok(store_register(store, &error));
	redis_run(&server, "REPLICAOF 127.0.0.1 1");
	refused(store_register(store, &error));
	assert_says("READONLY");
	assert_int_equal(store_link_fd(link_), -1);	/* who is the master now is found out anew */
	refused(store_register(store, &error));
	assert_says("replica");
	redis_run(&server, "REPLICAOF NO ONE");
	ok(store_register(store, &error));
}

static void test_busy_with_a_script(void **state)
{
	(void)state;
	ok(store_register(store, &error));
	redis_run(&server, "CONFIG SET lua-time-limit 10");
	pid_t pid = fork();
	if (pid == 0) {
		redisContext *c = redisConnectUnix(server.socket);
		redisCommand(c, "EVAL %s 0", "while true do end");
		_exit(0);
	}
	enum store_status status = STORE_OK;
	for (int i = 0; i < 200 && status == STORE_OK; i++) {
		status = store_register(store, &error);
		usleep(5000);
	}
	assert_int_equal(status, STORE_DOWN);
	assert_says("BUSY");
	redis_run(&server, "SCRIPT KILL");
	waitpid(pid, NULL, 0);
	ok(store_register(store, &error));
}

/* ---- servers of another kind ---- */

#define OLD "redis_version:6.0.16\r\nrun_id:abc\r\n"
#define NEW "redis_version:7.0.15\r\nrun_id:abc\r\n"

static void test_strange_servers(void **state)
{
	static const struct {
		const char *bytes;
		enum store_status status;
		const char *says;
	} cases[] = {
		{ ":5\r\n$34\r\n" OLD "\r\n$13\r\nrole:master\r\n\r\n", STORE_REFUSED, "6.0.16" },
		{ ":5\r\n$34\r\nredis_version:3.0\r\nrun_id:abcdef\r\n\r\n$13\r\nrole:master\r\n\r\n",
		  STORE_REFUSED, "version 3.0, and 6.2" },
		{ ":5\r\n$6\r\nhello!\r\n$13\r\nrole:master\r\n\r\n", STORE_REFUSED, "not give" },
		{ ":5\r\n:1\r\n:2\r\n", STORE_REFUSED, "not give" },
		{ ":5\r\n*-1\r\n$-1\r\n", STORE_REFUSED, "not give" },
		{ ":5\r\n$55\r\n" NEW "redis_mode:sentinel\r\n\r\n$13\r\nrole:master\r\n\r\n",
		  STORE_REFUSED, "Sentinel" },
		{ ":5\r\n$34\r\n" NEW "\r\n$12\r\nrole:slave\r\n\r\n", STORE_REFUSED, "replica" },
		{ "HTTP/1.1 400 Bad Request\r\n\r\n", STORE_DOWN, "Protocol error" },
		{ "\0\xff\xfe garbage", STORE_DOWN, "Protocol error" },
		{ "-DENIED Redis is running in protected mode\r\n:1\r\n:2\r\n", STORE_REFUSED, "protected" },
		{ ":5\r\n-LOADING Redis is loading the dataset in memory\r\n"
		  "-LOADING Redis is loading the dataset in memory\r\n", STORE_DOWN, "LOADING" },
		{ "-ERR max number of clients reached\r\n-ERR max number of clients reached\r\n"
		  "-ERR max number of clients reached\r\n", STORE_DOWN, "maxclients" },
		{ ":5\r\n$34\r\n" NEW "\r\n*2147483647\r\n", STORE_DOWN, "" },
		{ ":5\r\n$34\r\n" NEW "\r\n$2147483647\r\n", STORE_DOWN, "no answer" },
		{ "", STORE_DOWN, "no answer" },
	};
	char path[128];

	(void)state;
	snprintf(path, sizeof path, "%s/fake.sock", server.directory);
	config.socket = path;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		config.command_timeout_ms = strcmp(cases[i].says, "no answer") == 0 ? 100 : 20000;
		pid_t pid = redis_fake(path, cases[i].bytes, i == 8 ? 11 : strlen(cases[i].bytes));
		struct store_link *strange = store_link_new(&config);
		enum store_status status = store_link_check(strange, &error);
		if (status != cases[i].status)
			fail_msg("case %zu: %d: %s", i, status, error.text);
		assert_says(cases[i].says);
		assert_int_equal(store_link_fd(strange), -1);
		store_link_free(strange);
		redis_fake_end(pid);
	}
}

static void test_advice(void **state)
{
	struct faults advice = FAULTS_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	ok(store_advise(link_, &advice, &error));
	assert_int_equal(advice.count, 0);
	redis_run(&server, "CONFIG SET maxmemory-policy allkeys-lru");
	redis_run(&server, "CONFIG SET appendonly no");
	ok(store_advise(link_, &advice, &error));
	assert_int_equal(advice.count, 2);
	faults_print(&advice, "\n", &text);
	assert_non_null(strstr(buf_str(&text), "allkeys-lru"));
	assert_non_null(strstr(buf_str(&text), "appendonly"));
	assert_non_null(strstr(buf_str(&text), "saves nothing"));
	buf_clear(&text);
	faults_clear(&advice);
	redis_run(&server, "CONFIG SET maxmemory-policy noeviction");
	redis_run(&server, "CONFIG SET appendonly yes");
}

#define test(name) cmocka_unit_test_setup_teardown(name, each, after)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(test_nobody_there),
		test(test_restart),
		test(test_killed_between_steps),
		test(test_killed_while_waiting),
		test(test_answer_to_a_take_lost),
		test(test_frozen),
		test(test_scripts_forgotten),
		test(test_a_life),
		test(test_out_of_memory),
		test(test_passwords),
		test(test_acl_as_documented),
		test(test_acl_in_the_manual),
		test(test_acl_without_what_is_optional),
		test(test_acl_of_too_little),
		test(test_wrong_type),
		test(test_database),
		test(test_becomes_a_replica),
		test(test_busy_with_a_script),
		test(test_strange_servers),
		test(test_advice),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
