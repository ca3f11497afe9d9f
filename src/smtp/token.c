/*
 * token.c - access tokens from a file or a command
 */
#include "smtp/token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
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
};

extern char **environ;

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

static int start(const char *command, int out, pid_t *pid)
{
	char *argv[] = { (char *)(uintptr_t)"sh", (char *)(uintptr_t)"-c", (char *)(uintptr_t)command, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
					      POSIX_SPAWN_SETPGROUP);
	int failed = posix_spawn(pid, "/bin/sh", &files, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return failed;
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

static int from_command(const struct token_source *source, struct buf *out, struct error *error)
{
	int64_t limit_ms = source->relay->timeouts.command_ms;
	int ends[2], status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set(error, "no pipe: %s", strerror(errno));
	int failed = start(source->relay->token_command, ends[1], &pid);
	close(ends[1]);
	if (failed) {
		close(ends[0]);
		return error_set(error, "/bin/sh cannot be run: %s", strerror(failed));
	}
	bool late = read_all(ends[0], out, clock_monotonic_ms() + limit_ms) < 0;
	close(ends[0]);
	if (late)
		kill(-pid, SIGKILL);	/* the whole group: what the shell started too */
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (late) {
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
