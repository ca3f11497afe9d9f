#include "../check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "config/config.h"

static char directory[] = "/tmp/postrider-config-XXXXXX";

static char *write_file(const char *name, const char *text, mode_t mode)
{
	char *path = mem_printf("%s/%s", directory, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	chmod(path, mode);
	return path;
}

/* "%s" in a text stands for the test's directory. */
static char *expand(const char *text)
{
	struct buf out = BUF_INIT;

	for (const char *p = text; *p; p++) {
		if (p[0] == '%' && p[1] == 's') {
			buf_puts(&out, directory);
			p++;
		} else {
			buf_putc(&out, *p);
		}
	}
	buf_puts(&out, "");
	return buf_take(&out);
}

struct outcome {
	struct config *config;
	struct buf faults, warnings;	/* one a line */
};

static struct outcome parse(const char *text)
{
	struct outcome outcome = { NULL, BUF_INIT, BUF_INIT };
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	char *yaml = expand(text);

	outcome.config = config_parse("t.yaml", yaml, strlen(yaml), "host.example", &faults, &warnings);
	assert_true((outcome.config == NULL) == (faults.count > 0));
	faults_print(&faults, "\n", &outcome.faults);
	faults_print(&warnings, "\n", &outcome.warnings);
	faults_clear(&faults);
	faults_clear(&warnings);
	free(yaml);
	return outcome;
}

static void drop(struct outcome *outcome)
{
	config_free(outcome->config);
	buf_clear(&outcome->faults);
	buf_clear(&outcome->warnings);
}

static struct outcome parse_good(const char *text)
{
	struct outcome outcome = parse(text);

	if (!outcome.config)
		fail_msg("refused: %s", buf_str(&outcome.faults));
	return outcome;
}

#define ONE "relays: {main: {host: smtp.example.com}}\n"

static void test_defaults_are_those_of_the_manual(void **state)
{
	struct outcome o = parse_good(ONE);
	const struct config *c = o.config;
	const struct config_relay *r = c->relays;

	(void)state;
	assert_string_equal(c->redis.host, "127.0.0.1");
	assert_int_equal(c->redis.port, 6379);
	assert_int_equal(c->redis.database, 0);
	assert_null(c->redis.socket);
	assert_null(c->redis.username);
	assert_null(c->redis.password);
	assert_string_equal(c->redis.prefix, "postrider");
	assert_int_equal(c->redis.connect_timeout_ms, 5000);
	assert_int_equal(c->redis.command_timeout_ms, 10000);
	assert_int_equal(c->redis.lease_ms, 30000);
	assert_int_equal(c->queue_count, 1);
	assert_string_equal(c->queues[0].name, "default");
	assert_int_equal(c->queues[0].workers, 4);
	assert_int_equal(c->queues[0].relay_count, 1);
	assert_int_equal(c->queues[0].relays[0], 0);
	assert_int_equal(c->relay_count, 1);
	assert_string_equal(r->name, "main");
	assert_string_equal(r->host, "smtp.example.com");
	assert_int_equal(r->port, 587);
	assert_int_equal(r->tls, CONFIG_TLS_STARTTLS);
	assert_true(r->verify);
	assert_null(r->ca_file);
	assert_null(r->username);
	assert_null(r->password);
	assert_int_equal(r->auth, CONFIG_AUTH_AUTO);
	assert_string_equal(r->ehlo, "host.example");
	assert_int_equal(r->idle_timeout_ms, 240000);
	assert_int_equal(r->max_messages, 500);
	assert_int_equal(r->max_age_ms, 3600000);
	assert_int_equal(r->timeouts.connect_ms, 10000);
	assert_int_equal(r->timeouts.greeting_ms, 30000);
	assert_int_equal(r->timeouts.command_ms, 60000);
	assert_int_equal(r->timeouts.data_ms, 180000);
	assert_int_equal(r->timeouts.final_ms, 600000);
	assert_int_equal(r->line, 1);
	assert_string_equal(c->templates.directory, SYSCONFDIR "/postrider/templates");
	assert_int_equal(c->templates.undefined, CONFIG_UNDEFINED_DEFAULT);
	assert_int_equal(c->templates.autoescape, CONFIG_ESCAPE_BY_NAME);
	assert_null(c->templates.locale);
	assert_int_equal(c->templates.newline_sequence, CONFIG_NEWLINE_LF);
	assert_null(c->templates.line_statement_prefix);
	assert_string_equal(c->templates.comment_end, "#}");
	assert_int_equal(c->templates.limits.output, 25000000);
	assert_int_equal(c->templates.limits.memory, 256000000);
	assert_int_equal(c->templates.limits.recursion, 200);
	assert_int_equal(c->templates.limits.time_ms, 10000);
	assert_null(c->message.from);
	assert_true(c->message.refuse_unknown_fields);
	assert_int_equal(c->message.max_size, 25000000);
	assert_int_equal(c->message.max_recipients, 500);
	assert_int_equal(c->message.max_depth, 100);
	assert_int_equal(c->retry.base_ms, 60000);
	assert_int_equal(c->retry.cap_ms, 14400000);
	assert_int_equal(c->retry.max_age_ms, 259200000);
	assert_int_equal(c->retry.max_attempts, 30);
	assert_true(c->retry.factor == 2.0 && c->retry.jitter == 0.2);
	assert_int_equal(c->dead.keep_ms, INT64_C(30) * 86400000);
	assert_int_equal(c->dead.max, 100000);
	assert_int_equal(c->in_doubt, CONFIG_IN_DOUBT_RESEND);
	assert_int_equal(c->stop_timeout_ms, 60000);
	assert_int_equal(c->log.format, LOG_TEXT);
	assert_int_equal(c->log.level, LOG_INFO);
	assert_int_equal(c->log.addresses, LOG_ADDRESS_FULL);
	assert_string_equal(c->control_socket, RUNSTATEDIR "/postrider/control.sock");
	drop(&o);
}

static void assert_templates(const struct config_templates *t)
{
	const struct config_limits *l = &t->limits;

	assert_int_equal(t->undefined, CONFIG_UNDEFINED_STRICT);
	assert_int_equal(t->autoescape, CONFIG_ESCAPE_NEVER);
	assert_string_equal(t->locale, "pt_BR");
	assert_true(t->trimmed && t->newstyle_gettext && t->trim_blocks && t->lstrip_blocks);
	assert_true(t->keep_trailing_newline);
	assert_int_equal(t->newline_sequence, CONFIG_NEWLINE_CRLF);
	assert_string_equal(t->line_statement_prefix, "%");
	assert_string_equal(t->line_comment_prefix, "%%");
	assert_string_equal(t->block_start, "<%");
	assert_string_equal(t->block_end, "%>");
	assert_string_equal(t->variable_start, "${");
	assert_string_equal(t->variable_end, "}");
	assert_string_equal(t->comment_start, "<!--");
	assert_string_equal(t->comment_end, "-->");
	assert_int_equal(l->output, 1048576);	/* as message.max_size */
	assert_int_equal(l->memory, 3000000);
	assert_int_equal(l->iterations, 4);
	assert_int_equal(l->recursion, 5);
	assert_int_equal(l->range, 6);
	assert_int_equal(l->repetition, 7);
	assert_int_equal(l->power, 80);
	assert_int_equal(l->width, 9);
	assert_int_equal(l->time_ms, 10);
}

static void test_every_key_is_taken(void **state)
{
	struct outcome o = parse_good(
		"redis:\n"
		"  url: 'unix:///run/redis.sock?db=3'\n"
		"  username: rider\n"
		"  password_file: %s/redis.password\n"
		"  prefix: mail\n"
		"  connect_timeout: 200ms\n"
		"  command_timeout: 2s\n"
		"  lease: 1m\n"
		"queues:\n"
		"  fast: {workers: 2, relays: [b, a]}\n"
		"  slow:\n"
		"relays:\n"
		"  a:\n"
		"    host: 127.0.0.1\n"
		"    tls: none\n"
		"    username: mailer\n"
		"    password_file: %s/relay.password\n"
		"    auth: cram-md5\n"
		"    ehlo: mail.example.org\n"
		"    idle_timeout: 30s\n"
		"    max_messages: 7\n"
		"    max_age: 2h\n"
		"    timeouts: {connect: 1s, greeting: 2s, command: 3s, data: 4s, final: 5s}\n"
		"  b:\n"
		"    host: '2001:db8::1'\n"
		"    tls: implicit\n"
		"    verify: no\n"
		"    ca_file: %s/ca.pem\n"
		"    cert_file: %s/ca.pem\n"
		"    key_file: %s/relay.password\n"
		"  c: {host: smtp.example.net, port: 2525, auth: xoauth2, username: u, token_file: /run/t}\n"
		"  d: {host: smtp.example.net, username: u, token_command: 'echo t', auth: oauthbearer}\n"
		"templates: {directory: %s, undefined: strict, autoescape: never, locale: pt_BR, i18n_trimmed: on,"
		" newstyle_gettext: yes, trim_blocks: true, lstrip_blocks: true, keep_trailing_newline: true,"
		" newline_sequence: crlf, line_statement_prefix: '%', line_comment_prefix: '%%',"
		" block_start_string: '<%', block_end_string: '%>', variable_start_string: '${',"
		" variable_end_string: '}', comment_start_string: '<!--', comment_end_string: '-->',"
		" limits: {memory: 3MB, iterations: 4, recursion: 5, range: 6, repetition: 7, power: 80, width: 9,"
		" time: 10ms}}\n"
		"message:\n"
		"  from: 'Example <no-reply@example.com>'\n"
		"  unknown_fields: ignore\n"
		"  max_size: 1MiB\n"
		"  max_recipients: 9\n"
		"  max_depth: 12\n"
		"retry: {base: 1s, factor: 1.5, cap: 10s, jitter: 0, max_attempts: 3, max_age: 1h}\n"
		"dead: {keep: 1d, max: 10}\n"
		"in_doubt: hold\n"
		"stop_timeout: 5s\n"
		"log: {format: json, level: debug, addresses: none}\n"
		"control_socket: %s/control.sock\n");
	const struct config *c = o.config;

	(void)state;
	assert_string_equal(c->redis.socket, "/run/redis.sock");
	assert_null(c->redis.host);
	assert_int_equal(c->redis.database, 3);
	assert_string_equal(c->redis.username, "rider");
	assert_string_equal(c->redis.password, "redis secret");
	assert_string_equal(c->redis.prefix, "mail");
	assert_int_equal(c->redis.connect_timeout_ms, 200);
	assert_int_equal(c->redis.command_timeout_ms, 2000);
	assert_int_equal(c->redis.lease_ms, 60000);
	assert_int_equal(c->queue_count, 2);
	assert_string_equal(c->queues[0].name, "fast");
	assert_int_equal(c->queues[0].workers, 2);
	assert_int_equal(c->queues[0].relay_count, 2);
	assert_int_equal(c->queues[0].relays[0], 1);
	assert_int_equal(c->queues[0].relays[1], 0);
	assert_int_equal(c->queues[1].workers, 4);
	assert_int_equal(c->queues[1].relay_count, 4);
	assert_int_equal(c->queues[1].relays[2], 2);
	assert_int_equal(c->relay_count, 4);
	assert_int_equal(c->relays[0].port, 25);
	assert_int_equal(c->relays[0].line, 13);
	assert_string_equal(c->relays[0].username, "mailer");
	assert_string_equal(c->relays[0].password, "relay secret");
	assert_int_equal(c->relays[0].auth, CONFIG_AUTH_CRAM_MD5);
	assert_string_equal(c->relays[0].ehlo, "mail.example.org");
	assert_int_equal(c->relays[0].idle_timeout_ms, 30000);
	assert_int_equal(c->relays[0].max_messages, 7);
	assert_int_equal(c->relays[0].max_age_ms, 7200000);
	assert_int_equal(c->relays[0].timeouts.connect_ms, 1000);
	assert_int_equal(c->relays[0].timeouts.greeting_ms, 2000);
	assert_int_equal(c->relays[0].timeouts.command_ms, 3000);
	assert_int_equal(c->relays[0].timeouts.data_ms, 4000);
	assert_int_equal(c->relays[0].timeouts.final_ms, 5000);
	assert_int_equal(c->relays[1].port, 465);
	assert_int_equal(c->relays[1].tls, CONFIG_TLS_IMPLICIT);
	assert_false(c->relays[1].verify);
	assert_non_null(strstr(c->relays[1].ca_file, "/ca.pem"));
	assert_non_null(strstr(c->relays[1].cert_file, "/ca.pem"));
	assert_non_null(strstr(c->relays[1].key_file, "/relay.password"));
	assert_int_equal(c->relays[2].port, 2525);
	assert_int_equal(c->relays[2].auth, CONFIG_AUTH_XOAUTH2);
	assert_string_equal(c->relays[2].token_file, "/run/t");
	assert_null(c->relays[2].password);
	assert_int_equal(c->relays[3].auth, CONFIG_AUTH_OAUTHBEARER);
	assert_string_equal(c->relays[3].token_command, "echo t");
	assert_templates(&c->templates);
	assert_string_equal(c->message.from, "Example <no-reply@example.com>");
	assert_false(c->message.refuse_unknown_fields);
	assert_int_equal(c->message.max_size, 1048576);
	assert_int_equal(c->message.max_recipients, 9);
	assert_int_equal(c->message.max_depth, 12);
	assert_true(c->retry.factor == 1.5 && c->retry.jitter == 0);
	assert_int_equal(c->in_doubt, CONFIG_IN_DOUBT_HOLD);
	assert_int_equal(c->log.format, LOG_JSON);
	assert_int_equal(c->log.level, LOG_DEBUG);
	assert_int_equal(c->log.addresses, LOG_ADDRESS_NONE);
	assert_string_equal(buf_str(&o.warnings),
			    "t.yaml:27:13: relays.b.verify: the server's certificate is not verified: "
			    "anybody on the way can read the password and the mail");
	drop(&o);
}

/* What is written, and what each line of the complaint must hold, in order. */
static const struct {
	const char *text;
	const char *faults[10];
} refused[] = {
	{ "", { "t.yaml: no relay is configured" } },
	{ "relays:\n", { "t.yaml:1:8: no relay is configured" } },
	{ "relays: {}\n", { "t.yaml:1:9: no relay is configured" } },
	{ "queues: {default: {relays: [main]}}\n", { "no relay is configured" } },
	{ "relays:\n  main:\n    port: 25\n", { "t.yaml:2:3: relays.main has no host" } },
	{ "relays: [main]\n", { "t.yaml:1:9: relays takes names with keys of their own below them, not a list" } },
	{ "relays: {main: smtp.example.com}\n", { "t.yaml:1:16: relays.main takes keys and values below it, not a single value" } },
	{ "hello\n", { "t.yaml:1:1: the configuration takes keys and values" } },
	{ "- a\n", { "t.yaml:1:1: the configuration takes keys and values below it, not a list" } },
	/* keys */
	{ ONE "quues: {}\n", { "t.yaml:2:1: quues is not a known key; did you mean queues?" } },
	{ ONE "zebra: 1\n", { "t.yaml:2:1: zebra is not a known key" } },
	{ ONE "workers: 8\n", { "t.yaml:2:1: workers is not a known key; it is a key of queues: look at the indentation" } },
	{ "relays: {main: {host: a.b, connect: 1s, 'max-age': 1h}}\n",
	  { "relays.main.connect is not a known key; it is a key of timeouts",
	    "relays.main.max-age is not a known key; did you mean max_age?" } },
	{ ONE ONE, { "t.yaml:2:1: relays stands here a second time (first in line 1)" } },
	{ "relays: {main: {host: a.b, host: c.d}}\nqueues: {q: {}, q: {}}\n",
	  { "t.yaml:1:28: host stands here a second time", "t.yaml:2:17: q stands here a second time" } },
	{ "relays: {'a b': {host: a.b}, '{x}': {host: a.b}}\n",
	  { "relays: \"a b\" is no name", "relays: \"{x}\" is no name" } },
	/* values */
	{ ONE "log: {level: debugg, format: xml, addresses: [full]}\n",
	  { "t.yaml:2:14: log.level: \"debugg\" is not debug, info, warning or error; did you mean debug?",
	    "t.yaml:2:30: log.format: \"xml\" is not text or json",
	    "t.yaml:2:46: log.addresses takes a single value, not a list" } },
	{ ONE "stop_timeout: 60\n", { "t.yaml:2:15: stop_timeout: \"60\" is not a duration" } },
	{ ONE "stop_timeout: 2d\n", { "t.yaml:2:15: stop_timeout: 2d is outside 1ms to 1d" } },
	{ ONE "stop_timeout:\n", { "stop_timeout has no value: write one or remove the line" } },
	{ ONE "message: {max_size: 10B, max_depth: 1, max_recipients: many}\n",
	  { "message.max_size: 10B is outside 1000 to 1000000000 bytes", "message.max_depth: 1 is outside 2 to 1000",
	    "message.max_recipients: \"many\" is not a whole number" } },
	{ ONE "retry: {factor: inf, jitter: 1.5, base: 2h, cap: 1h}\n",
	  { "retry.factor: \"inf\" is not a number", "retry.jitter: 1.5 is outside 0 to 0.9",
	    "retry.cap is below retry.base" } },
	{ ONE "queues: {default: {workers: 0}}\n", { "queues.default.workers: 0 is outside 1 to 1000" } },
	{ ONE "queues: {default: {relays: [main, mian, main, [x], ]}}\n",
	  { "t.yaml:2:35: queues.default.relays: there is no relay \"mian\"; did you mean main?",
	    "queues.default.relays: main is named twice", "queues.default.relays takes names, not a list" } },
	{ ONE "queues: {default: {relays: main}}\n", { "queues.default.relays takes a list of names, such as [main]" } },
	{ ONE "queues: {default: {relays: []}}\n", { "queues.default.relays takes a list of names, such as [main], not an empty list" } },
	{ "relays: {main: {host: a.b, verify: maybe, port: 70000, tls: tls}}\n",
	  { "relays.main.verify: \"maybe\" is not false or true", "relays.main.port: 70000 is outside 1 to 65535",
	    "relays.main.tls: \"tls\" is not none, starttls or implicit" } },
	{ "relays: {main: {host: 'a b', ehlo: \"x\\r\\ny\"}}\n",
	  { "relays.main.host: \"a b\" may hold only", "relays.main.ehlo: holds a control character" } },
	{ "relays: {main: {host: '1:2'}}\n", { "relays.main.host: \"1:2\" is no host name and no IP address" } },
	{ ONE "templates: {directory: templates}\n",
	  { "templates.directory: \"templates\" is not an absolute path" } },
	{ ONE "templates: {undefined: strickt, autoescape: true, newline_sequence: '\\n', locale: ../de}\n",
	  { "t.yaml:2:24: templates.undefined: \"strickt\" is not default, chainable or strict; did you mean strict?",
	    "t.yaml:2:45: templates.autoescape: \"true\" is not by_name, always or never",
	    "templates.newline_sequence: \"\\n\" is not lf, crlf or cr", "templates.locale: \"../de\" may hold only" } },
	{ ONE "templates:\n  variable_start_string: '{%'\n  line_statement_prefix: ' '\n",
	  { "t.yaml:3:26: templates.variable_start_string: \"{%\" is templates.block_start_string, too",
	    "t.yaml:4:26: templates.line_statement_prefix: blanks begin no line" } },
	{ ONE "templates:\n  limits: {output: 1B, time: 1h, power: 300000, recursion: 0, width: x}\n",
	  { "t.yaml:3:20: templates.limits.output: 1B is outside 1000 to 1000000000 bytes",
	    "templates.limits.time: 1h is outside 1ms to 10m",
	    "templates.limits.power: 300000 is outside 64 to 262144",
	    "templates.limits.recursion: 0 is outside 1 to 10000", "templates.limits.width: \"x\" is" } },
	{ ONE "message: {from: nobody}\n", { "t.yaml:2:17: message.from: \"nobody\" has no @" } },
	{ ONE "control_socket: /0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/"
	      "0123456789/0123456789/0123456789\n", { "control_socket: is 110 characters long, at most 107" } },
	{ ONE "redis: {prefix: '{x}'}\n", { "redis.prefix: \"{x}\" may hold only ASCII letters, digits and -_.:" } },
	/* Redis */
	{ ONE "redis: {url: 'redis://user:hunter2@db/0'}\n",
	  { "t.yaml:2:14: redis.url: a user or password does not belong here" } },
#ifndef HAVE_HIREDIS_SSL
	{ ONE "redis: {url: 'rediss://db/0'}\n", { "redis.url: TLS to Redis (rediss://) needs hiredis 1.x" } },
#else
	{ ONE "redis: {url: 'rediss://db/0', ca_file: /nonexistent/ca, cert_file: /dev/null}\n",
	  { "redis.ca_file: /nonexistent/ca cannot be read", "needs cert_file and key_file" } },
#endif
	{ ONE "redis: {sentinels: ['a:1', 'b:x', 'c:0', '[::1', ':1']}\n",
	  { "which master do they watch", "\"b:x\" is no address of a Sentinel", "\"c:0\" is no",
	    "\"[::1\" is no", "\":1\" is no" } },
	{ ONE "redis: {master: m}\n", { "redis.master: a master is found through Sentinels" } },
	{ ONE "redis: {sentinels: [a], master: m, url: 'unix:///run/r.sock'}\n", { "redis.url: with redis.sentinels" } },
	{ ONE "redis: {url: 'http://db'}\n", { "redis.url: this is no address of a Redis server" } },
	{ ONE "redis: {url: 'redis://db:99999'}\n", { "redis.url: this is no address" } },
	{ ONE "redis: {url: 'redis://db/x'}\n", { "redis.url: this is no address" } },
	{ ONE "redis: {url: 'unix://run/redis.sock'}\n", { "redis.url: this is no address" } },
	{ ONE "redis: {username: rider}\n", { "redis.username: a user needs a password: add redis.password_file" } },
	/* secrets */
	{ "relays:\n  main:\n    host: smtp.example.com\n    tls: none\n    username: u\n    password_file: %s/relay.password\n",
	  { "t.yaml:5:15: relays.main.username: with `tls: none` the password would cross the network in clear" } },
	{ "relays: {main: {host: a.b, username: u, auth: xoauth2}}\n",
	  { "relays.main.auth: this mechanism takes a token, not a password" } },
	{ "relays: {main: {host: a.b, username: u, auth: plain, token_file: /t}}\n",
	  { "relays.main.auth: this mechanism takes a password, not a token" } },
	{ "relays: {main: {host: a.b, username: u, token_command: t, token_file: /t}}\n",
	  { "relays.main.token_command: there is relays.main.token_file too" } },
	{ "relays: {main: {host: a.b, token_file: /t}}\n",
	  { "relays.main.token_file: a token needs a user: add relays.main.username" } },
	{ "relays: {main: {host: a.b, username: u}}\n", { "relays.main.username: a user needs a password" } },
	{ "relays: {main: {host: a.b, password_file: %s/relay.password}}\n",
	  { "relays.main.password_file: a password needs a user" } },
	{ "relays:\n  main:\n    host: a.b\n    username: u\n    password_file: %s/none\n",
	  { "t.yaml:5:20: relays.main.password_file: %s/none cannot be read: No such file" } },
	{ "relays: {main: {host: a.b, username: u, password_file: %s/empty}}\n",
	  { "relays.main.password_file: %s/empty is empty" } },
	{ "relays: {main: {host: a.b, username: u, password_file: name}}\n",
	  { "(a name without / is a systemd credential: write an absolute path)" } },
	{ "relays: {main: {host: a.b, ca_file: %s/none.pem}}\n", { "relays.main.ca_file: %s/none.pem cannot be read" } },
	{ "relays: {main: {host: a.b, cert_file: %s/ca.pem, key_file: %s/none.key}}\n",
	  { "relays.main.key_file: %s/none.key cannot be read" } },
	{ "relays: {main: {host: a.b, cert_file: %s/none.pem}}\n",
	  { "relays.main.cert_file: %s/none.pem cannot be read",
	    "relays.main: a client certificate needs cert_file and key_file" } },
	/* YAML */
	{ "relays: {main: {host: a.b}\n", { "did not find expected ',' or '}' while parsing a flow mapping" } },
	{ "relays:\n\tmain:\n", { "t.yaml:2:1: found character that cannot start any token" } },
	{ "\xff\xfe\x01", { "t.yaml:1: " } },
	{ ONE "---\na: b\n", { "t.yaml:2:1: a second document begins here" } },
	{ "relays: &r {main: {host: a.b}}\nqueues: *r\n", { "t.yaml:1:9: anchors (&name) are not supported",
							    "t.yaml:2:9: aliases (*name) are not supported" } },
	{ ONE "in_doubt: !x hold\n", { "t.yaml:2:11: tags (!name) are not supported" } },
	{ ONE "? [a]\n: b\n", { "t.yaml:2:3: a key is one word of text" } },
	{ ONE "in_doubt: \"a\\0b\"\n", { "t.yaml:2:11: a NUL character cannot be part of a value",
					 "in_doubt: \"a\" is not" } },
};

static void test_what_is_refused_and_why(void **state)
{
	(void)state;
	size_t wrong = 0;

	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct outcome o = parse(refused[i].text);
		char *line = o.faults.data;
		size_t n = 0;

		for (; line && refused[i].faults[n]; n++) {
			char *wanted = expand(refused[i].faults[n]);
			char *end = strchr(line, '\n');
			if (end)
				*end = '\0';
			if (!strstr(line, wanted) && ++wrong)
				print_error("%sgave: %s\nnot:  %s\n", refused[i].text, line, wanted);
			free(wanted);
			line = end ? end + 1 : NULL;
		}
		if (refused[i].faults[n] && ++wrong)
			print_error("%sdid not give: %s\n", refused[i].text, refused[i].faults[n]);
		if (line && ++wrong)
			print_error("%sgave also: %s\n", refused[i].text, line);
		if (o.faults.data)
			assert_null(strstr(o.faults.data, "hunter2"));
		drop(&o);
	}
	assert_int_equal(wrong, 0);
}

