/*
 * post.h - the supervisor's posts: which child stands where
 *
 * A post is a place in the scoreboard with the policy for whoever stands on
 * it.  Pure bookkeeping: it forks nobody and kills nobody.
 */
#ifndef POSTRIDER_POST_H
#define POSTRIDER_POST_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "process/scoreboard.h"
#include "process/throttle.h"

struct post {
	struct scoreboard_slot *slot;	/* slot->queue[0] is 0 where nobody is wanted */
	pid_t pid;			/* 0: nobody stands here now */
	unsigned generation;		/* of the configuration that its child was started with */
	bool asked_to_stop;		/* TERM was sent */
	bool killed;			/* and KILL, since it did not come in time */
	bool leaving;			/* nobody is to follow */
	struct throttle throttle;
	int64_t start_at_ms;		/* monotonic: no successor before that */
};

enum { POST_RETRIER = SCOREBOARD_SLOTS, POSTS = SCOREBOARD_SLOTS + 1 };

struct posts {
	struct post list[POSTS];	/* the last is the retry child's */
	int extra;			/* workers more (TTIN) or fewer (TTOU) in the first queue */
};

void posts_init(struct posts *posts, struct scoreboard *scoreboard);

/* Makes as many posts for each queue as it wants; marks the highest ones, and
 * those of queues that are gone, as leaving. */
void posts_plan(struct posts *posts, const struct config *config);

/* The post of that child; NULL: none of ours. */
struct post *posts_find(struct posts *posts, pid_t pid);

/*
 * The child that stood there is gone: `wait_status` as of waitpid(2).  Writes
 * down how it died, and when a successor may come.  Returns that wait in ms.
 */
int64_t post_vacated(struct post *post, int wait_status, int64_t now_ms);

/* How many children there are, the retry child not counted. */
int posts_workers(const struct posts *posts);

/* How many workers a queue is to have. */
int posts_wanted(const struct posts *posts, const struct config *config, const struct config_queue *queue);

#endif
