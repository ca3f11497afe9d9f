/* The table "What happens to a message" of postriderd(8), row by row. */
#include "../check.h"

#include "base/arena.h"
#include "delivery/fate.h"

enum { NOW_MS = 1000000000, AGE_MS = 3600000 };

static const struct fate_policy resend = {
	.backoff = { .base_ms = 60000, .cap_ms = 14400000, .factor = 2, .jitter = 0.2 },
	.max_attempts = 30, .max_age_ms = AGE_MS, .in_doubt = CONFIG_IN_DOUBT_RESEND,
};

/* One recipient's RCPT reply and what is expected of it. */
struct rcpt {
	int code;
	const char *enhanced;
	enum record_state state;
	int kept_code;		/* the reply that stands in the record then */
};

struct row {
	const char *name;
	enum session_result result;
	enum session_stage stage;
	int code;
	const char *enhanced;
	struct rcpt rcpts[3];
	size_t count;
	enum record_class class;
	enum fate_step step;
	int charged;
	bool hold;
};

#define SENT RECORD_RCPT_SENT
#define PENDING RECORD_RCPT_PENDING
#define REFUSED RECORD_RCPT_REFUSED
#define IN_DOUBT RECORD_RCPT_IN_DOUBT

static const struct row rows[] = {
	{ "accepted for all", SESSION_SENT, SESSION_FINAL, 250, "2.0.0",
	  { { 250, "", SENT, 250 }, { 250, "", SENT, 250 } }, 2, RECORD_SENT, FATE_DONE, 1, false },
	{ "MAIL 451", SESSION_REFUSED, SESSION_MAIL, 451, "4.7.1",
	  { { 0, "", PENDING, 451 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "DATA 451", SESSION_REFUSED, SESSION_DATA, 451, "",
	  { { 250, "", PENDING, 451 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "dot 452", SESSION_REFUSED, SESSION_FINAL, 452, "4.3.1",
	  { { 250, "", PENDING, 452 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "greylisted at RCPT", SESSION_REFUSED, SESSION_RCPT, 450, "4.2.0",
	  { { 450, "4.2.0", PENDING, 450 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "one greylisted, the other sent", SESSION_SENT, SESSION_FINAL, 250, "",
	  { { 250, "", SENT, 250 }, { 451, "4.7.1", PENDING, 451 } }, 2,
	  RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "too many for one mail", SESSION_SENT, SESSION_FINAL, 250, "",
	  { { 250, "", SENT, 250 }, { 452, "4.5.3", PENDING, 452 } }, 2, RECORD_SENT, FATE_DEFER, 0, false },
	{ "even the first is too many", SESSION_REFUSED, SESSION_RCPT, 452, "4.5.3",
	  { { 452, "4.5.3", PENDING, 452 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "452, but of the mailbox", SESSION_SENT, SESSION_FINAL, 250, "",
	  { { 250, "", SENT, 250 }, { 452, "4.2.2", PENDING, 452 } }, 2, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "one refused, the other sent", SESSION_SENT, SESSION_FINAL, 250, "",
	  { { 550, "5.1.1", REFUSED, 550 }, { 250, "", SENT, 250 } }, 2,
	  RECORD_RECIPIENT, FATE_BURY, 1, false },
	{ "one refused, one greylisted, one sent", SESSION_SENT, SESSION_FINAL, 250, "",
	  { { 550, "5.1.1", REFUSED, 550 }, { 450, "", PENDING, 450 }, { 250, "", SENT, 250 } }, 3,
	  RECORD_RECIPIENT, FATE_DEFER, 1, false },
	{ "all refused at RCPT", SESSION_REFUSED, SESSION_RCPT, 550, "5.1.1",
	  { { 550, "5.1.1", REFUSED, 550 }, { 551, "", REFUSED, 551 } }, 2,
	  RECORD_RECIPIENT, FATE_BURY, 1, false },
	{ "552 at RCPT is 452", SESSION_REFUSED, SESSION_RCPT, 552, "",
	  { { 552, "", PENDING, 552 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "550 with 4.x.x is temporary", SESSION_REFUSED, SESSION_FINAL, 550, "4.7.1",
	  { { 250, "", PENDING, 550 } }, 1, RECORD_TEMPORARY, FATE_DEFER, 1, false },
	{ "MAIL 550", SESSION_REFUSED, SESSION_MAIL, 550, "5.7.1",
	  { { 0, "", REFUSED, 550 } }, 1, RECORD_PERMANENT, FATE_BURY, 1, false },
	{ "DATA 554", SESSION_REFUSED, SESSION_DATA, 554, "5.5.1",
	  { { 250, "", REFUSED, 554 } }, 1, RECORD_PERMANENT, FATE_BURY, 1, false },
	{ "dot 554, one was greylisted", SESSION_REFUSED, SESSION_FINAL, 554, "5.6.0",
	  { { 250, "", REFUSED, 554 }, { 450, "", PENDING, 450 } }, 2,
	  RECORD_PERMANENT, FATE_DEFER, 1, false },
	{ "relay unreachable", SESSION_RELAY, SESSION_CONNECT, 0, "",
	  { { 0, "", PENDING, 0 } }, 1, RECORD_RELAY, FATE_GIVE_BACK, 0, false },
	{ "lost before the dot", SESSION_LOST, SESSION_BODY, 0, "",
	  { { 250, "", PENDING, 0 }, { 550, "", REFUSED, 550 } }, 2, RECORD_LOST, FATE_DEFER, 1, false },
	{ "421 at DATA", SESSION_LOST, SESSION_DATA, 421, "4.3.2",
	  { { 250, "", PENDING, 421 } }, 1, RECORD_LOST, FATE_DEFER, 1, false },
	{ "in doubt, resend", SESSION_IN_DOUBT, SESSION_FINAL, 0, "",
	  { { 250, "", IN_DOUBT, 0 } }, 1, RECORD_IN_DOUBT, FATE_DEFER, 1, false },
	{ "in doubt, hold", SESSION_IN_DOUBT, SESSION_FINAL, 0, "",
	  { { 250, "", IN_DOUBT, 0 } }, 1, RECORD_IN_DOUBT, FATE_BURY, 1, true },
	{ "in doubt, hold, one greylisted", SESSION_IN_DOUBT, SESSION_FINAL, 0, "",
	  { { 250, "", IN_DOUBT, 0 }, { 450, "", PENDING, 450 } }, 2, RECORD_IN_DOUBT, FATE_DEFER, 1, true },
};

static struct session_reply reply_of(int code, const char *enhanced)
{
	struct session_reply reply = { .code = code, .text = "as the server said" };

	snprintf(reply.enhanced, sizeof reply.enhanced, "%s", enhanced ? enhanced : "");
	return reply;
}

static struct record *record_for(struct arena *arena, size_t recipients)
{
	static const char *const addresses[] = { "a@x.test", "b@x.test", "c@x.test" };
	struct record *record = record_new(arena);

	record->id = "01ARZ3NDEKTSV4RRFFQ69G5FAV";
	record->queue = "default";
	record->first_unix_ms = NOW_MS;
	record_set_recipients(record, addresses, recipients);
	return record;
}

static const struct fate_place place = { "main", "web1", "default/1", NOW_MS };

static void check_row(const struct row *row)
{
	struct arena arena = ARENA_INIT;
	struct record *record = record_for(&arena, row->count);
	struct fate_policy policy = resend;
	struct session_reply replies[3];
	size_t left;

	print_message("# %s\n", row->name);
	policy.in_doubt = row->hold ? CONFIG_IN_DOUBT_HOLD : CONFIG_IN_DOUBT_RESEND;
	size_t *asked = fate_recipients_left(record, &policy, &left);
	assert_int_equal(left, row->count);
	for (size_t i = 0; i < row->count; i++)
		replies[i] = reply_of(row->rcpts[i].code, row->rcpts[i].enhanced);
	const struct session_verdict verdict = {
		row->result, row->stage, reply_of(row->code, row->enhanced), replies, row->count,
	};
	enum record_class class = fate_note_verdict(record, asked, left, &verdict, &place);
	assert_string_equal(record_class_name(class), record_class_name(row->class));
	for (size_t i = 0; i < row->count; i++) {
		assert_string_equal(record_state_name(record->recipients[i].state),
				    record_state_name(row->rcpts[i].state));
		assert_int_equal(record->recipients[i].reply.code, row->rcpts[i].kept_code);
	}
	assert_int_equal(record->attempts, row->charged);
	bool clean = class == RECORD_SENT || class == RECORD_RELAY;
	assert_int_equal(record->error_total, clean ? 0 : 1);
	struct fate fate = fate_decide(record, class, &policy, NOW_MS, 0.5);
	assert_int_equal(fate.step, row->step);
	if (fate.step == FATE_DEFER)
		assert_int_equal(fate.delay_ms, class == RECORD_SENT ? 1 : 60000);
	assert_int_equal(record->dead.reason != NULL, fate.step == FATE_BURY);
	arena_clear(&arena);
}

static void test_each_row_of_the_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		check_row(&rows[i]);
}

static void test_only_those_left_are_asked_again(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *record = record_for(&arena, 3);
	size_t left;

	(void)state;
	record_note_recipient(record, 0, SENT, NULL);
	record_note_recipient(record, 1, IN_DOUBT, NULL);
	size_t *asked = fate_recipients_left(record, &resend, &left);
	assert_int_equal(left, 2);
	assert_int_equal(asked[0], 1);
	assert_int_equal(asked[1], 2);
	struct fate_policy hold = resend;
	hold.in_doubt = CONFIG_IN_DOUBT_HOLD;
	asked = fate_recipients_left(record, &hold, &left);
	assert_int_equal(left, 1);
	assert_int_equal(asked[0], 2);
	arena_clear(&arena);
}

static void test_given_up_after_attempts_or_age(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *record = record_for(&arena, 1);

	(void)state;
	record->attempts = 29;
	assert_int_equal(fate_decide(record, RECORD_TEMPORARY, &resend, NOW_MS, 0.5).step, FATE_DEFER);
	record->attempts = 30;
	assert_int_equal(fate_decide(record, RECORD_TEMPORARY, &resend, NOW_MS, 0.5).step, FATE_BURY);
	assert_non_null(strstr(record->dead.reason, "30 attempts"));
	record = record_for(&arena, 1);
	record->attempts = 1;
	assert_int_equal(fate_decide(record, RECORD_TEMPORARY, &resend, NOW_MS + AGE_MS, 0.5).step, FATE_BURY);
	assert_non_null(strstr(record->dead.reason, "1h"));
	arena_clear(&arena);
}

static void test_what_is_held_is_charged_to_nobody(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *record = record_for(&arena, 2);
	struct session_reply mail = reply_of(550, "5.7.1"), rcpts[2] = { reply_of(0, ""), reply_of(0, "") };
	const struct session_verdict verdict = { SESSION_REFUSED, SESSION_MAIL, mail, rcpts, 2 };
	struct fate_place later = place;

	(void)state;
	struct fate fate = fate_hold(record, &verdict, &place, &resend, 0.5);
	assert_int_equal(fate.step, FATE_DEFER);
	assert_int_equal(fate.class, RECORD_RELAY);
	assert_int_equal(fate.delay_ms, 60000);
	assert_int_equal(record->attempts, 0);
	assert_int_equal(record_count(record, RECORD_RCPT_PENDING), 2);
	assert_int_equal(record->errors[0].reply.code, 550);
	assert_string_equal(record->errors[0].stage, "mail");
	later.unix_ms += AGE_MS;
	fate = fate_hold(record, &verdict, &later, &resend, 0.5);
	assert_int_equal(fate.step, FATE_BURY);
	assert_int_equal(record->dead.class, RECORD_PERMANENT);
	arena_clear(&arena);
}

static void test_history_says_who_and_where(void **state)
{
	struct arena arena = ARENA_INIT;
	struct record *record = record_for(&arena, 1);
	struct session_reply rcpt = reply_of(450, "4.2.0");
	const struct session_verdict verdict = { SESSION_REFUSED, SESSION_RCPT, rcpt, &rcpt, 1 };
	size_t asked = 0;

	(void)state;
	fate_note_verdict(record, &asked, 1, &verdict, &place);
	assert_int_equal(record->error_count, 1);
	const struct record_error *error = &record->errors[0];
	assert_string_equal(error->stage, "rcpt");
	assert_int_equal(error->reply.code, 450);
	assert_string_equal(error->reply.enhanced, "4.2.0");
	assert_string_equal(error->relay, "main");
	assert_string_equal(error->host, "web1");
	assert_string_equal(error->worker, "default/1");
	assert_int_equal(error->unix_ms, NOW_MS);
	arena_clear(&arena);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_row_of_the_table),
		cmocka_unit_test(test_only_those_left_are_asked_again),
		cmocka_unit_test(test_given_up_after_attempts_or_age),
		cmocka_unit_test(test_what_is_held_is_charged_to_nobody),
		cmocka_unit_test(test_history_says_who_and_where),
	};
	return cmocka_run_group_tests_name("fate", tests, NULL, NULL);
}
