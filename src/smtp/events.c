/*
 * events.c - libesmtp's events become phases and verdicts
 *
 * Runs on the session's fiber, called from within libesmtp's loop.  libesmtp
 * asks for the next message only from here: at each event behind which it
 * looks for one, the fiber yields until session_send() has another mail.
 *
 *	what became of the mail		where the next one is awaited
 *	accepted, or refused at the dot	MESSAGESENT
 *	MAIL refused			MAILSTATUS: no MESSAGESENT follows
 *	every recipient refused		in the last RCPTSTATUS, where DATA's reply is still to
 *					come: a dummy is added, which leads to the next line
 *	a dummy				MAILSTATUS: see written_mail() in watch.c
 *	DATA refused			nowhere: libesmtp has chosen QUIT already
 *	421, connection lost		nowhere
 */
#include "smtp/private.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	CHUNK = 16 << 10,		/* of the body, handed to libesmtp at once */
	SLOWEST_BYTES_PER_MS = 8,	/* a body that moves more slowly is given up */
};

static const char *on_read(void **context, int *len, void *arg);

static struct session_reply reply_of(const struct session *session, const smtp_status_t *status)
{
	const char *text = status->text ? status->text : "";

	return reply_make(status->code, text, strlen(text), session->arena);
}

static void decide(struct session *session, enum session_result result, enum session_stage stage,
		   struct session_reply reply)
{
	struct job *job = session->job;

	job->verdict->result = result;
	job->verdict->stage = stage;
	job->verdict->reply = reply;
	job->decided = true;
	session->job = NULL;
	session->mails++;
	if (reply.code == 421)
		session->unusable = true;
}

/* libesmtp ends a session that lacks what was asked for, so not sooner. */
void events_declare_eightbit(struct session *session)
{
	struct job *job = session->job;

	if (job && job->eightbit && session->ehlo.eightbit)
		smtp_8bitmime_set_body(job->message, E8bitmime_8BITMIME);
}

void events_add_job(struct session *session)
{
	struct job *job = session->job;
	const struct session_verdict *verdict = job->verdict;
	smtp_message_t message = smtp_add_message(session->smtp);

	smtp_set_messagecb(message, on_read, session);
	smtp_set_reverse_path(message, job->mail->reverse_path);
	for (size_t i = 0; i < job->mail->recipient_count; i++)
		if (!verdict->recipients[i].code)
			smtp_add_recipient(message, job->mail->recipients[i]);
	smtp_size_set_estimate(message, job->len);
	job->message = message;
	if (session->established)
		events_declare_eightbit(session);
	job->phase = PHASE_NONE;
	job->sent = 0;
	job->next_reply = 0;
	job->accepted = 0;
	job->asked_hook = false;
}

/* A message that is never sent: without one libesmtp does not even connect. */
void events_add_dummy(struct session *session)
{
	smtp_message_t message = smtp_add_message(session->smtp);

	smtp_set_message_str(message, (void *)(uintptr_t)"");
	smtp_set_reverse_path(message, "");
	smtp_add_recipient(message, "postmaster");
}

/* Parks the session, its connection open, until there is another mail. */
static void await_next(struct session *session)
{
	session->until_ms = INT64_MAX;
	session->idle_since_ms = clock_monotonic_ms();
	if (session->unusable) {
		dialogue_quit(session);
		return;
	}
	if (session->ending)
		return;
	fiber_yield(session->fiber);
	if (session->job)
		events_add_job(session);
}

/* The server knows of no MAIL: see written_mail() in watch.c. */
static void on_withheld(struct session *session)
{
	const struct reply_reader *reader = &session->reader;
	struct session_reply reply = reply_make(reader->code, buf_str(&reader->text), reader->text.len,
						session->arena);

	session->withheld = false;
	session->unusable |= reader->code == 421;
	if (session->job)
		decide(session, SESSION_REFUSED, SESSION_MAIL, session_size_refusal(session, session->job));
	else if (session->unusable)
		session_leave(session, reply);
	else
		session->opened = true;
	await_next(session);
}

