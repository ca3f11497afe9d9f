/*
 * drive.c - a session on a string: JSON commands on standard input, one a
 * line, answers on standard output, one a line
 *
 * Started with the relay as a JSON object: {"host", "port", "tls", "verify",
 * "ca_file", "cert_file", "key_file", "username", "password", "token_file", "token_command", "auth", "ehlo", "idle_timeout",
 * "max_messages", "max_age", "timeouts": {...}}, times in milliseconds.
 *
 *	{"do": "send", "from", "to": [...], "data" | "file" | "fill": bytes, "count": n,
 *	 "fence": true}		verdict (of the last, with "tally" when count is given)
 *	{"do": "open"}		{"ok", ...}
 *	{"do": "idle", "ms"}	polls and tends as a worker does; {"open"}
 *	{"do": "tend"} {"do": "close"} {"do": "counts"} {"do": "dialogue"} {"do": "memory"}
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "smtp/session.h"

static const char *const results[] = {
	[SESSION_SENT] = "sent", [SESSION_REFUSED] = "refused", [SESSION_LOST] = "lost",
	[SESSION_IN_DOUBT] = "in_doubt", [SESSION_RELAY] = "relay", [SESSION_FENCED] = "fenced",
};

struct state {
	struct session *session;
	struct arena arena;
	bool fence;
	json_t *stages;		/* entered during the present command */
	int hooks;		/* how often before_dot was asked */
};

static char *text(json_t *object, const char *key, const char *otherwise)
{
	const char *value = json_string_value(json_object_get(object, key));

	return value ? mem_strdup(value) : otherwise ? mem_strdup(otherwise) : NULL;
}

static int64_t number(json_t *object, const char *key, int64_t otherwise)
{
	json_t *value = json_object_get(object, key);

	return value ? json_integer_value(value) : otherwise;
}

static int choice(json_t *object, const char *key, const char *const *names, int otherwise)
{
	const char *value = json_string_value(json_object_get(object, key));

	for (int i = 0; value && names[i]; i++)
		if (!strcmp(value, names[i]))
			return i;
	return otherwise;
}

static struct config_relay relay_from(json_t *object)
{
	static const char *const tls[] = { "none", "starttls", "implicit", NULL };
	static const char *const auth[] = { "auto", "plain", "login", "cram-md5", "xoauth2",
					     "oauthbearer", NULL };
	json_t *timeouts = json_object_get(object, "timeouts");
	json_t *verify = json_object_get(object, "verify");

	return (struct config_relay){
		.name = mem_strdup("main"),
		.host = text(object, "host", "127.0.0.1"),
		.port = (int)number(object, "port", 25),
		.tls = (enum config_tls)choice(object, "tls", tls, CONFIG_TLS_NONE),
		.verify = !verify || json_is_true(verify),
		.ca_file = text(object, "ca_file", NULL),
		.cert_file = text(object, "cert_file", NULL),
		.key_file = text(object, "key_file", NULL),
		.username = text(object, "username", NULL),
		.password = text(object, "password", ""),
		.token_file = text(object, "token_file", NULL),
		.token_command = text(object, "token_command", NULL),
		.auth = (enum config_auth)choice(object, "auth", auth, CONFIG_AUTH_AUTO),
		.ehlo = text(object, "ehlo", "client.example"),
		.idle_timeout_ms = number(object, "idle_timeout", 240000),
		.max_messages = number(object, "max_messages", 500),
		.max_age_ms = number(object, "max_age", 3600000),
		.timeouts = {
			.connect_ms = number(timeouts, "connect", 3000),
			.greeting_ms = number(timeouts, "greeting", 3000),
			.command_ms = number(timeouts, "command", 3000),
			.data_ms = number(timeouts, "data", 3000),
			.final_ms = number(timeouts, "final", 3000),
		},
	};
}

static bool before_dot(void *arg, const struct session_verdict *so_far)
{
	struct state *state = arg;

	state->hooks++;
	return !state->fence && so_far->recipient_count;
}

