/* scoreboard.c - owns the shared mapping; starts and stops nobody. */
#include "process/scoreboard.h"

#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "process/signals.h"

const char *scoreboard_state_name(enum scoreboard_state state)
{
	static const char *const names[] = {
		[SCOREBOARD_VACANT] = "vacant",
		[SCOREBOARD_STARTING] = "starting",
		[SCOREBOARD_IDLE] = "idle",
		[SCOREBOARD_BUSY] = "busy",
		[SCOREBOARD_RELAY_DOWN] = "relay down",
		[SCOREBOARD_REDIS_DOWN] = "redis down",
		[SCOREBOARD_STOPPING] = "stopping",
	};

	return (size_t)state < sizeof names / sizeof *names ? names[state] : "unknown";
}

struct scoreboard *scoreboard_new(void)
{
	void *p = mmap(NULL, sizeof(struct scoreboard), PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		fatal("out of memory: the scoreboard's %zu bytes could not be had",
		      sizeof(struct scoreboard));
	return p;
}

void scoreboard_free(struct scoreboard *scoreboard)
{
	if (scoreboard)
		munmap(scoreboard, sizeof *scoreboard);
}

struct gate *scoreboard_gate(struct scoreboard *scoreboard, const char *relay)
{
	for (size_t i = 0; i < SCOREBOARD_GATES; i++) {
		struct gate *gate = &scoreboard->gates[i];
		if (!*gate->relay)
			gate_init(gate, relay);
		if (!strncmp(gate->relay, relay, sizeof gate->relay - 1))
			return gate;
	}
	return NULL;
}

void scoreboard_redis_failed(struct scoreboard *scoreboard, const char *cause)
{
	int64_t up = 0;

	if (atomic_compare_exchange_strong(&scoreboard->redis_down_since_ms, &up, clock_monotonic_ms()))
		log_event(LOG_WARNING, "redis down", log_str("cause", cause));
}

void scoreboard_redis_answered(struct scoreboard *scoreboard)
{
	if (!atomic_load(&scoreboard->redis_down_since_ms))
		return;
	int64_t since = atomic_exchange(&scoreboard->redis_down_since_ms, 0);
	if (since)
		log_event(LOG_INFO, "redis back", log_ms("down", clock_monotonic_ms() - since));
}

void scoreboard_report(struct scoreboard_slot *slot, const struct scoreboard_report *report,
		       int64_t deadline_ms)
{
	uint32_t turn = atomic_load(&slot->turn);

	/* A predecessor that was killed while it wrote has left it odd. */
	atomic_store(&slot->turn, turn | 1);
	slot->report = *report;
	atomic_store(&slot->turn, (turn | 1) + 1);
	atomic_store(&slot->deadline_ms, deadline_ms);
}

bool scoreboard_read(const struct scoreboard_slot *slot, struct scoreboard_report *out)
{
	for (int tries = 0; tries < 1000; tries++) {
		uint32_t turn = atomic_load(&slot->turn);
		if (turn & 1)
			continue;
		*out = slot->report;
		atomic_thread_fence(memory_order_acquire);
		if (atomic_load(&slot->turn) == turn)
			return true;
	}
	memset(out, 0, sizeof *out);
	return false;
}

struct recovery_death scoreboard_death(const struct scoreboard_slot *slot)
{
	int status = atomic_load(&slot->death_status);
	int signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	struct recovery_death death = { .stage = slot->death_stage };

	if (!*slot->death_stage)
		return (struct recovery_death){ 0 };
	if (atomic_load(&slot->death_by_limit))
		death.cause = "time limit";
	else if (signal && signal != SIGKILL && signal != SIGTERM)
		death.cause = signals_name(signal);
	else if (WIFEXITED(status) && WEXITSTATUS(status) == MEM_FATAL)
		death = (struct recovery_death){ "out of memory or file descriptors", death.stage, true };
	return death;
}
