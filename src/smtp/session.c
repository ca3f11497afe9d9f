/*
 * session.c - the life of a session: opened for a mail, parked, fed, closed
 *
 * This side calls; the fiber with libesmtp's loop answers by yielding.  After
 * each fiber_resume() exactly one of these holds: libesmtp has returned
 * (session->running is false), it asks whether the dot may be sent
 * (session->asking), or it waits for the next mail (session->job is NULL).
 */
#include "smtp/session.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "smtp/private.h"

enum {
	QUICK_MS = 5000,	/* for what takes no time on a host that is well */
	RESOLVE_MS = 60000,	/* what resolv.conf(5) may add to a connect */
	IDLE_LEAST_MS = 2000,	/* who says "timeout" sooner means something else */
	REFUSALS_MAX = 10,	/* then a new session: servers cut clients off that err often */
	PATH_LENGTH_MAX = 320,	/* RFC 5321 4.5.3.1.1 and .2: 64 octets, "@", 255 octets */
};

static const char *const stage_names[] = {
	[SESSION_CONNECT] = "connect", [SESSION_GREETING] = "greeting", [SESSION_EHLO] = "ehlo",
	[SESSION_TLS] = "tls", [SESSION_AUTH] = "auth", [SESSION_MAIL] = "mail",
	[SESSION_RCPT] = "rcpt", [SESSION_DATA] = "data", [SESSION_BODY] = "body",
	[SESSION_FINAL] = "final",
};

const char *session_stage_name(enum session_stage stage)
{
	return stage_names[stage];
}

void session_init(void)
{
	auth_context_t auth = auth_create_context();

	/* libesmtp looks for certificates and keys of its own in a home directory,
	 * and refuses TLS when it may not look there. */
	setenv("XDG_CONFIG_DIR", "/nonexistent", 1);
	auth_client_init();
	/* It looks for the plug-in of CRAM-MD5 in sasl-cram-md5.so, but ships it
	 * as sasl-crammd5.so; one that is loaded is found by its proper name. */
	auth_set_mechanism(auth, "CRAMMD5");
	auth_destroy_context(auth);
}

struct session *session_new(const struct config_relay *relay, const struct session_hooks *hooks)
{
	struct session *session = mem_alloc(sizeof *session);

	session->relay = relay;
	if (hooks)
		session->hooks = *hooks;
	session->transport = transport_new(relay);
	session->tokens = token_new(relay);
	session->listener = session->far_end = session->libesmtp_fd = -1;
	reply_reader_init(&session->reader);
	recorder_init(&session->recorder);
	return session;
}

void session_free(struct session *session)
{
	if (!session)
		return;
	session_close(session);
	transport_free(session->transport);
	token_free(session->tokens);
	reply_reader_clear(&session->reader);
	buf_clear(&session->final);
	free(session);
}

/* --- for the other files ---------------------------------------------------- */

void session_enter(struct session *session, enum session_stage stage, int64_t limit_ms)
{
	session->stage = stage;
	if (session->hooks.progress)
		session->hooks.progress(session->hooks.arg, stage, limit_ms);
}

static void blame(struct session *session, struct session_reply cause)
{
	if (session->blamed)
		return;
	session->cause = cause;
	session->cause_stage = session->stage;
	session->blamed = true;
	if (!cause.code)
		watch_note(session, '*', cause.text, strlen(cause.text));
}

void session_leave(struct session *session, struct session_reply cause)
{
	blame(session, cause);
	if (cause.code == 421)
		session_cut(session, cause);
	else
		dialogue_quit(session);
}

void session_cut(struct session *session, struct session_reply cause)
{
	blame(session, cause);
	session->ending = true;
	transport_cut(session->transport);
}

int64_t session_bound(int64_t ms)
{
	return ms < 1000 ? 1000 : ms;
}

/* --- opening and closing ------------------------------------------------------ */

static void run(void *arg)
{
	struct session *session = arg;

	smtp_start_session(session->smtp);	/* what it returns means nothing */
	session->running = false;
}

