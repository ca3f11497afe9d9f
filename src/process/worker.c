/*
 * worker.c - owns a worker's life between messages: waiting, stopping,
 * looking after its open session.  What happens to a message is delivery's.
 */
#include "process/worker.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/crashpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "delivery/delivery.h"
#include "delivery/recovery.h"
#include "message/backoff.h"
#include "process/child.h"
#include "process/signals.h"
#include "store/store.h"

enum {
	TAKE_WAIT_MS = 5000,		/* how long one BLMOVE waits */
	GRACE_MS = 15000,		/* beyond a stage's own limit, before the supervisor kills */
	RELAY_LOOK_MS = 1000,		/* how often a closed gate is looked at */
	PLACE_WAIT_MS = 1000,		/* BLMOVE with one of few places at a relay: others may have messages */
	PLACE_LOOK_MS = 20,		/* how often such a place is asked for */
};

static const struct backoff redis_backoff = { .base_ms = 100, .cap_ms = 5000, .factor = 2, .jitter = 0.2 };

struct worker {
	const struct worker_setup *setup;
	struct store_link *link;
	struct store *store;
	struct delivery *delivery;
	struct arena arena;		/* for probes */
	char name[96];			/* "default/1" */
	int signal_fd;
	bool stop;
	int64_t redis_failures;		/* in a row */
	uint64_t taken;
	struct scoreboard_report report;
};

/* ---- what the others may know ---- */

static void report(struct worker *w, enum scoreboard_state state, const char *stage, const char *id,
		   int64_t limit_ms)
{
	struct scoreboard_report *r = &w->report;

	if (state != r->state || state == SCOREBOARD_IDLE)
		r->since_unix_ms = clock_unix_ms();
	r->state = state;
	snprintf(r->stage, sizeof r->stage, "%s", stage);
	snprintf(r->id, sizeof r->id, "%s", id ? id : "");
	scoreboard_report(w->setup->slot, r, clock_monotonic_ms() + limit_ms + GRACE_MS);
}

static void count(struct worker *w)
{
	struct delivery_counts d = delivery_counts(w->delivery);
	struct session_counts s = relays_counts(delivery_relays(w->delivery));

	w->report.counts = (struct scoreboard_counts){
		.taken = w->taken,
		.sent = d.sent,
		.deferred = d.deferred,
		.dead = d.dead,
		.given_back = d.given_back,
		.in_doubt = d.in_doubt,
		.sessions = s.sessions,
		.auths = s.auths,
	};
}

static void on_progress(void *arg, const char *stage, const char *id, int64_t limit_ms)
{
	struct worker *w = arg;

	/* Without a message it is a probe, or the first try. */
	report(w, id ? SCOREBOARD_BUSY : w->report.state, stage, id, limit_ms);
}

/* ---- waiting ---- */

static void read_signals(struct worker *w)
{
	for (int signal; (signal = signals_next(w->signal_fd));)
		if (signal == SIGTERM || signal == SIGINT)
			w->stop = true;
}

/* Ends early when this worker is asked to stop. */
static void wait_idle(struct worker *w, int64_t ms)
{
	struct pollfd fd = { w->signal_fd, POLLIN, 0 };

	if (poll(&fd, 1, ms > 60000 ? 60000 : (int)ms) > 0)
		read_signals(w);
}

/* With an outcome in memory that Redis does not know yet, a worker stays until
 * it is killed; so this never says that it must end. */
static bool on_wait(void *arg, int64_t ms)
{
	struct worker *w = arg;
	int64_t end = clock_monotonic_ms() + ms;

	report(w, SCOREBOARD_REDIS_DOWN, "record", w->report.id, ms);
	do
		wait_idle(w, end - clock_monotonic_ms());
	while (clock_monotonic_ms() < end);
	return true;
}

static void redis_failed(struct worker *w, const char *cause)
{
	int64_t delay = backoff_delay_ms(&redis_backoff, ++w->redis_failures, random_unit());

	/* The first may be no more than a connection that was closed. */
	if (w->redis_failures == 2)
		scoreboard_redis_failed(w->setup->scoreboard, cause);
	report(w, SCOREBOARD_REDIS_DOWN, "", NULL, delay);
	wait_idle(w, delay);
}

static void redis_answered(struct worker *w)
{
	scoreboard_redis_answered(w->setup->scoreboard);
	w->redis_failures = 0;
}

