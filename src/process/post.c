/* post.c - owns the plan of who is wanted where; forks nobody. */
#include "process/post.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>

#include "base/mem.h"

void posts_init(struct posts *posts, struct scoreboard *scoreboard)
{
	memset(posts, 0, sizeof *posts);
	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		posts->list[i].slot = &scoreboard->slots[i];
	posts->list[POST_RETRIER].slot = &scoreboard->retrier;
	snprintf(scoreboard->retrier.queue, sizeof scoreboard->retrier.queue, "-");
}

static bool serves(const struct post *post, const char *queue)
{
	return !post->leaving && !strncmp(post->slot->queue, queue, SCOREBOARD_QUEUE_SIZE - 1);
}

int posts_wanted(const struct posts *posts, const struct config *config, const struct config_queue *queue)
{
	int wanted = queue->workers + (queue == &config->queues[0] ? posts->extra : 0);

	return wanted > 1 ? wanted : 1;
}

static struct post *with_number(struct posts *posts, const char *queue, int number)
{
	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		if (serves(&posts->list[i], queue) && posts->list[i].slot->number == number)
			return &posts->list[i];
	return NULL;
}

static void make_post(struct posts *posts, const char *queue, int number)
{
	for (int i = 0; i < SCOREBOARD_SLOTS; i++) {
		struct post *post = &posts->list[i];
		if (*post->slot->queue || post->pid)
			continue;
		snprintf(post->slot->queue, sizeof post->slot->queue, "%s", queue);
		post->slot->number = number;
		atomic_store(&post->slot->death_status, 0);
		atomic_store(&post->slot->death_by_limit, false);
		*post->slot->death_stage = '\0';
		post->throttle = (struct throttle){ 0 };
		post->start_at_ms = 0;
		return;
	}
}

/* Leaves only those posts standing that some queue wants. */
static void drop_unwanted(struct posts *posts, const struct config *config)
{
	for (int i = 0; i < SCOREBOARD_SLOTS; i++) {
		struct post *post = &posts->list[i];
		bool wanted = false;
		for (size_t q = 0; q < config->queue_count; q++)
			wanted |= serves(post, config->queues[q].name) &&
				  post->slot->number <= posts_wanted(posts, config, &config->queues[q]);
		if (wanted || !*post->slot->queue)
			continue;
		post->leaving = true;
		if (!post->pid) {
			*post->slot->queue = '\0';
			post->leaving = false;
		}
	}
}

void posts_plan(struct posts *posts, const struct config *config)
{
	drop_unwanted(posts, config);
	for (size_t q = 0; q < config->queue_count; q++) {
		const struct config_queue *queue = &config->queues[q];
		for (int number = 1; number <= posts_wanted(posts, config, queue); number++)
			if (!with_number(posts, queue->name, number))
				make_post(posts, queue->name, number);
	}
}

struct post *posts_find(struct posts *posts, pid_t pid)
{
	for (int i = 0; i < POSTS; i++)
		if (posts->list[i].pid == pid)
			return &posts->list[i];
	return NULL;
}

int posts_workers(const struct posts *posts)
{
	int count = 0;

	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		count += posts->list[i].pid != 0;
	return count;
}

int64_t post_vacated(struct post *post, int wait_status, int64_t now_ms)
{
	struct scoreboard_slot *slot = post->slot;
	struct scoreboard_report report;
	bool asked = post->asked_to_stop;
	bool clean = WIFEXITED(wait_status) && !WEXITSTATUS(wait_status);

	scoreboard_read(slot, &report);
	snprintf(slot->death_stage, sizeof slot->death_stage, "%s", report.stage);
	atomic_store(&slot->death_status, wait_status);
	/* What it was doing is not to be taken for its successor's work. */
	scoreboard_report(slot, &(struct scoreboard_report){ .state = SCOREBOARD_VACANT }, 0);
	atomic_store(&slot->pid, 0);
	post->pid = 0;
	post->asked_to_stop = post->killed = false;
	if (post->leaving) {
		*slot->queue = '\0';
		post->leaving = false;
	}
	bool starved = WIFEXITED(wait_status) && WEXITSTATUS(wait_status) == MEM_FATAL;
	int64_t wait = throttle_death(&post->throttle,
				      asked || clean || (atomic_load(&slot->claimed) && !starved));
	post->start_at_ms = now_ms + wait;
	return wait;
}
