/*
 * link.c - one connection to Redis
 *
 * Owns the socket: connecting, who we are, which server that is, sending and
 * receiving, each within its time.  Never waits before trying again: how
 * often a server that is away is asked is its caller's to decide.
 *
 * hiredis's own blocking calls bound each read, not the whole answer; so its
 * buffers are filled and emptied here.  The socket blocks for the command
 * timeout at most (SO_RCVTIMEO), which needs no poll(2) before each read.
 */
#include "store/private.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

/* A large answer may take longer than the command timeout as long as it keeps
 * coming, but not for ever. */
enum { SLOW_FACTOR = 20, MOVES_MOST = 3, HURRY_MS = 1000, STILL_MS = 100 };

/* ---- commands ---- */

void command_add(struct command *command, const char *bytes, size_t len)
{
	if (command->argc == COMMAND_MOST)
		fatal("store: a command of more than %d pieces", COMMAND_MOST);
	command->argv[command->argc] = bytes;
	command->len[command->argc++] = len;
}

void command_str(struct command *command, const char *text)
{
	command_add(command, text, strlen(text));
}

void command_int(struct command *command, int64_t number)
{
	if (command->number_count == COMMAND_NUMBERS)
		fatal("store: a command of more than %d numbers", COMMAND_NUMBERS);
	char *text = command->numbers[command->number_count++];
	snprintf(text, sizeof command->numbers[0], "%" PRId64, number);
	command_str(command, text);
}

void command_init(struct command *command, const char *verb, ...)
{
	va_list ap;

	command->argc = command->number_count = 0;
	command_str(command, verb);
	va_start(ap, verb);
	for (const char *piece; (piece = va_arg(ap, const char *));)
		command_str(command, piece);
	va_end(ap);
}

/* ---- the link ---- */

struct store_link *store_link_new(const struct config_redis *redis)
{
	struct store_link *link = mem_alloc(sizeof *link);

	link->redis = redis;
	link->server = mem_strdup("its address");
	return link;
}

void link_close(struct store_link *link)
{
	if (link->context)
		redisFree(link->context);
	link->context = NULL;
	link->busy = false;
}

void link_clear(struct store_link *link)
{
	link_close(link);
	tls_free(link->tls);
	free(link->server);
	free(link->host);
	free(link->moved_host);
}

void store_link_free(struct store_link *link)
{
	if (!link)
		return;
	link_clear(link);
	free(link);
}

uint64_t store_link_epoch(const struct store_link *link)
{
	return link->epoch;
}

const char *store_link_run(const struct store_link *link)
{
	return link->run;
}

int store_link_fd(const struct store_link *link)
{
	return link->context ? link->context->fd : -1;
}

const char *link_server(const struct store_link *link)
{
	return link->server;
}

__attribute__((format(printf, 3, 0)))
static void describe(struct store_link *link, struct error *error, const char *format, va_list ap)
{
	struct buf text = BUF_INIT;

	buf_vprintf(&text, format, ap);
	error_set(error, "Redis at %s: %s", link->server, buf_str(&text));
	buf_clear(&text);
	link_close(link);
}

enum store_status link_down(struct store_link *link, struct error *error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	describe(link, error, format, ap);
	va_end(ap);
	return STORE_DOWN;
}

enum store_status link_refuse(struct store_link *link, struct error *error, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	describe(link, error, format, ap);
	va_end(ap);
	return STORE_REFUSED;
}

enum store_status link_odd(struct store_link *link, const char *what, struct error *error)
{
	return link_refuse(link, error, "an answer to \"%s\" that Redis does not give:"
					" is this a Redis server?", what);
}

enum store_status link_verdict(struct store_link *link, const redisReply *reply, const char *what,
			       struct error *error)
{
	const char *advice;
	enum reply_sense sense = reply_sense(reply, &advice);

	if (sense == REPLY_FINE)
		return STORE_OK;
	error_set(error, "Redis at %s: \"%s\": %.300s%s%s", link->server, what, reply->str,
		  *advice ? ": " : "", advice);
	if (sense == REPLY_MOVED)
		return dial_follow(link, reply) ? STORE_DOWN : STORE_REFUSED;
	if (sense == REPLY_ELSEWHERE) {
		dial_forget(link);
		link_close(link);
	}
	return sense == REPLY_LATER ? STORE_DOWN : STORE_REFUSED;
}

