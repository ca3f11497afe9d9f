/*
 * retrier.c - owns the clockwork beside the workers: leases, due messages,
 * the bounds of the dead store, and recovery of what the dead have left.
 */
#include "process/retrier.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/crashpoint.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "delivery/recovery.h"
#include "message/backoff.h"
#include "process/child.h"
#include "process/signals.h"
#include "store/deathwatch.h"
#include "store/store.h"

enum {
	PROMOTE_BATCH = 100,
	TRIM_EVERY_MS = 60000,
	SCAN_EVERY_MS = 3600000,	/* for queues that are configured no more */
	SCAN_PAGES = 20,		/* in one round */
	LOOK_AT_MOST_MS = 10000,	/* other hosts defer messages too, and tell nobody */
	GRACE_MS = 15000,		/* beyond the limit of a round's steps */
};

static const struct backoff redis_backoff = { .base_ms = 100, .cap_ms = 5000, .factor = 2, .jitter = 0.2 };

/* One queue, as the retry child sees it. */
struct charge {
	char *queue;
	bool configured;			/* false: only its dead owners are looked after */
	struct store_link *link;		/* its own: in a cluster queues are on different nodes */
	struct store *store;
	struct deathwatch *watch;		/* over other instances */
	int64_t next_due_ms;			/* monotonic: something may be due then */
	int64_t vacant_since_ms[SCOREBOARD_SLOTS];	/* monotonic; 0: somebody lives there */
};

struct retrier {
	const struct retrier_setup *setup;
	struct store_link *link;		/* for what concerns no single queue */
	struct charge *charges;
	size_t count;
	int signal_fd;
	bool stop;
	bool advised;				/* the server's settings were looked at */
	int64_t redis_failures;			/* in a row */
	int64_t renew_at_ms, look_at_ms, trim_at_ms, scan_at_ms;	/* monotonic */
	char *scan_cursor;
	struct scoreboard_report report;
};

static void report(struct retrier *r, enum scoreboard_state state, const char *stage)
{
	r->report.since_unix_ms = clock_unix_ms();
	r->report.state = state;
	snprintf(r->report.stage, sizeof r->report.stage, "%s", stage);
	scoreboard_report(&r->setup->scoreboard->retrier, &r->report, clock_monotonic_ms() +
			  LOOK_AT_MOST_MS + r->setup->config->redis.command_timeout_ms + GRACE_MS);
}

/* ---- waiting ---- */

static void wait_until(struct retrier *r, int64_t end_ms)
{
	struct pollfd fds[] = {
		{ r->signal_fd, POLLIN, 0 },
		{ r->setup->wake_fd, POLLIN, 0 },
	};
	int64_t wait = end_ms - clock_monotonic_ms();
	eventfd_t woken;

	if (wait > LOOK_AT_MOST_MS)
		wait = LOOK_AT_MOST_MS;
	poll(fds, 2, wait > 0 ? (int)wait : 0);
	for (int signal; (signal = signals_next(r->signal_fd));)
		if (signal == SIGTERM || signal == SIGINT)
			r->stop = true;
	if (fds[1].revents && eventfd_read(r->setup->wake_fd, &woken) == 0) {
		/* Somebody deferred a message or died: look at once. */
		r->look_at_ms = 0;
		for (size_t i = 0; i < r->count; i++)
			r->charges[i].next_due_ms = 0;
	}
}

/* Leases must be renewed whatever else is the matter: nothing waits in here. */
static bool on_wait(void *arg, int64_t ms)
{
	(void)arg;
	(void)ms;
	return false;
}

/* ---- the steps ---- */

static enum store_status renew(struct charge *c, struct error *error)
{
	enum store_status status = store_renew_lease(c->store, error);

	return status == STORE_NOTHING ? STORE_OK : status;
}

static enum store_status promote(struct retrier *r, struct charge *c, struct error *error)
{
	int64_t next_ms = 0;
	size_t moved, total = 0;
	enum store_status status;

