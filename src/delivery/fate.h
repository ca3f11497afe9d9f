/*
 * fate.h - from a verdict to what becomes of the message
 *
 * Pure: a record and a verdict go in, the record is brought up to date and
 * the next step comes out.  This is the table "What happens to a message" of
 * postriderd(8) as code.
 */
#ifndef POSTRIDER_FATE_H
#define POSTRIDER_FATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "message/backoff.h"
#include "message/record.h"
#include "smtp/session.h"

enum fate_step {
	FATE_DONE,	/* everybody has it: remove it */
	FATE_DEFER,	/* try again after delay_ms */
	FATE_BURY,	/* to the dead store */
	FATE_GIVE_BACK,	/* not the message's fault: back to the queue's head, nothing charged */
};

struct fate {
	enum fate_step step;
	enum record_class class;
	int64_t delay_ms;	/* with FATE_DEFER */
};

struct fate_policy {
	struct backoff backoff;
	int64_t max_attempts, max_age_ms;
	enum config_in_doubt in_doubt;
};

/* Takes the policy out of a configuration. */
struct fate_policy fate_policy(const struct config *config);

/* Where and when something happened; what a record's history says of it. */
struct fate_place {
	const char *relay, *host, *worker;
	int64_t unix_ms;
};

/* How a reply to MAIL, RCPT, DATA or the final dot is read. */
enum fate_reply { FATE_REPLY_NONE, FATE_REPLY_ACCEPTED, FATE_REPLY_TEMPORARY, FATE_REPLY_PERMANENT };

/*
 * The first digit of the code decides (RFC 5321 4.2.1), but
 *  - 552 to RCPT is temporary (RFC 5321 4.5.3.1.10: an old way to say 452,
 *    too many recipients);
 *  - a 5xx whose enhanced code is of class 4 (RFC 3463 2) is temporary:
 *    trying again is harmless where the two disagree.
 */
enum fate_reply fate_read_reply(const struct session_reply *reply, enum session_stage stage);

/* Whether a reply to RCPT says that one mail cannot have so many recipients:
 * 452, or 552, with x.5.3 or without an enhanced code (RFC 5321 4.5.3.1.10,
 * RFC 3463 3.6). */
bool fate_is_too_many(const struct session_reply *reply);

/*
 * Which recipients of the record are still to be sent to, in order: pending
 * ones, and those in doubt where the policy is to resend.  The array of
 * indices lives in the record's arena.
 */
size_t *fate_recipients_left(const struct record *record, const struct fate_policy *policy,
			     size_t *count);

/*
 * Writes a verdict into the record: each asked recipient's state and reply,
 * and an entry of the history unless all went well (that some were too many
 * for one mail is well: they are left, and follow at once).  asked[i] is the record's
 * recipient to which verdict->recipients[i] belongs.  Charges an attempt
 * where one is to be charged.  Returns the class.
 */
enum record_class fate_note_verdict(struct record *record, const size_t *asked, size_t asked_count,
				    const struct session_verdict *verdict,
				    const struct fate_place *place);

/*
 * A refusal that is not the message's fault, as far as one can tell
 * (gate_refused()): it is written into the history, charged to nobody, and the
 * message tried again, each time later as the policy says, unless it is too old.
 */
struct fate fate_hold(struct record *record, const struct session_verdict *verdict,
		      const struct fate_place *place, const struct fate_policy *policy, double random);

/*
 * What to do with a record of which that class was noted last.  `random` in
 * [0, 1) spreads the delay.  With FATE_BURY the reason stands in the record.
 */
struct fate fate_decide(struct record *record, enum record_class class,
			const struct fate_policy *policy, int64_t now_unix_ms, double random);

/* The same where it is known that it has to be tried again: FATE_DEFER, or
 * FATE_BURY when that was too often or for too long. */
struct fate fate_again(struct record *record, enum record_class class,
		       const struct fate_policy *policy, int64_t now_unix_ms, double random);

#endif