static void progress(void *arg, enum session_stage stage, int64_t limit_ms)
{
	struct state *state = arg;
	size_t count = json_array_size(state->stages);
	const char *last = count ? json_string_value(json_array_get(state->stages, count - 1)) : "";

	if (strcmp(last, session_stage_name(stage)))
		json_array_append_new(state->stages, json_string(session_stage_name(stage)));
	if (limit_ms < 0)
		fatal("a negative limit");
}

static json_t *reply_json(const struct session_reply *reply)
{
	return json_pack("{s:i, s:s, s:s}", "code", reply->code, "enhanced", reply->enhanced, "text",
			 reply->text ? reply->text : "");
}

static json_t *verdict_json(const struct session_verdict *verdict)
{
	json_t *recipients = json_array();

	for (size_t i = 0; i < verdict->recipient_count; i++)
		json_array_append_new(recipients, reply_json(&verdict->recipients[i]));
	return json_pack("{s:s, s:s, s:o, s:o}", "result", results[verdict->result], "stage",
			 session_stage_name(verdict->stage), "reply", reply_json(&verdict->reply),
			 "recipients", recipients);
}

static void body(json_t *command, struct buf *out)
{
	static const char head[] = "Date: Mon, 23 Nov 2026 18:00:00 +0000\r\nFrom: <a@example.com>\r\n"
		"Message-ID: <drive@example.com>\r\nSubject: drive\r\n\r\n";
	static const char line[] = "0123456789012345678901234567890123456789012345678901234567890\r\n";
	json_t *data = json_object_get(command, "data");
	const char *file = json_string_value(json_object_get(command, "file"));
	struct error error = ERROR_INIT;

	if (data) {
		buf_add(out, json_string_value(data), json_string_length(data));
	} else if (file) {
		if (file_read(file, (size_t)64 << 20, out, &error) < 0)
			fatal("%s", error.text);
	} else {
		buf_puts(out, head);
		for (int64_t left = number(command, "fill", 200); left > 0; left -= (int64_t)sizeof line - 1)
			buf_puts(out, line);
	}
}

static json_t *do_send(struct state *state, json_t *command)
{
	json_t *to = json_object_get(command, "to");
	size_t count = json_is_array(to) ? json_array_size(to) : 1;
	const char **recipients = mem_calloc(count, sizeof *recipients);
	struct session_verdict verdict = { 0 };
	int64_t repeat = number(command, "count", 1);
	int64_t tally[sizeof results / sizeof *results] = { 0 };
	struct buf bytes = BUF_INIT;
	char *from = text(command, "from", "a@example.com");

	for (size_t i = 0; i < count; i++) {
		const char *one = json_string_value(json_is_array(to) ? json_array_get(to, i) : to);
		recipients[i] = one ? one : "b@example.com";
	}
	body(command, &bytes);
	state->fence = json_is_true(json_object_get(command, "fence"));
	struct session_mail mail = { from, recipients, count, buf_str(&bytes), bytes.len };
	for (int64_t i = 0; i < repeat; i++) {
		arena_reset(&state->arena);
		json_array_clear(state->stages);
		session_send(state->session, &mail, &state->arena, &verdict);
		tally[verdict.result]++;
	}
	json_t *answer = verdict_json(&verdict);
	if (repeat > 1) {
		json_t *counted = json_object();
		for (size_t i = 0; i < sizeof results / sizeof *results; i++)
			if (tally[i])
				json_object_set_new(counted, results[i], json_integer(tally[i]));
		json_object_set_new(answer, "tally", counted);
	}
	buf_clear(&bytes);
	free(recipients);
	free(from);
	return answer;
}

static json_t *do_open(struct state *state)
{
	struct session_verdict verdict;

	arena_reset(&state->arena);
	bool ok = session_open(state->session, &state->arena, &verdict);
	json_t *answer = verdict_json(&verdict);
	json_object_set_new(answer, "ok", json_boolean(ok));
	return answer;
}

