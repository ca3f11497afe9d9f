/*
 * supervisor.c - owns the children: starts, replaces, stops them, and answers
 * on the control socket.  Knows no Redis and no SMTP.
 */
#include "process/supervisor.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "process/child.h"
#include "process/command.h"
#include "process/control.h"
#include "process/post.h"
#include "process/retrier.h"
#include "process/signals.h"
#include "process/worker.h"
#include "store/instance.h"

enum {
	LOOK_MS = 1000,			/* how often children's deadlines are looked at */
	RETRIER_STOP_MS = 8000,		/* for the retry child, after the workers' stop_timeout */
};

struct supervisor {
	struct config *config;
	unsigned generation;		/* of the configuration */
	struct scoreboard *scoreboard;
	struct posts posts;
	struct control *control;
	char *instance, *host;
	int signal_fd, wake_fd;
	int64_t started_unix_ms;
	int64_t watchdog_ms;		/* systemd's WatchdogSec= halved; 0: none */
	int64_t watchdog_due_ms;
	bool stopping;
	int64_t stop_deadline_ms;	/* monotonic, while stopping: of the workers */
	int64_t last_call_ms;		/* and of the retry child */
};

/* What a child is started with: the parent's stack, copied by the fork. */
struct start {
	struct supervisor *supervisor;
	int slot_index;
};

/* ---- starting ---- */

static void close_parents(struct supervisor *s)
{
	close(s->signal_fd);
	control_forget(s->control);
	s->control = NULL;
}

static int start_worker(void *arg)
{
	struct start *start = arg;
	struct supervisor *s = start->supervisor;
	struct scoreboard_slot *slot = &s->scoreboard->slots[start->slot_index];

	close_parents(s);
	for (size_t q = 0; q < s->config->queue_count; q++) {
		if (strcmp(s->config->queues[q].name, slot->queue))
			continue;
		return worker_run(&(struct worker_setup){
			.config = s->config,
			.queue = &s->config->queues[q],
			.scoreboard = s->scoreboard,
			.slot = slot,
			.slot_index = start->slot_index,
			.instance = s->instance,
			.host = s->host,
			.wake_fd = s->wake_fd,
		});
	}
	return EX_SOFTWARE;
}

static int start_retrier(void *arg)
{
	struct start *start = arg;
	struct supervisor *s = start->supervisor;

	close_parents(s);
	return retrier_run(&(struct retrier_setup){
		.config = s->config,
		.scoreboard = s->scoreboard,
		.instance = s->instance,
		.host = s->host,
		.wake_fd = s->wake_fd,
	});
}

static void start_child(struct supervisor *s, int index)
{
	struct post *post = &s->posts.list[index];
	struct start start = { s, index };

	atomic_store(&post->slot->claimed, false);
	pid_t pid = child_fork(index == POST_RETRIER ? start_retrier : start_worker, &start);
	if (pid < 0) {
		log_event(LOG_ERROR, "no child could be started", log_str("cause", strerror(errno)));
		post->start_at_ms = clock_monotonic_ms() + throttle_death(&post->throttle, false);
		return;
	}
	post->pid = pid;
	post->generation = s->generation;
	post->asked_to_stop = post->killed = false;
	atomic_store(&post->slot->pid, pid);
	atomic_fetch_add(&post->slot->starts, 1);
}

/* While stopping only the retry child has successors. */
static bool is_wanted(const struct supervisor *s, int index)
{
	return *s->posts.list[index].slot->queue && (!s->stopping || index == POST_RETRIER);
}

static void start_missing(struct supervisor *s)
{
	int64_t now = clock_monotonic_ms();

	for (int i = 0; i < POSTS; i++) {
		struct post *post = &s->posts.list[i];
		if (!post->pid && is_wanted(s, i) && post->start_at_ms <= now)
			start_child(s, i);
	}
}

/* ---- stopping and replacing ---- */

