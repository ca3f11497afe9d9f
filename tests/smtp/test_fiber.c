/* test_fiber.c - a function that stops halfway */
#include "../check.h"

#include <sys/wait.h>
#include <unistd.h>

#include "smtp/fiber.h"

struct counter {
	struct fiber *fiber;
	int count, until;
};

static void count(void *arg)
{
	struct counter *counter = arg;

	while (counter->count < counter->until) {
		counter->count++;
		fiber_yield(counter->fiber);
	}
}

static void resumes_where_it_stopped(void **unused)
{
	struct counter counter = { .until = 3 };

	(void)unused;
	counter.fiber = fiber_new(count, &counter);
	for (int i = 1; i <= 3; i++) {
		assert_true(fiber_resume(counter.fiber));
		assert_int_equal(counter.count, i);
	}
	assert_false(fiber_resume(counter.fiber));
	fiber_free(counter.fiber);
}

static void many_live_side_by_side(void **unused)
{
	struct counter counters[50] = { 0 };

	(void)unused;
	for (int i = 0; i < 50; i++) {
		counters[i].until = i;
		counters[i].fiber = fiber_new(count, &counters[i]);
	}
	for (int round = 0; round < 50; round++)
		for (int i = round; i < 50; i++)
			assert_int_equal(fiber_resume(counters[i].fiber), round < i);
	for (int i = 0; i < 50; i++) {
		assert_int_equal(counters[i].count, i);
		fiber_free(counters[i].fiber);
	}
}

static void one_that_never_ran_is_freed(void **unused)
{
	(void)unused;
	fiber_free(fiber_new(count, NULL));
	fiber_free(NULL);
}

static volatile int depth;

__attribute__((noinline))
static int dig(int n)
{
	volatile char page[4096];

	page[0] = (char)n;
	depth = n;
	return n > 100000 ? page[0] : dig(n + 1) + page[0];
}

static void overflow(void *arg)
{
	*(int *)arg = dig(0);
}

static void an_overflow_hits_the_guard_page(void **unused)
{
	int status, sum;
	pid_t child = fork();

	(void)unused;
	if (!child) {
		freopen("/dev/null", "w", stderr);	/* a sanitizer's report is expected */
		fiber_resume(fiber_new(overflow, &sum));
		_exit(0);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_false(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(resumes_where_it_stopped),
		cmocka_unit_test(many_live_side_by_side),
		cmocka_unit_test(one_that_never_ran_is_freed),
		cmocka_unit_test(an_overflow_hits_the_guard_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
