/*
 * store.h - one queue in Redis: taking, marking, recording, recovering
 *
 * Owns the key names and the Lua scripts, and is all of postrider that knows
 * Redis.  Bytes go in and out as they are; what a record says is not known
 * here.  Every step that changes something is one script whose first write
 * removes something or is a PEXPIRE and which does nothing when that found
 * nothing, so a step repeated after a lost reply does not act twice.
 *
 * Under the hash tag of the queue, {<prefix>:queue:<name>}: see the table in
 * postriderd(8), "Keys in Redis".
 */
#ifndef POSTRIDER_STORE_H
#define POSTRIDER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/random.h"
#include "config/config.h"

enum store_status {
	STORE_OK,
	STORE_NOTHING,	/* nothing was there: no message, or it is no longer ours, or the step was done before */
	STORE_DOWN,	/* no answer: connection refused, lost or timed out; try again, nothing is known */
	STORE_REFUSED,	/* Redis said no: out of memory, read-only, no permission, wrong version */
};

/*
 * What a Redis ACL user must be allowed (ACL SETUSER), for prefix "postrider".
 * The third group may be left out: without it a stop waits until the wait for
 * a message ends by itself, and the advice on persistence is less exact.
 */
#define STORE_ACL_KEYS "~postrider:queue:* ~{postrider:queue:*"
#define STORE_ACL_COMMANDS \
	"+blmove +client|reply +del +eval +evalsha +exists +hdel +hget +hset +info +lindex " \
	"+llen +lmove +lpop +lpos +lpush +lrem +pexpire +ping +rpush +sadd +scan +select +set +smembers " \
	"+srem +time +zadd +zcard +zrange +zrangebyscore +zrem +zscore"
#define STORE_ACL_OPTIONAL "+client|id +client|unblock +config|get"

/*
 * One connection, lazily opened, reopened by the next call after a failure; one
 * that was lost while nothing was asked is reopened without a word.  The
 * process must ignore SIGPIPE.  A host name is looked up by the C library, in
 * that library's own time; every other wait is bounded.
 */
struct store_link;

/* `redis` is borrowed for the link's life.  Opens nothing yet. */
struct store_link *store_link_new(const struct config_redis *redis);
void store_link_free(struct store_link *link);

/* Connects when not connected, checks the version (6.2 at least) and
 * authenticates.  The reason of a failure is in `error` here and below. */
enum store_status store_link_check(struct store_link *link, struct error *error);

/* A number that changes whenever a connection was made anew, and with it
 * whenever the server behind it is another run. */
uint64_t store_link_epoch(const struct store_link *link);

/* The run id of the server last connected to; "" before the first connection.
 * Borrowed until the next call on the link. */
const char *store_link_run(const struct store_link *link);

/* For poll(2); -1 when not connected. */
int store_link_fd(const struct store_link *link);

/* One queue over a link. */
struct store;

/*
 * `link` is borrowed and may serve several stores.  `owner` is "instance:slot"
 * and belongs to one process at a time; `instance` (store/instance.h) names
 * the lease.  All are copied.
 */
struct store *store_open(struct store_link *link, const char *prefix, const char *queue,
			 const char *instance, const char *owner);
void store_close(struct store *store);

/* ---- taking ---- */

/* A message in an owner's hands.  Owned by the caller: store_job_clear(). */
struct store_job {
	char *owner;		/* whose hands: NULL this store's own, else the one that was peeked at */
	char *element;		/* the list element, exactly: the JSON or "@<record id>" */
	size_t element_len;
	char *record_id;	/* NULL: a message that has no record yet */
	char *record;		/* its metadata as stored; NULL when there is none */
	size_t record_len;
	char *message;		/* the message's exact bytes (== element when there is no record); NULL when a
				   reference leads nowhere */
	size_t message_len;
	char *mark;		/* left before a final dot by a life that ended since: what became of this
				   message is in doubt.  NULL: none, its dot was never sent */
	size_t mark_len;
	char hold[RANDOM_ID_SIZE];	/* this holding's own number: each is ended once (store/scripts/hold.lua) */
};

