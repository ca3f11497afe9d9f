/*
 * failed.h - finding failed messages, for the verbs `failed ...`
 *
 * A failed message waits for its retry or is dead; each has a record.
 */
#ifndef POSTRIDER_CTL_FAILED_H
#define POSTRIDER_CTL_FAILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "ctl/verb.h"
#include "message/record.h"

/* Which ones; all conditions must hold. */
struct failed_filter {
	char *queue;		/* NULL: each */
	char *class_name;	/* NULL: each; what it failed of last */
	char *older;		/* last tried at least that long ago; NULL: any time */
	char *state;		/* "dead", "retry" or "all"; NULL: the verb's default */
	/* From failed_filter_check(): */
	enum record_class class;
	int64_t older_ms;
	bool dead, retry;
};

#define FAILED_FILTER_ENTRIES(filter) \
	{ "queue", 'q', 0, G_OPTION_ARG_FILENAME, &(filter).queue, "of this queue only", "NAME" }, \
	{ "class", 0, 0, G_OPTION_ARG_FILENAME, &(filter).class_name, \
	  "that failed like this: temporary, permanent, invalid, ...", "CLASS" }, \
	{ "older", 0, 0, G_OPTION_ARG_FILENAME, &(filter).older, \
	  "last tried at least that long ago: 90s, 4h, 3d", "TIME" }, \
	{ "state", 0, 0, G_OPTION_ARG_FILENAME, &(filter).state, "dead, retry or all", "STATE" }

/* Reads the texts; `state` is what holds without --state.  0 or EX_USAGE, the reason printed. */
int failed_filter_check(const struct verb *verb, struct failed_filter *filter, const char *state);
bool failed_filter_given(const struct failed_filter *filter);
void failed_filter_clear(struct failed_filter *filter);

enum failed_state { FAILED_RETRY, FAILED_DEAD, FAILED_MOVING };

/* "retry", "dead", and "moving" for one that a worker or the queue has just now. */
const char *failed_state_name(enum failed_state state);

/* One failed message. */
struct failed {
	const struct config_queue *queue;
	struct store *store;		/* of that queue; borrowed */
	enum failed_state state;
	const struct store_entry *entry;
	enum record_status record_status;
	const struct record *record;	/* NULL: not of a version known here, or broken */
};

/* What it failed of last, and the words for it; NULL: not known. */
const struct record_error *failed_last_error(const struct failed *failed);
/* Its class: of its death, or of its last error. -1: not known. */
int failed_class(const struct failed *failed);

/* The queues of a configuration, opened. */
struct failed_stores {
	const struct verb *verb;
	const struct config *config;
	struct store_link *link;
	struct store **stores;	/* as config->queues */
};

void failed_stores_open(struct failed_stores *stores, const struct verb *verb, const struct config *config);
void failed_stores_close(struct failed_stores *stores);

typedef void failed_visit(void *arg, const struct failed *failed);

/* Calls `visit` for each that the filter lets pass.  0, or an exit status, the
 * reason printed.  `visit` must not change what is stored. */
int failed_each(struct failed_stores *stores, const struct failed_filter *filter, failed_visit *visit,
		void *arg);

/* The same for one id: a record's, or the producer's own (which may be several
 * messages).  None found: EX_NOINPUT and a word. */
int failed_find(struct failed_stores *stores, const char *id, failed_visit *visit, void *arg);

/*
 * What goes back into the queue when a person says so: attempts, deaths and
 * the clock for giving up begin anew, the history stays, recipients who have
 * the mail stay sent and all others are tried again.
 */
void failed_renew(struct record *record, int64_t now_unix_ms);

/* Adds everything that is known of it, as text for people. */
void failed_print(const struct failed *failed, struct buf *out);

/* The same as JSON, a new reference; `with_message`: the message too. */
json_t *failed_to_json(const struct failed *failed, bool with_message);

#endif
