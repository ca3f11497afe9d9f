/*
 * prepare.h - from a message's bytes to a mail's bytes
 *
 * Parses, checks, renders and builds; talks to nobody.  What is wrong with a
 * message or its template is found here, all of it at once, before any
 * server is troubled.
 */
#ifndef POSTRIDER_PREPARE_H
#define POSTRIDER_PREPARE_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"
#include "message/message.h"
#include "message/record.h"
#include "template/template.h"

/*
 * The language as every message gets it, for tools that render too; what it
 * points to is borrowed from `config`.  NULL: the defaults, and no directory.
 */
struct template_options prepare_template_options(const struct config *config);

/* One process's templates and buffers. */
struct prepare;

/*
 * `config` is borrowed for its life.  NULL when the configuration's own
 * sender is no address; the reason is in `error`.
 */
struct prepare *prepare_open(const struct config *config, struct error *error);
void prepare_close(struct prepare *prepare);

/* Told what begins: "parse", "render", "build", and its time limit. */
struct prepare_hooks {
	void *arg;
	void (*progress)(void *arg, const char *stage, int64_t limit_ms);
};

struct prepared {
	struct message *message;	/* NULL when it could not be read; prepared_clear() */
	const char *sender;		/* the reverse path */
	const char *bytes;		/* the mail; borrowed until the next prepare_mail() */
	size_t len;
};

/* Why no mail came of it. */
struct prepare_fault {
	enum record_class class;	/* RECORD_INVALID or RECORD_TEMPLATE */
	const char *stage;
	struct buf text;		/* every fault, "; " between them */
	char *file;			/* of the template, owned; NULL: none */
	unsigned line;
};

void prepare_fault_clear(struct prepare_fault *fault);

/*
 * Makes the mail.  `record` lends its Message-ID and date, which are made
 * here when it has none, and takes template, producer's id and recipients
 * from the message when it has none.  Returns 0, or -1 with `fault`; `out`
 * must be cleared either way.
 */
int prepare_mail(struct prepare *prepare, const char *bytes, size_t len, struct arena *arena,
		 struct record *record, const struct prepare_hooks *hooks, struct prepared *out,
		 struct prepare_fault *fault);

void prepared_clear(struct prepared *prepared);

/* The checks alone, for tools: adds every fault; returns 0 or -1. */
int prepare_check(struct prepare *prepare, const char *bytes, size_t len, struct arena *arena,
		  struct faults *faults);

#endif
