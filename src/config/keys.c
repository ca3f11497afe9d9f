/* keys.c - the table of keys; holds no code. */
#include "config/keys.h"

#include "config/config.h"

/* A row: name, kind, the field it fills, default, least and most. */
#define IN(type, field) .offset = offsetof(struct type, field)

#define MS(n) (n)
#define S(n) ((n) * 1000.0)
#define M(n) (S(n) * 60)
#define H(n) (M(n) * 60)
#define D(n) (H(n) * 24)

/* An enum is stored as the int that it is; a map's element begins with its name. */
_Static_assert(sizeof(enum config_tls) == sizeof(int), "an enum is stored as an int");
_Static_assert(offsetof(struct config_relay, name) == 0 &&
	       offsetof(struct config_queue, name) == 0, "the name comes first");

static const char *const tls_words[] = { "none", "starttls", "implicit", NULL };
static const char *const auth_words[] = { "auto", "plain", "login", "cram-md5", "xoauth2",
					     "oauthbearer", NULL };
static const char *const undefined_words[] = { "default", "chainable", "strict", NULL };
static const char *const escape_words[] = { "by_name", "always", "never", NULL };
static const char *const newline_words[] = { "lf", "crlf", "cr", NULL };
static const char *const unknown_words[] = { "ignore", "refuse", NULL };
static const char *const in_doubt_words[] = { "resend", "hold", NULL };
static const char *const format_words[] = { "text", "json", NULL };
static const char *const level_words[] = { "debug", "info", "warning", "error", NULL };
static const char *const address_words[] = { "full", "domain", "none", NULL };

static const struct key keys_redis[] = {
	{ "url", KEY_TEXT, IN(config_redis, url), "redis://127.0.0.1:6379/0" },
	{ "username", KEY_TEXT, IN(config_redis, username), NULL, 1, 255 },
	{ "password_file", KEY_TEXT, IN(config_redis, password_file) },
	{ "sentinels", KEY_NAMES, IN(config_redis, sentinels) },
	{ "master", KEY_TEXT, IN(config_redis, master), NULL, 1, 255 },
	{ "sentinel_password_file", KEY_TEXT, IN(config_redis, sentinel_password_file) },
	{ "verify", KEY_BOOL, IN(config_redis, verify), "true" },
	{ "ca_file", KEY_PATH, IN(config_redis, ca_file) },
	{ "cert_file", KEY_PATH, IN(config_redis, cert_file) },
	{ "key_file", KEY_PATH, IN(config_redis, key_file) },
	{ "prefix", KEY_TEXT, IN(config_redis, prefix), "postrider", 1, 64, .allowed = "-_.:" },
	{ "connect_timeout", KEY_DURATION, IN(config_redis, connect_timeout_ms), "5s", MS(1), M(10) },
	{ "command_timeout", KEY_DURATION, IN(config_redis, command_timeout_ms), "10s", MS(1), M(10) },
	{ "lease", KEY_DURATION, IN(config_redis, lease_ms), "30s", MS(100), H(1) },
	{ .name = NULL },
};

const struct key keys_queue[] = {
	{ "workers", KEY_INT, IN(config_queue, workers), "4", 1, 1000 },
	{ "relays", KEY_NAMES, IN(config_queue, relays) },	/* default: all, in the order of the file */
	{ .name = NULL },
};

static const struct key keys_timeouts[] = {
	{ "connect", KEY_DURATION, IN(config_timeouts, connect_ms), "10s", MS(1), H(1) },
	{ "greeting", KEY_DURATION, IN(config_timeouts, greeting_ms), "30s", MS(1), H(1) },
	{ "command", KEY_DURATION, IN(config_timeouts, command_ms), "60s", MS(1), H(1) },
	{ "data", KEY_DURATION, IN(config_timeouts, data_ms), "3m", MS(1), H(1) },
	{ "final", KEY_DURATION, IN(config_timeouts, final_ms), "10m", MS(1), H(1) },
	{ .name = NULL },
};

