/*
 * test_deathwatch.c - who is proven dead, without Redis and without a clock
 */
#include "../check.h"

#include <unistd.h>

#include "store/deathwatch.h"
#include "store/instance.h"

enum { LEASE = 30000, MOST = 4 };

/* One look: what is seen at `at`, and which of "a", "b" are dead by it. */
struct look {
	int64_t at;
	uint64_t epoch;
	const char *seen;	/* "a-": a without a lease, "a+": with one; "o": the observer's own */
	const char *dead;
};

static size_t owners_from(const char *seen, struct store_owner *owners, char names[MOST][2][8])
{
	size_t n = 0;

	for (; *seen; seen += 2, n++) {
		snprintf(names[n][0], 8, "%c", seen[0]);
		snprintf(names[n][1], 8, "%c:w1", seen[0]);
		owners[n] = (struct store_owner){ names[n][1], names[n][0], seen[1] == '+' };
	}
	return n;
}

static void run(const struct look *looks)
{
	struct deathwatch *watch = deathwatch_new(LEASE, "o");

	for (size_t i = 0; looks[i].seen; i++) {
		struct store_owner owners[MOST];
		char names[MOST][2][8], got[MOST + 1] = "";
		bool dead[MOST];
		size_t count = owners_from(looks[i].seen, owners, names);
		size_t proven = deathwatch_look(watch, looks[i].at, looks[i].at + 5, looks[i].epoch,
						owners, count, dead);
		for (size_t j = 0; j < count; j++)
			if (dead[j])
				strcat(got, owners[j].instance);
		assert_int_equal(proven, strlen(got));
		if (strcmp(got, looks[i].dead) != 0)
			fail_msg("look %zu: \"%s\" instead of \"%s\"", i, got, looks[i].dead);
	}
	deathwatch_free(watch);
}

static void test_a_full_lease(void **state)
{
	(void)state;
	run((struct look[]){
		{ 0, 1, "a-b+", "" }, { 10000, 1, "a-b+", "" }, { 20000, 1, "a-b-", "" },
		/* The first look was answered at 5. */
		{ 30000, 1, "a-b-", "" }, { 30005, 1, "a-b-", "a" }, { 40000, 1, "a-b-", "a" },
		{ 50005, 1, "a-b-", "ab" }, { 0, 0, NULL, NULL },
	});
}

static void test_a_lease_seen_between(void **state)
{
	(void)state;
	run((struct look[]){
		{ 0, 1, "a-", "" }, { 10000, 1, "a-", "" }, { 20000, 1, "a+", "" },
		{ 30000, 1, "a-", "" }, { 40000, 1, "a-", "" }, { 50000, 1, "a-", "" },
		{ 60000, 1, "a-", "" }, { 60005, 1, "a-", "a" }, { 0, 0, NULL, NULL },
	});
}

/* Redis was away, or is another run: nothing that was seen before counts. */
static void test_a_broken_connection(void **state)
{
	(void)state;
	run((struct look[]){
		{ 0, 1, "a-", "" }, { 10000, 1, "a-", "" }, { 20000, 1, "a-", "" },
		{ 31000, 2, "a-", "" }, { 41000, 2, "a-", "" }, { 51000, 2, "a-", "" },
		{ 61004, 2, "a-", "" }, { 61005, 2, "a-", "a" }, { 0, 0, NULL, NULL },
	});
}

/* The observer stood still: a lease may have come and gone meanwhile. */
static void test_a_pause(void **state)
{
	(void)state;
	run((struct look[]){
		{ 0, 1, "a-", "" }, { 10000, 1, "a-", "" }, { 600000, 1, "a-", "" },
		{ 610000, 1, "a-", "" }, { 620000, 1, "a-", "" }, { 630005, 1, "a-", "a" },
		{ 0, 0, NULL, NULL },
	});
}

static void test_gone_and_back(void **state)
{
	(void)state;
	run((struct look[]){
		{ 0, 1, "a-", "" }, { 10000, 1, "", "" }, { 20000, 1, "a-", "" },
		{ 31000, 1, "a-", "" }, { 0, 0, NULL, NULL },
	});
}

static void test_never_oneself(void **state)
{
	(void)state;
	run((struct look[]){
		{ 0, 1, "o-", "" }, { 10000, 1, "o-", "" }, { 20000, 1, "o-", "" },
		{ 30000, 1, "o-", "" }, { 40000, 1, "o-a-", "" }, { 0, 0, NULL, NULL },
	});
}

/* ---- names ---- */

static void test_instance_name(void **state)
{
	struct error error = ERROR_INIT;

	(void)state;
	unsetenv("POSTRIDER_HOST");
	char *one = instance_name(getpid(), &error), *again = instance_name(getpid(), &error);
	char *parent = instance_name(getppid(), &error);
	assert_non_null(one);
	assert_string_equal(one, again);
	assert_string_not_equal(one, parent);
	assert_int_equal(strspn(one, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."),
			 strlen(one));
	setenv("POSTRIDER_HOST", "host-b", 1);
	char *there = instance_name(getpid(), &error);
	assert_int_equal(strncmp(there, "host-b.", 7), 0);
	/* The same process: the same id and start at the end. */
	assert_string_equal(strrchr(there, '.'), strrchr(one, '.'));
	setenv("POSTRIDER_HOST", "host:b", 1);
	assert_null(instance_name(getpid(), &error));
	assert_non_null(strstr(error.text, "POSTRIDER_HOST"));
	unsetenv("POSTRIDER_HOST");
	assert_null(instance_name(0x7ffffff0, &error));
	assert_non_null(strstr(error.text, "/proc/"));
	error_clear(&error);
	free(one);
	free(again);
	free(parent);
	free(there);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_full_lease),
		cmocka_unit_test(test_a_lease_seen_between),
		cmocka_unit_test(test_a_broken_connection),
		cmocka_unit_test(test_a_pause),
		cmocka_unit_test(test_gone_and_back),
		cmocka_unit_test(test_never_oneself),
		cmocka_unit_test(test_instance_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
