/*
 * dial.c - which server to connect to, and connecting
 *
 * The one of the configuration, the master that a Sentinel names
 * (redis.io/docs/reference/sentinel-clients), or the node of a cluster that
 * has the queue.  Each connection asks anew, so a failover is followed by
 * the connection that comes after it.
 */
#include "store/private.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/units.h"

static struct timeval timeval_of(int64_t ms)
{
	return (struct timeval){ .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
}

__attribute__((format(printf, 2, 3)))
static void name_server(struct store_link *link, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	free(link->server);
	link->server = buf_take(&text);
}

static int set_blocking(int fd, bool blocking)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0)
		return -1;
	return fcntl(fd, F_SETFL, blocking ? flags & ~O_NONBLOCK : flags | O_NONBLOCK);
}

/* From here on a read or a write waits for the command timeout, no longer. */
static enum store_status set_limits(struct store_link *link, struct error *error)
{
	struct timeval limit = timeval_of(link->redis->command_timeout_ms);
	int fd = link->context->fd;

	if (set_blocking(fd, true) < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0
	    || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) < 0)
		return link_down(link, error, "cannot connect: %s", strerror(errno));
	return STORE_OK;
}

/* Takes a context that hiredis connected, or failed to connect. */
static enum store_status use_context(struct store_link *link, redisContext *context,
				     struct error *error)
{
	if (!context)
		fatal("out of memory");
	link->context = context;
	if (context->err)
		return link_down(link, error, "cannot connect: %s", context->errstr);
	if (set_blocking(context->fd, false) < 0 || fcntl(context->fd, F_SETFD, FD_CLOEXEC) < 0)
		return link_down(link, error, "cannot connect: %s", strerror(errno));
	context->flags &= ~REDIS_BLOCK;	/* a time that is over is not hiredis's to judge */
	reply_guard(context->reader);
	return STORE_OK;
}

static enum store_status dial_socket(struct store_link *link, struct error *error)
{
	const struct config_redis *redis = link->redis;

	name_server(link, "%s", redis->socket);
	enum store_status status = use_context(link, redisConnectUnixWithTimeout(redis->socket,
				timeval_of(redis->connect_timeout_ms)), error);
	return status == STORE_OK ? set_limits(link, error) : status;
}

/* `what` goes before the address: "" or "master main, ". */
static enum store_status dial_host(struct store_link *link, const char *what, const char *host, int port,
				   struct error *error)
{
	const struct config_redis *redis = link->redis;
	int64_t until = clock_monotonic_ms() + redis->connect_timeout_ms;

	free(link->host);
	link->host = mem_strdup(host);
	link->port = port;
	name_server(link, strchr(host, ':') ? "%s[%s]:%d" : "%s%s:%d", what, host, port);
	enum store_status status = use_context(link, redisConnectWithTimeout(host, port,
				timeval_of(redis->connect_timeout_ms)), error);
	if (status == STORE_OK && redis->tls)
		status = tls_secure(link, host, until, error);
	return status == STORE_OK ? set_limits(link, error) : status;
}

/* ---- a cluster's node ---- */

/* "MOVED 3999 127.0.0.1:6381"; an IPv6 address has colons of its own, and no
 * host at all means the one that was asked. */
bool dial_follow(struct store_link *link, const redisReply *moved)
{
	const char *address = strrchr(moved->str, ' ');
	const char *colon = address ? strrchr(address, ':') : NULL;
	int64_t port;

	if (!colon || units_integer(colon + 1, 1, 65535, &port, NULL) < 0)
		return false;
	address++;
	size_t len = (size_t)(colon - address);
	char *host = len ? mem_dup(address, len) : mem_strdup(link->host ? link->host : "127.0.0.1");
	free(link->moved_host);
	link->moved_host = host;
	link->moved_port = (int)port;
	link_close(link);
	return true;
}

void dial_forget(struct store_link *link)
{
	free(link->moved_host);
	link->moved_host = NULL;
}

/* ---- Sentinel ---- */

/* What SENTINEL GET-MASTER-ADDR-BY-NAME said: {host, port}, nil when it has no such master. */
static enum store_status read_master(struct store_link *sentinel, const redisReply *reply, char **host,
				     int *port, struct error *error)
{
	const char *text;
	size_t len;
	int64_t number;

	enum store_status status = link_verdict(sentinel, reply, "SENTINEL GET-MASTER-ADDR-BY-NAME", error);
	if (status != STORE_OK)
		return status;
	if (reply->type == REDIS_REPLY_NIL)
		return link_refuse(sentinel, error, "this Sentinel knows no master \"%s\": check redis.master",
				   sentinel->redis->master);
	if (reply_array(reply, 2) < 0 || reply_peek(reply->element[1], &text, &len) < 0 || !text
	    || units_integer(text, 1, 65535, &number, NULL) < 0
	    || reply_bytes(reply->element[0], host, &len) < 0 || !*host)
		return link_odd(sentinel, "SENTINEL GET-MASTER-ADDR-BY-NAME", error);
	*port = (int)number;
	return STORE_OK;
}

static enum store_status ask_sentinel(const struct config_redis *redis, const struct config_address *at,
				      char **host, int *port, struct error *error)
{
	struct store_link sentinel = { .redis = redis };
	struct command commands[2];
	redisReply *replies[2];
	size_t count = 0;

	if (redis->sentinel_password)
		command_init(&commands[count++], "AUTH", redis->sentinel_password, NULL);
	command_init(&commands[count++], "SENTINEL", "GET-MASTER-ADDR-BY-NAME", redis->master, NULL);
	enum store_status status = dial_host(&sentinel, "Sentinel ", at->host, at->port, error);
	if (status == STORE_OK)
		status = link_exchange(&sentinel, commands, count, replies, error);
	if (status == STORE_OK) {
		if (count > 1)
			status = link_verdict(&sentinel, replies[0], "AUTH", error);
		if (status == STORE_OK)
			status = read_master(&sentinel, replies[count - 1], host, port, error);
		for (size_t i = 0; i < count; i++)
			freeReplyObject(replies[i]);
	}
	link_clear(&sentinel);
	return status;
}

/* The first Sentinel that answers is asked first the next time. */
static enum store_status dial_master(struct store_link *link, struct error *error)
{
	const struct config_redis *redis = link->redis;
	enum store_status status = STORE_DOWN;
	char *host = NULL;
	int port = 0;

	for (size_t i = 0; i < redis->sentinel_count && status != STORE_OK; i++) {
		size_t which = (link->sentinel + i) % redis->sentinel_count;
		status = ask_sentinel(redis, &redis->sentinels[which], &host, &port, error);
		if (status == STORE_OK)
			link->sentinel = which;
	}
	if (status != STORE_OK)
		return status;
	char *what = mem_printf("master %s, ", redis->master);
	status = dial_host(link, what, host, port, error);
	free(what);
	free(host);
	return status;
}

enum store_status dial(struct store_link *link, struct error *error)
{
	const struct config_redis *redis = link->redis;

	if (link->moved_host) {
		enum store_status status = dial_host(link, "", link->moved_host, link->moved_port, error);
		if (status != STORE_OK)
			dial_forget(link);	/* the next time whoever is configured is asked where it is now */
		return status;
	}
	if (redis->sentinel_count)
		return dial_master(link, error);
	if (redis->socket)
		return dial_socket(link, error);
	return dial_host(link, "", redis->host, redis->port, error);
}
