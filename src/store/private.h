/*
 * private.h - what the files of this folder share
 *
 * The only place that includes hiredis (0.14 and 1.x).  From the outside in:
 * store_*.c are the steps, keys.c names, script.c runs, reply.c reads what
 * came back and trusts none of it, link.c is the connection.
 */
#ifndef POSTRIDER_STORE_PRIVATE_H
#define POSTRIDER_STORE_PRIVATE_H

#include <hiredis/hiredis.h>

#include "base/mem.h"
#include "store/store.h"

/* Found at connection time; older ones have no BLMOVE. */
enum { STORE_LEAST_MAJOR = 6, STORE_LEAST_MINOR = 2 };

/* ---- link.c ---- */

enum { RUN_ID_SIZE = 64 };

struct store_link {
	const struct config_redis *redis;	/* borrowed */
	char *server;		/* for people: which one it is, or was last */
	redisContext *context;	/* NULL: not connected */
	uint64_t epoch;		/* connections made so far */
	int64_t used_ms;	/* monotonic: when something came last */
	char run[RUN_ID_SIZE];
	int64_t client_id;	/* 0: not known */
	bool busy;		/* asked and not answered */
	int64_t answer_ms;	/* busy: how long the answer may take */
	char *host;		/* the one connected to, or last; NULL: a socket */
	int port;
	char *moved_host;	/* a cluster's node that has the queue (MOVED); NULL: as configured */
	int moved_port;
	size_t sentinel;	/* the one that answered last */
	struct tls *tls;	/* tls.c; NULL: not yet needed */
};

/* One command: borrowed pieces of any bytes. */
enum { COMMAND_MOST = 24, COMMAND_NUMBERS = 6 };
struct command {
	int argc;
	const char *argv[COMMAND_MOST];
	size_t len[COMMAND_MOST];
	char numbers[COMMAND_NUMBERS][24];	/* the text of those pieces that are numbers */
	int number_count;
};

void command_add(struct command *command, const char *bytes, size_t len);
void command_str(struct command *command, const char *text);
void command_int(struct command *command, int64_t number);
/* All pieces are texts; the list ends with NULL. */
__attribute__((sentinel))
void command_init(struct command *command, const char *verb, ...);

/* A plain error reply is handed on, for reply_status(); replies are freed by
 * the caller.  DOWN closes the connection.  Everything below opens it first. */
enum store_status link_run(struct store_link *link, const struct command *command,
			   redisReply **reply, struct error *error);
/* `count` commands in one go; all replies or none. */
enum store_status link_run_all(struct store_link *link, const struct command *commands, size_t count,
			       redisReply **replies, struct error *error);

enum store_status link_open(struct store_link *link, struct error *error);
/* The same over the connection as it is. */
enum store_status link_exchange(struct store_link *link, const struct command *commands, size_t count,
				redisReply **replies, struct error *error);
void link_close(struct store_link *link);
void link_clear(struct store_link *link);	/* what it owns */
/* Waits for events of poll(2) until a time of the monotonic clock: 0, or -1 when it is over. */
int link_wait(int fd, short events, int64_t until_ms);
/* The two halves of a command whose answer may take `wait_ms` longer.  Between
 * them the link is busy and nothing else may be run on it. */
enum store_status link_ask(struct store_link *link, const struct command *commands, size_t count,
			   int64_t wait_ms, struct error *error);
enum store_status link_answer(struct store_link *link, redisReply **reply, struct error *error);

/* Closes the connection; `error` gets the server's name and the text.  DOWN.
 * link_refuse() does the same: REFUSED. */
__attribute__((format(printf, 3, 4)))
enum store_status link_down(struct store_link *link, struct error *error, const char *format, ...);

__attribute__((format(printf, 3, 4)))
enum store_status link_refuse(struct store_link *link, struct error *error, const char *format, ...);

/*
 * What an answer says: OK unless it is an error reply, whose meaning and
 * advice go to `error`.  Closes the connection where another server is to be
 * asked from now on.
 */
enum store_status link_verdict(struct store_link *link, const redisReply *reply, const char *what,
			       struct error *error);
/* An answer that no Redis gives: closes, REFUSED. */
enum store_status link_odd(struct store_link *link, const char *what, struct error *error);

/* "127.0.0.1:6379" or the socket's path; borrowed. */
const char *link_server(const struct store_link *link);
/* Makes the server end a wait of this link's, through another connection. */
void link_unblock(struct store_link *link);

/* ---- dial.c ---- */

/* Connects to the server that is to be asked now, with TLS where it is wanted;
 * nothing was said to it yet. */