/* What is left when libesmtp has returned, or was never called. */
static void tear_down(struct session *session)
{
	fiber_free(session->fiber);
	session->fiber = NULL;
	if (session->smtp)
		smtp_destroy_session(session->smtp);
	if (session->auth)
		auth_destroy_context(session->auth);
	session->smtp = NULL;
	session->auth = NULL;
	prelude_clear(session);
	transport_tls_over(session->transport);
	transport_close(session->transport);
	transport_forget_errors();
}

/* Runs libesmtp until it wants a mail or has returned. */
static void drive(struct session *session)
{
	while (session->running) {
		fiber_resume(session->fiber);
		if (!session->asking)
			break;
		session->asking = false;
		const struct session_hooks *hooks = &session->hooks;
		session->job->allowed = !hooks->before_dot ||
			hooks->before_dot(hooks->arg, session->job->verdict);
	}
	if (session->running)
		return;
	events_conclude(session);
	tear_down(session);
}

static void set_timeouts(struct session *session)
{
	const struct config_timeouts *timeouts = &session->relay->timeouts;
	const struct {
		int which;
		int64_t ms;
	} table[] = {
		{ Timeout_GREETING, timeouts->command_ms },	/* EHLO, TLS and AUTH: the greeting is not libesmtp's */
		{ Timeout_ENVELOPE, timeouts->command_ms },
		{ Timeout_DATA, timeouts->data_ms },
		{ Timeout_TRANSFER, timeouts->data_ms },
		{ Timeout_DATA2, timeouts->final_ms },
	};

	for (size_t i = 0; i < sizeof table / sizeof *table; i++)
		smtp_set_timeout(session->smtp, table[i].which | Timeout_OVERRIDE_RFC2822_MINIMUM,
				 session_bound(table[i].ms));
}

/* Takes `error` for the cause.  Always false. */
static bool fail_to_open(struct session *session, struct error *error)
{
	session_cut(session, reply_none(session->arena, "%s", error->text));
	error_clear(error);
	return false;
}

static bool set_up_libesmtp(struct session *session)
{
	const struct config_relay *relay = session->relay;
	struct error error = ERROR_INIT;
	char server[32];

	if (prelude_listen(session, server, sizeof server) < 0) {
		session_cut(session, reply_none(session->arena, "no socket on 127.0.0.1 could be had"));
		return false;
	}
	session->smtp = smtp_create_session();
	if (!session->smtp)
		fatal("libesmtp has no memory");
	smtp_set_server(session->smtp, server);
	smtp_set_hostname(session->smtp, relay->ehlo);
	set_timeouts(session);
	events_prepare(session);
	if (relay->tls == CONFIG_TLS_NONE)
		return true;
	smtp_starttls_enable(session->smtp, Starttls_REQUIRED);
	if (transport_give_tls(session->transport, session->smtp, &error) == 0)
		return true;
	session->stage = SESSION_TLS;
	return fail_to_open(session, &error);
}

static bool reach(struct session *session)
{
	const struct config_timeouts *timeouts = &session->relay->timeouts;
	struct error error = ERROR_INIT;
	const char *peer;

	if (session->tokens) {
		/* Before the connection, which should not wait for it. */
		session_enter(session, SESSION_AUTH, timeouts->command_ms + QUICK_MS);
		if (!token_get(session->tokens, &error))
			return fail_to_open(session, &error);
	}
	session_enter(session, SESSION_TLS, QUICK_MS);
	if (transport_load_tls(session->transport, &error) < 0)
		return fail_to_open(session, &error);
	session_enter(session, SESSION_CONNECT, timeouts->connect_ms + RESOLVE_MS);
	if (transport_connect(session->transport, &error) < 0)
		return fail_to_open(session, &error);
	peer = transport_peer(session->transport);
	watch_note(session, '*', peer, strlen(peer));
	return dialogue_open(session);
}

