/*
 * private.h - struct session, for the files of src/smtp/ alone
 *
 *	session.c	life: opens, feeds, parks, closes
 *	dialogue.c	what is said before and beside libesmtp: greeting, EHLO,
 *			STARTTLS, QUIT
 *	auth.c		which AUTH, and the mechanisms that libesmtp lacks
 *	prelude.c	how libesmtp is brought onto a socket that is not its own
 *	watch.c		every byte that passes: guard, flight recorder, deadlines
 *	events.c	libesmtp's events become phases and verdicts
 *
 * The session runs in a fiber.  Whoever calls session.h is on the other side;
 * fiber_yield() is called in two places only: where the next mail is awaited
 * and where before_dot is asked (events.c).
 */
#ifndef POSTRIDER_SMTP_PRIVATE_H
#define POSTRIDER_SMTP_PRIVATE_H

#include <stddef.h>
#include <auth-client.h>
#include <libesmtp.h>

#include "base/clock.h"
#include "smtp/ehlo.h"
#include "smtp/fiber.h"
#include "smtp/recorder.h"
#include "smtp/reply.h"
#include "smtp/session.h"
#include "smtp/token.h"
#include "smtp/transport.h"

/* How far a mail has come: what is certain if the connection ends now. */
enum phase {
	PHASE_NONE,	/* no byte of it was written */
	PHASE_MAIL,	/* MAIL is written */
	PHASE_RCPT,	/* MAIL was accepted */
	PHASE_BODY,	/* DATA was accepted, the body is being sent */
	PHASE_DOT,	/* the final dot may have been sent: from here on "in doubt" */
};

/* One mail on its way; lives on the stack of session_send(). */
struct job {
	const struct session_mail *mail;
	struct session_verdict *verdict;
	const char *bytes;	/* mail->bytes, or a copy with line ends mended */
	size_t len, sent;
	smtp_message_t message;	/* libesmtp's, to tell a late event of an older job */
	enum phase phase;
	size_t next_reply;	/* index of the recipient whose reply comes next */
	size_t asked, accepted;	/* recipients handed to libesmtp; those with a 2xx */
	bool eightbit;
	bool decided;		/* the verdict stands */
	bool asked_hook, allowed;
};

/* Where libesmtp is in the dialogue that is played to it (prelude.c). */
enum prelude { PRELUDE_OVER, PRELUDE_GREETING, PRELUDE_EHLO, PRELUDE_STARTTLS };

struct session {
	const struct config_relay *relay;
	struct session_hooks hooks;
	struct session_counts counts;
	struct transport *transport;
	struct token_source *tokens;	/* NULL: a password or nothing */
	struct recorder recorder;
	int64_t learned_messages;	/* the server's own limit for a session; 0: not known */
	int64_t learned_idle_ms;	/* and how long it leaves one idle; 0: not known */

	/* one connection */
	struct fiber *fiber;		/* NULL: no session is open */
	bool running;			/* libesmtp has not returned yet */
	smtp_session_t smtp;
	auth_context_t auth;
	struct ehlo ehlo;
	int64_t opened_ms, idle_since_ms;
	int64_t mails;			/* with a verdict on this connection */
	int64_t refusals;		/* 4xx and 5xx on this connection */
	bool authenticated;		/* 235 was seen, or there is no user name */
	bool established;		/* the first MAIL was allowed */
	bool unusable;			/* no further mail: the server is leaving, or out of step */
	bool ending;			/* cut by us: what libesmtp still says is not heard */

	/* prelude.c */
	enum prelude prelude;
	int listener;			/* -1: none */
	int far_end;			/* our end of the socket pair; -1: none */
	int libesmtp_fd;

	/* watch.c */
	struct reply_reader reader;
	struct ehlo_mask mask;
	bool masking;
	bool withheld;			/* NOOP was written where libesmtp wrote MAIL */
	bool authenticating;		/* AUTH was written, neither 235 nor a refusal has come */
	size_t column;			/* of the next byte read, in its line */
	unsigned commands, replies;	/* lines written; replies read */
	int64_t until_ms;		/* when the present stage has to be over */
	struct buf final;		/* text of a complete reply to the final dot */
	int final_code;

