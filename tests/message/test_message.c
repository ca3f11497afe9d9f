#include "../check.h"

#include <jansson.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "message/backoff.h"
#include "message/message.h"
#include "template/template.h"

static const struct message_limits limits = {
	.max_size = 1000000, .max_recipients = 5, .max_depth = 20, .refuse_unknown_fields = true,
};

struct outcome {
	struct arena arena;
	struct message *message;
	struct buf faults;	/* one a line */
	int rc;
};

static struct outcome parse_bytes(const char *bytes, size_t len, const struct message_limits *l)
{
	struct outcome o = { ARENA_INIT, NULL, BUF_INIT, 0 };
	struct faults faults = FAULTS_INIT;

	o.rc = message_parse(bytes, len, l, &o.arena, &o.message, &faults);
	assert_true((o.rc == 0) == (faults.count == 0));
	faults_print(&faults, "\n", &o.faults);
	faults_clear(&faults);
	return o;
}

static struct outcome parse(const char *text)
{
	return parse_bytes(text, strlen(text), &limits);
}

static void drop(struct outcome *o)
{
	message_free(o->message);
	arena_clear(&o->arena);
	buf_clear(&o->faults);
}

static struct outcome parse_good(const char *text)
{
	struct outcome o = parse(text);

	if (o.rc < 0)
		fail_msg("%s: %s", text, buf_str(&o.faults));
	return o;
}

static void test_the_least_message(void **state)
{
	struct outcome o = parse_good("{\"template_name\":\"welcome.html\",\"email_to\":[\"a@b.c\"]}");

	(void)state;
	assert_string_equal(o.message->template_name, "welcome.html");
	assert_int_equal(o.message->to_count, 1);
	assert_string_equal(o.message->to[0].spec, "a@b.c");
	assert_null(o.message->to[0].name);
	assert_string_equal(o.message->title, "");
	assert_null(o.message->id);
	assert_null(o.message->from.spec);
	assert_int_equal(o.message->cc_count + o.message->bcc_count, 0);
	assert_true(json_is_object(o.message->body));
	drop(&o);
}

static void test_every_field(void **state)
{
	struct outcome o = parse_good(
		"{\"template_name\":\"shop/order.html\",\"email_to\":\"Ann <a@b.c>\",\"title\":\"Grüße\\tan 😀\","
		"\"email_from\":\"Shop <s@b.c>\",\"cc\":[\"c@b.c\"],\"bcc\":[\"d@b.c\",\"e@b.c\"],"
		"\"body\":{\"name\":\"Ann\",\"n\":1},\"id\":\"order-17\",\"x_trace\":[1,{}]}");
	const struct message *m = o.message;

	(void)state;
	assert_string_equal(m->template_name, "shop/order.html");
	assert_string_equal(m->title, "Grüße\tan 😀");
	assert_string_equal(m->to[0].name, "Ann");
	assert_string_equal(m->from.name, "Shop");
	assert_string_equal(m->from.spec, "s@b.c");
	assert_string_equal(m->cc[0].spec, "c@b.c");
	assert_int_equal(m->bcc_count, 2);
	assert_string_equal(m->id, "order-17");
	assert_string_equal(json_string_value(json_object_get(m->body, "name")), "Ann");
	drop(&o);
}

static void test_integers_beyond_64_bits_reach_the_template(void **state)
{
	struct outcome o = parse_good("{\"template_name\":\"t\",\"email_to\":[\"a@b.c\"],"
				      "\"body\":{\"n\":123456789012345678901234567890}}");
	const struct template_text texts[] = {
		{ "t", "{{ n + 1 }}", 11 }, { NULL, NULL, 0 },
	};
	struct templates *templates = templates_open(&(struct template_options){ .texts = texts });
	json_t *variables = message_variables(o.message);
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;

	(void)state;
	assert_int_equal(templates_render(templates, "t", variables, NULL, &out, &error), TEMPLATE_OK);
	assert_string_equal(buf_str(&out), "123456789012345678901234567891");
	json_decref(variables);
	templates_close(templates);
	buf_clear(&out);
	drop(&o);
}

static void test_null_is_absent(void **state)
{
	struct outcome o = parse_good("{\"template_name\":\"t\",\"email_to\":[\"a@b.c\"],\"title\":null,"
				      "\"email_from\":null,\"cc\":null,\"bcc\":[],\"body\":null,\"id\":null}");

	(void)state;
	assert_string_equal(o.message->title, "");
	assert_null(o.message->from.spec);
	assert_int_equal(json_object_size(o.message->body), 0);
	drop(&o);
	o = parse("{\"template_name\":null,\"email_to\":null}");
	assert_string_equal(buf_str(&o.faults), "template_name is missing\nemail_to is missing");
	drop(&o);
}

