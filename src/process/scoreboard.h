/*
 * scoreboard.h - what every child is doing, in memory that all share
 *
 * The supervisor makes it before the first fork.  A slot belongs to one child
 * at a time: the supervisor writes its first part, the child the second.
 * Nothing is locked; a reader checks a turn counter instead, so a child that
 * is killed while it writes harms nobody.
 */
#ifndef POSTRIDER_SCOREBOARD_H
#define POSTRIDER_SCOREBOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "config/config.h"
#include "delivery/gate.h"
#include "delivery/recovery.h"

enum { SCOREBOARD_SLOTS = 1024, SCOREBOARD_GATES = 64, SCOREBOARD_QUEUE_SIZE = 64 };

enum scoreboard_state {
	SCOREBOARD_VACANT, SCOREBOARD_STARTING, SCOREBOARD_IDLE, SCOREBOARD_BUSY,
	SCOREBOARD_RELAY_DOWN, SCOREBOARD_REDIS_DOWN, SCOREBOARD_STOPPING,
};

/* "vacant", "starting", "idle", "busy", "relay down", "redis down", "stopping". */
const char *scoreboard_state_name(enum scoreboard_state state);

struct scoreboard_counts {
	uint64_t taken, sent, deferred, dead, given_back, in_doubt, sessions, auths;
};

/* What a child says of itself. */
struct scoreboard_report {
	enum scoreboard_state state;
	char stage[16];			/* "" while idle */
	char id[132];			/* of the message in hand */
	int64_t since_unix_ms;		/* of this state */
	struct scoreboard_counts counts; /* since this child began */
};

struct scoreboard_slot {
	/* the supervisor's */
	char queue[SCOREBOARD_QUEUE_SIZE];	/* "" when vacant */
	int number;				/* of the worker within its queue, from 1 */
	_Atomic pid_t pid;			/* 0: nobody lives here */
	_Atomic unsigned starts;		/* children so far */
	_Atomic int death_status;		/* of the last one, as of waitpid(2); 0: nothing is to be said of it */
	_Atomic bool death_by_limit;		/* the supervisor killed it: no progress */
	char death_stage[16];
	_Atomic int64_t trace_until_ms;		/* monotonic: its SMTP dialogue is logged until then */
	/* the child's */
	_Atomic bool claimed;			/* this child has taken a message */
	_Atomic int64_t deadline_ms;		/* monotonic; without progress by then it is stuck; 0: none */
	_Atomic uint32_t turn;			/* odd while `report` is written */
	struct scoreboard_report report;
};

struct scoreboard {
	struct scoreboard_slot retrier;
	struct scoreboard_slot slots[SCOREBOARD_SLOTS];
	struct gate gates[SCOREBOARD_GATES];
	_Atomic int64_t redis_down_since_ms;	/* monotonic; 0: it answers */
};

/* Mapped shared and anonymous; fatal when there is no memory for it. */
struct scoreboard *scoreboard_new(void);
void scoreboard_free(struct scoreboard *scoreboard);

/* The gate of that relay, made when it is not there yet; NULL when all are in
 * use.  For the supervisor, before it forks. */
struct gate *scoreboard_gate(struct scoreboard *scoreboard, const char *relay);

/* Redis did not answer a child, or answered again: logged once a host, not once
 * a child. */
void scoreboard_redis_failed(struct scoreboard *scoreboard, const char *cause);
void scoreboard_redis_answered(struct scoreboard *scoreboard);

/* Writes a child's report; `deadline_ms` monotonic. */
void scoreboard_report(struct scoreboard_slot *slot, const struct scoreboard_report *report,
		       int64_t deadline_ms);

/* How the last child of a slot died, as far as its message may be to blame: a
 * SIGKILL from outside says nothing about it, nor does a death in no stage, for
 * Redis may give a message to one that was frozen before.  Borrowed from the slot. */
struct recovery_death scoreboard_death(const struct scoreboard_slot *slot);

/* Copies a report; false when the child died while it wrote it. */
bool scoreboard_read(const struct scoreboard_slot *slot, struct scoreboard_report *out);

#endif