	/* this call of session_send() or session_open() */
	struct arena *arena;
	struct job *job;		/* NULL: none, or decided */
	bool opening, opened;		/* without a mail */
	bool asking;			/* the fiber waits for before_dot */
	enum session_stage stage;
	int64_t moved_ms;		/* when the body last moved */
	bool blamed;			/* `cause` stands: the first one is the true one */
	struct session_reply cause;
	enum session_stage cause_stage;
};

/* --- session.c */

/* Enters a stage, which is over within limit_ms. */
void session_enter(struct session *session, enum session_stage stage, int64_t limit_ms);

/* Names the cause of the connection's end, if none is named yet, and cuts it. */
void session_cut(struct session *session, struct session_reply cause);

/* The same with a QUIT, where the server has refused in good order. */
void session_leave(struct session *session, struct session_reply cause);

/* What libesmtp does with a time-out below a second, and we with it. */
int64_t session_bound(int64_t ms);

/* More than the server has said that it takes (RFC 1870)?  And the reply for it. */
bool session_too_big(const struct session *session, const struct job *job);
struct session_reply session_size_refusal(const struct session *session, const struct job *job);

/* --- dialogue.c */

/* From the connected socket to where TLS begins, or to the greeting without
 * TLS.  False: `cause` stands. */
bool dialogue_open(struct session *session);

/* From the finished handshake to where libesmtp may say EHLO. */
bool dialogue_after_tls(struct session *session);

/* Sends a command, recorded as `shown`, and hears its one reply, which the
 * reader holds.  False: `cause` stands. */
bool dialogue_ask(struct session *session, const char *command, size_t len, const char *shown,
		  int64_t until_ms);
struct session_reply dialogue_heard(struct session *session);

/* QUIT, a second for its reply, and the end of the connection. */
void dialogue_quit(struct session *session);

/* Reads what the server says in the middle of the body: that is the cause. */
void dialogue_interruption(struct session *session);

/* Why there is no answer: text for a stage that got no reply. */
struct session_reply dialogue_silence(struct session *session);

/* --- auth.c */

/* False, with `cause`: a password would cross the network in clear. */
bool auth_is_safe(struct session *session);

/* What libesmtp may see of the mechanisms that a server offers. */
unsigned auth_for_libesmtp(const struct session *session);

/* Once EHLO is answered.  False, with `cause`: there is no AUTH that may be used. */
bool auth_is_offered(struct session *session);

/* Before the first MAIL: does what libesmtp cannot.  False, with `cause`: not authenticated. */
bool auth_before_mail(struct session *session);

/* --- prelude.c */

int prelude_listen(struct session *session, char *server, size_t size);
void prelude_begin(struct session *session);	/* in SMTP_EV_CONNECT */
void prelude_written(struct session *session, const char *bytes, size_t len);
void prelude_read(struct session *session);
void prelude_clear(struct session *session);

/* --- watch.c */

void watch_reset(struct session *session);
void watch_note(struct session *session, char side, const char *line, size_t len);
void watch_cb(const char *bytes, int len, int writing, void *arg);	/* smtp_monitorcb_t */

/* --- events.c */

void events_cb(smtp_session_t smtp, int event, void *arg, ...);	/* smtp_eventcb_t */

/* Sets libesmtp's callbacks and, where there is a user name, its AUTH. */
void events_prepare(struct session *session);

/* Hands libesmtp something to go on with where there is no job. */
void events_add_dummy(struct session *session);

/* Once the server's extensions are known: BODY=8BITMIME for a job that needs it (RFC 6152). */
void events_declare_eightbit(struct session *session);

/* Hands the session's job to libesmtp. */
void events_add_job(struct session *session);

/* libesmtp has returned: a job that is still open gets its verdict. */
void events_conclude(struct session *session);

#endif