static void test_the_envelope_names_each_mailbox_once(void **state)
{
	struct outcome o = parse_good("{\"template_name\":\"t\",\"email_to\":[\"a@b.c\",\"A@b.c\"],"
				      "\"cc\":[\"x <a@B.C>\"],\"bcc\":[\"z@b.c\",\"a@b.c\"]}");
	size_t count;
	const char **list = message_envelope(o.message, &o.arena, &count);

	(void)state;
	assert_int_equal(count, 3);
	assert_string_equal(list[0], "a@b.c");
	assert_string_equal(list[1], "A@b.c");
	assert_string_equal(list[2], "z@b.c");
	drop(&o);
}

static void test_variables_are_those_of_body_and_body(void **state)
{
	struct outcome o = parse_good("{\"template_name\":\"t\",\"email_to\":[\"a@b.c\"],"
				      "\"body\":{\"name\":\"Ann\",\"body\":\"mine\"}}");
	json_t *variables = message_variables(o.message);

	(void)state;
	assert_string_equal(json_string_value(json_object_get(variables, "name")), "Ann");
	assert_ptr_equal(json_object_get(variables, "body"), o.message->body);
	/* The whole object is as it was sent. */
	assert_string_equal(json_string_value(json_object_get(o.message->body, "body")), "mine");
	json_decref(variables);
	drop(&o);
}

/* A good message with `more` in it. */
#define WITH(more) "{\"template_name\":\"t.html\",\"email_to\":[\"a@b.c\"]," more "}"
#define CRLF(field) WITH("\"" field "\":\"a@b.c\\r\\nBcc: x@y.z\"")

static const struct {
	const char *text;
	const char *faults[8];
} refused[] = {
	{ "", { "empty" } },
	{ "{", { "not valid JSON: " } },
	{ "[]", { "an array, where a JSON object ({...}) is expected" } },
	{ "null", { "null, where a JSON object" } },
	{ "\"x\"", { "a string, where a JSON object" } },
	{ "@01ARZ3NDEKTSV4RRFFQ69G5FAV", { "not valid JSON" } },
	{ "{}", { "template_name is missing", "email_to is missing" } },
	{ "{} {}", { "not valid JSON: end of file expected" } },
	{ "{\"a\":1,\"a\":2}", { "duplicate object key" } },
	{ "{\"title\":\"\xff\"}", { "not UTF-8: byte 0xff at byte 10" } },
	{ "{\"title\":\"\xed\xa0\x80\"}", { "not UTF-8" } },
	{ WITH("\"title\":\"a\\u0000b\""), { "a string holds a NUL character" } },
	{ WITH("\"body\":{\"a\\u0000b\":1}"), { "a string holds a NUL character" } },
	{ CRLF("title"), { "title holds a line break, which no header may" } },
	{ CRLF("email_from"), { "email_from: \"a@b.c\\x0d\\x0aBcc: x@y.z\" holds a line break" } },
	{ CRLF("cc"), { "cc: \"a@b.c\\x0d\\x0aBcc: x@y.z\" holds a line break" } },
	{ CRLF("bcc"), { "bcc: \"a@b.c\\x0d\\x0aBcc: x@y.z\" holds a line break" } },
	{ CRLF("id"), { "id holds a line break" } },
	{ "{\"template_name\":\"t\\r\\n\",\"email_to\":\"a@b.c\\n\"}",
	  { "template_name holds a line break", "email_to: \"a@b.c\\x0a\" holds a line break" } },
	{ WITH("\"title\":\"\\u001b[31m\""), { "title holds the control character 0x1b" } },
	{ "{\"template_name\":\"../../etc/passwd\",\"email_to\":[\"a@b.c\"]}", { "template_name \"../../etc/passwd\" is no name for a template" } },
	{ "{\"template_name\":\"/etc/passwd\",\"email_to\":[\"a@b.c\"]}", { "template_name \"/etc/passwd\"" } },
	{ "{\"template_name\":\"a//b\",\"email_to\":[\"a@b.c\"]}", { "template_name \"a//b\"" } },
	{ "{\"template_name\":\"\",\"email_to\":[\"a@b.c\"]}", { "template_name \"\" is no name" } },
	{ "{\"template_name\":1,\"email_to\":{},\"title\":[],\"email_from\":true,\"cc\":1,\"bcc\":[1,\"b@c.d\",null],"
	  "\"body\":[1],\"id\":1.5}",
	  { "template_name must be a string, not a number", "email_to must be an array of addresses, not an object",
	    "title must be a string, not an array", "email_from must be an address as a string, not true or false",
	    "cc must be an array of addresses, not a number", "bcc[0] must be an address as a string, not a number",
	    "bcc[2] must be an address as a string, not null", "body must be an object, not an array" } },
	{ "{\"template_name\":\"t\",\"email_to\":[]}", { "email_to names no recipient" } },
	{ "{\"template_name\":\"t\",\"email_to\":[\"a@b.c\",\"nobody\",\"x@\"]}",
	  { "email_to[1]: \"nobody\" has no @", "email_to[2]: \"x@\" has nothing behind the @" } },
	{ WITH("\"cc\":[\"a@b.c\",\"b@b.c\"],\"bcc\":[\"c@b.c\",\"d@b.c\",\"e@b.c\"]"),
	  { "email_to, cc and bcc name 6 recipients together, at most 5 are allowed (message.max_recipients)" } },
	{ WITH("\"cc\":[1,2,3,4,5,6,7]"), { "name 8 recipients together" } },
	{ WITH("\"id\":\"\""), { "id is empty" } },
	{ WITH("\"id\":\"0123456789012345678901234567890123456789012345678901234567890123456789"
	       "0123456789012345678901234567890123456789012345678901234567890\""),
	  { "id is 131 characters long, at most 128 are taken" } },
	{ WITH("\"title\":123456789012345678901234567890,\"cc\":[123456789012345678901234567890],"
	       "\"id\":123456789012345678901234567890,\"body\":123456789012345678901234567890"),
	  { "title must be a string, not a number", "cc[0] must be an address as a string, not a number",
	    "body must be an object, not a number", "id must be a string, not a number" } },
	{ WITH("\"title\":\"\\u0000int:1\",\"body\":{\"n\":123456789012345678901234567890}"),
	  { "a string holds a NUL character" } },
	{ WITH("\"titel\":\"x\",\"zebra\":1,\"Body\":{}"),
	  { "titel is not a known field; did you mean title?", "zebra is not a known field (what the template needs",
	    "Body is not a known field; did you mean body?" } },
	{ WITH("\"a\\nb\":1"), { "a?b is not a known field" } },
	{ WITH("\"body\":{\"n\":1e999}"), { "not valid JSON: real number overflow" } },
};

