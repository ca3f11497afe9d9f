/*
 * redis.c - see redis.h
 */
#include "../check.h"
#include "redis.h"

#include <arpa/inet.h>
#include <ftw.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

struct error error;

void redis_expect(enum store_status want, enum store_status got, const char *call, int line)
{
	if (want != got)
		fail_msg("line %d: %s: %d instead of %d (%s)", line, call, got, want,
			 error.text ? error.text : "no text");
}

void assert_says(const char *part)
{
	if (!error.text || !strstr(error.text, part))
		fail_msg("\"%s\" is not in \"%s\"", part, error.text ? error.text : "");
}

/* The socket stays, bound and never listening: with SO_REUSEADDR, which
 * redis-server sets too, it keeps everybody else from being given the port. */
int redis_free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (bind(fd, (struct sockaddr *)&address, len) < 0
	    || getsockname(fd, (struct sockaddr *)&address, &len) < 0)
		fatal("no free port");
	return ntohs(address.sin_port);
}

static void die_with(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
}

static void run_server(struct redis_server *server, pid_t parent)
{
	char port[16];
	const char *argv[64] = {
		"redis-server", "--port", port, "--save", "", "--unixsocket", server->socket,
		"--dir", server->directory, "--logfile", "redis.log", "--daemonize", "no",
		"--bind", "127.0.0.1",
	};
	size_t n = 15;

	snprintf(port, sizeof port, "%d", server->port);

	for (size_t i = 0; server->options && server->options[i] && n < 63; i++)
		argv[n++] = server->options[i];
	die_with(parent);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	execvp(argv[0], (char *const *)(uintptr_t)argv);
	_exit(127);
}

/* Connects and waits while it loads. */
static void connect_client(struct redis_server *server)
{
	for (int64_t until = clock_monotonic_ms() + 10000; clock_monotonic_ms() < until; usleep(5000)) {
		if (waitpid(server->pid, NULL, WNOHANG) == server->pid)
			fatal("redis-server ended at once: is it installed?");
		server->client = redisConnectUnix(server->socket);
		if (!server->client->err) {
			redisReply *reply = redisCommand(server->client, "PING");
			bool ready = reply && (reply->type == REDIS_REPLY_STATUS
					       || strncmp(reply->str, "NOAUTH", 6) == 0);
			if (reply)
				freeReplyObject(reply);
			if (ready)
				return;
		}
		redisFree(server->client);
		server->client = NULL;
	}
	fatal("redis-server does not answer: %s/redis.log", server->directory);
}

void redis_again(struct redis_server *server)
{
	pid_t parent = getpid();

	server->pid = fork();
	if (server->pid == 0)
		run_server(server, parent);
	connect_client(server);
}

static void begin_at(struct redis_server *server, const char *const *options, int port)
{
	signal(SIGPIPE, SIG_IGN);
	memset(server, 0, sizeof *server);
	server->port = port;
	strcpy(server->directory, "/tmp/postrider-redis-XXXXXX");
	if (!mkdtemp(server->directory))
		fatal("mkdtemp: no directory for redis-server");
	snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->directory);
	server->options = options;
	server->config = (struct config_redis){
		.socket = server->socket, .prefix = (char *)(uintptr_t)"postrider",
		.connect_timeout_ms = 5000, .command_timeout_ms = 20000, .lease_ms = 30000,
	};
	redis_again(server);
}

void redis_begin(struct redis_server *server, const char *const *options)
{
	begin_at(server, options, 0);
}

void redis_begin_tcp(struct redis_server *server, const char *const *options)
{
	begin_at(server, options, redis_free_port());
}

void redis_end(struct redis_server *server, int sig)
{
	if (server->client)
		redisFree(server->client);
	server->client = NULL;
	if (!server->pid)
		return;
	kill(server->pid, SIGCONT);
	kill(server->pid, sig);
	waitpid(server->pid, NULL, 0);
	server->pid = 0;
}

void redis_reconnect(struct redis_server *server)
{
	redisFree(server->client);
	connect_client(server);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void redis_remove(struct redis_server *server)
{
	redis_end(server, SIGKILL);
	nftw(server->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static redisReply *redis_vdo(struct redis_server *server, const char *format, va_list ap)
{
	redisReply *reply = redisvCommand(server->client, format, ap);

	if (!reply)
		fail_msg("%s: %s", format, server->client->errstr);
	if (reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format, reply->str);
	return reply;
}

redisReply *redis_do(struct redis_server *server, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	redisReply *reply = redis_vdo(server, format, ap);
	va_end(ap);
	return reply;
}

void redis_run(struct redis_server *server, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	freeReplyObject(redis_vdo(server, format, ap));
	va_end(ap);
}

long long redis_int(struct redis_server *server, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	redisReply *reply = redis_vdo(server, format, ap);
	va_end(ap);
	assert_int_equal(reply->type, REDIS_REPLY_INTEGER);
	long long n = reply->integer;
	freeReplyObject(reply);
	return n;
}

const char *redis_str(struct redis_server *server, const char *format, ...)
{
	static char text[65536];
	va_list ap;

	va_start(ap, format);
	redisReply *reply = redis_vdo(server, format, ap);
	va_end(ap);
	bool nil = reply->type == REDIS_REPLY_NIL;
	if (!nil) {
		assert_true(reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_STATUS);
		snprintf(text, sizeof text, "%s", reply->str);
	}
	freeReplyObject(reply);
	return nil ? NULL : text;
}

pid_t redis_sentinel(const char *path)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	die_with(parent);
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(null, 2);
	execlp("redis-server", "redis-server", path, "--sentinel", (char *)NULL);
	_exit(127);
}

/* ---- a server that says what it is told to ---- */

static void serve(int listener, const char *bytes, size_t len)
{
	for (;;) {
		char request[65536];
		int fd = accept(listener, NULL, NULL);
		if (fd < 0)
			_exit(1);
		if (len == 0)
			continue;	/* kept open, unanswered */
		if (read(fd, request, sizeof request) > 0 && write(fd, bytes, len) < 0)
			_exit(1);
		/* Until the other side has enough. */
		while (read(fd, request, sizeof request) > 0)
			;
		close(fd);
	}
}

pid_t redis_fake(const char *socket_path, const char *bytes, size_t len)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", socket_path);
	unlink(socket_path);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) < 0 || listen(fd, 8) < 0)
		fatal("%s: cannot listen", socket_path);
	pid_t parent = getpid(), pid = fork();
	if (pid == 0) {
		die_with(parent);
		serve(fd, bytes, len);
	}
	close(fd);
	return pid;
}

void redis_fake_end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}
