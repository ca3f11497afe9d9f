/*
 * token.c - access tokens from a file or a command
 */
#include "smtp/token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/units.h"

enum {
	OUTPUT_MAX = 64 << 10,
	MARGIN_MS = 300000,	/* a token is not used in its last minutes */
	REAP_LOOK_MS = 5,	/* how often a command that has written all is looked at */
};

struct token_source {
	const struct config_relay *relay;
	char *token;			/* secret; NULL: none yet */
	int64_t since_unix_ms, expires_unix_ms;
};

struct token_source *token_new(const struct config_relay *relay)
{
	if (!relay->token_file && !relay->token_command)
		return NULL;
	struct token_source *source = mem_alloc(sizeof *source);
	source->relay = relay;
	return source;
}

void token_free(struct token_source *source)
{
	if (!source)
		return;
	mem_free_secret(source->token);
	free(source);
}

/* --- what it looks like --------------------------------------------------------- */

/* RFC 6750 2.1: 1*( ALPHA / DIGIT / "-" / "." / "_" / "~" / "+" / "/" ) *"=" */
static bool is_token(const char *text)
{
	size_t body = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/");

	return body && !text[body + strspn(text + body, "=")];
}

static char *take_token(const char *text, size_t len, struct error *error)
{
	char *token = mem_dup(text, len);

	if (strlen(token) == len && is_token(token))
		return token;
	mem_free_secret(token);
	error_set(error, "holds no token (letters, digits and -._~+/ in one line, or a JSON object with "
			 "\"access_token\")");
	return NULL;
}

static char *parse_object(const char *bytes, size_t len, int64_t since_unix_ms,
			  int64_t *expires_unix_ms, struct error *error)
{
	json_error_t where;
	json_t *object = json_loadb(bytes, len, 0, &where);
	char *token = NULL;

	if (!object) {
		error_set(error, "holds broken JSON, line %d column %d", where.line, where.column);
		return NULL;
	}
	json_t *text = json_object_get(object, "access_token");
	json_t *in = json_object_get(object, "expires_in"), *at = json_object_get(object, "expires_at");
	if (!at)
		at = json_object_get(object, "expires_on");	/* Microsoft's name for it */
	if (json_is_string(text))
		token = take_token(json_string_value(text), json_string_length(text), error);
	else
		error_set(error, "holds JSON without \"access_token\"");
	if (json_is_number(in))
		*expires_unix_ms = since_unix_ms + (int64_t)(json_number_value(in) * 1000);
	else if (json_is_number(at))
		*expires_unix_ms = (int64_t)(json_number_value(at) * 1000);
	json_decref(object);
	return token;
}

char *token_parse(const char *bytes, size_t len, int64_t since_unix_ms, int64_t *expires_unix_ms,
		  struct error *error)
{
	*expires_unix_ms = INT64_MAX;
	while (len && strchr(" \t\r\n", bytes[len - 1]))
		len--;
	while (len && strchr(" \t\r\n", *bytes))
		bytes++, len--;
	if (len && *bytes == '{')
		return parse_object(bytes, len, since_unix_ms, expires_unix_ms, error);
	return take_token(bytes, len, error);
}

/* --- where it comes from ---------------------------------------------------------- */

static int from_file(const struct token_source *source, struct buf *out, int64_t *since_unix_ms,
		     struct error *error)
{
	const char *path = source->relay->token_file, *directory = getenv("CREDENTIALS_DIRECTORY");
	struct stat st;
	char *full = *path == '/' || !directory ? mem_strdup(path) : mem_printf("%s/%s", directory, path);

	if (stat(full, &st) == 0)
		*since_unix_ms = (int64_t)st.st_mtim.tv_sec * 1000;
	int failed = file_read(full, OUTPUT_MAX, out, error);
	free(full);
	return failed;
}

/* In a group of its own, so that all of it can be ended, and not longer than this
 * process, which may be killed while it waits. */
