/*
 * watch.c - every byte between libesmtp and the server, but the body's
 *
 * libesmtp shows what it is about to write and what it has just read.  Here
 * stand the guards that it lacks: no MAIL before AUTH has succeeded, no second
 * AUTH after a refusal, one reply for each command, a deadline for a stage as
 * a whole, and names in the EHLO reply that it must not see (ehlo.h).  The
 * flight recorder is fed here.
 *
 * Credentials pass through: no line of AUTH is kept but the mechanism's name.
 */
#include "smtp/private.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

void watch_reset(struct session *session)
{
	reply_reader_reset(&session->reader);
	session->masking = session->withheld = session->authenticating = false;
	session->column = 0;
	session->commands = session->replies = 0;
	session->until_ms = INT64_MAX;
	session->final_code = 0;
	buf_reset(&session->final);
}

void watch_note(struct session *session, char side, const char *line, size_t len)
{
	recorder_add(&session->recorder, side, line, len);
	if (session->hooks.dialogue)
		session->hooks.dialogue(session->hooks.arg, side, line, len);
}

static bool begins(const char *line, size_t len, const char *word)
{
	return len >= strlen(word) && !strncasecmp(line, word, strlen(word));
}

static void note_auth(struct session *session, const char *line, size_t len)
{
	char shown[64];
	const char *mechanism = line + 5;
	size_t length = 0;

	while (5 + length < len && mechanism[length] != ' ')
		length++;
	int shown_length = snprintf(shown, sizeof shown, "AUTH %.*s [...]", (int)(length < 32 ? length : 32),
				    mechanism);
	watch_note(session, 'C', shown, (size_t)shown_length);
	session->authenticating = true;
	session->counts.auths++;
	int64_t limit = session_bound(session->relay->timeouts.command_ms);
	session_enter(session, SESSION_AUTH, 2 * limit);
	session->until_ms = clock_monotonic_ms() + limit;
}

/* The first MAIL of a session: may it be written at all?  False: `cause` stands. */
static bool allow_mail(struct session *session)
{
	if (session->established)
		return true;
	if (session->relay->tls != CONFIG_TLS_NONE && !transport_is_tls(session->transport)) {
		session_cut(session, reply_none(session->arena, "libesmtp wanted to send MAIL without TLS"));
		return false;
	}
	if (!auth_before_mail(session))
		return false;
	session->established = true;
	session->counts.sessions++;
	return true;
}

/*
 * libesmtp writes MAIL.  Where there is no mail (session_open()), or one that the
 * server has just said to be too big, the server gets a NOOP instead, which may
 * have an argument (RFC 5321 4.1.1.9), and libesmtp a 5xx for its MAIL: behind
 * that it waits for the next message, the session being as good as before.
 */
static void written_mail(struct session *session, char *line)
{
	int64_t command = session_bound(session->relay->timeouts.command_ms);

	if (!allow_mail(session))
		return;
	session->withheld = !session->job || session_too_big(session, session->job);
	if (session->withheld)
		memcpy(line, "NOOP", 4);
	else
		session->job->phase = PHASE_MAIL;
	session_enter(session, session->job ? SESSION_MAIL : SESSION_EHLO, 2 * command);
	session->until_ms = clock_monotonic_ms() + command;
}

static void written_line(struct session *session, char *line, size_t len)
{
	const struct config_timeouts *timeouts = &session->relay->timeouts;
	int64_t command = session_bound(timeouts->command_ms);

	if (begins(line, len, "AUTH ")) {
		note_auth(session, line, len);
		return;
	}
	if (session->authenticating) {
		watch_note(session, 'C', "[...]", 5);
		return;
	}
	if (begins(line, len, "MAIL FROM:")) {
		written_mail(session, line);
		if (session->ending)
			return;
	} else if (begins(line, len, "RSET")) {
		session_enter(session, SESSION_MAIL, 2 * command);
		session->until_ms = clock_monotonic_ms() + command;
	} else if (begins(line, len, "EHLO") || begins(line, len, "HELO")) {
		session_enter(session, SESSION_EHLO, 2 * command);
		session->until_ms = clock_monotonic_ms() + command;
		ehlo_mask_init(&session->mask, auth_for_libesmtp(session));
		session->masking = true;
	}
	watch_note(session, 'C', line, len);
}

static void auth_reply(struct session *session, int code)
{
	if (code == 235) {
		session->authenticated = true;
		session->authenticating = false;
	} else if (code / 100 != 3) {
		/* The end at once: libesmtp would try the same password with the next
		 * mechanism, and send the mail without AUTH in the end. */
		session->authenticating = false;
		session_leave(session, reply_make(code, buf_str(&session->reader.text),
						  session->reader.text.len, session->arena));
	}
}

static void note_reply(struct session *session)
{
	const struct reply_reader *reader = &session->reader;
	char line[RECORDER_WIDTH];
	int len;

	if (session->authenticating && reader->code == 334)
		len = snprintf(line, sizeof line, "334 [...]");
	else
		len = snprintf(line, sizeof line, "%d %.110s", reader->code, buf_str(&reader->text));
	watch_note(session, 'S', line, (size_t)len);
}