/* ---- bytes in and out ---- */

struct limit {
	int64_t step_ms;	/* without a byte moving */
	int64_t until_ms;	/* of the moving as well */
};

static struct limit limit_of(const struct store_link *link, int64_t ms)
{
	int64_t now = clock_monotonic_ms();

	return (struct limit){ now + ms, now + ms + SLOW_FACTOR * link->redis->command_timeout_ms };
}

static void limit_moved(const struct store_link *link, struct limit *limit)
{
	limit->step_ms = clock_monotonic_ms() + link->redis->command_timeout_ms;
	if (limit->step_ms > limit->until_ms)
		limit->step_ms = limit->until_ms;
}

int link_wait(int fd, short events, int64_t until_ms)
{
	struct pollfd p = { .fd = fd, .events = events };

	for (;;) {
		int64_t left = until_ms - clock_monotonic_ms();
		int n = poll(&p, 1, left < 0 ? 0 : left > INT32_MAX ? INT32_MAX : (int)left);
		if (n > 0)
			return 0;
		if (n == 0 && left <= INT32_MAX)
			return -1;
		if (n < 0 && errno != EINTR)
			return -1;
	}
}

/* What hiredis says of a connection that failed. */
static enum store_status broken(struct store_link *link, struct error *error)
{
	if (link->context->err == REDIS_ERR_EOF)
		return link_down(link, error, "it closed the connection");
	return link_down(link, error, "the connection failed: %s", link->context->errstr);
}

static enum store_status timed_out(struct store_link *link, struct error *error, int64_t ms)
{
	return link_down(link, error, "no answer within %" PRId64 " ms", ms);
}

static enum store_status flush(struct store_link *link, struct error *error)
{
	struct limit limit = limit_of(link, link->redis->command_timeout_ms);

	for (int done = 0;;) {
		size_t before = sdslen(link->context->obuf);
		if (redisBufferWrite(link->context, &done) != REDIS_OK)
			return broken(link, error);
		if (done)
			return STORE_OK;
		if (sdslen(link->context->obuf) != before)
			limit_moved(link, &limit);
		else if (clock_monotonic_ms() >= limit.step_ms)
			return timed_out(link, error, link->redis->command_timeout_ms);
	}
}

static enum store_status receive(struct store_link *link, int64_t ms, redisReply **reply,
				 struct error *error)
{
	struct limit limit = limit_of(link, ms);
	bool longer = ms > link->redis->command_timeout_ms;	/* than a read() waits */
	void *got = NULL;

	for (;;) {
		if (redisGetReplyFromReader(link->context, &got) != REDIS_OK)
			return broken(link, error);
		if (got)
			break;
		if (longer && link_wait(link->context->fd, POLLIN, limit.step_ms) < 0)
			return timed_out(link, error, ms);
		size_t before = link->context->reader->len;
		if (redisBufferRead(link->context) != REDIS_OK)
			return broken(link, error);
		if (link->context->reader->len != before)
			limit_moved(link, &limit);
		else if (clock_monotonic_ms() >= limit.step_ms)
			return timed_out(link, error, ms);
	}
	*reply = got;
	link->used_ms = clock_monotonic_ms();
	return STORE_OK;
}

static enum store_status append(struct store_link *link, const struct command *commands, size_t count,
				struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		const struct command *command = &commands[i];
		if (redisAppendCommandArgv(link->context, command->argc,
					   (const char **)(uintptr_t)command->argv,
					   command->len) != REDIS_OK)
			return broken(link, error);
	}
	return flush(link, error);
}

/* All answers to what was appended, or none. */
static enum store_status receive_all(struct store_link *link, size_t count, redisReply **replies,
				     struct error *error)
{
	for (size_t i = 0; i < count; i++) {
		enum store_status status = receive(link, link->redis->command_timeout_ms, &replies[i],
						   error);
		if (status == STORE_OK)
			continue;
		while (i > 0)
			freeReplyObject(replies[--i]);
		return status;
	}
	return STORE_OK;
}

enum store_status link_exchange(struct store_link *link, const struct command *commands, size_t count,
				redisReply **replies, struct error *error)
{
	enum store_status status = append(link, commands, count, error);

	return status == STORE_OK ? receive_all(link, count, replies, error) : status;
}

/* ---- connecting ---- */

