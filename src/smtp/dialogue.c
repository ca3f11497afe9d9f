/*
 * dialogue.c - what is said before and beside libesmtp
 *
 * The greeting, EHLO and STARTTLS up to where libesmtp takes over, a NOOP
 * behind the handshake, QUIT at the end: each bounded as a whole, each with a text
 * that says what went wrong.  Exactly one reply is taken for a command; bytes
 * behind it, which nobody asked for, end the session.
 */
#include "smtp/private.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/units.h"

enum {
	QUIT_MS = 1000,
	NEARLY_MS = 200,	/* libesmtp's own clock starts a little later or earlier than ours */
};

/* What is being waited for at a stage, for texts. */
static const char *const awaited[] = {
	[SESSION_CONNECT] = "the connection",
	[SESSION_GREETING] = "a greeting",
	[SESSION_EHLO] = "a reply to EHLO",
	[SESSION_TLS] = "its part of the TLS handshake",
	[SESSION_AUTH] = "a reply to AUTH",
	[SESSION_MAIL] = "a reply to MAIL",
	[SESSION_RCPT] = "a reply to RCPT",
	[SESSION_DATA] = "a reply to DATA",
	[SESSION_BODY] = "any sign of taking the message's body",
	[SESSION_FINAL] = "a reply to the final dot",
};

static int64_t stage_limit(const struct session *session)
{
	const struct config_timeouts *timeouts = &session->relay->timeouts;

	switch (session->stage) {
	case SESSION_CONNECT:
		return timeouts->connect_ms;
	case SESSION_GREETING:
		return timeouts->greeting_ms;
	case SESSION_EHLO:
	case SESSION_TLS:
	case SESSION_AUTH:
	case SESSION_MAIL:
	case SESSION_RCPT:
		return timeouts->command_ms;
	case SESSION_DATA:
	case SESSION_BODY:
		return timeouts->data_ms;
	case SESSION_FINAL:
		return timeouts->final_ms;
	}
	return 0;
}

static struct session_reply timed_out(struct session *session)
{
	struct buf limit = BUF_INIT;

	units_print_duration(stage_limit(session), &limit);
	struct session_reply reply = reply_none(session->arena, "time-out: %s did not send %s within %s",
						transport_peer(session->transport),
						awaited[session->stage], buf_str(&limit));
	buf_clear(&limit);
	return reply;
}

static struct session_reply was_closed(struct session *session)
{
	/* A word of TLS may be all that is left to be read. */
	transport_look(session->transport);
	const char *fault = transport_tls_fault(session->transport);
	if (fault) {
		session->stage = SESSION_TLS;
		return reply_none(session->arena, "%s", fault);
	}
	return reply_none(session->arena, "connection lost: %s closed it instead of sending %s",
			  transport_peer(session->transport), awaited[session->stage]);
}

static struct session_reply was_broken(struct session *session, const char *fault)
{
	return reply_none(session->arena, "%s sent %s instead of %s",
			  transport_peer(session->transport), fault, awaited[session->stage]);
}

struct session_reply dialogue_silence(struct session *session)
{
	const char *fault = transport_tls_fault(session->transport);

	if (session->stage == SESSION_TLS && fault)
		return reply_none(session->arena, "%s", fault);
	if (session->reader.fault)
		return was_broken(session, session->reader.fault);
	if (clock_monotonic_ms() + NEARLY_MS >= session->until_ms)
		return timed_out(session);
	switch (transport_look(session->transport)) {
	case TRANSPORT_CLOSED:
		return was_closed(session);
	case TRANSPORT_SPOKE:
		if (session->relay->tls != CONFIG_TLS_NONE)
			return was_closed(session);	/* the last that was read is TLS's own goodbye */
		break;
	case TRANSPORT_QUIET:
		break;
	}
	char why[128] = "";
	smtp_strerror(smtp_errno(), why, sizeof why);
	return reply_none(session->arena, "libesmtp gave up waiting for %s: %s", awaited[session->stage], why);
}

static void record_reply(struct session *session)
{
	struct session_reply reply = dialogue_heard(session);
	char line[RECORDER_WIDTH];

	if (session->stage == SESSION_AUTH && reply.code == 334)
		reply.text = "[...]";
	int len = snprintf(line, sizeof line, "%d%s%s %s", reply.code, *reply.enhanced ? " " : "",
			   reply.enhanced, reply.text);

	watch_note(session, 'S', line, len < (int)sizeof line ? (size_t)len : sizeof line - 1);
}

/* One reply; the reader holds it, `behind` says how many bytes came with it
 * that are not part of it.  False: `cause` stands. */
static bool hear_one(struct session *session, int64_t until_ms, size_t *behind)
{
	char bytes[2048];

	reply_reader_reset(&session->reader);
	for (;;) {
		size_t used;
		ssize_t n = transport_read(session->transport, bytes, sizeof bytes, until_ms);

		if (n <= 0) {
			session_cut(session, n < 0 && errno == ETIMEDOUT ? timed_out(session)
									: was_closed(session));
			return false;
		}
		enum reply_state state = reply_read(&session->reader, bytes, (size_t)n, &used);
		if (state == REPLY_BROKEN) {
			session_cut(session, was_broken(session, session->reader.fault));
			return false;
		}
		if (state == REPLY_WHOLE) {
			record_reply(session);
			*behind = (size_t)n - used;
			return true;
		}
	}
}