	do {
		report(r, SCOREBOARD_BUSY, "promote");
		crash_point("before promote");
		status = store_promote(c->store, PROMOTE_BATCH, &moved, &next_ms, error);
		if (status == STORE_OK)
			total += moved;
	} while (status == STORE_OK && next_ms == 0 && moved);
	if (total) {
		crash_point("promoted");
		log_event(LOG_INFO, "retries moved to the queue", log_str("queue", c->queue),
			  log_int("messages", (int64_t)total));
	}
	if (status == STORE_OK || status == STORE_NOTHING) {
		if (next_ms > LOOK_AT_MOST_MS)
			next_ms = LOOK_AT_MOST_MS;
		c->next_due_ms = clock_monotonic_ms() + (next_ms ? next_ms : 1);
		return STORE_OK;
	}
	return status;
}

/* The slot of one of this instance's own owners, -1: it is another's. */
static int own_slot(const struct retrier *r, const char *owner)
{
	size_t len = strlen(r->setup->instance);
	char *end;

	if (strncmp(owner, r->setup->instance, len) || owner[len] != ':')
		return -1;
	long slot = strtol(owner + len + 1, &end, 10);
	return *end || slot < 0 || slot >= SCOREBOARD_SLOTS ? -1 : (int)slot;
}

/* Which owner of which queue is_own_dead() is asked about. */
struct suspect {
	const struct retrier *retrier;
	const struct charge *charge;
};

/* A worker writes its pid before it takes anything (worker.c), so where none
 * stands nobody is at work; nor is anybody for this queue where the slot
 * serves another one now. */
static bool is_own_dead(void *arg, const char *owner)
{
	const struct suspect *suspect = arg;
	int index = own_slot(suspect->retrier, owner);

	if (index < 0)
		return false;
	const struct scoreboard_slot *slot = &suspect->retrier->setup->scoreboard->slots[index];
	return !atomic_load(&slot->pid) ||
	       strncmp(slot->queue, suspect->charge->queue, sizeof slot->queue - 1) != 0;
}

static enum store_status recover(struct retrier *r, struct charge *c, const char *owner, bool own,
				 const struct recovery_death *death, struct error *error)
{
	struct suspect suspect = { r, c };
	const struct recovery recovery = {
		.config = r->setup->config,
		.store = c->store,
		.queue = c->queue,
		.host = r->setup->host,
		.worker = "retrier",
		.hooks = { r, on_wait },
		.is_dead = own ? is_own_dead : NULL,
		.arg = &suspect,
	};
	size_t recovered;

	report(r, SCOREBOARD_BUSY, "recover");
	enum store_status status = recovery_run(&recovery, owner, death, &recovered, error);
	if (recovered) {
		log_event(LOG_INFO, "recovered from a dead worker", log_str("queue", c->queue),
			  log_str("owner", owner), log_int("messages", (int64_t)recovered));
		c->next_due_ms = 0;
	}
	return status;
}

/*
 * A worker of this instance without a living process in its slot: the next
 * worker of the slot would adopt what it left, but that one may be throttled
 * or not come at all.
 */
static enum store_status recover_own(struct retrier *r, struct charge *c, const char *owner, int slot,
				     struct error *error)
{
	const struct scoreboard_slot *s = &r->setup->scoreboard->slots[slot];
	int64_t now = clock_monotonic_ms();

	if (!is_own_dead(&(struct suspect){ r, c }, owner)) {
		c->vacant_since_ms[slot] = 0;
		return STORE_OK;
	}
	if (!c->vacant_since_ms[slot])
		c->vacant_since_ms[slot] = now;
	/* Read once nobody lives there: it was written before the pid was cleared. */
	const struct recovery_death death = scoreboard_death(s);
	enum store_status status = recover(r, c, owner, true, &death, error);
	/* Redis may still serve a take of a connection that is gone (store_leave()). */
	if (status == STORE_OK && now - c->vacant_since_ms[slot] > r->setup->config->redis.lease_ms)
		store_leave(c->store, owner, error);
	return status;
}

/* Owners of other instances that are proven dead (store/deathwatch.h). */
static enum store_status recover_foreign(struct retrier *r, struct charge *c,
					 const struct store_owner *owners, const bool *dead,
					 size_t count, struct error *error)
{
	enum store_status status = STORE_OK;

	for (size_t i = 0; i < count && status == STORE_OK; i++) {
		if (!dead[i])
			continue;
		status = recover(r, c, owners[i].owner, false, NULL, error);
		if (status == STORE_OK && store_leave(c->store, owners[i].owner, error) == STORE_OK)
			log_event(LOG_INFO, "dead owner removed", log_str("queue", c->queue),
				  log_str("owner", owners[i].owner));
	}
	return status;
}