static void forget_connection(struct session *session)
{
	session->authenticated = !session->relay->username;
	session->established = session->unusable = session->ending = false;
	session->blamed = session->asking = session->opened = false;
	session->mails = session->refusals = 0;
	session->ehlo = (struct ehlo){ 0 };
	watch_reset(session);
}

/* Connects and brings libesmtp to where its loop can run.  False: `cause` stands. */
static bool open_session(struct session *session)
{
	forget_connection(session);
	if (!reach(session) || !set_up_libesmtp(session)) {
		tear_down(session);
		return false;
	}
	watch_reset(session);
	session->opened_ms = clock_monotonic_ms();
	session->fiber = fiber_new(run, session);
	session->running = true;
	return true;
}

void session_close(struct session *session)
{
	struct arena arena = ARENA_INIT;

	if (!session->fiber)
		return;
	session->arena = &arena;
	if (session->unusable) {
		session->ending = true;
		transport_cut(session->transport);
	} else {
		dialogue_quit(session);
	}
	session->job = NULL;
	drive(session);
	session->arena = NULL;
	arena_clear(&arena);
}

/* --- one mail ------------------------------------------------------------------- */

/* What makes a path impossible to send, or NULL. */
static const char *path_flaw(const char *path)
{
	bool quoted = strchr(path, '"');

	if (strlen(path) > PATH_LENGTH_MAX)
		return "the address is too long";
	for (const unsigned char *s = (const unsigned char *)path; *s; s++) {
		if (*s >= 0x80)
			return "the address is not ASCII, and libesmtp has no SMTPUTF8";
		if (*s < ' ' || *s == 0x7f || *s == '<' || *s == '>' || (*s == ' ' && !quoted))
			return "the address has a character that cannot stand in one";
	}
	return NULL;
}

static struct session_reply own_refusal(int code, const char *enhanced, const char *why,
					struct arena *arena)
{
	struct session_reply reply = { .code = code };

	strncpy(reply.enhanced, enhanced, sizeof reply.enhanced - 1);
	reply.text = arena_printf(arena, "not sent: %s", why);
	return reply;
}

static void refuse(struct job *job, enum session_stage stage, struct session_reply reply)
{
	job->verdict->result = SESSION_REFUSED;
	job->verdict->stage = stage;
	job->verdict->reply = reply;
	job->decided = true;
}

/* What never reaches the server; each gets the reply that a server would give. */
static void check_envelope(struct job *job, struct arena *arena)
{
	const struct session_mail *mail = job->mail;
	const char *flaw = path_flaw(mail->reverse_path);

	if (flaw) {
		refuse(job, SESSION_MAIL, own_refusal(553, "5.1.7", flaw, arena));
		return;
	}
	job->asked = 0;
	for (size_t i = 0; i < mail->recipient_count; i++) {
		flaw = *mail->recipients[i] ? path_flaw(mail->recipients[i]) : "the address is empty";
		job->verdict->recipients[i] = flaw ? own_refusal(553, "5.1.3", flaw, arena)
						   : (struct session_reply){ .text = "" };
		job->asked += !flaw;
	}
	if (!job->asked)
		refuse(job, SESSION_RCPT, job->verdict->recipients[0]);
}

static bool lines_are_right(const char *bytes, size_t len)
{
	const char *end = bytes + len;

	if (len < 2 || end[-2] != '\r' || end[-1] != '\n')
		return false;
	for (const char *line = bytes; line < end;) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		const char *cr = memchr(line, '\r', (size_t)(end - line));

		if (cr + 1 != lf)
			return false;
		line = lf + 1;
	}
	return true;
}

/*
 * Makes each CR, LF and CRLF one CRLF.  libesmtp stuffs dots only behind CRLF,
 * so a bare LF before a dot would pass as it is, and some server takes that
 * for the end of the mail ("SMTP smuggling").
 */
