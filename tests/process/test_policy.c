/* Who is wanted where, and how soon the dead are replaced. */
#include "../check.h"

#include <signal.h>

#include "base/mem.h"
#include "process/post.h"

/* Wait statuses as waitpid(2) gives them on Linux. */
enum { EXITED_0 = 0, EXITED_78 = 78 << 8, KILLED_SEGV = SIGSEGV };

static struct scoreboard *board;
static struct posts posts;
static char default_name[] = "default", bulk_name[] = "bulk";
static struct config_queue queues[] = { { .name = default_name, .workers = 3 }, { .name = bulk_name, .workers = 2 } };
static struct config both = { .queues = queues, .queue_count = 2 };
static struct config one = { .queues = queues, .queue_count = 1 };

static int setup(void **state)
{
	(void)state;
	board = scoreboard_new();
	posts_init(&posts, board);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	scoreboard_free(board);
	return 0;
}

static int serving(const char *queue)
{
	int count = 0;

	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		count += !strcmp(board->slots[i].queue, queue) && !posts.list[i].leaving;
	return count;
}

static void populate(pid_t first)
{
	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		if (*board->slots[i].queue && !posts.list[i].pid)
			posts.list[i].pid = first++;
}

static void test_each_queue_has_its_workers(void **state)
{
	(void)state;
	posts_plan(&posts, &both);
	assert_int_equal(serving("default"), 3);
	assert_int_equal(serving("bulk"), 2);
	populate(100);
	assert_int_equal(posts_workers(&posts), 5);
	posts_plan(&posts, &both);
	assert_int_equal(serving("default") + serving("bulk"), 5);
}

static void test_ttin_and_ttou_change_the_first_queue(void **state)
{
	(void)state;
	posts.extra = 2;
	posts_plan(&posts, &both);
	assert_int_equal(serving("default"), 5);
	assert_int_equal(serving("bulk"), 2);
	populate(100);
	posts.extra = -1;
	posts_plan(&posts, &both);
	assert_int_equal(serving("default"), 2);
	posts.extra = -10;
	posts_plan(&posts, &both);
	assert_int_equal(serving("default"), 1);
}

static void test_a_queue_that_is_gone_lets_its_workers_leave(void **state)
{
	(void)state;
	posts_plan(&posts, &both);
	populate(100);
	posts_plan(&posts, &one);
	assert_int_equal(serving("bulk"), 0);
	assert_int_equal(posts_workers(&posts), 5);
	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		if (posts.list[i].leaving)
			post_vacated(&posts.list[i], EXITED_0, 0);
	assert_int_equal(posts_workers(&posts), 3);
	posts_plan(&posts, &both);
	assert_int_equal(serving("bulk"), 2);
}

static void test_deaths_are_written_down(void **state)
{
	struct scoreboard_report report = { .state = SCOREBOARD_BUSY, .stage = "render" };

	(void)state;
	posts_plan(&posts, &one);
	populate(100);
	struct post *post = posts_find(&posts, 101);
	assert_non_null(post);
	assert_null(posts_find(&posts, 999));
	scoreboard_report(post->slot, &report, 12345);
	atomic_store(&post->slot->claimed, true);
	assert_int_equal(post_vacated(post, KILLED_SEGV, 5000), 0);
	assert_string_equal(scoreboard_death(post->slot).cause, "SIGSEGV");
	assert_false(scoreboard_death(post->slot).starved);
	assert_string_equal(post->slot->death_stage, "render");
	assert_int_equal(post->start_at_ms, 5000);
	assert_int_equal(post->pid, 0);
	report.stage[0] = '\0';	/* it had begun nothing */
	populate(100);
	scoreboard_report(post->slot, &report, 12345);
	post_vacated(post, KILLED_SEGV, 5000);
	assert_null(scoreboard_death(post->slot).cause);
}

static void test_who_ran_out_of_memory_is_throttled(void **state)
{
	struct scoreboard_report report = { .state = SCOREBOARD_BUSY, .stage = "parse" };

	(void)state;
	posts_plan(&posts, &one);
	populate(100);
	struct post *post = posts_find(&posts, 101);
	scoreboard_report(post->slot, &report, 12345);
	atomic_store(&post->slot->claimed, true);
	assert_int_equal(post_vacated(post, MEM_FATAL << 8, 5000), 1000);
	assert_true(scoreboard_death(post->slot).starved);
}

static void test_early_deaths_are_throttled(void **state)
{
	static const int64_t waits[] = { 1000, 2000, 4000, 8000, 16000, 32000, 60000, 60000 };
	struct throttle throttle = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++)
		assert_int_equal(throttle_death(&throttle, false), waits[i]);
	assert_int_equal(throttle_death(&throttle, true), 0);
	assert_int_equal(throttle_death(&throttle, false), 1000);
}

static void test_an_early_death_delays_its_post_only(void **state)
{
	(void)state;
	posts_plan(&posts, &one);
	populate(100);
	assert_int_equal(post_vacated(posts_find(&posts, 100), EXITED_78, 0), 1000);
	populate(200);
	assert_int_equal(post_vacated(posts_find(&posts, 200), KILLED_SEGV, 0), 2000);
	assert_int_equal(post_vacated(posts_find(&posts, 101), EXITED_78, 0), 1000);
}

static void test_a_report_is_read_whole_or_not_at_all(void **state)
{
	struct scoreboard_slot *slot = &board->slots[0];
	struct scoreboard_report report = { .state = SCOREBOARD_BUSY, .stage = "mail", .id = "x" }, seen;

	(void)state;
	scoreboard_report(slot, &report, 1);
	assert_true(scoreboard_read(slot, &seen));
	assert_string_equal(seen.stage, "mail");
	atomic_fetch_add(&slot->turn, 1);	/* its writer was killed in the middle */
	assert_false(scoreboard_read(slot, &seen));
	scoreboard_report(slot, &report, 1);
	assert_true(scoreboard_read(slot, &seen));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_each_queue_has_its_workers),
		TEST(test_ttin_and_ttou_change_the_first_queue),
		TEST(test_a_queue_that_is_gone_lets_its_workers_leave),
		TEST(test_deaths_are_written_down),
		TEST(test_who_ran_out_of_memory_is_throttled),
		TEST(test_early_deaths_are_throttled),
		TEST(test_an_early_death_delays_its_post_only),
		TEST(test_a_report_is_read_whole_or_not_at_all),
	};
	return cmocka_run_group_tests_name("policy", tests, NULL, NULL);
}
