/*
 * config.h - /etc/postrider/postrider.yaml as one const structure
 *
 * Everything has a default but the relays.  Loading reports every fault of a
 * file in one run, each as file:line:column.  Pure but for reading the file
 * and the secrets that it names.  postrider.yaml(5) describes each key.
 */
#ifndef POSTRIDER_CONFIG_H
#define POSTRIDER_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/error.h"
#include "base/log.h"

#define CONFIG_DEFAULT_PATH SYSCONFDIR "/postrider/postrider.yaml"

struct config_address {
	char *host;
	int port;
};

struct config_redis {
	char *url;		/* as written; holds no password (that is refused) */
	char *host;		/* NULL with a unix socket */
	int port;
	char *socket;		/* unix:///path; NULL with TCP */
	int database;
	bool tls;		/* rediss:// */
	bool verify;
	char *ca_file;		/* NULL: the system's */
	char *cert_file, *key_file;	/* of this client; NULL: none */
	struct config_address *sentinels;	/* these know where `master` is; host and port do not count then */
	size_t sentinel_count;
	char *master;		/* NULL: no Sentinels */
	char *sentinel_password_file;
	char *sentinel_password;	/* secret; NULL: none */
	char *username;		/* NULL: none */
	char *password_file;	/* where the secret stands; NULL: none */
	char *password;		/* secret; NULL: none */
	char *prefix;
	int64_t connect_timeout_ms;
	int64_t command_timeout_ms;
	int64_t lease_ms;	/* how long an instance counts as alive without renewal */
};

enum config_tls { CONFIG_TLS_NONE, CONFIG_TLS_STARTTLS, CONFIG_TLS_IMPLICIT };
enum config_auth {
	CONFIG_AUTH_AUTO, CONFIG_AUTH_PLAIN, CONFIG_AUTH_LOGIN, CONFIG_AUTH_CRAM_MD5,
	CONFIG_AUTH_XOAUTH2, CONFIG_AUTH_OAUTHBEARER,
};

struct config_timeouts {
	int64_t connect_ms, greeting_ms, command_ms, data_ms, final_ms;
};

struct config_relay {
	char *name;
	char *host;
	int port;
	enum config_tls tls;
	bool verify;
	char *ca_file;		/* NULL: the system's */
	char *cert_file, *key_file;	/* of this client; NULL: none */
	char *username;		/* NULL: no AUTH */
	char *password_file;	/* where the secret stands, for complaints about it */
	char *password;		/* secret; NULL without a user, or with one of the next two */
	char *token_file;	/* an OAuth 2.0 access token, read at each AUTH; NULL: none */
	char *token_command;	/* for /bin/sh, prints one; NULL: none */
	enum config_auth auth;
	char *ehlo;		/* never NULL: the host's FQDN by default */
	int64_t idle_timeout_ms;
	int64_t max_messages;
	int64_t max_age_ms;
	struct config_timeouts timeouts;
	unsigned line;		/* where it stands, for later complaints */
};

struct config_queue {
	char *name;		/* letters, digits, '-', '_', '.'; never '{' or '}' */
	int workers;
	size_t *relays;		/* indices into config.relays, in order of preference */
	size_t relay_count;
};

enum config_undefined { CONFIG_UNDEFINED_DEFAULT, CONFIG_UNDEFINED_CHAINABLE, CONFIG_UNDEFINED_STRICT };
enum config_escape { CONFIG_ESCAPE_BY_NAME, CONFIG_ESCAPE_ALWAYS, CONFIG_ESCAPE_NEVER };
enum config_newline { CONFIG_NEWLINE_LF, CONFIG_NEWLINE_CRLF, CONFIG_NEWLINE_CR };

/* Of one rendering. */
struct config_limits {
	int64_t output;		/* bytes; never 0: message.max_size by default */
	int64_t memory;		/* bytes */
	int64_t iterations, range, repetition;
	int recursion;
	int64_t power;		/* binary digits */
	int64_t width;		/* columns */
	int64_t time_ms;
};

struct config_templates {
	char *directory;
	enum config_undefined undefined;
	enum config_escape autoescape;
	char *locale;		/* of the messages; NULL: none */
	bool newstyle_gettext, trimmed;
	bool trim_blocks, lstrip_blocks, keep_trailing_newline;
	enum config_newline newline_sequence;
	char *line_statement_prefix, *line_comment_prefix;	/* NULL: none */
	char *block_start, *block_end, *variable_start, *variable_end, *comment_start, *comment_end;
	struct config_limits limits;
};

struct config_message {
	char *from;		/* default sender; NULL: each message names its own */
	bool refuse_unknown_fields;
	int64_t max_size;	/* bytes, of the JSON message and of the mail that is built */
	int64_t max_recipients;
	int64_t max_depth;	/* nesting of the JSON */
};

struct config_retry {
	int64_t base_ms, cap_ms, max_age_ms;
	double factor, jitter;
	int64_t max_attempts;
};

struct config_dead {
	int64_t keep_ms, max;
};

enum config_in_doubt { CONFIG_IN_DOUBT_RESEND, CONFIG_IN_DOUBT_HOLD };

struct config_log {
	enum log_format format;
	enum log_level level;
	enum log_addresses addresses;
};

struct config {
	struct arena arena;	/* owns everything below but the passwords */
	char *path;
	struct config_redis redis;
	struct config_queue *queues;
	size_t queue_count;
	struct config_relay *relays;
	size_t relay_count;
	struct config_templates templates;
	struct config_message message;
	struct config_retry retry;
	struct config_dead dead;
	enum config_in_doubt in_doubt;
	int64_t stop_timeout_ms;
	struct config_log log;
	char *control_socket;	/* RUNSTATEDIR/postrider/control.sock by default */
};

/*
 * Reads the file and the secrets that it names.  Returns a configuration to
 * be freed with config_free(), or NULL when `faults` were found: all of them,
 * in the order of the file.  What is legal but questionable (an `ehlo`
 * without a dot, `verify: false`, a password file that others can read) comes
 * in `warnings`, which may be filled on success too.
 */
struct config *config_load(const char *path, struct faults *faults, struct faults *warnings);

/*
 * The same from memory; `path` is the name that faults carry.  `fqdn` is what
 * a relay without `ehlo` says; NULL: found out when it is needed.
 */
struct config *config_parse(const char *path, const char *bytes, size_t len, const char *fqdn,
			    struct faults *faults, struct faults *warnings);

/* NULL is allowed; secrets are overwritten. */
void config_free(struct config *config);

#endif