/* An open session is looked after in the meantime. */
static void wait_and_tend(struct worker *w, int64_t ms)
{
	struct session *session = relays_session(delivery_relays(w->delivery));

	if (session)
		session_tend(session);
	wait_idle(w, ms);
}

static void wait_for_relay(struct worker *w)
{
	struct relays *relays = delivery_relays(w->delivery);
	int64_t wait = relays_probe_wait_ms(relays);

	report(w, SCOREBOARD_RELAY_DOWN, "", NULL, RELAY_LOOK_MS);
	if (wait > 0)
		wait_and_tend(w, wait < RELAY_LOOK_MS ? wait : RELAY_LOOK_MS);
	else
		wait_and_tend(w, 50);	/* another worker has claimed the probe */
}

/* ---- taking ---- */

/* Between a take's start and its answer: watches Redis, the open session and
 * the signals together. */
static void watch_while_taking(struct worker *w)
{
	struct relays *relays = delivery_relays(w->delivery);
	int64_t end = clock_monotonic_ms() + TAKE_WAIT_MS + w->setup->config->redis.command_timeout_ms;
	bool hurried = false;

	for (;;) {
		struct session *session = relays_session(relays);
		struct pollfd fds[] = {
			{ store_link_fd(w->link), POLLIN, 0 },
			{ w->signal_fd, POLLIN, 0 },
			{ session ? session_fd(session) : -1, POLLIN | POLLRDHUP, 0 },
		};
		int64_t now = clock_monotonic_ms();
		int64_t due = session ? session_due_ms(session) : INT64_MAX;
		if (now >= end)
			return;
		poll(fds, 3, (int)((due < end ? (due > now ? due : now) : end) - now));
		if (fds[1].revents)
			read_signals(w);
		if (w->stop && !hurried) {
			store_take_hurry(w->store);
			hurried = true;
		}
		if (session && (fds[2].revents || clock_monotonic_ms() >= due)) {
			session_tend(session);
			report(w, SCOREBOARD_IDLE, "", NULL, TAKE_WAIT_MS);
		}
		if (fds[0].revents || fds[0].fd < 0)
			return;
	}
}

static enum store_status take(struct worker *w, struct store_job *job)
{
	struct error error = ERROR_INIT;

	int64_t wait = relays_has_place(delivery_relays(w->delivery)) ? PLACE_WAIT_MS : TAKE_WAIT_MS;

	report(w, SCOREBOARD_IDLE, "", NULL,
	       TAKE_WAIT_MS + w->setup->config->redis.command_timeout_ms);
	enum store_status status = store_take_start(w->store, wait, &error);
	if (status == STORE_OK) {
		watch_while_taking(w);
		status = store_take_finish(w->store, job, &error);
	}
	if (status == STORE_OK || status == STORE_NOTHING)
		redis_answered(w);
	else
		redis_failed(w, error.text);
	error_clear(&error);
	return status;
}

/* ---- a message ---- */

static struct recovery recovery_setup(struct worker *w)
{
	return (struct recovery){
		.config = w->setup->config,
		.store = w->store,
		.queue = w->setup->queue->name,
		.host = w->setup->host,
		.worker = w->name,
		.hooks = { w, on_wait },
	};
}

static void hand_back(struct worker *w, const struct store_job *job)
{
	const struct settle_hooks hooks = { w, on_wait };

	crash_point("before hand back");
	settle(w->store, &(struct settlement){ .step = SETTLE_GIVE_BACK, .job = job }, &hooks);
}

static void handle(struct worker *w, const struct store_job *job)
{
	uint64_t deferred = delivery_counts(w->delivery).deferred;
	const struct recovery recovery = recovery_setup(w);

	report(w, SCOREBOARD_BUSY, "take", NULL, w->setup->config->redis.command_timeout_ms);
	w->taken++;
	atomic_store(&w->setup->slot->claimed, true);
	if (job->mark) {
		recovery_settle(&recovery, job, NULL);
	} else if (w->stop) {
		hand_back(w, job);
	} else if (delivery_run(w->delivery, job) == DELIVERY_GIVEN_BACK &&
		   relays_probe_wait_ms(delivery_relays(w->delivery)) == INT64_MAX) {
		wait_idle(w, 100);	/* no gate is closed: Redis did not answer at the fence */
	}
	count(w);
	if (job->mark || delivery_counts(w->delivery).deferred != deferred)
		eventfd_write(w->setup->wake_fd, 1);
}