static void test_what_is_questionable_is_warned_of(void **state)
{
	static const struct {
		const char *text, *warning;
	} cases[] = {
		{ "relays: {main: {host: a.b, ehlo: mail}}\n", "t.yaml:1:34: relays.main.ehlo: \"mail\" has no dot: many" },
		{ "relays: {main: {host: a.b, verify: false}}\n", "t.yaml:1:36: relays.main.verify" },
		{ "relays: {main: {host: a.b, key_file: %s/open.password, cert_file: %s/ca.pem}}\n",
		  "t.yaml:1:38: %s/open.password can be read by every user of this host" },
		{ "relays: {main: {host: a.b, tls: none, cert_file: %s/ca.pem, key_file: %s/relay.password}}\n",
		  "t.yaml:1:50: relays.main.cert_file: with `tls: none` no certificate is shown" },
		{ "relays: {main: {host: a.b, username: u, password_file: %s/open.password}}\n",
		  "t.yaml:1:56: %s/open.password can be read by every user of this host" },
		{ "relays: {main: {host: a.b}, other: {host: c.d}}\nqueues: {q: {relays: [main]}}\n",
		  "t.yaml:1:29: relays.other: no queue uses this relay" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = mem_printf("%stemplates: {directory: /tmp}\n", cases[i].text);
		struct outcome o = parse_good(text);
		char *wanted = expand(cases[i].warning);

		assert_string_not_equal(buf_str(&o.warnings), "");
		assert_ptr_equal(strstr(o.warnings.data, wanted), o.warnings.data);
		assert_null(strchr(o.warnings.data, '\n'));
		free(text);
		free(wanted);
		drop(&o);
	}
}

static void test_a_bare_host_name_is_warned_of(void **state)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	const char text[] = ONE "templates: {directory: /tmp}\n";
	struct config *config = config_parse("t.yaml", text, sizeof text - 1, "web1", &faults, &warnings);

	(void)state;
	assert_non_null(config);
	assert_string_equal(config->relays[0].ehlo, "web1");
	assert_int_equal(warnings.count, 1);
	assert_non_null(strstr(warnings.list[0].text, "(it is this host's name)"));
	faults_clear(&warnings);
	config_free(config);
}

