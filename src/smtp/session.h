/*
 * session.h - one authenticated SMTP session, held open from mail to mail
 *
 * Above this header a worker sees only "send this mail, tell me the verdict":
 * session_send() opens the session when there is none and keeps it for the
 * next mail.  That libesmtp turns this around (it asks for the next message
 * from within its own loop) is hidden here.
 *
 * Nothing is ever sent before TLS where TLS is configured, nor before AUTH
 * succeeded where a user name is; no verdict says "sent" without a 2xx to the
 * final dot.
 *
 * One session belongs to one process and one thread.  SIGPIPE must be ignored.
 */
#ifndef POSTRIDER_SESSION_H
#define POSTRIDER_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "config/config.h"

/* Where in the dialogue something happened (RFC 5321 3). */
enum session_stage {
	SESSION_CONNECT, SESSION_GREETING, SESSION_EHLO, SESSION_TLS, SESSION_AUTH,
	SESSION_MAIL, SESSION_RCPT, SESSION_DATA, SESSION_BODY, SESSION_FINAL,
};

/* "connect", "greeting", ... "final". */
const char *session_stage_name(enum session_stage stage);

struct session_reply {
	int code;		/* RFC 5321 4.2 reply code; 0: none came */
	char enhanced[12];	/* RFC 3463 "5.1.1"; "" when the server gave none */
	const char *text;	/* without code and enhanced code, lines joined by " "; "" when none; UTF-8, no controls */
};

enum session_result {
	SESSION_SENT,		/* 2xx to the final dot: accepted for each recipient whose reply is 2xx */
	SESSION_REFUSED,	/* 4xx or 5xx to MAIL, to every RCPT, to DATA or to the final dot */
	SESSION_LOST,		/* connection lost or 421 after MAIL, before the dot: surely not accepted */
	SESSION_IN_DOUBT,	/* the dot was sent and no reply came */
	SESSION_RELAY,		/* no session could be had: connect, greeting, EHLO, TLS or AUTH */
	SESSION_FENCED,		/* before_dot said no: the dot was not sent, the connection is cut */
};

struct session_verdict {
	enum session_result result;
	enum session_stage stage;	/* the last one reached */
	struct session_reply reply;	/* the one that decided; code 0: none, then see text */
	struct session_reply *recipients; /* one each, in the mail's order; code 0: never asked */
	size_t recipient_count;
};

struct session_mail {
	const char *reverse_path;	/* local@domain */
	const char *const *recipients;	/* local@domain each */
	size_t recipient_count;		/* at least 1 */
	const char *bytes;		/* RFC 5322, CRLF only, ending in CRLF */
	size_t len;
};

struct session_hooks {
	void *arg;
	/*
	 * Asked once for each mail when all but the final dot is sent.  False:
	 * the dot is not sent, the connection is cut, the result is FENCED.
	 * `so_far` holds each recipient's reply.  May block; runs on the caller's
	 * own stack.  NULL: always true.
	 */
	bool (*before_dot)(void *arg, const struct session_verdict *so_far);
	/*
	 * A stage begins and is over, one way or the other, within limit_ms: mostly
	 * twice its time-out, since libesmtp's is per wait and the whole is cut off
	 * when its first byte behind it comes.  Called on a stack of some 200 KB: no
	 * deep work in it.  May be NULL.
	 */
	void (*progress)(void *arg, enum session_stage stage, int64_t limit_ms);
	/*
	 * Each line of the dialogue as it passes, without its end; `side` is 'C'
	 * (client), 'S' (server) or '*' (the connection).  Credentials and bodies
	 * are left out, controls are not: whoever shows a line cleans it.  On the
	 * same small stack.  May be NULL.
	 */
	void (*dialogue)(void *arg, char side, const char *line, size_t len);
};

struct session_counts {
	uint64_t sessions;	/* opened, up to and with AUTH */
	uint64_t auths;		/* AUTH commands sent */
	uint64_t mails;		/* verdicts other than RELAY */
	uint64_t learned_messages; /* how many the server takes in one session, as it has said; 0: not known */
	int64_t learned_idle_ms; /* how long it leaves one idle, as it has said; 0: not known */
};

struct session;

/* Once a process, before the first session. */
void session_init(void);

/* `relay` is borrowed for the session's life; `hooks` is copied. */
struct session *session_new(const struct config_relay *relay, const struct session_hooks *hooks);

/* Says QUIT where it can, briefly, and frees; NULL is allowed. */
void session_free(struct session *session);

/*
 * Sends one mail.  Texts and the recipients' array of `verdict` live in
 * `arena`.  Recycles the session first when it has reached max_messages or
 * max_age; a session that the server closed while it was idle is reopened at
 * no cost to the mail.
 */
void session_send(struct session *session, const struct session_mail *mail, struct arena *arena,
		  struct session_verdict *verdict);

/*
 * Connects, does TLS and AUTH as a mail would, and keeps the session for the
 * mails to come; no MAIL is said.  An open session is closed first.  True when
 * that went well; else `verdict` has result RELAY and the cause.
 */
bool session_open(struct session *session, struct arena *arena, struct session_verdict *verdict);

/* What to poll(2) for reading between mails; -1 when no session is open. */
int session_fd(const struct session *session);

/*
 * Looks after an open session between mails: the server has closed it or said
 * 421, or idle_timeout or max_age has passed: it is closed.  To be called
 * when session_fd() is readable and at session_due_ms().
 */
void session_tend(struct session *session);

/* When session_tend() wants to be called, by the monotonic clock; INT64_MAX: never. */
int64_t session_due_ms(const struct session *session);

/* QUIT, bounded to a second or so; session_send() opens a new one. */
void session_close(struct session *session);

struct session_counts session_counts(const struct session *session);

/*
 * The flight recorder: adds the last lines of the dialogue, oldest first,
 * each "2026-11-23T18:13:34.123Z C: MAIL FROM:<a@example.com>\n".  Credentials
 * and bodies are not in it.
 */
void session_dialogue(const struct session *session, struct buf *out);

#endif