static enum store_status look_after_owners(struct retrier *r, struct charge *c, struct error *error)
{
	struct store_owner *owners = NULL;
	size_t count = 0;
	int64_t asked_ms = clock_monotonic_ms();

	report(r, SCOREBOARD_BUSY, "owners");
	enum store_status status = store_owners(c->store, &owners, &count, error);
	if (status != STORE_OK)
		return status == STORE_NOTHING ? STORE_OK : status;
	crash_point("owners seen");
	bool *dead = mem_calloc(count, sizeof *dead);
	deathwatch_look(c->watch, asked_ms, clock_monotonic_ms(), store_link_epoch(c->link), owners,
			count, dead);
	for (size_t i = 0; i < count && status == STORE_OK; i++) {
		int slot = own_slot(r, owners[i].owner);
		if (slot >= 0)
			status = recover_own(r, c, owners[i].owner, slot, error);
	}
	if (status == STORE_OK)
		status = recover_foreign(r, c, owners, dead, count, error);
	free(dead);
	store_owners_free(owners, count);
	return status;
}

static enum store_status trim(struct retrier *r, struct charge *c, struct error *error)
{
	const struct config_dead *dead = &r->setup->config->dead;
	enum store_status status;
	size_t count;

	do {
		char **ids = NULL;
		count = 0;
		report(r, SCOREBOARD_BUSY, "trim");
		status = store_trim_dead(c->store, dead->keep_ms, dead->max, &ids, &count, error);
		for (size_t i = 0; i < count; i++)
			log_event(LOG_WARNING, "dead message removed, dead.keep or dead.max reached",
				  log_str("id", ids[i]), log_str("queue", c->queue));
		store_ids_free(ids, count);
	} while (status == STORE_OK && count);
	return status == STORE_NOTHING ? STORE_OK : status;
}

static enum store_status advise(struct retrier *r, struct error *error)
{
	struct faults advice = FAULTS_INIT;
	enum store_status status = r->advised ? STORE_OK : store_advise(r->link, &advice, error);

	r->advised = status == STORE_OK;
	for (size_t i = 0; i < advice.count; i++)
		log_event(LOG_WARNING, "redis may lose messages", log_str("advice", advice.list[i].text));
	faults_clear(&advice);
	return status;
}

/* ---- queues ---- */

static void add_charge(struct retrier *r, const char *queue, bool configured)
{
	const struct retrier_setup *setup = r->setup;
	char *owner = mem_printf("%s:retrier", setup->instance);

	r->charges = mem_realloc(r->charges, r->count + 1, sizeof *r->charges);
	struct charge *c = &r->charges[r->count++];
	*c = (struct charge){ .queue = mem_strdup(queue), .configured = configured };
	c->link = store_link_new(&setup->config->redis);
	c->store = store_open(c->link, setup->config->redis.prefix, queue, setup->instance, owner);
	c->watch = deathwatch_new(setup->config->redis.lease_ms, setup->instance);
	free(owner);
}

static bool is_charge(const struct retrier *r, const char *queue)
{
	for (size_t i = 0; i < r->count; i++)
		if (!strcmp(r->charges[i].queue, queue))
			return true;
	return false;
}

/* A queue that was taken out of the configuration may still have owners that
 * died with a message in their hands: that goes back to its queue, too. */
static enum store_status find_unconfigured(struct retrier *r, struct error *error)
{
	enum store_status status = STORE_OK;

	for (int page = 0; page < SCAN_PAGES && status == STORE_OK; page++) {
		char **names;
		size_t count;
		status = store_scan_queues(r->link, r->setup->config->redis.prefix, &r->scan_cursor,
					   &names, &count, error);
		for (size_t i = 0; i < count; i++) {
			if (is_charge(r, names[i]))
				continue;
			log_event(LOG_WARNING, "queue is not configured here, only its dead workers' messages are recovered",
				  log_str("queue", names[i]));
			add_charge(r, names[i], false);
		}
		store_ids_free(names, count);
		if (!r->scan_cursor) {
			r->scan_at_ms = clock_monotonic_ms() + SCAN_EVERY_MS;
			break;
		}
	}
	return status;
}