#define STORE_JOB_INIT { 0 }

/* Frees what it holds; it may be filled again. */
void store_job_clear(struct store_job *job);

/* Renews (or sets) the lease and enters the owner in :owners: before the first take. */
enum store_status store_register(struct store *store, struct error *error);

/*
 * Asks for a message; the server answers within wait_ms (0: at once), or
 * within the lease if that is shorter: so when an owner is proven dead, no
 * wait of its is left on the server that could still be given a message.
 * After each new connection, and whenever this owner's list holds more than
 * is known here (the answer to an earlier take was lost on its way), this
 * asks for what is there instead, so nothing is ever left lying.
 */
enum store_status store_take_start(struct store *store, int64_t wait_ms, struct error *error);

/*
 * Reads the answer.  Blocks until it is there (or the wait and the command
 * timeout have passed), so poll store_link_fd() first.
 * OK: `job` is filled (what it held before is forgotten).  NOTHING: no message
 * came; ask again.
 * When Redis is out of memory the message is taken by a script instead, and
 * REFUSED says that there was none: wait before asking again.
 * Between start and finish nothing else may be called on the link.
 */
enum store_status store_take_finish(struct store *store, struct store_job *job, struct error *error);

/* Makes the server answer a started take at once (it may still bring a message),
 * through a second connection; without the right to CLIENT UNBLOCK the wait goes
 * on.  store_take_finish() must follow. */
void store_take_hurry(struct store *store);

/* What this owner still holds from an earlier life: the first element, like a
 * take, and its mark in job->mark.  (store_take_start() finds it by itself.) */
enum store_status store_take_held(struct store *store, struct store_job *job, struct error *error);

/*
 * ---- the message in hand ----
 *
 * These act on the list that the job came from.  When job->owner is another
 * owner (store_peek) they compare first: the mark must still be the one that
 * was read, and another instance must still have no lease; so of two that
 * recover the same message one acts and the other finds NOTHING, as does one
 * that repeats a step whose answer was lost.
 *
 * After DOWN or REFUSED the step may be repeated with the same job as often as
 * it takes; nothing but this step may be tried with the job then.
 */

/*
 * The fence before the final dot: the lease lives and the element is still in
 * this owner's hands, then `mark` (the record as it would be written if the
 * owner died now) is left.  NOTHING: no longer ours, the dot must not be sent.
 */
enum store_status store_mark(struct store *store, const struct store_job *job,
			     const char *mark, size_t len, struct error *error);

/* All was delivered: the message, its record and mark are gone. */
enum store_status store_done(struct store *store, const struct store_job *job, struct error *error);

/*
 * It failed for now: record and message are kept under `record_id`, due in
 * `delay_ms` by the server's clock.
 */
enum store_status store_defer(struct store *store, const struct store_job *job, const char *record_id,
			      const char *record, size_t len, int64_t delay_ms, struct error *error);

/* It failed for good: record and message go to the dead store. */
enum store_status store_bury(struct store *store, const struct store_job *job, const char *record_id,
			     const char *record, size_t len, struct error *error);

/* Back to the head of the queue, no mark left; `record` NULL: as it was (record_id
 * is not looked at), else as a reference with this record. */
enum store_status store_give_back(struct store *store, const struct store_job *job,
				  const char *record_id, const char *record, size_t len,
				  struct error *error);

/*
 * Takes an owner (NULL: this store's own) out of :owners when its list is empty;
 * NOTHING: it is not, or the owner is of another instance that has a lease.
 * One that died while a take was outstanding may not be taken out sooner than
 * a lease time after its death: until then the server may still give its
 * vanished connection a message.
 */
enum store_status store_leave(struct store *store, const char *owner, struct error *error);

/* ---- the retry child's steps ---- */

/* Renews this instance's lease and enters this store's owner in :owners.
 * NOTHING: there was none, and it was set anew. */
enum store_status store_renew_lease(struct store *store, struct error *error);