static void test_a_loopback_relay_may_take_a_password_in_clear(void **state)
{
	static const char *const hosts[] = { "127.0.0.1", "127.9.9.9", "'::1'", "localhost" };
	static const char *const others[] = { "128.0.0.1", "localhost.example.com", "'::2'", "0.0.0.0" };

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		char *good = mem_printf("relays: {main: {host: %s, tls: none, username: u, "
					"password_file: %s/relay.password}}\n", hosts[i], directory);
		char *bad = mem_printf("relays: {main: {host: %s, tls: none, username: u, "
				       "password_file: %s/relay.password}}\n", others[i], directory);
		struct outcome o = parse_good(good);
		drop(&o);
		o = parse(bad);
		assert_null(o.config);
		drop(&o);
		free(good);
		free(bad);
	}
}

static void test_too_much_and_too_deep(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "relays: ");
	for (int i = 0; i < 100000; i++)
		buf_putc(&text, '[');
	struct outcome o = parse(text.data);
	assert_non_null(strstr(buf_str(&o.faults), "nested more deeply"));
	drop(&o);

	buf_reset(&text);
	buf_puts(&text, "queues: [");
	for (int i = 0; i < 20000; i++)
		buf_puts(&text, "a,");
	o = parse(text.data);
	assert_non_null(strstr(buf_str(&o.faults), "more values than anybody writes by hand"));
	drop(&o);
	buf_clear(&text);
}

