#include "../check.h"

#include "message/record.h"

#define ID "01JDCZ3V5T8Q6M2K4W7XR9ABCD"

static struct record *sample(struct arena *arena)
{
	static const char *const addresses[] = { "a@b.c", "d@e.f", "g@h.i", "j@k.l" };
	struct record *r = record_new(arena);

	r->id = ID;
	r->producer_id = "order-17 ü";
	r->queue = "default";
	r->template_name = "shop/order.html";
	r->attempts = 2;
	r->crashes.count = 1;
	r->crashes.cause = "SIGSEGV";
	r->crashes.stage = "render";
	r->message_id = "01JD.x@mail.example.com";
	r->date_unix_s = 1764000000;
	r->first_unix_ms = 1764000000123;
	r->last_unix_ms = 1764000060456;
	record_set_recipients(r, addresses, 4);
	record_note_recipient(r, 1, RECORD_RCPT_SENT, &(struct record_reply){ 250, "2.1.5", "Ok" });
	record_note_recipient(r, 2, RECORD_RCPT_REFUSED, &(struct record_reply){ 550, "5.1.1", "No such user" });
	record_note_recipient(r, 3, RECORD_RCPT_IN_DOUBT, NULL);
	record_note_error(r, &(struct record_error){
		.class = RECORD_TEMPORARY, .stage = "rcpt", .reply = { 451, "4.7.1", "Greylisted" },
		.relay = "main", .host = "web1", .worker = "default/1", .unix_ms = 1764000000500 });
	record_note_error(r, &(struct record_error){
		.class = RECORD_TEMPLATE, .stage = "render", .reply = { .text = "x is undefined" },
		.host = "web1", .worker = "default/2", .unix_ms = 1764000060456, .file = "order.html", .line = 7 });
	return r;
}

static char *json_of(const struct record *record)
{
	struct buf out = BUF_INIT;

	record_to_json(record, &out);
	return buf_take(&out);
}

static void test_the_form_is_fixed(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *r = sample(&arena);
	char *json = json_of(r);

	(void)state;
	/* What stands in Redis: changing it needs a new version. */
	assert_string_equal(json,
		"{\"v\":1,\"id\":\"" ID "\",\"producer_id\":\"order-17 ü\",\"queue\":\"default\","
		"\"template\":\"shop/order.html\",\"attempts\":2,"
		"\"crashes\":{\"count\":1,\"cause\":\"SIGSEGV\",\"stage\":\"render\"},"
		"\"message_id\":\"01JD.x@mail.example.com\",\"date\":1764000000,"
		"\"first\":1764000000123,\"last\":1764000060456,\"recipients\":["
		"{\"address\":\"a@b.c\",\"state\":\"pending\"},"
		"{\"address\":\"d@e.f\",\"state\":\"sent\",\"code\":250,\"enhanced\":\"2.1.5\",\"text\":\"Ok\"},"
		"{\"address\":\"g@h.i\",\"state\":\"refused\",\"code\":550,\"enhanced\":\"5.1.1\",\"text\":\"No such user\"},"
		"{\"address\":\"j@k.l\",\"state\":\"in_doubt\"}],\"error_count\":2,\"errors\":["
		"{\"class\":\"temporary\",\"stage\":\"rcpt\",\"code\":451,\"enhanced\":\"4.7.1\",\"text\":\"Greylisted\","
		"\"relay\":\"main\",\"host\":\"web1\",\"worker\":\"default/1\",\"time\":1764000000500},"
		"{\"class\":\"template\",\"stage\":\"render\",\"text\":\"x is undefined\",\"host\":\"web1\","
		"\"worker\":\"default/2\",\"time\":1764000060456,\"file\":\"order.html\",\"line\":7}]}");
	assert_int_equal(record_count(r, RECORD_RCPT_PENDING), 1);
	assert_int_equal(record_count(r, RECORD_RCPT_SENT), 1);
	free(json);
	arena_clear(&arena);
}