static void on_mail(struct session *session, smtp_message_t message)
{
	struct job *job = session->job;

	if (session->withheld) {
		on_withheld(session);
		return;
	}
	if (!job || job->message != message)
		return;
	struct session_reply reply = reply_of(session, smtp_reverse_path_status(message));
	int class = reply.code / 100;
	if (class == 2) {
		int64_t limit = session_bound(session->relay->timeouts.command_ms);

		job->phase = PHASE_RCPT;
		session_enter(session, SESSION_RCPT, 2 * limit);
		session->until_ms = clock_monotonic_ms() + limit;
	} else if (reply.code == 421) {
		decide(session, SESSION_LOST, SESSION_MAIL, reply);
		dialogue_quit(session);
	} else if (class == 4 || class == 5) {
		decide(session, SESSION_REFUSED, SESSION_MAIL, reply);
		await_next(session);
	} else {
		session_cut(session, reply);
	}
}

/* Of several refusals a temporary one decides: it leaves something to be tried. */
static struct session_reply deciding(const struct session_verdict *verdict)
{
	for (size_t i = 0; i < verdict->recipient_count; i++)
		if (verdict->recipients[i].code / 100 == 4)
			return verdict->recipients[i];
	return verdict->recipients[verdict->recipient_count - 1];
}

static void all_refused(struct session *session, int last_code)
{
	struct session_reply reply = deciding(session->job->verdict);

	if (last_code == 421) {
		decide(session, SESSION_LOST, SESSION_RCPT, reply);
		dialogue_quit(session);
		return;
	}
	int64_t limit = session_bound(session->relay->timeouts.data_ms);
	decide(session, SESSION_REFUSED, SESSION_RCPT, reply);
	events_add_dummy(session);
	session_enter(session, SESSION_DATA, 2 * limit);
	session->until_ms = clock_monotonic_ms() + limit;
}

static void on_recipient(struct session *session, smtp_recipient_t recipient)
{
	struct job *job = session->job;

	if (!job || job->phase != PHASE_RCPT)
		return;
	struct session_verdict *verdict = job->verdict;
	while (job->next_reply < verdict->recipient_count && verdict->recipients[job->next_reply].code)
		job->next_reply++;	/* was not asked for */
	if (job->next_reply == verdict->recipient_count)
		return;
	struct session_reply reply = reply_of(session, smtp_recipient_status(recipient));
	int64_t limit = session_bound(session->relay->timeouts.command_ms);
	if (reply.code / 100 == 3 || reply.code < 200) {
		session_cut(session, reply);
		return;
	}
	verdict->recipients[job->next_reply++] = reply;
	job->asked--;
	job->accepted += reply.code / 100 == 2;
	if (job->asked) {
		session_enter(session, SESSION_RCPT, 2 * limit);
		session->until_ms = clock_monotonic_ms() + limit;
	} else if (!job->accepted) {
		all_refused(session, reply.code);
	} else {
		limit = session_bound(session->relay->timeouts.data_ms);
		session_enter(session, SESSION_DATA, 2 * limit);
		session->until_ms = clock_monotonic_ms() + limit;
	}
}

/* The verdict that a reply to the final dot gives. */
static void decide_final(struct session *session, struct session_reply reply)
{
	switch (reply.code / 100) {
	case 2:
		decide(session, SESSION_SENT, SESSION_FINAL, reply);
		break;
	case 4:
	case 5:
		decide(session, SESSION_REFUSED, SESSION_FINAL, reply);
		break;
	default:
		decide(session, SESSION_IN_DOUBT, SESSION_FINAL, reply);
		session->unusable = true;
	}
}

static struct session_reply final_reply(const struct session *session)
{
	return reply_make(session->final_code, buf_str(&session->final), session->final.len,
			  session->arena);
}