const struct key keys_relay[] = {
	{ "host", KEY_TEXT, IN(config_relay, host), NULL, 1, 253, .allowed = "-_.:" },
	{ "port", KEY_INT, IN(config_relay, port), NULL, 1, 65535 },	/* 587; 465 with implicit, 25 with none */
	{ "tls", KEY_WORD, IN(config_relay, tls), "starttls", .words = tls_words },
	{ "verify", KEY_BOOL, IN(config_relay, verify), "true" },
	{ "ca_file", KEY_PATH, IN(config_relay, ca_file) },
	{ "cert_file", KEY_PATH, IN(config_relay, cert_file) },
	{ "key_file", KEY_PATH, IN(config_relay, key_file) },
	{ "username", KEY_TEXT, IN(config_relay, username), NULL, 1, 255 },
	{ "password_file", KEY_TEXT, IN(config_relay, password_file) },
	{ "token_file", KEY_TEXT, IN(config_relay, token_file) },
	{ "token_command", KEY_TEXT, IN(config_relay, token_command) },
	{ "auth", KEY_WORD, IN(config_relay, auth), "auto", .words = auth_words },
	{ "ehlo", KEY_TEXT, IN(config_relay, ehlo), NULL, 1, 255, .allowed = "-_.:[]" },	/* the host's FQDN */
	{ "idle_timeout", KEY_DURATION, IN(config_relay, idle_timeout_ms), "4m", MS(1), D(1) },
	{ "max_messages", KEY_COUNT, IN(config_relay, max_messages), "500", 1, 1e6 },
	{ "max_age", KEY_DURATION, IN(config_relay, max_age_ms), "1h", MS(1), D(7) },
	{ "timeouts", KEY_SECTION, IN(config_relay, timeouts), .section = keys_timeouts },
	{ .name = NULL },
};

static const struct key keys_limits[] = {
	{ "output", KEY_SIZE, IN(config_limits, output), NULL, 1e3, 1e9 },	/* message.max_size */
	{ "memory", KEY_SIZE, IN(config_limits, memory), "256MB", 1e6, 2e9 },
	{ "iterations", KEY_COUNT, IN(config_limits, iterations), "50000000", 1, 1e12 },
	{ "recursion", KEY_INT, IN(config_limits, recursion), "200", 1, 1e4 },
	{ "range", KEY_COUNT, IN(config_limits, range), "10000000", 1, 1e12 },
	{ "repetition", KEY_COUNT, IN(config_limits, repetition), "10000000", 1, 1e9 },
	{ "power", KEY_COUNT, IN(config_limits, power), "262144", 64, 262144 },
	{ "width", KEY_COUNT, IN(config_limits, width), "1000000", 1, 1e9 },
	{ "time", KEY_DURATION, IN(config_limits, time_ms), "10s", MS(1), M(10) },
	{ .name = NULL },
};

/* Most are called what Jinja2's Environment calls them. */
static const struct key keys_templates[] = {
	{ "directory", KEY_PATH, IN(config_templates, directory), SYSCONFDIR "/postrider/templates" },
	{ "undefined", KEY_WORD, IN(config_templates, undefined), "default", .words = undefined_words },
	{ "autoescape", KEY_WORD, IN(config_templates, autoescape), "by_name", .words = escape_words },
	{ "locale", KEY_TEXT, IN(config_templates, locale), NULL, 1, 31, .allowed = "_-@" },
	{ "newstyle_gettext", KEY_BOOL, IN(config_templates, newstyle_gettext), "false" },
	{ "i18n_trimmed", KEY_BOOL, IN(config_templates, trimmed), "false" },
	{ "trim_blocks", KEY_BOOL, IN(config_templates, trim_blocks), "false" },
	{ "lstrip_blocks", KEY_BOOL, IN(config_templates, lstrip_blocks), "false" },
	{ "keep_trailing_newline", KEY_BOOL, IN(config_templates, keep_trailing_newline), "false" },
	{ "newline_sequence", KEY_WORD, IN(config_templates, newline_sequence), "lf", .words = newline_words },
	{ "line_statement_prefix", KEY_TEXT, IN(config_templates, line_statement_prefix), NULL, 1, 16 },
	{ "line_comment_prefix", KEY_TEXT, IN(config_templates, line_comment_prefix), NULL, 1, 16 },
	{ "block_start_string", KEY_TEXT, IN(config_templates, block_start), "{%", 1, 16 },
	{ "block_end_string", KEY_TEXT, IN(config_templates, block_end), "%}", 1, 16 },
	{ "variable_start_string", KEY_TEXT, IN(config_templates, variable_start), "{{", 1, 16 },
	{ "variable_end_string", KEY_TEXT, IN(config_templates, variable_end), "}}", 1, 16 },
	{ "comment_start_string", KEY_TEXT, IN(config_templates, comment_start), "{#", 1, 16 },
	{ "comment_end_string", KEY_TEXT, IN(config_templates, comment_end), "#}", 1, 16 },
	{ "limits", KEY_SECTION, IN(config_templates, limits), .section = keys_limits },
	{ .name = NULL },
};