/* What the last life of this slot has left, with what is known of its death. */
static void adopt(struct worker *w)
{
	struct scoreboard_slot *slot = w->setup->slot;
	const struct recovery recovery = recovery_setup(w);
	struct error error = ERROR_INIT;
	const struct recovery_death death = scoreboard_death(slot);

	while (!w->stop) {
		struct store_job job = STORE_JOB_INIT;
		enum store_status status = store_register(w->store, &error);
		if (status == STORE_OK)
			status = store_take_held(w->store, &job, &error);
		if (status == STORE_OK) {
			report(w, SCOREBOARD_STARTING, "recover", NULL, w->setup->config->redis.command_timeout_ms);
			recovery_settle(&recovery, &job, &death);
			eventfd_write(w->setup->wake_fd, 1);
		} else if (status != STORE_NOTHING) {
			redis_failed(w, error.text);
		}
		store_job_clear(&job);
		if (status == STORE_NOTHING) {
			redis_answered(w);
			break;
		}
	}
	error_clear(&error);
	atomic_store(&slot->death_status, 0);
	atomic_store(&slot->death_by_limit, false);
}

static void work(struct worker *w)
{
	struct relays *relays = delivery_relays(w->delivery);

	arena_reset(&w->arena);
	relays_try_first(relays, &w->arena);
	count(w);
	while (read_signals(w), !w->stop) {
		struct store_job job = STORE_JOB_INIT;
		if (relays_probe_wait_ms(relays) == 0) {
			arena_reset(&w->arena);
			relays_probe(relays, &w->arena);
			count(w);
		}
		if (!relays_pick(relays)) {
			wait_for_relay(w);
			continue;
		}
		if (!relays_enter(relays)) {
			report(w, SCOREBOARD_IDLE, "", NULL, PLACE_LOOK_MS);
			wait_and_tend(w, PLACE_LOOK_MS);
			continue;
		}
		if (take(w, &job) == STORE_OK)
			handle(w, &job);
		relays_leave(relays);
		store_job_clear(&job);
	}
}

static int open_all(struct worker *w)
{
	const struct worker_setup *setup = w->setup;
	struct gate *gates[SCOREBOARD_GATES];
	struct error error = ERROR_INIT;
	char *owner = mem_printf("%s:%d", setup->instance, setup->slot_index);

	for (size_t i = 0; i < setup->config->relay_count; i++)
		gates[i] = scoreboard_gate(setup->scoreboard, setup->config->relays[i].name);
	w->link = store_link_new(&setup->config->redis);
	w->store = store_open(w->link, setup->config->redis.prefix, setup->queue->name,
			      setup->instance, owner);
	free(owner);
	w->delivery = delivery_open(&(struct delivery_setup){
			.config = setup->config,
			.queue = setup->queue,
			.gates = gates,
			.store = w->store,
			.host = setup->host,
			.worker = w->name,
			.trace_until_ms = &setup->slot->trace_until_ms,
			.hooks = { w, on_progress, on_wait },
		}, &error);
	if (w->delivery)
		return 0;
	log_event(LOG_ERROR, "worker cannot start", log_str("cause", error.text));
	error_clear(&error);
	return -1;
}

static void close_all(struct worker *w)
{
	struct error error = ERROR_INIT;

	report(w, SCOREBOARD_STOPPING, "", NULL, w->setup->config->redis.command_timeout_ms);
	crash_point("stopping");
	delivery_close(w->delivery);
	store_leave(w->store, NULL, &error);
	crash_point("left");
	error_clear(&error);
	store_close(w->store);
	store_link_free(w->link);
	arena_clear(&w->arena);
}

int worker_run(void *setup)
{
	struct worker w = { .setup = setup };

	/* Before anything is taken: who sees no pid here may recover this slot. */
	atomic_store(&w.setup->slot->pid, getpid());
	snprintf(w.name, sizeof w.name, "%s/%d", w.setup->queue->name, w.setup->slot->number);
	log_role("worker", w.name);
	child_title("worker %s", w.name);
	w.signal_fd = signals_open();
	report(&w, SCOREBOARD_STARTING, "", NULL, 60000);
	if (open_all(&w) < 0)
		return EX_CONFIG;
	adopt(&w);
	work(&w);
	close_all(&w);
	return 0;
}