enum store_status dial(struct store_link *link, struct error *error);
/* The node that a MOVED names is dialled from now on; false: it names none. */
bool dial_follow(struct store_link *link, const redisReply *moved);
/* As configured again. */
void dial_forget(struct store_link *link);

/* ---- tls.c ---- */

/* Secures a fresh connection to `host`.  Where hiredis has no TLS: REFUSED. */
enum store_status tls_secure(struct store_link *link, const char *host, int64_t until_ms,
			     struct error *error);
void tls_free(struct tls *tls);

/* ---- reply.c: pure; 0, or -1 when the reply is not of that kind ---- */

enum reply_sense {
	REPLY_FINE,		/* no error */
	REPLY_LATER,		/* nothing was done; ask the same server again later */
	REPLY_NO,		/* refused, and will be until somebody changes something */
	REPLY_ELSEWHERE,	/* refused; connect anew, the server to ask may be another */
	REPLY_MOVED,		/* refused: it names the node to ask */
	REPLY_NO_SCRIPT,	/* EVALSHA of a script that is not there */
	REPLY_NO_MEMORY,	/* above maxmemory */
};

/* `advice` (may be NULL): a static text, "" when there is none. */
enum reply_sense reply_sense(const redisReply *reply, const char **advice);

int reply_int(const redisReply *reply, int64_t *out);
/* A string or nil: `*bytes` is owned, with a NUL behind it; NULL for nil. */
int reply_bytes(const redisReply *reply, char **bytes, size_t *len);
/* The same, borrowed. */
int reply_peek(const redisReply *reply, const char **bytes, size_t *len);
int reply_double(const redisReply *reply, double *out);
/* An array of exactly `count`; with SIZE_MAX, of any number. */
int reply_array(const redisReply *reply, size_t count);
/* {integer, integer} */
int reply_pair(const redisReply *reply, int64_t *first, int64_t *second);
/* TIME: in milliseconds */
int reply_time(const redisReply *reply, int64_t *unix_ms);
/* An array of texts; those with a NUL in them are left out.  Owned. */
int reply_texts(const redisReply *reply, char ***texts, size_t *count);
/* What peek.lua returns: 1 filled, 0 nil, -1 odd. */
int reply_job(const redisReply *reply, struct store_job *job);
/* One line "name:value" of INFO, copied and cut; false when it is not there. */
bool reply_info(const redisReply *reply, const char *name, char *value, size_t room);
/* "6.2.14" to its first two numbers. */
int reply_version(const char *text, int *major, int *minor);
/* CONFIG GET's {name, value}, borrowed; NULL when it is not there. */
const char *reply_setting(const redisReply *reply);
/* Limits what the reader of a connection believes: call once after connecting. */
void reply_guard(redisReader *reader);

/* ---- keys.c ---- */

struct keys {
	char *queue;		/* postrider:queue:default */
	char *processing;	/* {postrider:queue:default}:processing:<this store's owner> */
	char *lease;		/* of this store's instance */
	char *owners, *mark, *last, *record, *message, *retry, *dead;
};

void keys_init(struct keys *keys, const char *prefix, const char *queue, const char *instance,
	       const char *owner);
void keys_clear(struct keys *keys);
/* For another owner; owned by the caller. */
char *keys_processing(const struct keys *keys, const char *owner);
char *keys_lease(const struct keys *keys, const char *instance);
/* The instance in "instance:slot"; owned by the caller. */
char *keys_instance(const char *owner);

/* ---- script.c ---- */

struct script {
	const char *name;
	const char *sha1;
	const char *text;
};

extern const struct script script_bury, script_claim, script_defer, script_delete, script_done,
	script_end, script_give_back, script_leave, script_mark, script_peek, script_promote, script_renew,
	script_requeue, script_trim;

/* Begins EVALSHA with its keys (texts, NULL ends); arguments are added after it. */
__attribute__((sentinel))
void script_init(struct command *command, const struct script *script, ...);
/* Runs it, with its text where Redis does not know it; OK: a reply that is no error. */
enum store_status script_run(struct store_link *link, const struct script *script,
			     struct command *command, redisReply **reply, struct error *error);

/* ---- store_take.c ---- */

struct store {
	struct store_link *link;	/* borrowed */
	struct keys keys;
	char *instance, *owner;
	int64_t lease_ms;
	uint64_t looked_epoch;	/* the connection on which `look` was last decided */
	bool look;		/* the next take asks for what the list holds already */
	enum { ASKED_NOTHING, ASKED_LOOK, ASKED_QUEUE } asked;
	struct command asked_command;	/* ASKED_LOOK: to be run again with the script's text */
};

/* The dead owner's or this store's own key, and how a step acts on it. */
const char *store_how(const struct store *store, const char *owner);

#endif
