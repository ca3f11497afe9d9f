/*
 * record.h - what is known of a message that failed at least once
 *
 * A record says who has the message already, who still waits for it, and
 * everything that went wrong.  It travels as compact JSON with "v": 1; the
 * message's own bytes are kept beside it, untouched.  A key of version 1 that
 * is not known here is ignored; what an older reader must not misread gets a
 * new version, and a record of a version that is not known is left alone.
 */
#ifndef POSTRIDER_RECORD_H
#define POSTRIDER_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

enum {
	RECORD_VERSION = 1,
	RECORD_ID_LEN = 26,		/* a ULID: base/random.h */
	RECORD_TEXT_MAX = 2000,		/* bytes of a reply or reason; the rest is cut off */
	RECORD_DIALOGUE_MAX = 100,	/* lines of dialogue; of more the last are kept */
	RECORD_ERRORS_FIRST = 4,	/* of a long history the first ... */
	RECORD_ERRORS_LAST = 16,	/* ... and the last are kept */
	RECORD_ERRORS_MAX = RECORD_ERRORS_FIRST + RECORD_ERRORS_LAST,
	RECORD_SIZE_MAX = 16 << 20,	/* bytes of JSON; a larger one is no record of ours */
	RECORD_RECIPIENTS_MAX = 10000,
};

/* What became of an attempt: the rows of the table in postriderd(8). */
enum record_class {
	RECORD_SENT,
	RECORD_TEMPORARY,	/* the server asks to try again later */
	RECORD_RECIPIENT,	/* refused for some recipients, for good */
	RECORD_PERMANENT,	/* refused as a whole, for good */
	RECORD_INVALID,		/* the message itself is wrong */
	RECORD_TEMPLATE,	/* the template is wrong, or its data */
	RECORD_RELAY,		/* the relay's fault, not the message's */
	RECORD_LOST,		/* the connection broke before the final dot */
	RECORD_IN_DOUBT,	/* the final dot was sent and not answered */
	RECORD_POISON,		/* the message kills its worker */
};

enum { RECORD_CLASSES = RECORD_POISON + 1 };

/* "temporary", "in_doubt", ...: a static text. */
const char *record_class_name(enum record_class class);
/* 0, or -1 when there is no class of that name. */
int record_class_from_name(const char *name, enum record_class *out);

enum record_state { RECORD_RCPT_PENDING, RECORD_RCPT_SENT, RECORD_RCPT_REFUSED, RECORD_RCPT_IN_DOUBT };

enum { RECORD_STATES = RECORD_RCPT_IN_DOUBT + 1 };

/* "pending", "sent", "refused", "in_doubt": a static text. */
const char *record_state_name(enum record_state state);

/* What an SMTP server said (RFC 5321 4.2, RFC 3463). */
struct record_reply {
	int code;		/* 250, 451; 0: no reply */
	const char *enhanced;	/* "4.7.1"; NULL: none */
	const char *text;	/* NULL: none; any bytes, cleaned and cut when it is noted */
};

struct record_recipient {
	const char *address;	/* as it stands in RCPT */
	enum record_state state;
	struct record_reply reply;	/* the last one */
};

/* One thing that went wrong. */
struct record_error {
	enum record_class class;
	const char *stage;	/* "parse", "render", "connect", "mail", "rcpt", "data", "dot", ...; NULL: none */
	struct record_reply reply;	/* its text is what happened, also where no server spoke */
	const char *relay;	/* name in the configuration; NULL: no relay was involved */
	const char *host;	/* this host */
	const char *worker;	/* "default/1" */
	int64_t unix_ms;
	const char *file;	/* of the template; NULL: none */
	unsigned line;		/* from 1; 0: none */
};

struct record {
	struct arena *arena;	/* borrowed: where its texts and lists live */
	const char *id;		/* postrider's own, RECORD_ID_LEN characters */
	const char *producer_id;	/* the message's own `id`; NULL: none */
	const char *queue;
	const char *template_name;	/* NULL: not known (the message could not be read) */
	int64_t attempts;	/* those that were charged */
	struct {
		int64_t count;		/* workers that it killed */
		const char *cause;	/* of the last: "SIGSEGV", "time limit"; NULL: none */
		const char *stage;	/* where it was then; NULL: none */
	} crashes;
	const char *message_id;	/* without <>, the same on each attempt; NULL: not yet made */
	int64_t date_unix_s;	/* of the Date field; 0: not yet made */
	int64_t first_unix_ms, last_unix_ms;	/* first taken, last tried */
	struct record_recipient *recipients;
	size_t recipient_count;	/* 0: not yet known */
	struct record_error errors[RECORD_ERRORS_MAX];	/* oldest first */
	size_t error_count;	/* of those in `errors` */
	int64_t error_total;	/* of those that happened */
	const char **dialogue;	/* what was said on the line in the last failed attempt, line by line */
	size_t dialogue_count;
	struct {
		const char *reason;	/* NULL: it lives */
		enum record_class class;
		int64_t unix_ms;
	} dead;
};

/* An empty record in `arena`, which must outlive it. */
struct record *record_new(struct arena *arena);

/* Every address pending and without a reply.  The addresses are copied. */
void record_set_recipients(struct record *record, const char *const *addresses, size_t count);

/* What the server said of one recipient; `reply` is copied, NULL: nothing. */
void record_note_recipient(struct record *record, size_t recipient, enum record_state state,
			   const struct record_reply *reply);

/* Adds one to the history, copied; between the first and the last the
 * oldest is forgotten, and still counted. */
void record_note_error(struct record *record, const struct record_error *error);

/* Replaces the dialogue with the lines of `text`, copied and cleaned. */
void record_set_dialogue(struct record *record, const char *text);

/* Why it was given up; the text is copied. */
void record_note_death(struct record *record, enum record_class class, int64_t unix_ms,
		       const char *reason);

/* How many recipients are in that state. */
size_t record_count(const struct record *record, enum record_state state);

/* Whether this is a record id (and so `@` and it a reference to a record). */
bool record_is_id(const char *text, size_t len);

/* Adds the record as one line of JSON. */
void record_to_json(const struct record *record, struct buf *out);

enum record_status {
	RECORD_OK,
	RECORD_FOREIGN,		/* of a version that is not known: leave it alone, byte for byte */
	RECORD_BROKEN,		/* no record at all */
};

/*
 * Reads what record_to_json() wrote, here or elsewhere; trusts none of it:
 * identifiers, addresses and numbers are checked, texts cleaned and cut.
 * On RECORD_OK `*out` lives in `arena`; otherwise it is NULL and `error`
 * says why.
 */
enum record_status record_from_json(const char *bytes, size_t len, struct arena *arena,
				    struct record **out, struct error *error);

#endif
