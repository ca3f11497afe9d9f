/*
 * test_no_memory.c - each parser with each of its allocations failing
 *
 * A message, template or configuration must never be blamed for want of memory,
 * nor half of it be used: the outcome is the same, or the process ends and its
 * message is recovered (postriderd(8), "When the machine has too little").
 */
#include "../check.h"

#include <sys/stat.h>
#include <unistd.h>

#include <hiredis/hiredis.h>

#include "../starve.h"
#include "../store/redis.h"
#include "base/mem.h"
#include "config/config.h"
#include "delivery/prepare.h"
#include "mime/mime.h"
#include "smtp/ehlo.h"
#include "smtp/reply.h"
#include "store/private.h"

#define R1 "01ARZ3NDEKTSV4RRFFQ69G5FAV"

static char directory[] = "/tmp/postrider-no-memory-XXXXXX";

static void write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", directory, name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	free(path);
}

static void remove_file(const char *name)
{
	char *path = mem_printf("%s/%s", directory, name);

	unlink(path);
	free(path);
}

static int make_files(void **state)
{
	(void)state;
	mem_init();
	mime_init();
	assert_non_null(mkdtemp(directory));
	write_file("base.html", "<html>{% block content %}{% endblock %}</html>\n");
	write_file("macros.html", "{% macro row(x, n=1) %}<td>{{ x|e }}{{ '%03d'|format(n) }}</td>{% endmacro %}\n");
	write_file("order.html",
		   "{% extends 'base.html' %}{% import 'macros.html' as m %}\n"
		   "{% block content %}{% for item in items if item.n > 1 %}{{ m.row(item.name, n=item.n) }}\n"
		   "{% else %}none{% endfor %}{# a comment #}{% set x = {'a': [1, 2.5, big ** 3]} %}\n"
		   "{{ x.a|join(', ') }} {{ name|upper|replace('A', '<b>') }} {{ body|tojson }}\n"
		   "{% trans n=items|length %}{{ n }} thing{% pluralize %}{{ n }} things{% endtrans %}\n"
		   "{%- filter indent %}a\nb{% endfilter %}{% endblock %}\n");
	write_file("order.html.yaml", "required:\n  - name\n  - order.id\n");
	write_file("broken.html", "<p>\n{% if name %}\n{{ name|nosuchfilter( }}\n");
	write_file("badly.html", "{{ name }}");
	write_file("badly.html.yaml", "required: {a: b}\nwanted: [x]\n");
	return 0;
}

static int remove_files(void **state)
{
	static const char *const names[] = { "base.html", "macros.html", "order.html", "order.html.yaml",
					     "broken.html", "badly.html", "badly.html.yaml" };

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		remove_file(names[i]);
	return rmdir(directory) < 0 ? -1 : 0;
}

/* ---- from a message to a mail: JSON, required fields, templates, MIME ---- */

static void ignore_progress(void *arg, const char *stage, int64_t limit_ms)
{
	(void)arg, (void)stage, (void)limit_ms;
}

/* The mail, or what is wrong with it, and what the record takes from it. */
static int prepare_one(const char *json, struct buf *out)
{
	struct config config = {
		.templates.directory = directory,
		.message = { .from = (char *)(uintptr_t)"Büro <no-reply@example.com>", .refuse_unknown_fields = true,
			     .max_size = 100000, .max_recipients = 10, .max_depth = 20 },
	};
	const struct prepare_hooks hooks = { .progress = ignore_progress };
	struct arena arena = ARENA_INIT;
	struct error reason = ERROR_INIT;
	struct prepared prepared;
	struct prepare_fault fault;
	struct prepare *prepare = prepare_open(&config, &reason);

	if (!prepare)
		return -1;
	struct record *record = record_new(&arena);
	record->id = R1;
	record->queue = "default";
	record->date_unix_s = 1764000000;
	if (prepare_mail(prepare, json, strlen(json), &arena, record, &hooks, &prepared, &fault) == 0)
		buf_add(out, prepared.bytes, prepared.len);
	else
		buf_printf(out, "%s: %s (%s:%u)", fault.stage, buf_str(&fault.text), fault.file ? fault.file : "",
			   fault.line);
	record_to_json(record, out);
	prepared_clear(&prepared);
	prepare_fault_clear(&fault);
	prepare_close(prepare);
	arena_clear(&arena);
	return 0;
}