static void test_what_is_refused_and_why(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
		struct outcome o = parse(refused[i].text);
		char *line = o.faults.data;
		size_t n = 0;

		assert_int_equal(o.rc, -1);
		for (; line && n < 8 && refused[i].faults[n]; n++) {
			char *end = strchr(line, '\n');
			if (end)
				*end = '\0';
			if (strncmp(line, refused[i].faults[n], strlen(refused[i].faults[n])) != 0 &&
			    !strstr(line, refused[i].faults[n]) && ++wrong)
				print_error("%s\ngave: %s\nnot:  %s\n", refused[i].text, line, refused[i].faults[n]);
			line = end ? end + 1 : NULL;
		}
		if (n < 8 && refused[i].faults[n] && ++wrong)
			print_error("%s\ndid not give: %s\n", refused[i].text, refused[i].faults[n]);
		if (line && n < 8 && ++wrong)
			print_error("%s\ngave also: %s\n", refused[i].text, line);
		drop(&o);
	}
	assert_int_equal(wrong, 0);
}

static void test_a_refused_message_keeps_its_names(void **state)
{
	struct outcome o = parse("{\"template_name\":\"t.html\",\"id\":\"order-17\",\"email_to\":[\"nobody\"],\"body\":{}}");

	(void)state;
	assert_int_equal(o.rc, -1);
	assert_string_equal(o.message->id, "order-17");
	assert_string_equal(o.message->template_name, "t.html");
	assert_true(json_is_object(o.message->body));
	assert_null(o.message->to);
	assert_null(o.message->title);
	drop(&o);
	o = parse("{\"template_name\":\"t.html\",\"email_to\":[\"a@b.c\"],\"body\":[1]}");
	assert_null(o.message->body);
	drop(&o);
}

static void test_the_empty_array_of_php_is_an_empty_body(void **state)
{
	struct outcome o = parse_good(WITH("\"body\":[]"));

	(void)state;
	assert_int_equal(json_object_size(o.message->body), 0);
	drop(&o);
}

static void test_the_manual_describes_every_field(void **state)
{
	char *path = mem_printf("%s/../man/postrider-message.5", tests_path(""));
	struct buf page = BUF_INIT;
	size_t i = 0;

	(void)state;
	assert_int_equal(file_read(path, 1 << 20, &page, NULL), 0);
	for (; message_field_name(i); i++) {
		char *item = mem_printf("\n.It Cm %s : Ar ", message_field_name(i));
		if (!strstr(page.data, item))
			fail_msg("postrider-message(5) does not describe %s", message_field_name(i));
		free(item);
	}
	assert_true(i >= 8);
	buf_clear(&page);
	free(path);
}

