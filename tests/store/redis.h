/*
 * redis.h - a private redis-server for one test program
 *
 * On a unix socket in a directory of its own; it dies with the test, however
 * that ends, and is only ever stopped by its own process id.
 */
#ifndef POSTRIDER_TESTS_REDIS_H
#define POSTRIDER_TESTS_REDIS_H

#include <sys/types.h>

#include <hiredis/hiredis.h>

#include "config/config.h"
#include "store/store.h"

struct redis_server {
	pid_t pid;		/* 0: not running */
	char directory[64];
	char socket[96];
	int port;		/* 0: the socket only */
	redisContext *client;	/* the test's own connection */
	const char *const *options;
	struct config_redis config;	/* for store_link_new() */
};

/* What the last step of a test said. */
extern struct error error;

/* A step of the store and what it must return. */
#define ok(call) redis_expect(STORE_OK, call, #call, __LINE__)
#define nothing(call) redis_expect(STORE_NOTHING, call, #call, __LINE__)
#define refused(call) redis_expect(STORE_REFUSED, call, #call, __LINE__)
#define down(call) redis_expect(STORE_DOWN, call, #call, __LINE__)
void redis_expect(enum store_status want, enum store_status got, const char *call, int line);
/* ... and what it must have said. */
void assert_says(const char *part);

/* A port of the loopback that nobody listens on and nobody else is given. */
int redis_free_port(void);

/* Starts it and waits until it answers.  `options`: words of the command
 * line, NULL ends (borrowed for the server's life); NULL: none. */
void redis_begin(struct redis_server *server, const char *const *options);
/* On a free port of 127.0.0.1 as well. */
void redis_begin_tcp(struct redis_server *server, const char *const *options);
/* Ends it with this signal, and starts it again with what it had saved. */
void redis_end(struct redis_server *server, int sig);
void redis_again(struct redis_server *server);
/* The test's own connection anew: a failover ends all. */
void redis_reconnect(struct redis_server *server);
/* Ends it and removes its directory. */
void redis_remove(struct redis_server *server);

/* Commands over the test's own connection, by redisCommand()'s format; an
 * error reply fails the test. */
redisReply *redis_do(struct redis_server *server, const char *format, ...);
void redis_run(struct redis_server *server, const char *format, ...);
long long redis_int(struct redis_server *server, const char *format, ...);
/* A string, in a static buffer until the next call; NULL for nil. */
const char *redis_str(struct redis_server *server, const char *format, ...);

/* Runs redis-server as a Sentinel with this configuration; end it with redis_fake_end(). */
pid_t redis_sentinel(const char *path);

/* A server that accepts one connection after another and gives to each the
 * same bytes, once it was sent something; 0 bytes: says nothing, ever. */
pid_t redis_fake(const char *socket, const char *bytes, size_t len);
void redis_fake_end(pid_t pid);

#endif