static int good_message(struct buf *out)
{
	return prepare_one("{\"template_name\": \"order.html\", \"title\": \"Grüße \\ud83d\\ude00 an alle\", \"id\": \"o-1\","
			   " \"email_to\": [\"Ada Lovelace <ada@example.com>\", \"\\\"B, c\\\" <b@bücher.example>\"],"
			   " \"cc\": \"c@example.com\", \"bcc\": [\"ada@EXAMPLE.com\"], \"x_note\": [null, true],"
			   " \"body\": {\"name\": \"Anna\", \"order\": {\"id\": 7}, \"big\": 123456789012345678901234567890,"
			   " \"items\": [{\"name\": \"<x>\", \"n\": 1}, {\"name\": \"ü\", \"n\": 2.5}]}}", out);
}

static int faulty_message(struct buf *out)
{
	return prepare_one("{\"template_name\": \"order.html\", \"titel\": 1, \"email_to\": [\"no address\", \"x@-y.z\"],"
			   " \"cc\": 5, \"email_from\": \"a\\r\\nb@c.d\", \"body\": {\"name\": null}}", out);
}

static int no_json(struct buf *out)
{
	return prepare_one("{\"template_name\": \"order.html\", \"email_to\": [\"a@example.com\"],", out);
}

static int broken_template(struct buf *out)
{
	return prepare_one("{\"template_name\": \"broken.html\", \"email_to\": \"a@example.com\"}", out);
}

static int broken_required_fields(struct buf *out)
{
	return prepare_one("{\"template_name\": \"badly.html\", \"email_to\": \"a@example.com\"}", out);
}

/* ---- configuration, record ---- */

static int read_config(const char *yaml, struct buf *out)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct config *config = config_parse("t.yaml", yaml, strlen(yaml), "host.example.com", &faults, &warnings);

	for (size_t i = 0; config && i < config->relay_count; i++)
		buf_printf(out, "%s %s:%d %d\n", config->relays[i].name, config->relays[i].host,
			   config->relays[i].port, (int)config->relays[i].tls);
	for (size_t i = 0; config && i < config->queue_count; i++)
		buf_printf(out, "%s %d %zu\n", config->queues[i].name, config->queues[i].workers,
			   config->queues[i].relay_count);
	faults_print(&faults, "\n", out);
	faults_print(&warnings, "\n", out);
	config_free(config);
	faults_clear(&faults);
	faults_clear(&warnings);
	return 0;
}

static int good_config(struct buf *out)
{
	return read_config("redis: {url: 'redis://[::1]:6380/3', prefix: mail, lease: 5s}\n"
			   "queues:\n  default: {workers: 3, relays: [main, spare]}\n  bulk: {relays: [spare]}\n"
			   "relays:\n  main:\n    host: smtp.example.com\n    ehlo: nodots\n"
			   "  spare: {host: localhost, tls: none, port: 2525}\n"
			   "message: {from: \"Example <a@example.com>\"}\nretry: {base: 1m30s}\n", out);
}

static int faulty_config(struct buf *out)
{
	return read_config("relays:\n  main: {host: a, prot: 25, timeouts: {connect: soon}}\n"
			   "queues:\n  default: &x {relays: [mian]}\nin_doubt: perhaps\nin_doubt: hold\n", out);
}

static int no_yaml(struct buf *out)
{
	return read_config("relays:\n\tmain: {host: a}\n", out);
}

static int read_record(struct buf *out)
{
	static const char json[] =
		"{\"v\":1,\"id\":\"" R1 "\",\"producer_id\":\"ü 17\",\"queue\":\"default\",\"attempts\":2,"
		"\"crashes\":{\"count\":1,\"cause\":\"SIGSEGV\",\"stage\":\"render\"},"
		"\"message_id\":\"x@example.com\",\"date\":1764000000,\"recipients\":["
		"{\"address\":\"a@b.c\",\"state\":\"sent\",\"code\":250,\"text\":\"Ok\"},"
		"{\"address\":\"d@e.f\",\"state\":\"pending\"}],\"error_count\":1,\"errors\":["
		"{\"class\":\"temporary\",\"stage\":\"rcpt\",\"code\":451,\"text\":\"Later\",\"time\":1764000000500}],"
		"\"dialogue\":[\"C: MAIL\",\"S: 250\"]}";
	struct arena arena = ARENA_INIT;
	struct record *record;

	if (record_from_json(json, sizeof json - 1, &arena, &record, NULL) != RECORD_OK)
		return -1;
	record_note_error(record, &(struct record_error){ .class = RECORD_LOST, .reply.text = "gone\xff" });
	record_to_json(record, out);
	arena_clear(&arena);
	return 0;
}

/* ---- replies ---- */