/* ---- rounds ---- */

static enum store_status round_of(struct retrier *r, struct charge *c, int64_t now, struct error *error)
{
	enum store_status status = STORE_OK;

	if (c->configured && now >= r->renew_at_ms)
		status = renew(c, error);
	if (status == STORE_OK && c->configured && now >= c->next_due_ms)
		status = promote(r, c, error);
	if (status == STORE_OK && now >= r->look_at_ms)
		status = look_after_owners(r, c, error);
	if (status == STORE_OK && c->configured && now >= r->trim_at_ms)
		status = trim(r, c, error);
	return status;
}

/* Every queue once; returns when the next round is due. */
static int64_t round_of_all(struct retrier *r)
{
	struct error error = ERROR_INIT;
	int64_t now = clock_monotonic_ms();
	int64_t third = r->setup->config->redis.lease_ms / 3;
	int64_t next = INT64_MAX;
	enum store_status status = advise(r, &error);

	for (size_t i = 0; i < r->count && status == STORE_OK; i++)
		status = round_of(r, &r->charges[i], now, &error);
	if (status == STORE_OK && now >= r->scan_at_ms)
		status = find_unconfigured(r, &error);
	if (status != STORE_OK) {
		if (++r->redis_failures == 2)
			scoreboard_redis_failed(r->setup->scoreboard, error.text);
		report(r, SCOREBOARD_REDIS_DOWN, "");
		error_clear(&error);
		return now + backoff_delay_ms(&redis_backoff, r->redis_failures, random_unit());
	}
	r->redis_failures = 0;
	atomic_store(&r->setup->scoreboard->retrier.claimed, true);
	scoreboard_redis_answered(r->setup->scoreboard);
	if (now >= r->renew_at_ms)
		r->renew_at_ms = now + third;
	if (now >= r->look_at_ms)
		r->look_at_ms = now + third;
	if (now >= r->trim_at_ms)
		r->trim_at_ms = now + TRIM_EVERY_MS;
	for (size_t i = 0; i < r->count; i++)
		if (r->charges[i].configured && r->charges[i].next_due_ms < next)
			next = r->charges[i].next_due_ms;
	report(r, SCOREBOARD_IDLE, "");
	error_clear(&error);
	if (r->renew_at_ms < next)
		next = r->renew_at_ms;
	return r->look_at_ms < next ? r->look_at_ms : next;
}

/* All workers of this instance are gone: what they left goes back now, and
 * nobody need wait for the lease to run out. */
static void last_round(struct retrier *r)
{
	struct error error = ERROR_INIT;

	report(r, SCOREBOARD_STOPPING, "");
	crash_point("last round");
	for (size_t i = 0; i < r->count; i++) {
		enum store_status status = look_after_owners(r, &r->charges[i], &error);
		if (status == STORE_OK)
			status = store_end_lease(r->charges[i].store, &error);
		if (status != STORE_OK && status != STORE_NOTHING)
			log_event(LOG_WARNING, "left to be recovered by the next start",
				  log_str("queue", r->charges[i].queue), log_str("cause", error.text));
	}
	crash_point("lease ended");
	error_clear(&error);
}

static void open_all(struct retrier *r)
{
	const struct config *config = r->setup->config;

	r->link = store_link_new(&config->redis);
	for (size_t i = 0; i < config->queue_count; i++)
		add_charge(r, config->queues[i].name, true);
}

static void close_all(struct retrier *r)
{
	for (size_t i = 0; i < r->count; i++) {
		deathwatch_free(r->charges[i].watch);
		store_close(r->charges[i].store);
		store_link_free(r->charges[i].link);
		free(r->charges[i].queue);
	}
	free(r->charges);
	free(r->scan_cursor);
	store_link_free(r->link);
}

int retrier_run(void *setup)
{
	struct retrier r = { .setup = setup };

	atomic_store(&r.setup->scoreboard->retrier.pid, getpid());
	log_role("retrier", "");
	child_title("retrier");
	r.signal_fd = signals_open();
	open_all(&r);
	while (!r.stop)
		wait_until(&r, round_of_all(&r));
	last_round(&r);
	close_all(&r);
	return 0;
}