enum { HELLO_AUTH, HELLO_SELECT, HELLO_ID, HELLO_SERVER, HELLO_REPLICATION, HELLO_MOST };

/* The commands of the first round trip; one that is not needed has no pieces. */
static void hello(const struct config_redis *redis, struct command commands[HELLO_MOST])
{
	memset(commands, 0, HELLO_MOST * sizeof *commands);
	if (redis->password && redis->username)
		command_init(&commands[HELLO_AUTH], "AUTH", redis->username, redis->password, NULL);
	else if (redis->password)
		command_init(&commands[HELLO_AUTH], "AUTH", redis->password, NULL);
	if (redis->database) {
		command_init(&commands[HELLO_SELECT], "SELECT", NULL);
		command_int(&commands[HELLO_SELECT], redis->database);
	}
	command_init(&commands[HELLO_ID], "CLIENT", "ID", NULL);
	command_init(&commands[HELLO_SERVER], "INFO", "server", NULL);
	command_init(&commands[HELLO_REPLICATION], "INFO", "replication", NULL);
}

static enum store_status check_version(struct store_link *link, const redisReply *info,
				       struct error *error)
{
	char version[32], mode[32];
	int major, minor;

	if (!reply_info(info, "redis_version", version, sizeof version)
	    || reply_version(version, &major, &minor) < 0)
		return link_odd(link, "INFO server", error);
	if (major < STORE_LEAST_MAJOR || (major == STORE_LEAST_MAJOR && minor < STORE_LEAST_MINOR))
		return link_refuse(link, error, "it is version %s, and %d.%d is the oldest that can be used"
						" (BLMOVE)", version, STORE_LEAST_MAJOR, STORE_LEAST_MINOR);
	if (reply_info(info, "redis_mode", mode, sizeof mode) && strcmp(mode, "sentinel") == 0)
		return link_refuse(link, error, "it is a Sentinel, which keeps no data:"
						" name it in redis.sentinels");
	if (!reply_info(info, "run_id", link->run, sizeof link->run))
		*link->run = '\0';
	return STORE_OK;
}

static enum store_status check_role(struct store_link *link, const redisReply *info,
				    struct error *error)
{
	char role[16], read_only[4];

	if (!reply_info(info, "role", role, sizeof role) || strcmp(role, "slave") != 0)
		return STORE_OK;
	if (link->redis->sentinel_count)
		return link_down(link, error, "it is no master yet: a failover is under way");
	if (reply_info(info, "slave_read_only", read_only, sizeof read_only)
	    && strcmp(read_only, "0") == 0)
		return link_refuse(link, error, "it is a replica, and what is written to it is lost:"
						" connect to the master");
	return link_refuse(link, error, "it is a read-only replica: connect to the master");
}

/* An ACL may forbid CLIENT ID; then a wait cannot be hurried, and that is all. */
static bool is_forbidden(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ERROR
	       && (strncmp(reply->str, "NOPERM", 6) == 0 || strncmp(reply->str, "ERR unknown", 11) == 0);
}

static enum store_status check_hello(struct store_link *link, redisReply *const replies[HELLO_MOST],
				     struct error *error)
{
	static const char *const what[HELLO_MOST] = {
		"AUTH", "SELECT", "CLIENT ID", "INFO server", "INFO replication",
	};

	for (int i = 0; i < HELLO_MOST; i++) {
		if (!replies[i] || (i == HELLO_ID && is_forbidden(replies[i])))
			continue;
		enum store_status status = link_verdict(link, replies[i], what[i], error);
		if (status != STORE_OK) {
			link_close(link);
			return status;
		}
	}
	if (reply_int(replies[HELLO_ID], &link->client_id) < 0)
		link->client_id = 0;
	enum store_status status = check_version(link, replies[HELLO_SERVER], error);
	return status == STORE_OK ? check_role(link, replies[HELLO_REPLICATION], error) : status;
}

static enum store_status introduce(struct store_link *link, struct error *error)
{
	struct command commands[HELLO_MOST], wanted[HELLO_MOST];
	redisReply *replies[HELLO_MOST] = { NULL }, *got[HELLO_MOST] = { NULL };
	size_t count = 0;
	int which[HELLO_MOST];