static void test_a_file_is_loaded(void **state)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	char *path = write_file("postrider.yaml", "relays: {main: {host: a.b, ehlo: c.d}}\n"
						  "templates: {directory: /tmp}\n", 0640);
	struct config *config = config_load(path, &faults, &warnings);

	(void)state;
	assert_non_null(config);
	assert_int_equal(faults.count + warnings.count, 0);
	assert_string_equal(config->path, path);
	assert_string_equal(config->relays[0].ehlo, "c.d");
	config_free(config);
	unlink(path);
	free(path);
}

static void test_a_credential_of_the_service_manager(void **state)
{
	(void)state;
	setenv("CREDENTIALS_DIRECTORY", directory, 1);
	struct outcome o = parse_good("relays: {main: {host: a.b, username: u, password_file: relay.password}}\n"
				      "templates: {directory: /tmp}\n");
	assert_string_equal(o.config->relays[0].password, "relay secret");
	assert_string_equal(o.config->relays[0].password_file, "relay.password");
	assert_string_equal(buf_str(&o.warnings), "");
	drop(&o);
	unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_what_was_written_cannot_forge_a_line(void **state)
{
	struct outcome o = parse(ONE "\"a\\nb\\e\": 1\nin_doubt: \"x\\ny\"\n");

	(void)state;
	assert_string_equal(buf_str(&o.faults), "t.yaml:2:1: a?b? is not a known key\n"
			    "t.yaml:3:11: in_doubt: \"x?y\" is not resend or hold");
	drop(&o);
}

static void test_a_file_that_is_not_there(void **state)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;

	(void)state;
	assert_null(config_load("/nonexistent/postrider.yaml", &faults, &warnings));
	assert_int_equal(faults.count, 1);
	assert_non_null(strstr(faults.list[0].text, "/nonexistent/postrider.yaml cannot be read"));
	faults_clear(&faults);
	config_free(NULL);
}

