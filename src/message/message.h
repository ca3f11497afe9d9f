/*
 * message.h - what a producer pushes: the JSON message
 *
 * Owns the wire format.  postrider-message(5) describes each field.
 */
#ifndef POSTRIDER_MESSAGE_H
#define POSTRIDER_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "base/arena.h"
#include "base/error.h"
#include "message/address.h"

enum {
	MESSAGE_ID_MAX = 128,		/* characters */
	MESSAGE_TITLE_MAX = 2000,	/* characters */
	MESSAGE_FAULTS_MAX = 200,	/* that are told one by one; the others are counted */
};

struct message_limits {
	size_t max_size;	/* bytes of JSON */
	size_t max_recipients;	/* to, cc and bcc together */
	size_t max_depth;	/* nested arrays and objects */
	bool refuse_unknown_fields;
};

struct message {
	const char *template_name;
	const char *title;		/* "" when absent */
	const char *id;			/* the producer's own; NULL when absent */
	struct address from;		/* spec NULL when absent */
	struct address *to, *cc, *bcc;	/* one spec may stand in more than one; see message_envelope */
	size_t to_count, cc_count, bcc_count;
	/* An object, never NULL in a good message; owned by it.  Integers beyond 64
	 * bits in it are of a form that only templates_render() reads. */
	json_t *body;
};

/*
 * Parses and checks the bytes of one list element.  On success `*out` lives
 * in `arena` until message_free().  On failure *every* fault is in `faults`
 * (fields by name, positions in arrays from 0, offsets for broken JSON) and
 * `*out` is NULL or holds nothing but `id`, `template_name` and `body` where
 * those are good: for the log and the dead store, and so that what the
 * template requires of the body can be told in the same breath.
 * Returns 0 or -1.
 */
int message_parse(const char *bytes, size_t len, const struct message_limits *limits,
		  struct arena *arena, struct message **out, struct faults *faults);

/* The names of the fields, in the order in which they are checked; NULL
 * behind the last. */
const char *message_field_name(size_t index);

/* Gives back the JSON that the message holds; NULL is allowed. */
void message_free(struct message *message);

/*
 * The envelope's recipients, in order to, cc, bcc, each spec once (compared
 * with the domain's case folded, RFC 5321 2.4).  The array lives in `arena`.
 */
const char **message_envelope(const struct message *message, struct arena *arena, size_t *count);

/*
 * What the template sees: each member of `body` as a variable of its own and
 * the whole object as `body`.  A new reference, owned by the caller.
 */
json_t *message_variables(const struct message *message);

#endif