static void mend_lines(struct job *job, struct arena *arena)
{
	const char *from = job->bytes, *end = from + job->len;
	char *to = arena_alloc_raw(arena, 2 * job->len + 2), *start = to;

	while (from < end) {
		char c = *from++;

		if (c != '\r' && c != '\n') {
			*to++ = c;
			continue;
		}
		if (c == '\r' && from < end && *from == '\n')
			from++;
		*to++ = '\r';
		*to++ = '\n';
	}
	if (to == start || to[-1] != '\n') {
		*to++ = '\r';
		*to++ = '\n';
	}
	job->bytes = start;
	job->len = (size_t)(to - start);
}

static bool has_eightbit(const char *bytes, size_t len)
{
	unsigned char all = 0;

	for (size_t i = 0; i < len; i++)
		all |= (unsigned char)bytes[i];
	return all & 0x80;
}

static void job_init(struct job *job, const struct session_mail *mail, struct arena *arena,
		     struct session_verdict *verdict)
{
	*verdict = (struct session_verdict){
		.reply.text = "", .recipient_count = mail->recipient_count,
		.recipients = arena_alloc(arena, mail->recipient_count * sizeof *verdict->recipients),
	};
	*job = (struct job){ .mail = mail, .verdict = verdict, .bytes = mail->bytes, .len = mail->len };
	check_envelope(job, arena);
	if (!lines_are_right(job->bytes, job->len))
		mend_lines(job, arena);
	job->eightbit = has_eightbit(job->bytes, job->len);
}

/* How many mails a session may carry: what is configured, or less if the server
 * has said so. */
static int64_t most_messages(const struct session *session)
{
	int64_t configured = session->relay->max_messages, learned = session->learned_messages;

	return learned && learned < configured ? learned : configured;
}

/* "421 4.4.2 Error: timeout exceeded", "421 closing idle connection", and not that
 * of a server that is shut down. */
static bool is_about_idling(const struct session_reply *reply)
{
	static const char *const says[] = { "timeout", "time-out", "timed out", "idle" };

	for (size_t i = 0; reply->code == 421 && i < sizeof says / sizeof *says; i++)
		if (strcasestr(reply->text, says[i]))
			return true;
	return false;
}

/* The server has something to say between mails, or is gone. */
static void part(struct session *session, enum transport_state state)
{
	int64_t idle_ms = clock_monotonic_ms() - session->idle_since_ms;
	struct arena arena = ARENA_INIT;

	session->unusable = true;
	if (state == TRANSPORT_SPOKE) {
		session->arena = &arena;
		session->blamed = false;
		dialogue_interruption(session);
		if (idle_ms >= IDLE_LEAST_MS && is_about_idling(&session->cause))
			session->learned_idle_ms = idle_ms;
		session->cause = (struct session_reply){ .text = "" };
		session->arena = NULL;
		arena_clear(&arena);
	}
	session_close(session);
}

/* Looks whether the server has left a session that waits. */
static void look(struct session *session)
{
	enum transport_state state = transport_look(session->transport);

	if (state != TRANSPORT_QUIET)
		part(session, state);
}

/* A session that is worn out, or that the server has left, is closed. */
static void retire(struct session *session)
{
	const struct config_relay *relay = session->relay;

	if (!session->fiber)
		return;
	if (session->mails >= most_messages(session) || session->refusals >= REFUSALS_MAX ||
	    clock_monotonic_ms() - session->opened_ms >= relay->max_age_ms) {
		session_close(session);
	} else {
		look(session);
	}
}

bool session_too_big(const struct session *session, const struct job *job)
{
	return session->ehlo.size_limit && (int64_t)job->len > session->ehlo.size_limit;
}

struct session_reply session_size_refusal(const struct session *session, const struct job *job)
{
	return own_refusal(552, "5.3.4", arena_printf(session->arena,
		"the message has %zu bytes and the relay takes %lld", job->len,
		(long long)session->ehlo.size_limit), session->arena);
}

static void relay_failed(struct session *session, struct session_verdict *verdict)
{
	verdict->result = SESSION_RELAY;
	verdict->stage = session->cause_stage;
	verdict->reply = session->cause;
}