static void test_what_is_written_is_read_back(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *r = sample(&arena), *back;
	struct error error = ERROR_INIT;

	(void)state;
	record_note_death(r, RECORD_PERMANENT, 1764000099000, "the server refused it: 554 5.7.1");
	char *json = json_of(r);
	assert_int_equal(record_from_json(json, strlen(json), &arena, &back, &error), RECORD_OK);
	char *again = json_of(back);
	assert_string_equal(json, again);
	assert_string_equal(back->dead.reason, "the server refused it: 554 5.7.1");
	assert_int_equal(back->dead.class, RECORD_PERMANENT);
	assert_int_equal(back->recipients[2].state, RECORD_RCPT_REFUSED);
	assert_int_equal(back->recipients[2].reply.code, 550);
	assert_int_equal(back->errors[1].line, 7);
	free(json);
	free(again);
	arena_clear(&arena);
}

static void test_a_long_history_keeps_its_ends(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *r = record_new(&arena), *back;
	char text[16];

	(void)state;
	r->id = ID;
	r->queue = "q";
	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof text, "error %d", i);
		record_note_error(r, &(struct record_error){ .class = RECORD_LOST, .reply.text = text });
	}
	char *json = json_of(r);
	assert_int_equal(record_from_json(json, strlen(json), &arena, &back, NULL), RECORD_OK);
	assert_int_equal(back->error_total, 1000);
	assert_int_equal(back->error_count, RECORD_ERRORS_MAX);
	assert_string_equal(back->errors[0].reply.text, "error 0");
	assert_string_equal(back->errors[RECORD_ERRORS_FIRST - 1].reply.text, "error 3");
	assert_string_equal(back->errors[RECORD_ERRORS_FIRST].reply.text, "error 984");
	assert_string_equal(back->errors[RECORD_ERRORS_MAX - 1].reply.text, "error 999");
	free(json);
	arena_clear(&arena);
}

static void test_replies_are_cleaned_and_cut(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *r = sample(&arena), *back;
	char text[2 * RECORD_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i + 1 < sizeof text; i += 2)
		memcpy(text + i, "\xc3\xbc", 2);
	text[sizeof text - 1] = '\0';
	record_note_recipient(r, 0, RECORD_RCPT_PENDING, &(struct record_reply){ 451, NULL, text });
	assert_int_equal(strlen(r->recipients[0].reply.text), RECORD_TEXT_MAX);
	record_note_recipient(r, 0, RECORD_RCPT_PENDING,
			      &(struct record_reply){ 451, NULL, "caf\xe9\r\n\x1b[31mred\xff" });
	assert_string_equal(r->recipients[0].reply.text, "caf\xef\xbf\xbd   [31mred\xef\xbf\xbd");
	r->template_name = "no\xfftext";	/* not noted, and still no broken JSON */
	char *json = json_of(r);
	assert_int_equal(record_from_json(json, strlen(json), &arena, &back, NULL), RECORD_OK);
	assert_string_equal(back->template_name, "no\xef\xbf\xbdtext");
	free(json);
	arena_clear(&arena);
}

static void test_a_dialogue_keeps_its_last_lines(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *r = sample(&arena), *back;
	struct buf text = BUF_INIT;

	(void)state;
	for (int i = 0; i < RECORD_DIALOGUE_MAX + 20; i++)
		buf_printf(&text, "C: line %d\x1b\n", i);
	record_set_dialogue(r, text.data);
	buf_clear(&text);
	char *json = json_of(r);
	assert_int_equal(record_from_json(json, strlen(json), &arena, &back, NULL), RECORD_OK);
	assert_int_equal(back->dialogue_count, RECORD_DIALOGUE_MAX);
	assert_string_equal(back->dialogue[0], "C: line 20 ");
	record_set_dialogue(r, "");
	assert_int_equal(r->dialogue_count, 0);
	free(json);
	arena_clear(&arena);
}

#define HEAD "{\"v\":1,\"id\":\"" ID "\",\"queue\":\"default\""