/* One reply and not a byte more. */
static bool hear(struct session *session, int64_t until_ms)
{
	size_t behind;

	if (!hear_one(session, until_ms, &behind))
		return false;
	if (!behind)
		return true;
	session_cut(session, reply_none(session->arena,
		"%s sent more than one reply at once (\"%d %s\" and %zu bytes behind it); "
		"refused, since they could come from somebody in between",
		transport_peer(session->transport), session->reader.code,
		buf_str(&session->reader.text), behind));
	return false;
}

bool dialogue_ask(struct session *session, const char *command, size_t len, const char *shown,
		  int64_t until_ms)
{
	watch_note(session, 'C', shown, strcspn(shown, "\r\n"));
	if (transport_write(session->transport, command, len, until_ms) < 0) {
		session_cut(session, errno == ETIMEDOUT ? timed_out(session) : was_closed(session));
		return false;
	}
	return hear(session, until_ms);
}

static bool ask(struct session *session, const char *command, int64_t limit_ms)
{
	return dialogue_ask(session, command, strlen(command), command, clock_monotonic_ms() + limit_ms);
}

struct session_reply dialogue_heard(struct session *session)
{
	return reply_make(session->reader.code, buf_str(&session->reader.text),
			  session->reader.text.len, session->arena);
}

void dialogue_interruption(struct session *session)
{
	size_t behind;

	if (hear_one(session, clock_monotonic_ms() + QUIT_MS, &behind))
		session_cut(session, dialogue_heard(session));
}

/* A refusal by the server itself: its reply is the cause. */
static bool refused(struct session *session)
{
	session_leave(session, dialogue_heard(session));
	return false;
}

static bool greeting(struct session *session)
{
	int64_t limit = session->relay->timeouts.greeting_ms;

	session_enter(session, SESSION_GREETING, limit);
	if (!hear(session, clock_monotonic_ms() + limit))
		return false;
	return session->reader.code == 220 || refused(session);
}

static bool ehlo(struct session *session)
{
	int64_t limit = session->relay->timeouts.command_ms;
	char command[300];

	snprintf(command, sizeof command, "EHLO %.255s\r\n", session->relay->ehlo);

	session_enter(session, SESSION_EHLO, limit);
	if (!ask(session, command, limit))
		return false;
	if (session->reader.code / 100 == 2) {
		ehlo_parse(&session->ehlo, buf_str(&session->reader.text), session->reader.text.len);
		return true;
	}
	/* A server that knows HELO alone has no TLS either. */
	return refused(session);
}

static bool starttls(struct session *session)
{
	int64_t limit = session->relay->timeouts.command_ms;

	session_enter(session, SESSION_TLS, limit);
	if (!session->ehlo.starttls) {
		session_cut(session, reply_none(session->arena,
			"%s does not offer STARTTLS; nothing is sent in clear.  Either something in between "
			"strips it, or relays.%s.port or relays.%s.tls is wrong",
			transport_peer(session->transport), session->relay->name, session->relay->name));
		return false;
	}
	if (!ask(session, "STARTTLS\r\n", limit))
		return false;
	if (session->reader.code != 220)
		return refused(session);
	/* A TLS server speaks second.  What comes before is not from it (CVE-2011-0411). */
	if (transport_look(session->transport) != TRANSPORT_SPOKE)
		return true;
	session_cut(session, reply_none(session->arena,
		"%s sent bytes in clear behind its 220 to STARTTLS; refused, since they could come from "
		"somebody in between", transport_peer(session->transport)));
	return false;
}

bool dialogue_open(struct session *session)
{
	switch (session->relay->tls) {
	case CONFIG_TLS_NONE:
		return auth_is_safe(session) && greeting(session);
	case CONFIG_TLS_STARTTLS:
		return greeting(session) && ehlo(session) && starttls(session);
	case CONFIG_TLS_IMPLICIT:
		return true;
	}
	return false;
}

/*
 * The round trip takes in TLS 1.3 session tickets.  Without it libesmtp, which
 * says EHLO next, may find them on the socket, read before it has written, and
 * wait out its time-out.  NOOP is allowed before EHLO (RFC 5321 4.1.4); a
 * second EHLO is not to every server's liking.
 */
bool dialogue_after_tls(struct session *session)
{
	int64_t limit = session->relay->timeouts.command_ms;

	if (session->relay->tls == CONFIG_TLS_IMPLICIT)
		return greeting(session);
	session_enter(session, SESSION_EHLO, limit);
	return ask(session, "NOOP\r\n", limit) && (session->reader.code != 421 || refused(session));
}

void dialogue_quit(struct session *session)
{
	int64_t until_ms = clock_monotonic_ms() + QUIT_MS;
	char bytes[512];

	if (session->ending || transport_fd(session->transport) < 0)
		return;
	session->ending = true;
	watch_note(session, 'C', "QUIT", 4);
	if (transport_write(session->transport, "QUIT\r\n", 6, until_ms) == 0) {
		ssize_t n = transport_read(session->transport, bytes, sizeof bytes, until_ms);

		if (n > 0)
			watch_note(session, 'S', bytes, (size_t)n);
		transport_close_notify(session->transport);
	}
	transport_cut(session->transport);
}
