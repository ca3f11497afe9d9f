/* test_text.c - clean texts, spans and tables; what goes back into the queue */
#include "../check.h"

#include "ctl/failed.h"
#include "ctl/text.h"

static void test_spans(void **state)
{
	static const struct { int64_t ms; const char *text; } cases[] = {
		{ -5, "0s" }, { 0, "0s" }, { 1, "1ms" }, { 999, "999ms" }, { 1000, "1s" }, { 59999, "59s" },
		{ 60000, "1m" }, { 312000, "5m12s" }, { 3600000, "1h" }, { 3659000, "1h" },
		{ 11520000, "3h12m" }, { 86400000, "1d" }, { 273600000, "3d4h" }, { 86460000, "1d" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT;

		text_span(cases[i].ms, &out);
		assert_string_equal(buf_str(&out), cases[i].text);
		buf_clear(&out);
	}
}

static void test_clean(void **state)
{
	static const struct { const char *bytes; size_t len; enum text_lines lines; const char *text; } cases[] = {
		{ "plain", 5, TEXT_ONE_LINE, "plain" },
		{ "\xed\x99\x98\xec\x98\x81", 6, TEXT_ONE_LINE, "\xed\x99\x98\xec\x98\x81" },
		{ "a\033[2Jb", 6, TEXT_ONE_LINE, "a\xef\xbf\xbd[2Jb" },
		{ "a\nb\tc", 5, TEXT_ONE_LINE, "a\xef\xbf\xbd" "b\xef\xbf\xbd" "c" },
		{ "a\nb\tc\r", 6, TEXT_LINES, "a\nb\tc\xef\xbf\xbd" },
		{ "a\0b", 3, TEXT_LINES, "a\xef\xbf\xbd" "b" },
		{ "\xc2\x9b" "1m", 4, TEXT_ONE_LINE, "\xef\xbf\xbd" "1m" },	/* CSI as one C1 character */
		{ "\xff\xed\x99", 3, TEXT_ONE_LINE, "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "\x7f", 1, TEXT_ONE_LINE, "\xef\xbf\xbd" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct buf out = BUF_INIT;

		text_clean(cases[i].bytes, cases[i].len, cases[i].lines, &out);
		assert_string_equal(buf_str(&out), cases[i].text);
		buf_clear(&out);
	}
}

static void test_table(void **state)
{
	static const char *const columns[] = { "NAME", ">COUNT", "WHY", NULL };
	struct table *table = table_new(columns);
	struct buf out = BUF_INIT;

	(void)state;
	table_text(table, "a");
	table_number(table, 7);
	table_text(table, NULL);
	table_text(table, "\xed\x99\x98\xec\x98\x81");	/* two letters, four columns wide */
	table_number(table, 1234567);
	table_text(table, "a long reason");
	assert_int_equal(table_rows(table), 2);
	table_print(table, 0, &out);
	assert_string_equal(buf_str(&out), "NAME    COUNT  WHY\n"
					   "a           7  -\n"
					   "\xed\x99\x98\xec\x98\x81  1234567  a long reason\n");
	buf_reset(&out);
	table_print(table, 24, &out);
	assert_non_null(strstr(buf_str(&out), "1234567  a long r\xe2\x80\xa6\n"));
	buf_clear(&out);
	table_free(table);
}

/* Everything that could end the message at once again is gone; who has the
 * mail and what went wrong stays. */
static void test_renew(void **state)
{
	static const char *const addresses[] = { "a@x.test", "b@x.test", "c@x.test" };
	struct arena arena = ARENA_INIT;
	struct record *record = record_new(&arena);

	(void)state;
	record_set_recipients(record, addresses, 3);
	record_note_recipient(record, 0, RECORD_RCPT_SENT, &(struct record_reply){ .code = 250 });
	record_note_recipient(record, 1, RECORD_RCPT_REFUSED, &(struct record_reply){ .code = 550 });
	record_note_recipient(record, 2, RECORD_RCPT_IN_DOUBT, NULL);
	record_note_error(record, &(struct record_error){ .class = RECORD_RECIPIENT, .reply.code = 550,
							  .host = "h", .worker = "default/1" });
	record_note_death(record, RECORD_RECIPIENT, 1000, "refused");
	record->attempts = 30;
	record->crashes.count = 1;
	record->first_unix_ms = 500;
	record->message_id = "kept@host";

	failed_renew(record, 9000);
	assert_int_equal(record->attempts, 0);
	assert_int_equal(record->crashes.count, 0);
	assert_int_equal(record->first_unix_ms, 9000);
	assert_null(record->dead.reason);
	assert_int_equal(record->recipients[0].state, RECORD_RCPT_SENT);
	assert_int_equal(record->recipients[1].state, RECORD_RCPT_PENDING);
	assert_int_equal(record->recipients[2].state, RECORD_RCPT_PENDING);
	assert_int_equal(record->error_count, 1);
	assert_string_equal(record->message_id, "kept@host");
	arena_clear(&arena);
}

static void test_filter(void **state)
{
	static const struct verb verb = { "failed list", "", "", NULL };
	static const struct { const char *class_name, *older, *state; int status; bool dead, retry; } cases[] = {
		{ NULL, NULL, NULL, 0, true, false },
		{ "in_doubt", "3d", "all", 0, true, true },
		{ NULL, NULL, "retry", 0, false, true },
		{ "nonsense", NULL, NULL, 64, true, false },
		{ NULL, "3 fortnights", NULL, 64, true, false },
		{ NULL, NULL, "alive", 64, false, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct failed_filter filter = {
			.class_name = g_strdup(cases[i].class_name),
			.older = g_strdup(cases[i].older),
			.state = g_strdup(cases[i].state),
		};

		assert_int_equal(failed_filter_check(&verb, &filter, "dead"), cases[i].status);
		assert_int_equal(filter.dead, cases[i].dead);
		assert_int_equal(filter.retry, cases[i].retry);
		if (i == 1) {
			assert_int_equal(filter.class, RECORD_IN_DOUBT);
			assert_int_equal(filter.older_ms, 3 * 86400000LL);
		}
		failed_filter_clear(&filter);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_spans),
		cmocka_unit_test(test_clean),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_renew),
		cmocka_unit_test(test_filter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