static const struct {
	const char *name, *text;
	mode_t mode;
} files[] = {
	{ "relay.password", "relay secret\n", 0640 }, { "redis.password", "redis secret\r\nmore\n", 0600 },
	{ "open.password", "x\n", 0644 }, { "empty", "\n", 0600 }, { "ca.pem", "", 0644 },
};

static int make_files(void **state)
{
	(void)state;
	unsetenv("CREDENTIALS_DIRECTORY");
	if (!mkdtemp(directory))
		return -1;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		free(write_file(files[i].name, files[i].text, files[i].mode));
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		char *path = mem_printf("%s/%s", directory, files[i].name);
		unlink(path);
		free(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults_are_those_of_the_manual),
		cmocka_unit_test(test_every_key_is_taken),
		cmocka_unit_test(test_what_is_refused_and_why),
		cmocka_unit_test(test_what_is_questionable_is_warned_of),
		cmocka_unit_test(test_a_bare_host_name_is_warned_of),
		cmocka_unit_test(test_a_loopback_relay_may_take_a_password_in_clear),
		cmocka_unit_test(test_too_much_and_too_deep),
		cmocka_unit_test(test_a_file_is_loaded),
		cmocka_unit_test(test_a_credential_of_the_service_manager),
		cmocka_unit_test(test_what_was_written_cannot_forge_a_line),
		cmocka_unit_test(test_a_file_that_is_not_there),
	};
	return cmocka_run_group_tests_name("config", tests, make_files, remove_files);
}