static void ask_to_stop(struct post *post)
{
	if (!post->pid || post->asked_to_stop)
		return;
	post->asked_to_stop = true;
	kill(post->pid, SIGTERM);
}

/* After a reload: one child at a time gives way to one with the new configuration. */
static void replace_outdated(struct supervisor *s)
{
	struct post *outdated = NULL;

	for (int i = 0; i < POSTS; i++) {
		struct post *post = &s->posts.list[i];
		if (post->pid && post->leaving)
			ask_to_stop(post);
		else if (post->pid && post->asked_to_stop)
			return;
		else if (!post->pid && *post->slot->queue && !post->throttle.early_deaths)
			return;
		else if (post->pid && post->generation != s->generation && !outdated)
			outdated = post;
	}
	if (outdated)
		ask_to_stop(outdated);
}

static void stop_worker(struct supervisor *s, struct post *post)
{
	if (clock_monotonic_ms() < s->stop_deadline_ms) {
		ask_to_stop(post);
		return;
	}
	if (post->killed)
		return;
	post->killed = true;
	log_event(LOG_WARNING, "worker killed, stop_timeout has passed", log_int("pid", post->pid));
	kill(post->pid, SIGKILL);
}

/* The last one: recovers what the workers left, within a time of its own. */
static void stop_retrier(struct supervisor *s)
{
	struct post *retrier = &s->posts.list[POST_RETRIER];
	int64_t now = clock_monotonic_ms();

	if (!s->last_call_ms)
		s->last_call_ms = now + RETRIER_STOP_MS;
	if (retrier->pid) {
		retrier->leaving = true;
		ask_to_stop(retrier);
		if (now >= s->last_call_ms)
			kill(retrier->pid, SIGKILL);
	} else if (now >= s->last_call_ms) {
		*retrier->slot->queue = '\0';
	}
}

static void go_on_stopping(struct supervisor *s)
{
	for (int i = 0; i < SCOREBOARD_SLOTS; i++)
		if (s->posts.list[i].pid)
			stop_worker(s, &s->posts.list[i]);
	if (!posts_workers(&s->posts))
		stop_retrier(s);
}

static void begin_stop(struct supervisor *s)
{
	if (s->stopping) {
		s->stop_deadline_ms = 0;	/* the second time: at once */
		return;
	}
	s->stopping = true;
	s->stop_deadline_ms = clock_monotonic_ms() + s->config->stop_timeout_ms;
	log_event(LOG_INFO, "stopping", log_int("workers", posts_workers(&s->posts)));
	sd_notify(0, "STOPPING=1\nSTATUS=finishing the messages in hand");
}

/* ---- deaths ---- */

static void log_death(const struct post *post, pid_t pid, int status, bool asked, int64_t wait_ms)
{
	char name[SCOREBOARD_QUEUE_SIZE + 16] = "retrier";

	if (asked && WIFEXITED(status) && !WEXITSTATUS(status))
		return;
	if (post->slot->number)
		snprintf(name, sizeof name, "%s/%d", post->slot->queue, post->slot->number);
	log_event(LOG_WARNING, "child died", log_str("child", name), log_int("pid", pid),
		  WIFSIGNALED(status) ? log_str("signal", signals_name(WTERMSIG(status)))
				      : log_int("exit", WEXITSTATUS(status)),
		  log_str("stage", *post->slot->death_stage ? post->slot->death_stage : NULL),
		  wait_ms ? log_ms("replaced_in", wait_ms) : log_str("replaced_in", NULL));
}

static void reap(struct supervisor *s)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct post *post = posts_find(&s->posts, pid);
		if (!post)
			continue;
		bool asked = post->asked_to_stop;
		int64_t wait = post_vacated(post, status, clock_monotonic_ms());
		log_death(post, pid, status, asked, wait);
		if (!asked)
			eventfd_write(s->wake_fd, 1);
	}
}