static void become_shell(const char *command, int out, pid_t parent)
{
	int nothing = open("/dev/null", O_RDONLY);
	sigset_t none;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (getppid() == parent && dup2(nothing, 0) == 0 && dup2(out, 1) == 1)
		execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* All that is written until the other end closes; -1 when time is up or it is too much. */
static int read_all(int fd, struct buf *out, int64_t until_ms)
{
	char bytes[4096];

	for (;;) {
		int64_t left = until_ms - clock_monotonic_ms();
		struct pollfd pollfd = { fd, POLLIN, 0 };

		if (left <= 0 || out->len > OUTPUT_MAX)
			return -1;
		if (poll(&pollfd, 1, left > 60000 ? 60000 : (int)left) <= 0)
			continue;
		ssize_t n = read(fd, bytes, sizeof bytes);
		if (n < 0 && errno != EINTR)
			return -1;
		if (n == 0)
			return 0;
		if (n > 0)
			buf_add(out, bytes, (size_t)n);
	}
}

/* Until the command has ended or time is up; then it is ended, with what it has
 * started.  False: it was. */
static bool reap(pid_t pid, int *status, int64_t until_ms)
{
	bool in_time = true;
	pid_t ended;

	while ((ended = waitpid(pid, status, in_time ? WNOHANG : 0)) == 0 || (ended < 0 && errno == EINTR)) {
		if (in_time && clock_monotonic_ms() >= until_ms) {
			kill(-pid, SIGKILL);
			in_time = false;
		} else if (in_time) {
			poll(NULL, 0, REAP_LOOK_MS);
		}
	}
	return in_time;
}

static int from_command(const struct token_source *source, struct buf *out, struct error *error)
{
	int64_t limit_ms = source->relay->timeouts.command_ms;
	int ends[2], status = 0;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(error, "no pipe: %s", strerror(errno));
	pid_t self = getpid(), pid = fork();
	if (!pid)
		become_shell(source->relay->token_command, ends[1], self);
	close(ends[1]);
	if (pid < 0) {
		close(ends[0]);
		return error_set(error, "no process: %s", strerror(errno));
	}
	int64_t until = clock_monotonic_ms() + limit_ms;
	bool too_much = read_all(ends[0], out, until) < 0;
	close(ends[0]);
	if (!reap(pid, &status, too_much ? 0 : until) || too_much) {
		struct buf limit = BUF_INIT;

		units_print_duration(limit_ms, &limit);
		error_set(error, "was not done within %s, or wrote more than %d bytes", buf_str(&limit),
			  (int)OUTPUT_MAX);
		buf_clear(&limit);
		return -1;
	}
	if (WIFEXITED(status) && WEXITSTATUS(status))
		return error_set(error, "ended with status %d", WEXITSTATUS(status));
	return 0;
}

static int fetch(struct token_source *source, char **token, struct error *error)
{
	const struct config_relay *relay = source->relay;
	const char *key = relay->token_file ? "token_file" : "token_command";
	struct error reason = ERROR_INIT;
	struct buf out = BUF_INIT;
	int64_t since = clock_unix_ms(), expires = INT64_MAX;
	int failed = relay->token_file ? from_file(source, &out, &since, &reason)
				       : from_command(source, &out, &reason);

	*token = failed ? NULL : token_parse(buf_str(&out), out.len, since, &expires, &reason);
	if (out.room)
		explicit_bzero(out.data, out.room);
	buf_clear(&out);
	if (!*token)
		error_set(error, "relays.%s.%s: %s", relay->name, key, reason.text);
	error_clear(&reason);
	source->since_unix_ms = since;
	source->expires_unix_ms = expires;
	return *token ? 0 : -1;
}

static bool is_fresh(const struct token_source *source)
{
	int64_t life = source->expires_unix_ms - source->since_unix_ms;
	int64_t margin = life / 5 < MARGIN_MS ? life / 5 : MARGIN_MS;

	/* A file is read each time: whoever renews it knows better than we. */
	return source->token && source->relay->token_command &&
	       clock_unix_ms() < source->expires_unix_ms - margin;
}

const char *token_get(struct token_source *source, struct error *error)
{
	char *token;

	if (is_fresh(source))
		return source->token;
	if (fetch(source, &token, error) < 0)
		return NULL;
	mem_free_secret(source->token);
	source->token = token;
	return token;
}

const char *token_renew(struct token_source *source, struct error *error)
{
	char *token;

	if (fetch(source, &token, error) < 0)
		return NULL;
	bool other = !source->token || strcmp(token, source->token);
	mem_free_secret(source->token);
	source->token = token;
	return other ? token : NULL;
}