static void on_sent(struct session *session, smtp_message_t message)
{
	struct job *job = session->job;

	if (!job || job->message != message)
		return;		/* the late end of a mail that was decided at RCPT */
	struct session_reply reply = reply_of(session, smtp_message_transfer_status(message));
	if (job->phase == PHASE_DOT) {
		/* libesmtp takes the beginning of an overlong line for a reply, and a
		 * line that the end of the connection has cut off: see watch.c. */
		if (!session->final_code)
			return;
		decide_final(session, final_reply(session));
		await_next(session);
	} else if (job->phase == PHASE_RCPT && reply.code / 100 >= 4 && reply.code < 600) {
		/* To DATA.  libesmtp says QUIT next, whatever is added here. */
		decide(session, reply.code == 421 ? SESSION_LOST : SESSION_REFUSED, SESSION_DATA, reply);
		dialogue_quit(session);
	} else {
		session_cut(session, reply.code ? reply : dialogue_silence(session));
	}
}

/*
 * When a flush of the body times out, libesmtp drops that buffer and goes on:
 * the mail would arrive with a hole.  It does so without a word, but not
 * without time passing.
 */
static void check_flow(struct session *session)
{
	int64_t now = clock_monotonic_ms();
	int64_t gap = session_bound(session->relay->timeouts.data_ms) * 9 / 10;

	if (session->ending)
		return;
	if (now - session->moved_ms > gap || now > session->until_ms)
		session_cut(session, dialogue_silence(session));
	session->moved_ms = now;
}

static void begin_body(struct session *session)
{
	struct job *job = session->job;
	int64_t data = session_bound(session->relay->timeouts.data_ms);
	int64_t limit = data + (int64_t)(job->len / SLOWEST_BYTES_PER_MS);

	job->phase = PHASE_BODY;
	job->sent = 0;
	session->moved_ms = clock_monotonic_ms();
	session_enter(session, SESSION_BODY, limit + data);
	session->until_ms = session->moved_ms + limit;
	if (reply_pending(&session->reader))
		session_cut(session, reply_none(session->arena, "%s sent bytes behind its reply to DATA",
						transport_peer(session->transport)));
}

/* The server has something to say before it has heard the end: that decides,
 * and the dot is not sent.  True: it has. */
static bool interrupted(struct session *session)
{
	switch (transport_look(session->transport)) {
	case TRANSPORT_QUIET:
		return false;
	case TRANSPORT_SPOKE:
		dialogue_interruption(session);
		return true;
	case TRANSPORT_CLOSED:
		session_cut(session, dialogue_silence(session));
		return true;
	}
	return true;
}

/* All but the final dot is with libesmtp.  True: the dot may be sent. */
static bool may_end(struct session *session)
{
	struct job *job = session->job;

	if (interrupted(session))
		return false;
	job->asked_hook = true;
	session->asking = true;
	fiber_yield(session->fiber);
	if (!job->allowed)
		session_cut(session, reply_none(session->arena, "not sent: the message is no longer ours"));
	return job->allowed;
}

static void enter_final(struct session *session)
{
	int64_t limit = session_bound(session->relay->timeouts.final_ms);

	session->job->phase = PHASE_DOT;
	session->final_code = 0;
	session->commands++;	/* the dot, which the monitor does not see */
	session_enter(session, SESSION_FINAL, 2 * limit + session_bound(session->relay->timeouts.data_ms));
	session->until_ms = clock_monotonic_ms() + limit;
}

/*
 * libesmtp reads the message (smtp_messagecb_t).  A NULL `len` rewinds; length
 * 0 is the end, and the dot follows, unless errno is set: then it drops the
 * connection without one.
 */
static const char *on_read(void **context, int *len, void *arg)
{
	struct session *session = arg;
	struct job *job = session->job;

	(void)context;
	if (!len) {
		if (job && !session->ending)
			begin_body(session);
		return NULL;
	}
	*len = 0;
	if (job && job->phase == PHASE_DOT) {
		errno = 0;		/* asked again at the end */
		return NULL;
	}
	if (job)
		check_flow(session);
	if (job && job->sent && job->sent < job->len && !session->ending)
		interrupted(session);
	if (job && job->sent == job->len && !session->ending && may_end(session)) {
		enter_final(session);
		errno = 0;
		return NULL;
	}
	if (!job || session->ending) {
		errno = ETIMEDOUT;
		return NULL;
	}
	const char *bytes = job->bytes + job->sent;
	*len = job->len - job->sent < CHUNK ? (int)(job->len - job->sent) : CHUNK;
	job->sent += (size_t)*len;
	session->moved_ms = clock_monotonic_ms();
	errno = 0;
	return bytes;
}