	hello(link->redis, commands);
	for (int i = 0; i < HELLO_MOST; i++)
		if (commands[i].argc) {
			which[count] = i;
			wanted[count++] = commands[i];
		}
	enum store_status status = link_exchange(link, wanted, count, got, error);
	if (status != STORE_OK)
		return status;
	for (size_t i = 0; i < count; i++)
		replies[which[i]] = got[i];
	status = check_hello(link, replies, error);
	for (size_t i = 0; i < count; i++)
		freeReplyObject(got[i]);
	return status;
}

/* A connection that stood still, on which nothing is expected and something came:
 * its end. */
static bool is_stale(const struct store_link *link)
{
	return clock_monotonic_ms() - link->used_ms >= STILL_MS
	       && link_wait(link->context->fd, POLLIN, 0) == 0;
}

enum store_status link_open(struct store_link *link, struct error *error)
{
	if (link->busy)
		fatal("store: a command while an answer is outstanding");
	if (link->context && is_stale(link))
		link_close(link);
	if (link->context)
		return STORE_OK;
	enum store_status status = dial(link, error);
	if (status == STORE_OK)
		status = introduce(link, error);
	if (status == STORE_OK)
		link->epoch++;
	return status;
}

enum store_status store_link_check(struct store_link *link, struct error *error)
{
	struct command ping;
	redisReply *reply;

	command_init(&ping, "PING", NULL);
	enum store_status status = link_run(link, &ping, &reply, error);
	if (status != STORE_OK)
		return status;
	status = link_verdict(link, reply, "PING", error);
	freeReplyObject(reply);
	return status;
}

/* ---- commands and their answers ---- */

/* Whether another node is to be asked: then nothing was done, since the keys of
 * a command, and of those that are asked together, are in one slot. */
static bool are_moved(struct store_link *link, redisReply **replies, size_t count)
{
	bool moved = false;

	for (size_t i = 0; i < count && !moved; i++)
		moved = reply_sense(replies[i], NULL) == REPLY_MOVED && dial_follow(link, replies[i]);
	for (size_t i = 0; i < count && moved; i++)
		freeReplyObject(replies[i]);
	return moved;
}

enum store_status link_run_all(struct store_link *link, const struct command *commands, size_t count,
			       redisReply **replies, struct error *error)
{
	for (int moves = 0;; moves++) {
		enum store_status status = link_open(link, error);
		if (status == STORE_OK)
			status = link_exchange(link, commands, count, replies, error);
		if (status != STORE_OK || moves == MOVES_MOST || !are_moved(link, replies, count))
			return status;
	}
}

enum store_status link_run(struct store_link *link, const struct command *command,
			   redisReply **reply, struct error *error)
{
	return link_run_all(link, command, 1, reply, error);
}

enum store_status link_ask(struct store_link *link, const struct command *commands, size_t count,
			   int64_t wait_ms, struct error *error)
{
	enum store_status status = link_open(link, error);

	if (status == STORE_OK)
		status = append(link, commands, count, error);
	if (status == STORE_OK) {
		link->busy = true;
		link->answer_ms = wait_ms + link->redis->command_timeout_ms;
	}
	return status;
}

enum store_status link_answer(struct store_link *link, redisReply **reply, struct error *error)
{
	if (!link->busy)
		fatal("store: no answer is outstanding");
	enum store_status status = receive(link, link->answer_ms, reply, error);
	link->busy = false;
	return status;
}

static int64_t at_most(int64_t ms, int64_t most)
{
	return ms < most ? ms : most;
}

/* A client's id means something else to another server: it must be the same run. */
void link_unblock(struct store_link *link)
{
	struct config_redis redis = *link->redis;
	struct command unblock;
	redisReply *reply;

	if (!link->busy || !link->client_id || !*link->run)
		return;
	redis.connect_timeout_ms = at_most(redis.connect_timeout_ms, HURRY_MS);
	redis.command_timeout_ms = at_most(redis.command_timeout_ms, HURRY_MS);
	struct store_link *other = store_link_new(&redis);
	if (link->host) {
		other->moved_host = mem_strdup(link->host);
		other->moved_port = link->port;
	}
	command_init(&unblock, "CLIENT", "UNBLOCK", NULL);
	command_int(&unblock, link->client_id);
	if (link_open(other, NULL) == STORE_OK && strcmp(other->run, link->run) == 0
	    && link_exchange(other, &unblock, 1, &reply, NULL) == STORE_OK)
		freeReplyObject(reply);
	store_link_free(other);
}