/* Moves up to `most` due messages to the tail of the queue.  `*moved` how many;
 * `*next_ms`: until the next one is due, by the server's clock (0: more are due
 * already, INT64_MAX: none).  Records of a version that is not known stay. */
enum store_status store_promote(struct store *store, size_t most, size_t *moved, int64_t *next_ms,
				struct error *error);

/* Every name in :owners, and whether its instance has a lease now.  The list is
 * owned by the caller: store_owners_free(). */
struct store_owner {
	char *owner;		/* "instance:slot" */
	char *instance;
	bool leased;
};
enum store_status store_owners(struct store *store, struct store_owner **list, size_t *count,
			       struct error *error);
void store_owners_free(struct store_owner *list, size_t count);

/*
 * What another owner holds: its first element like a take, with job->owner and
 * job->mark set.  For an owner that is known to be dead; done, defer, bury and
 * give_back with this job then decide on it.  NOTHING: its list is empty.
 */
enum store_status store_peek(struct store *store, const char *owner, struct store_job *job,
			     struct error *error);

/* Ends this instance's lease, as the very last thing of a stop, so that others need
 * not wait for it to run out; takes this store's own owner out of :owners when
 * its list is empty. */
enum store_status store_end_lease(struct store *store, struct error *error);

/* Removes dead messages older than keep_ms, and the oldest above `most`; returns
 * the ids removed in this call (at most 100: call again then), one log line each is
 * the caller's.  The list and its texts are owned: store_ids_free().  Records of a
 * version that is not known stay. */
enum store_status store_trim_dead(struct store *store, int64_t keep_ms, int64_t most,
				  char ***ids, size_t *count, struct error *error);
void store_ids_free(char **ids, size_t count);

/*
 * Queues that have owners, whether anybody configured them or not: one page of
 * a SCAN.  `*cursor` is NULL to begin with and after the last page, else owned
 * between the calls (free() ends it early).  Names may come twice.  The list is
 * owned: store_ids_free().
 */
enum store_status store_scan_queues(struct store_link *link, const char *prefix, char **cursor,
				    char ***names, size_t *count, struct error *error);

/* ---- for people ---- */

struct store_counts {
	int64_t queued, processing, retry, dead;
	int64_t next_due_ms;	/* until the next retry; INT64_MAX: none */
};
enum store_status store_counts(struct store *store, struct store_counts *counts, struct error *error);

/* Appends one message to the queue's tail, as a producer would.  The one step that
 * may act twice when it is repeated after DOWN. */
enum store_status store_push(struct store *store, const char *message, size_t len, struct error *error);

enum store_shelf { STORE_RETRY, STORE_DEAD };

struct store_entry {
	char *record_id, *record, *message;	/* owned; message only from store_get() */
	size_t record_len, message_len;
	int64_t score_ms;			/* due, or died */
};

/* A page of a shelf, oldest first. */
enum store_status store_list(struct store *store, enum store_shelf shelf, size_t offset, size_t most,
			     struct store_entry **list, size_t *count, struct error *error);
void store_list_free(struct store_entry *list, size_t count);
void store_entry_clear(struct store_entry *entry);	/* what store_get() filled */

/* One record by its id, wherever it is; score_ms is 0 when it is on neither shelf. */
enum store_status store_get(struct store *store, const char *record_id, struct store_entry *entry,
			    struct error *error);

/* From retry or dead to the queue's tail now, with `record` in place of the old
 * one when it is not NULL; NOTHING: it is in neither.  With NULL a record of a
 * version that is not known is REFUSED. */
enum store_status store_requeue(struct store *store, const char *record_id, const char *record,
				size_t len, struct error *error);
/* Deletes it from retry or dead, with record and message. */
enum store_status store_delete(struct store *store, const char *record_id, struct error *error);

/* Settings of the server that endanger messages (maxmemory-policy other than
 * noeviction, no persistence): a fault each, for `check` and the start. */
enum store_status store_advise(struct store_link *link, struct faults *advice, struct error *error);

#endif