static void on_tls(struct session *session, void *ssl)
{
	transport_tls_up(session->transport, ssl);
	watch_note(session, '*', "TLS is up", 9);
	watch_reset(session);
	if (!dialogue_after_tls(session))
		return;
	watch_reset(session);
}

static int answer_auth(auth_client_request_t request, char **result, int fields, void *arg)
{
	const struct config_relay *relay = ((struct session *)arg)->relay;

	for (int i = 0; i < fields; i++) {
		const char *answer = request[i].flags & AUTH_USER ? relay->username :
				     request[i].flags & AUTH_PASS ? relay->password : "";
		result[i] = (char *)(uintptr_t)(answer ? answer : "");
	}
	return 1;
}

void events_prepare(struct session *session)
{
	smtp_set_eventcb(session->smtp, events_cb, session);
	smtp_set_monitorcb(session->smtp, watch_cb, session, 0);
	if (!session->relay->username || session->tokens)
		return;
	session->auth = auth_create_context();
	auth_set_mechanism_flags(session->auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(session->auth, answer_auth, session);
	smtp_auth_set_context(session->smtp, session->auth);
}

void events_cb(smtp_session_t smtp, int event, void *arg, ...)
{
	struct session *session = arg;
	va_list ap;

	(void)smtp;
	va_start(ap, arg);
	if (session->ending && event != SMTP_EV_DISCONNECT) {
		va_end(ap);
		return;
	}
	switch (event) {
	case SMTP_EV_CONNECT:
		prelude_begin(session);
		break;
	case SMTP_EV_MAILSTATUS:
		(void)va_arg(ap, const char *);
		on_mail(session, va_arg(ap, smtp_message_t));
		break;
	case SMTP_EV_RCPTSTATUS:
		(void)va_arg(ap, const char *);
		on_recipient(session, va_arg(ap, smtp_recipient_t));
		break;
	case SMTP_EV_MESSAGEDATA:
		if (session->job)
			check_flow(session);
		break;
	case SMTP_EV_MESSAGESENT:
		on_sent(session, va_arg(ap, smtp_message_t));
		break;
	case SMTP_EV_STARTTLS_OK:
		on_tls(session, va_arg(ap, void *));
		break;
	case SMTP_EV_WRONG_PEER_CERTIFICATE:
		/* libesmtp compares the name 127.0.0.1.  OpenSSL has verified the
		 * configured one, or the handshake would have failed. */
		*va_arg(ap, int *) = 1;
		break;
	case SMTP_EV_DISCONNECT:
		transport_tls_over(session->transport);	/* freed by libesmtp */
		break;
	default:
		break;	/* what is not answered stays refused */
	}
	va_end(ap);
	transport_forget_errors();
	errno = 0;
}

void events_conclude(struct session *session)
{
	struct job *job = session->job;

	if (!job && !session->opening)
		return;
	if (!session->blamed)
		session_cut(session, dialogue_silence(session));
	if (!job)
		return;
	struct session_reply cause = session->cause;
	if (job->asked_hook && !job->allowed) {
		decide(session, SESSION_FENCED, SESSION_BODY, cause);
	} else if (!session->established) {
		decide(session, SESSION_RELAY, session->cause_stage, cause);
	} else if (job->phase == PHASE_DOT && session->final_code) {
		/* The reply came whole, though libesmtp made nothing of it. */
		decide_final(session, final_reply(session));
	} else if (job->phase == PHASE_DOT) {
		decide(session, SESSION_IN_DOUBT, SESSION_FINAL, cause);
	} else if (job->phase == PHASE_BODY && cause.code / 100 >= 4 && cause.code != 421) {
		decide(session, SESSION_REFUSED, SESSION_BODY, cause);
	} else {
		decide(session, SESSION_LOST, session->cause_stage, cause);
	}
}