static void test_unknown_fields_may_be_ignored(void **state)
{
	struct message_limits lenient = limits;
	const char text[] = WITH("\"titel\":\"x\"");

	(void)state;
	lenient.refuse_unknown_fields = false;
	struct outcome o = parse_bytes(text, sizeof text - 1, &lenient);
	assert_int_equal(o.rc, 0);
	drop(&o);
}

/* What would cost much memory or stack if a parser saw it. */
static void test_hostile_bulk_is_refused_before_it_is_parsed(void **state)
{
	static const struct {
		const char *piece;
		size_t times;
		const char *why;
	} cases[] = {
		{ "[", 10000, "nested more than 20 levels deep" },
		{ "{\"a\":", 10000, "nested more than 20 levels deep" },
		{ "{},", 300000, "arrays and objects: at most 100000 are taken" },
		{ "1,", 2000000, "values: at most 1000000 are taken" },
		{ "        ", 7000000, "bytes, at most" },
	};
	struct message_limits wide = limits;

	(void)state;
	wide.max_size = 25000000;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = BUF_INIT;
		buf_puts(&text, "{\"template_name\":\"t\",\"email_to\":[\"a@b.c\"],\"body\":{\"x\":[");
		for (size_t k = 0; k < cases[i].times; k++)
			buf_puts(&text, cases[i].piece);
		struct outcome o = parse_bytes(text.data, text.len, &wide);
		assert_int_equal(o.rc, -1);
		assert_non_null(strstr(o.faults.data, cases[i].why));
		drop(&o);
		buf_clear(&text);
	}
}

static void test_brackets_in_strings_do_not_count(void **state)
{
	struct outcome o = parse_good(WITH("\"body\":{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[\\\\\"}"));

	(void)state;
	drop(&o);
}

static void test_thousands_of_faults_are_counted(void **state)
{
	struct buf text = BUF_INIT;

	(void)state;
	buf_puts(&text, "{\"template_name\":\"t\",\"email_to\":[\"a@b.c\"]");
	for (int i = 0; i < 5000; i++)
		buf_printf(&text, ",\"unknown%d\":1", i);
	buf_putc(&text, '}');
	struct outcome o = parse(text.data);
	assert_non_null(strstr(o.faults.data, "and 4800 faults more"));
	drop(&o);
	buf_clear(&text);
}

static void test_the_nth_byte_is_missing(void **state)
{
	const char text[] = "{\"template_name\":\"t\",\"email_to\":[\"Ann <a@b.c>\"],\"body\":{\"x\":\"\\u00e4\"}}";

	(void)state;
	for (size_t len = 0; len < sizeof text - 1; len++) {
		struct outcome o = parse_bytes(text, len, &limits);
		assert_int_equal(o.rc, -1);
		assert_null(o.message);
		drop(&o);
	}
}

static void test_backoff(void **state)
{
	const struct backoff b = { .base_ms = 60000, .cap_ms = 14400000, .factor = 2, .jitter = 0.2 };
	const struct backoff tiny = { .base_ms = 1, .cap_ms = 1, .factor = 1, .jitter = 0.9 };

	(void)state;
	assert_int_equal(backoff_delay_ms(&b, 1, 0.5), 60000);
	assert_int_equal(backoff_delay_ms(&b, 2, 0.5), 120000);
	assert_int_equal(backoff_delay_ms(&b, 8, 0.5), 7680000);
	assert_int_equal(backoff_delay_ms(&b, 9, 0.5), 14400000);
	assert_int_equal(backoff_delay_ms(&b, INT64_MAX, 0.5), 14400000);
	assert_int_equal(backoff_delay_ms(&b, 1, 0), 48000);
	assert_in_range(backoff_delay_ms(&b, 1, 0.999999), 71999, 72000);
	assert_int_equal(backoff_delay_ms(&tiny, 5, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_least_message),
		cmocka_unit_test(test_every_field),
		cmocka_unit_test(test_integers_beyond_64_bits_reach_the_template),
		cmocka_unit_test(test_null_is_absent),
		cmocka_unit_test(test_the_envelope_names_each_mailbox_once),
		cmocka_unit_test(test_variables_are_those_of_body_and_body),
		cmocka_unit_test(test_what_is_refused_and_why),
		cmocka_unit_test(test_a_refused_message_keeps_its_names),
		cmocka_unit_test(test_the_empty_array_of_php_is_an_empty_body),
		cmocka_unit_test(test_the_manual_describes_every_field),
		cmocka_unit_test(test_unknown_fields_may_be_ignored),
		cmocka_unit_test(test_hostile_bulk_is_refused_before_it_is_parsed),
		cmocka_unit_test(test_brackets_in_strings_do_not_count),
		cmocka_unit_test(test_thousands_of_faults_are_counted),
		cmocka_unit_test(test_the_nth_byte_is_missing),
		cmocka_unit_test(test_backoff),
	};
	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