/* A child that makes no progress within its stage's limit is replaced. */
static void kill_stuck(struct supervisor *s)
{
	int64_t now = clock_monotonic_ms();

	for (int i = 0; i < POSTS; i++) {
		struct post *post = &s->posts.list[i];
		int64_t deadline = atomic_load(&post->slot->deadline_ms);
		struct scoreboard_report report;
		if (!post->pid || !deadline || now < deadline)
			continue;
		scoreboard_read(post->slot, &report);
		log_event(LOG_ERROR, "child is stuck and killed", log_int("pid", post->pid),
			  log_str("queue", post->slot->queue), log_str("stage", report.stage),
			  log_str("id", *report.id ? report.id : NULL));
		atomic_store(&post->slot->death_by_limit, true);
		atomic_store(&post->slot->deadline_ms, 0);
		kill(post->pid, SIGKILL);
	}
}

/* ---- the configuration ---- */

static void log_faults(enum log_level level, const char *event, const struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct buf text = BUF_INIT;
		error_print(&faults->list[i], &text);
		log_event(level, event, log_str("fault", text.data));
		buf_clear(&text);
	}
}

static int adopt_config(struct supervisor *s, struct config *config)
{
	for (size_t i = 0; i < config->relay_count; i++) {
		struct gate *gate = scoreboard_gate(s->scoreboard, config->relays[i].name);
		if (!gate)
			return -1;
		/* What was wrong may be mended: nobody waits for an old backoff. */
		atomic_store(&gate->next_probe_ms, 0);
		atomic_store(&gate->failed_probes, 0);
		atomic_store(&gate->tried, false);
	}
	log_configure(config->log.format, config->log.level, config->log.addresses);
	if (s->config != config)
		config_free(s->config);
	s->config = config;
	s->generation++;
	return 0;
}

static void notify_reloading(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%lld",
		   (long long)now.tv_sec * 1000000 + now.tv_nsec / 1000);
}

static void reload(struct supervisor *s)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;

	if (s->stopping)
		return;
	notify_reloading();
	struct config *config = config_load(s->config->path, &faults, &warnings);
	log_faults(LOG_WARNING, "configuration warning", &warnings);
	if (!config) {
		log_faults(LOG_ERROR, "configuration refused, the old one stays", &faults);
	} else if (strcmp(config->control_socket, s->config->control_socket) || adopt_config(s, config) < 0) {
		log_event(LOG_ERROR, "configuration refused, the old one stays",
			  log_str("fault", "control_socket, or more than 64 relay names since the start: restart the daemon"));
		config_free(config);
	} else {
		log_event(LOG_INFO, "configuration reloaded", log_str("file", config->path));
	}
	faults_clear(&faults);
	faults_clear(&warnings);
	sd_notify(0, "READY=1");
}

/* ---- the loop ---- */

static void answer_command(void *arg, const char *command, struct buf *out)
{
	struct supervisor *s = arg;
	const struct status_source source = {
		.config = s->config,
		.scoreboard = s->scoreboard,
		.instance = s->instance,
		.started_unix_ms = s->started_unix_ms,
		.stopping = s->stopping,
	};

	command_answer(&source, s->scoreboard, command, out);
}

static void change_extra(struct supervisor *s, int by)
{
	const struct config_queue *first = &s->config->queues[0];
	int wanted = first->workers + s->posts.extra + by;

	if (wanted < 1 || wanted > SCOREBOARD_SLOTS / 2)
		return;
	s->posts.extra += by;
	log_event(LOG_INFO, "workers changed", log_str("queue", first->name), log_int("workers", wanted));
}

static void read_signals(struct supervisor *s)
{
	for (int signal; (signal = signals_next(s->signal_fd));)
		switch (signal) {
		case SIGTERM:
		case SIGINT:
			begin_stop(s);
			break;
		case SIGHUP:
			reload(s);
			break;
		case SIGTTIN:
			change_extra(s, 1);
			break;
		case SIGTTOU:
			change_extra(s, -1);
			break;
		}
}