static const struct key keys_message[] = {
	{ "from", KEY_TEXT, IN(config_message, from) },
	{ "unknown_fields", KEY_BOOL, IN(config_message, refuse_unknown_fields), "refuse",
	  .words = unknown_words },
	{ "max_size", KEY_SIZE, IN(config_message, max_size), "25MB", 1e3, 1e9 },
	{ "max_recipients", KEY_COUNT, IN(config_message, max_recipients), "500", 1, 1e4 },
	{ "max_depth", KEY_COUNT, IN(config_message, max_depth), "100", 2, 1000 },
	{ .name = NULL },
};

static const struct key keys_retry[] = {
	{ "base", KEY_DURATION, IN(config_retry, base_ms), "1m", MS(1), D(1) },
	{ "factor", KEY_NUMBER, IN(config_retry, factor), "2", 1, 100 },
	{ "cap", KEY_DURATION, IN(config_retry, cap_ms), "4h", MS(1), D(30) },
	{ "jitter", KEY_NUMBER, IN(config_retry, jitter), "0.2", 0, 0.9 },
	{ "max_attempts", KEY_COUNT, IN(config_retry, max_attempts), "30", 1, 1e6 },
	{ "max_age", KEY_DURATION, IN(config_retry, max_age_ms), "3d", MS(1), D(365) },
	{ .name = NULL },
};

static const struct key keys_dead[] = {
	{ "keep", KEY_DURATION, IN(config_dead, keep_ms), "30d", MS(1), D(3650) },
	{ "max", KEY_COUNT, IN(config_dead, max), "100000", 1, 1e8 },
	{ .name = NULL },
};

static const struct key keys_log[] = {
	{ "format", KEY_WORD, IN(config_log, format), "text", .words = format_words },
	{ "level", KEY_WORD, IN(config_log, level), "info", .words = level_words },
	{ "addresses", KEY_WORD, IN(config_log, addresses), "full", .words = address_words },
	{ .name = NULL },
};

const struct key keys_config[] = {
	{ "redis", KEY_SECTION, IN(config, redis), .section = keys_redis },
	{ "queues", KEY_MAP, IN(config, queues), .section = keys_queue,
	  .size = sizeof(struct config_queue), .count_offset = offsetof(struct config, queue_count) },
	{ "relays", KEY_MAP, IN(config, relays), .section = keys_relay,
	  .size = sizeof(struct config_relay), .count_offset = offsetof(struct config, relay_count) },
	{ "templates", KEY_SECTION, IN(config, templates), .section = keys_templates },
	{ "message", KEY_SECTION, IN(config, message), .section = keys_message },
	{ "retry", KEY_SECTION, IN(config, retry), .section = keys_retry },
	{ "dead", KEY_SECTION, IN(config, dead), .section = keys_dead },
	{ "in_doubt", KEY_WORD, IN(config, in_doubt), "resend", .words = in_doubt_words },
	{ "stop_timeout", KEY_DURATION, IN(config, stop_timeout_ms), "60s", MS(1), D(1) },
	{ "log", KEY_SECTION, IN(config, log), .section = keys_log },
	{ "control_socket", KEY_PATH, IN(config, control_socket),
	  RUNSTATEDIR "/postrider/control.sock", 1, 107 },	/* sockaddr_un's sun_path */
	{ .name = NULL },
};