/* A reply that no command has asked for. */
static void unasked(struct session *session)
{
	session->unusable = true;
	if (session->job && session->job->phase < PHASE_DOT && session->reader.code != 421)
		session_cut(session, reply_none(session->arena,
			"%s sent a reply that nothing had asked for: \"%d %s\"",
			transport_peer(session->transport), session->reader.code,
			buf_str(&session->reader.text)));
}

/* libesmtp tries HELO then, which is as good where neither TLS nor AUTH is wanted. */
static bool says_helo_next(const struct session *session, int code)
{
	return (code == 500 || code == 502) && session->relay->tls == CONFIG_TLS_NONE &&
	       !session->relay->username;
}

/* To libesmtp's EHLO or HELO. */
static void ehlo_reply(struct session *session)
{
	ehlo_parse(&session->ehlo, buf_str(&session->reader.text), session->reader.text.len);
	events_declare_eightbit(session);
	auth_is_offered(session);
}

static void whole_reply(struct session *session)
{
	struct reply_reader *reader = &session->reader;

	session->replies++;
	note_reply(session);
	if (session->authenticating)
		auth_reply(session, reader->code);
	if (reader->code / 100 >= 4)
		session->refusals++;
	if (!session->established && !session->authenticating && reader->code >= 300 &&
	    !says_helo_next(session, reader->code))
		session_leave(session, reply_make(reader->code, buf_str(&reader->text),
						  reader->text.len, session->arena));
	else if (session->replies > session->commands)
		unasked(session);
	else if (session->masking && reader->code / 100 == 2)
		ehlo_reply(session);
	else if (session->job && session->job->phase == PHASE_DOT && !session->final_code) {
		session->final_code = reader->code;
		buf_reset(&session->final);
		buf_add(&session->final, buf_str(&reader->text), reader->text.len);
	}
}

/*
 * libesmtp has given up on the reply to the final dot (a line or text longer
 * than its buffers) and wants to say QUIT.  But the rest may be on its way,
 * and it says what became of the mail.
 */
static void rescue_final(struct session *session)
{
	char bytes[1024];
	size_t used;

	while (!session->final_code && !session->ending) {
		ssize_t n = transport_read(session->transport, bytes, sizeof bytes, session->until_ms);

		if (n <= 0 || reply_read(&session->reader, bytes, (size_t)n, &used) == REPLY_BROKEN)
			break;
		if (session->reader.whole)
			whole_reply(session);
	}
	session->unusable = true;
	session_cut(session, dialogue_silence(session));
}

static void written(struct session *session, char *bytes, size_t len)
{
	if (session->job && session->job->phase == PHASE_DOT) {
		rescue_final(session);
		return;
	}
	for (size_t at = 0; at < len && !session->ending;) {
		char *end = memchr(bytes + at, '\n', len - at);
		size_t length = end ? (size_t)(end - bytes) - at : len - at;
		size_t shown = length && bytes[at + length - 1] == '\r' ? length - 1 : length;

		session->commands += end != NULL;
		written_line(session, bytes + at, shown);
		at += length + (end != NULL);
	}
}

/*
 * libesmtp insists on a space behind the code, though RFC 5321 4.2 allows a
 * bare "250": the CR becomes that space, since it goes on to the LF.  And the
 * reply to what was withheld from the server becomes a 5xx.
 */
static void mend_codes(struct session *session, char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (session->column == 3 && bytes[i] == '\r')
			bytes[i] = ' ';
		if (session->column == 0 && session->withheld)
			bytes[i] = '5';
		session->column = bytes[i] == '\n' ? 0 : session->column + 1;
	}
}

static void just_read(struct session *session, char *bytes, size_t len)
{
	unsigned before = session->replies;
	size_t used;

	for (size_t at = 0; at < len && !session->ending; at += used) {
		enum reply_state state = reply_read(&session->reader, bytes + at, len - at, &used);

		if (state == REPLY_BROKEN) {
			session_cut(session, dialogue_silence(session));
			return;
		}
		if (state == REPLY_WHOLE)
			whole_reply(session);
	}
	if (session->replies == before && clock_monotonic_ms() > session->until_ms) {
		session_cut(session, dialogue_silence(session));
		return;
	}
	if (session->masking) {
		ehlo_mask_bytes(&session->mask, bytes, len);
		session->masking = !session->mask.over;
	}
	mend_codes(session, bytes, len);
}

void watch_cb(const char *bytes, int len, int writing, void *arg)
{
	struct session *session = arg;

	if (session->ending || len <= 0)
		return;
	if (session->prelude != PRELUDE_OVER) {
		if (writing)
			prelude_written(session, bytes, (size_t)len);
		else
			prelude_read(session);
	} else if (writing == SMTP_CB_WRITING) {
		/* The bytes stand in libesmtp's own buffers, here and below. */
		written(session, (char *)(uintptr_t)bytes, (size_t)len);
	} else if (writing == SMTP_CB_READING) {
		just_read(session, (char *)(uintptr_t)bytes, (size_t)len);
	}
	transport_forget_errors();
}