static const struct {
	const char *json;
	enum record_status status;
	const char *why;
} cases[] = {
	{ HEAD "}", RECORD_OK, NULL },
	{ HEAD ",\"later\":[{}]}", RECORD_OK, NULL },
	{ "{\"v\":2}", RECORD_FOREIGN, "version is not 1" },
	{ "{\"v\":0}", RECORD_FOREIGN, "version is not 1" },
	{ "{\"v\":\"1\"}", RECORD_FOREIGN, "version is not 1" },
	{ "{\"v\":{\"a\":[]},\"id\":7}", RECORD_FOREIGN, "version is not 1" },
	{ "", RECORD_BROKEN, "empty" },
	{ "{}", RECORD_BROKEN, "no version" },
	{ "[1]", RECORD_BROKEN, "an array" },
	{ "{\"v\":1", RECORD_BROKEN, "not valid JSON" },
	{ "{\"v\":1}", RECORD_BROKEN, "id is none" },
	{ "{\"v\":1,\"id\":\"" ID "\"}", RECORD_BROKEN, "queue is missing" },
	{ "{\"v\":1,\"id\":\"01JDCZ3V5T8Q6M2K4W7XR9ABCU\",\"queue\":\"q\"}", RECORD_BROKEN, "id is none" },
	{ "{\"v\":1,\"id\":\"" ID "\",\"queue\":\"a}b\"}", RECORD_BROKEN, "queue holds a character" },
	{ HEAD ",\"attempts\":-1}", RECORD_BROKEN, "attempts is no number" },
	{ HEAD ",\"attempts\":1.5}", RECORD_BROKEN, "attempts is no number" },
	{ HEAD ",\"attempts\":9223372036854775807}", RECORD_BROKEN, "attempts is no number" },
	{ HEAD ",\"date\":\"x\"}", RECORD_BROKEN, "date is no number" },
	{ HEAD ",\"message_id\":\"a@b>\\r\\nBcc: x@y.z\"}", RECORD_BROKEN, "message_id holds a character" },
	{ HEAD ",\"recipients\":{}}", RECORD_BROKEN, "recipients is no list" },
	{ HEAD ",\"recipients\":[1]}", RECORD_BROKEN, "recipients hold one that is no address" },
	{ HEAD ",\"recipients\":[{\"address\":\"a@b>\\r\\nDATA\",\"state\":\"sent\"}]}", RECORD_BROKEN, "no address" },
	{ HEAD ",\"recipients\":[{\"address\":\"a@b\",\"state\":\"gone\"}]}", RECORD_BROKEN, "state is none" },
	{ HEAD ",\"recipients\":[{\"address\":\"a@b\",\"state\":\"sent\",\"code\":1000}]}", RECORD_BROKEN, "code is no" },
	{ HEAD ",\"errors\":[{\"class\":\"bad\"}]}", RECORD_BROKEN, "class is none" },
	{ HEAD ",\"errors\":[[],[]]}", RECORD_BROKEN, "class is none" },
	{ HEAD ",\"dead\":{}}", RECORD_BROKEN, "class is none" },
};

static void test_nothing_is_trusted(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = ARENA_INIT;
		struct error error = ERROR_INIT;
		struct record *record;
		enum record_status status = record_from_json(cases[i].json, strlen(cases[i].json), &arena,
							     &record, &error);
		if (status != cases[i].status || (cases[i].why && !strstr(error.text, cases[i].why)))
			fail_msg("%s: %d, %s", cases[i].json, status, error.text ? error.text : "no error");
		assert_true((record != NULL) == (status == RECORD_OK));
		error_clear(&error);
		arena_clear(&arena);
	}
}

static void test_names(void **state)
{
	enum record_class class;

	(void)state;
	for (int i = 0; i < RECORD_CLASSES; i++) {
		assert_int_equal(record_class_from_name(record_class_name((enum record_class)i), &class), 0);
		assert_int_equal(class, i);
	}
	assert_int_equal(record_class_from_name("Sent", &class), -1);
	assert_string_equal(record_class_name(RECORD_IN_DOUBT), "in_doubt");
	assert_string_equal(record_state_name(RECORD_RCPT_IN_DOUBT), "in_doubt");
	assert_true(record_is_id(ID, 26));
	assert_true(record_is_id(ID "0", 26));
	assert_false(record_is_id(ID, 25));
	assert_false(record_is_id(ID "0", 27));
	assert_false(record_is_id("01jdcz3v5t8q6m2k4w7xr9abcd", 26));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_form_is_fixed),
		cmocka_unit_test(test_what_is_written_is_read_back),
		cmocka_unit_test(test_a_long_history_keeps_its_ends),
		cmocka_unit_test(test_replies_are_cleaned_and_cut),
		cmocka_unit_test(test_a_dialogue_keeps_its_last_lines),
		cmocka_unit_test(test_nothing_is_trusted),
		cmocka_unit_test(test_names),
	};
	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