/* Waits as a worker does between mails. */
static json_t *do_idle(struct state *state, json_t *command)
{
	int64_t until = clock_monotonic_ms() + number(command, "ms", 100), now;

	while ((now = clock_monotonic_ms()) < until && session_fd(state->session) >= 0) {
		int64_t due = session_due_ms(state->session);
		int64_t wait = (due < until ? due : until) - now;
		struct pollfd pollfd = { session_fd(state->session), POLLIN, 0 };

		if (poll(&pollfd, 1, wait < 0 ? 0 : (int)wait) > 0 || clock_monotonic_ms() >= due)
			session_tend(state->session);
	}
	return json_pack("{s:b, s:I}", "open", session_fd(state->session) >= 0, "waited",
			 (json_int_t)(number(command, "ms", 100) - (until - clock_monotonic_ms())));
}

static int64_t resident_kb(void)
{
	long pages = 0;
	FILE *file = fopen("/proc/self/statm", "r");

	if (!file || fscanf(file, "%*d %ld", &pages) != 1)
		pages = 0;
	if (file)
		fclose(file);
	return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static int descriptors(void)
{
	int open = 0;

	for (int fd = 0; fd < 1024; fd++) {
		struct pollfd pollfd = { fd, 0, 0 };
		open += poll(&pollfd, 1, 0) == 0 || !(pollfd.revents & POLLNVAL);
	}
	return open;
}

static json_t *do_counts(struct state *state)
{
	struct session_counts counts = session_counts(state->session);

	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:i}", "learned", (json_int_t)counts.learned_messages,
			 "learned_idle", (json_int_t)counts.learned_idle_ms, "sessions", (json_int_t)counts.sessions, "auths",
			 (json_int_t)counts.auths, "mails", (json_int_t)counts.mails, "hooks", state->hooks);
}

static json_t *do_dialogue(struct state *state)
{
	struct buf out = BUF_INIT;

	session_dialogue(state->session, &out);
	json_t *answer = json_pack("{s:s}", "dialogue", buf_str(&out));
	buf_clear(&out);
	return answer;
}

static json_t *run(struct state *state, json_t *command)
{
	const char *what = json_string_value(json_object_get(command, "do"));

	what = what ? what : "";
	if (!strcmp(what, "send"))
		return do_send(state, command);
	if (!strcmp(what, "open"))
		return do_open(state);
	if (!strcmp(what, "idle"))
		return do_idle(state, command);
	if (!strcmp(what, "counts"))
		return do_counts(state);
	if (!strcmp(what, "dialogue"))
		return do_dialogue(state);
	if (!strcmp(what, "memory"))
		return json_pack("{s:I, s:i}", "kb", (json_int_t)resident_kb(), "descriptors", descriptors());
	if (!strcmp(what, "tend"))
		session_tend(state->session);
	else if (!strcmp(what, "close"))
		session_close(state->session);
	else
		fatal("no such command: %s", what);
	return json_pack("{s:b}", "open", session_fd(state->session) >= 0);
}

int main(int argc, char **argv)
{
	struct state state = { .arena = ARENA_INIT };
	struct session_hooks hooks = { .arg = &state, .before_dot = before_dot, .progress = progress };
	json_error_t error;
	json_t *relay_json = argc == 2 ? json_loads(argv[1], 0, &error) : NULL;
	char *line = NULL;
	size_t room = 0;

	if (!relay_json)
		fatal("usage: drive RELAY, a JSON object");
	signal(SIGPIPE, SIG_IGN);
	session_init();
	struct config_relay relay = relay_from(relay_json);
	state.session = session_new(&relay, &hooks);
	while (getline(&line, &room, stdin) > 0) {
		json_t *command = json_loads(line, JSON_ALLOW_NUL, &error);

		if (!command)
			fatal("no JSON: %s", error.text);
		state.stages = json_array();
		json_t *answer = run(&state, command);
		json_object_set_new(answer, "stages", state.stages);
		char *out = json_dumps(answer, JSON_COMPACT);
		puts(out);
		fflush(stdout);
		free(out);
		json_decref(answer);
		json_decref(command);
	}
	session_free(state.session);
	arena_clear(&state.arena);
	json_decref(relay_json);
	free(line);
	char *owned[] = { relay.name, relay.host, relay.ca_file, relay.cert_file, relay.key_file, relay.username, relay.password, relay.ehlo,
			  relay.token_file, relay.token_command };
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++)
		free(owned[i]);
	return 0;
}