/* One try on the session that is open, or on a new one. */
static void attempt(struct session *session, struct job *job)
{
	session->job = job;
	if (session->fiber) {
		session->blamed = false;
	} else if (open_session(session)) {
		events_add_job(session);
	} else {
		session->job = NULL;
		relay_failed(session, job->verdict);
		job->decided = true;
		return;
	}
	drive(session);
}

/* The server left while nothing but MAIL was said: the mail has cost nothing yet. */
static bool was_stale(const struct job *job)
{
	return job->verdict->result == SESSION_LOST && job->phase <= PHASE_MAIL &&
	       (!job->verdict->reply.code || job->verdict->reply.code == 421);
}

/*
 * "421 too many messages in this connection", "452 4.5.0 Too many messages
 * sent": the mail is as good as before, on another session; and the next
 * sessions end by themselves before it comes to that.
 */
static bool was_one_too_many(struct session *session, const struct job *job)
{
	static const char *const says[] = { "too many messages", "messages per connection", "message per connection" };
	const struct session_reply *reply = &job->verdict->reply;

	if (job->phase != PHASE_MAIL || (reply->code != 421 && reply->code != 452))
		return false;
	for (size_t i = 0; i < sizeof says / sizeof *says; i++) {
		if (!strcasestr(reply->text, says[i]))
			continue;
		session->learned_messages = session->mails - 1;
		return true;
	}
	return false;
}

void session_send(struct session *session, const struct session_mail *mail, struct arena *arena,
		  struct session_verdict *verdict)
{
	struct job job;

	session->arena = arena;
	job_init(&job, mail, arena, verdict);
	if (job.decided) {
		session->counts.mails++;
		session->arena = NULL;
		return;
	}
	retire(session);
	session->arena = arena;
	bool reused = session->fiber;
	if (reused && session_too_big(session, &job)) {
		refuse(&job, SESSION_MAIL, session_size_refusal(session, &job));
	} else {
		attempt(session, &job);
		if (reused && (was_one_too_many(session, &job) || was_stale(&job))) {
			session_close(session);
			session->arena = arena;
			check_envelope(&job, arena);
			attempt(session, &job);
		}
	}
	session->counts.mails += verdict->result != SESSION_RELAY;
	session->arena = NULL;
}

bool session_open(struct session *session, struct arena *arena, struct session_verdict *verdict)
{
	*verdict = (struct session_verdict){ .reply.text = "" };
	session_close(session);
	session->arena = arena;
	session->opening = true;
	if (open_session(session)) {
		events_add_dummy(session);
		drive(session);
	}
	session->opening = false;
	session->arena = NULL;
	if (session->opened)
		return true;
	relay_failed(session, verdict);
	return false;
}

/* --- between mails ---------------------------------------------------------------- */

int session_fd(const struct session *session)
{
	return session->fiber ? transport_fd(session->transport) : -1;
}

/* What is configured, or a little less than what the server allows. */
static int64_t most_idle_ms(const struct session *session)
{
	int64_t configured = session->relay->idle_timeout_ms;
	int64_t learned = session->learned_idle_ms - session->learned_idle_ms / 10;

	return learned && learned < configured ? learned : configured;
}

int64_t session_due_ms(const struct session *session)
{
	if (!session->fiber)
		return INT64_MAX;
	if (session->mails >= most_messages(session))
		return session->idle_since_ms;
	int64_t idle = session->idle_since_ms + most_idle_ms(session);
	int64_t age = session->opened_ms + session->relay->max_age_ms;
	return idle < age ? idle : age;
}

void session_tend(struct session *session)
{
	if (!session->fiber)
		return;
	if (clock_monotonic_ms() >= session_due_ms(session)) {
		session_close(session);
	} else {
		look(session);
	}
}

struct session_counts session_counts(const struct session *session)
{
	struct session_counts counts = session->counts;

	counts.learned_messages = (uint64_t)session->learned_messages;
	counts.learned_idle_ms = session->learned_idle_ms;
	return counts;
}

void session_dialogue(const struct session *session, struct buf *out)
{
	recorder_print(&session->recorder, out);
}