/* Until the next thing that no descriptor announces. */
static int poll_timeout(const struct supervisor *s)
{
	int64_t now = clock_monotonic_ms();
	int64_t wait = LOOK_MS;

	for (int i = 0; i < POSTS; i++) {
		const struct post *post = &s->posts.list[i];
		if (!post->pid && is_wanted(s, i) && post->start_at_ms - now < wait)
			wait = post->start_at_ms - now;
	}
	if (s->watchdog_ms && s->watchdog_due_ms - now < wait)
		wait = s->watchdog_due_ms - now;
	return wait > 0 ? (int)wait : 0;
}

static void feed_watchdog(struct supervisor *s)
{
	int64_t now = clock_monotonic_ms();

	if (!s->watchdog_ms || now < s->watchdog_due_ms)
		return;
	s->watchdog_due_ms = now + s->watchdog_ms;
	sd_notify(0, "WATCHDOG=1");
}

static bool all_gone(const struct supervisor *s)
{
	return s->stopping && !posts_workers(&s->posts) && !s->posts.list[POST_RETRIER].pid &&
	       !*s->posts.list[POST_RETRIER].slot->queue;
}

static void run_once(struct supervisor *s)
{
	struct pollfd fds[CONTROL_CLIENTS + 2];
	size_t count = control_poll(s->control, fds);

	fds[count] = (struct pollfd){ s->signal_fd, POLLIN, 0 };
	poll(fds, count + 1, poll_timeout(s));
	read_signals(s);
	reap(s);
	kill_stuck(s);
	if (s->stopping)
		go_on_stopping(s);
	else
		posts_plan(&s->posts, s->config);
	start_missing(s);
	if (!s->stopping)
		replace_outdated(s);
	control_serve(s->control, answer_command, s);
	feed_watchdog(s);
}

static char *host_name(void)
{
	const char *given = getenv("POSTRIDER_HOST");
	struct utsname name;

	if (given && *given)
		return mem_strdup(given);
	return mem_strdup(uname(&name) == 0 ? name.nodename : "localhost");
}

static int open_all(struct supervisor *s)
{
	struct error error = ERROR_INIT;
	uint64_t watchdog_us;

	s->started_unix_ms = clock_unix_ms();
	s->signal_fd = signals_open();
	s->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	s->scoreboard = scoreboard_new();
	posts_init(&s->posts, s->scoreboard);
	s->host = host_name();
	s->instance = instance_name(getpid(), &error);
	if (s->instance)
		s->control = control_open(s->config->control_socket, &error);
	if (s->wake_fd < 0)
		error_set(&error, "no eventfd: %s", strerror(errno));
	else if (s->control && adopt_config(s, s->config) < 0)
		error_set(&error, "more than %d relays", SCOREBOARD_GATES);
	if (error.text) {
		log_event(LOG_ERROR, "cannot start", log_str("cause", error.text));
		error_clear(&error);
		return -1;
	}
	if (sd_watchdog_enabled(0, &watchdog_us) > 0)
		s->watchdog_ms = (int64_t)(watchdog_us / 2000);
	return 0;
}

int supervisor_run(struct config *config)
{
	struct supervisor *s = mem_alloc(sizeof *s);

	s->config = config;
	log_configure(config->log.format, config->log.level, config->log.addresses);
	log_role("supervisor", "");
	int status = EX_OSERR;
	if (open_all(s) == 0) {
		posts_plan(&s->posts, s->config);
		start_missing(s);
		log_event(LOG_INFO, "started", log_str("version", PACKAGE_VERSION),
			  log_str("instance", s->instance), log_int("workers", posts_workers(&s->posts)));
		sd_notifyf(0, "READY=1\nSTATUS=%d workers", posts_workers(&s->posts));
		while (!all_gone(s))
			run_once(s);
		log_event(LOG_INFO, "stopped");
		status = 0;
	}
	control_close(s->control);
	scoreboard_free(s->scoreboard);
	config_free(s->config);
	free(s->instance);
	free(s->host);
	free(s);
	return status;
}
