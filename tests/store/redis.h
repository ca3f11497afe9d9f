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
	redisContext *client;	/* the test's own connection */
	const char *const *options;
	struct config_redis config;	/* for store_link_new() */
};

/* Starts it and waits until it answers.  `options`: words of the command
 * line, NULL ends (borrowed for the server's life); NULL: none. */
void redis_begin(struct redis_server *server, const char *const *options);
/* Ends it with this signal, and starts it again with what it had saved. */
void redis_end(struct redis_server *server, int sig);
void redis_again(struct redis_server *server);
/* Ends it and removes its directory. */
void redis_remove(struct redis_server *server);

/* Commands over the test's own connection, by redisCommand()'s format; an
 * error reply fails the test. */
redisReply *redis_do(struct redis_server *server, const char *format, ...);
void redis_run(struct redis_server *server, const char *format, ...);
long long redis_int(struct redis_server *server, const char *format, ...);
/* A string, in a static buffer until the next call; NULL for nil. */
const char *redis_str(struct redis_server *server, const char *format, ...);

/* A server that accepts one connection after another and gives to each the
 * same bytes, once it was sent something; 0 bytes: says nothing, ever. */
pid_t redis_fake(const char *socket, const char *bytes, size_t len);
void redis_fake_end(pid_t pid);

#endif