/* hiredis says that it has no memory; the link closes then and asks anew. */
static int read_redis_replies(struct buf *out)
{
	static const char bytes[] = "*4\r\n$2\r\n@x\r\n$-1\r\n$6\r\nrecord\r\n$7\r\nmessage\r\n"
				    "*2\r\n:1\r\n:0\r\n-OOM command not allowed\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n";
	struct store_job job = STORE_JOB_INIT;
	int64_t first, second;
	char **texts;
	size_t count;
	void *replies[4];
	redisReader *reader = redisReaderCreate();

	if (!reader)
		return -1;
	reply_guard(reader);
	if (redisReaderFeed(reader, bytes, sizeof bytes - 1) != REDIS_OK)
		return -1;
	for (int i = 0; i < 4; i++)
		if (redisReaderGetReply(reader, &replies[i]) != REDIS_OK || !replies[i])
			return -1;
	reply_job(replies[0], &job);
	reply_pair(replies[1], &first, &second);
	reply_texts(replies[3], &texts, &count);
	buf_printf(out, "%s %s %s %d%d %d %s%s", job.element, job.record, job.message, (int)first, (int)second,
		   (int)reply_sense(replies[2], NULL), texts[0], texts[1]);
	store_job_clear(&job);
	store_ids_free(texts, count);
	return 0;
}

static char redis_socket[sizeof directory + 16];

static int talk_to_redis(struct buf *out)
{
	const struct config_redis config = { .socket = redis_socket, .connect_timeout_ms = 5000,
					     .command_timeout_ms = 5000, .lease_ms = 5000 };
	struct store_link *link = store_link_new(&config);
	struct error fault = ERROR_INIT;
	enum store_status status = store_link_check(link, &fault);

	buf_printf(out, "%d %s", (int)status, store_link_run(link));
	store_link_free(link);
	error_clear(&fault);
	return status == STORE_DOWN ? -1 : 0;
}

static int read_smtp_replies(struct buf *out)
{
	static const char bytes[] = "250-host.example greets you\r\n250-PIPELINING\r\n250-SIZE 1000\r\n"
				    "250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"
				    "451-4.7.1 Greylisted\r\n451 4.7.1 come \xff again\r\n";
	struct reply_reader reader;
	struct arena arena = ARENA_INIT;
	struct ehlo ehlo;
	size_t used;

	reply_reader_init(&reader);
	for (const char *at = bytes; *at; at += used) {
		if (reply_read(&reader, at, strlen(at), &used) != REPLY_WHOLE)
			return -1;
		ehlo_parse(&ehlo, buf_str(&reader.text), reader.text.len);
		struct session_reply reply = reply_make(reader.code, buf_str(&reader.text), reader.text.len, &arena);
		buf_printf(out, "%d %s %s %u\n", reply.code, reply.enhanced, reply.text, ehlo.auth);
	}
	reply_reader_clear(&reader);
	arena_clear(&arena);
	return 0;
}

/* ---- the tests ---- */

static void test_messages(void **state)
{
	(void)state;
	starve(good_message, 0);
	starve(faulty_message, 0);
	starve(no_json, 0);
}

static void test_templates(void **state)
{
	(void)state;
	starve(broken_template, 0);
	starve(broken_required_fields, 0);
}

static void test_configurations(void **state)
{
	(void)state;
	starve(good_config, 0);
	starve(faulty_config, 0);
	starve(no_yaml, 0);
}

static void test_records(void **state)
{
	(void)state;
	starve(read_record, 0);
}

static void test_redis_replies(void **state)
{
	(void)state;
	starve(read_redis_replies, STARVE_MAY_GIVE_UP);
}

static void test_a_connection_to_redis(void **state)
{
	static const char bytes[] = ":7\r\n$41\r\nredis_version:7.0.15\r\nrun_id:0123456789\r\n\r\n"
				    "$13\r\nrole:master\r\n\r\n+PONG\r\n";

	(void)state;
	snprintf(redis_socket, sizeof redis_socket, "%s/redis.sock", directory);
	pid_t fake = redis_fake(redis_socket, bytes, sizeof bytes - 1);
	/* hiredis 0.14 (Debian 12) aborts, or forgets to look. */
	starve(talk_to_redis, STARVE_MAY_GIVE_UP | (HIREDIS_MAJOR < 1 ? STARVE_MAY_DIE : 0));
	redis_fake_end(fake);
	unlink(redis_socket);
}

static void test_smtp_replies(void **state)
{
	(void)state;
	starve(read_smtp_replies, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_messages),
		cmocka_unit_test(test_templates),
		cmocka_unit_test(test_configurations),
		cmocka_unit_test(test_records),
		cmocka_unit_test(test_redis_replies),
		cmocka_unit_test(test_a_connection_to_redis),
		cmocka_unit_test(test_smtp_replies),
	};

	if (!starve_possible()) {
		puts("1..0 # SKIP allocations cannot be made to fail below a sanitizer or valgrind");
		return 0;
	}
	return cmocka_run_group_tests_name("no memory", tests, make_files, remove_files);
}
