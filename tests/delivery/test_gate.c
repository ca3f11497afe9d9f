#include "../check.h"

#include "base/clock.h"
#include "base/log.h"
#include "delivery/gate.h"

static struct session_reply reply_of(int code, const char *enhanced)
{
	struct session_reply reply = { .code = code, .text = "no" };

	snprintf(reply.enhanced, sizeof reply.enhanced, "%s", enhanced);
	return reply;
}

static int quiet(void **state)
{
	(void)state;
	log_configure(LOG_TEXT, LOG_ERROR, LOG_ADDRESS_FULL);
	return 0;
}

static void test_a_fault_closes_and_a_probe_is_claimed_once(void **state)
{
	const struct session_verdict fault = { .result = SESSION_RELAY, .stage = SESSION_CONNECT,
					       .reply = { .text = "connection refused" } };
	char cause[GATE_CAUSE_SIZE];
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	assert_true(gate_is_open(&gate));
	gate_fault(&gate, &fault);
	assert_false(gate_is_open(&gate));
	gate_cause(&gate, cause);
	assert_string_equal(cause, "connect: connection refused");
	int64_t wait = gate_wait_ms(&gate);
	assert_in_range(wait, 700, 1200);
	assert_false(gate_claim_probe(&gate));
	atomic_store(&gate.next_probe_ms, clock_monotonic_ms());
	assert_true(gate_claim_probe(&gate));
	assert_false(gate_claim_probe(&gate));
	gate_fault(&gate, &fault);
	assert_in_range(gate_wait_ms(&gate), 1500, 2400);
	gate_recovered(&gate);
	assert_true(gate_is_open(&gate));
	assert_false(gate_claim_probe(&gate));
}

static void test_wrong_credentials_are_tried_rarely(void **state)
{
	const struct session_verdict fault = { .result = SESSION_RELAY, .stage = SESSION_AUTH,
					       .reply = { .code = 535, .text = "bad" } };
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	gate_fault(&gate, &fault);
	assert_true(gate_wait_ms(&gate) > 10000);
}

static enum gate_blame refuse(struct gate *gate, int code, const char *enhanced, enum session_stage stage)
{
	const struct session_reply reply = reply_of(code, enhanced);
	static int mails;
	char id[16];

	snprintf(id, sizeof id, "%d", mails++);
	return gate_refused(gate, &reply, stage, id);
}

static void test_the_same_refusal_again_and_again_brakes(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	assert_int_equal(refuse(&gate, 550, "5.7.1", SESSION_MAIL), GATE_MESSAGE);
	for (int i = 2; i < GATE_BRAKE_AFTER; i++)
		assert_int_equal(refuse(&gate, 550, "5.7.1", SESSION_MAIL), GATE_UNCLEAR);
	assert_int_equal(refuse(&gate, 554, "5.7.1", SESSION_MAIL), GATE_MESSAGE);	/* counted anew */
	for (int i = 1; i < GATE_BRAKE_AFTER; i++)
		refuse(&gate, 550, "5.7.1", SESSION_MAIL);
	assert_true(gate_is_open(&gate));
	assert_int_equal(refuse(&gate, 550, "5.7.1", SESSION_MAIL), GATE_RELAY);
	assert_false(gate_is_open(&gate));
	assert_false(gate_takes_open_sessions(&gate));
	/* On trial: the next refusal closes it again, for longer. */
	int64_t first = gate_wait_ms(&gate);
	gate_recovered(&gate);
	assert_int_equal(refuse(&gate, 550, "5.7.1", SESSION_MAIL), GATE_RELAY);
	assert_true(gate_wait_ms(&gate) > first);
	gate_recovered(&gate);
	gate_accepted(&gate);
	assert_int_equal(refuse(&gate, 550, "5.7.1", SESSION_MAIL), GATE_MESSAGE);
}

static void test_one_mail_refused_again_and_again_says_nothing_new(void **state)
{
	const struct session_reply reply = reply_of(554, "5.7.1");
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	for (int i = 0; i < 3 * GATE_BRAKE_AFTER; i++)
		assert_int_equal(gate_refused(&gate, &reply, SESSION_FINAL, "the same"), GATE_MESSAGE);
	assert_int_equal(gate_refused(&gate, &reply, SESSION_FINAL, "another"), GATE_UNCLEAR);
}

static void test_which_refusals_speak_of_the_relay(void **state)
{
	static const struct {
		int code;
		const char *enhanced, *text;
		enum session_stage stage;
		bool counts;
	} rows[] = {
		{ 550, "5.7.1", "no", SESSION_RCPT, true },
		{ 554, "5.7.1", "no", SESSION_DATA, true },
		{ 550, "5.4.5", "daily sending quota exceeded", SESSION_FINAL, true },
		{ 552, "5.3.1", "system storage", SESSION_FINAL, true },
		{ 550, "5.0.0", "no", SESSION_FINAL, true },
		{ 550, "5.1.8", "sender's domain", SESSION_MAIL, true },
		{ 550, "", "no", SESSION_MAIL, true },
		{ 550, "", "relay not permitted", SESSION_RCPT, true },
		{ 550, "", "Sender QUOTA exceeded", SESSION_RCPT, true },
		{ 550, "", "no such user", SESSION_RCPT, false },
		{ 550, "5.1.1", "no such user", SESSION_RCPT, false },
		{ 550, "5.2.1", "mailbox disabled", SESSION_RCPT, false },
		{ 554, "5.6.0", "content", SESSION_FINAL, false },
		{ 553, "5.1.7", "not sent: the address", SESSION_MAIL, false },
		{ 552, "5.3.4", "too big", SESSION_MAIL, false },
		{ 552, "", "too big", SESSION_FINAL, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct session_reply reply = reply_of(rows[i].code, rows[i].enhanced);
		enum gate_blame blame = GATE_MESSAGE;
		struct gate gate;

		reply.text = rows[i].text;
		gate_init(&gate, "main");
		for (int k = 0; k < 3 * GATE_BRAKE_AFTER && blame != GATE_RELAY; k++)
			blame = gate_refused(&gate, &reply, rows[i].stage, k & 1 ? "one" : "other");
		if ((blame == GATE_RELAY) != rows[i].counts)
			fail_msg("row %zu: %d %s %s", i, rows[i].code, rows[i].enhanced, rows[i].text);
	}
}

static void test_authentication_required_brakes_at_once(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	assert_int_equal(refuse(&gate, 530, "5.7.0", SESSION_MAIL), GATE_RELAY);
	int64_t first = gate_wait_ms(&gate);
	gate_recovered(&gate);
	assert_int_equal(refuse(&gate, 530, "5.7.0", SESSION_MAIL), GATE_RELAY);
	assert_true(gate_wait_ms(&gate) > first);
}

static void test_it_is_tried_first_once(void **state)
{
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	assert_true(gate_claim_first_try(&gate));
	assert_false(gate_claim_first_try(&gate));
}

static unsigned enter_all(struct gate *gate, unsigned workers)
{
	unsigned in = 0;
	bool has_place;

	while (in < workers && gate_enter(gate, &has_place))
		in++;
	return in;
}

static void test_who_comes_back_is_used_by_one_then_two_then_four(void **state)
{
	const struct session_verdict fault = { .result = SESSION_RELAY, .stage = SESSION_CONNECT,
					       .reply = { .text = "connection refused" } };
	struct gate gate;
	bool has_place;

	(void)state;
	gate_init(&gate, "main");
	assert_true(gate_enter(&gate, &has_place));
	assert_false(has_place);
	gate_fault(&gate, &fault);
	assert_true(gate_takes_open_sessions(&gate));
	gate_recovered(&gate);
	for (unsigned wanted = 1; wanted < 16; wanted *= 2) {
		assert_int_equal(enter_all(&gate, 1000), wanted);
		for (unsigned i = 0; i < wanted; i++)
			gate_leave(&gate, true);
	}
	/* Nobody waits any more. */
	assert_int_equal(enter_all(&gate, 1000), 1000);
	/* It fails again, and comes back: from the beginning. */
	gate_fault(&gate, &fault);
	gate_recovered(&gate);
	assert_int_equal(enter_all(&gate, 1000), 1);
	gate_leave(&gate, false);
	assert_int_equal(enter_all(&gate, 1000), 1);
	/* The one that is in dies, or waits for minutes. */
	atomic_store(&gate.place_ms, clock_monotonic_ms() - GATE_PLACE_MS);
	assert_int_equal(enter_all(&gate, 1000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_closes_and_a_probe_is_claimed_once),
		cmocka_unit_test(test_wrong_credentials_are_tried_rarely),
		cmocka_unit_test(test_the_same_refusal_again_and_again_brakes),
		cmocka_unit_test(test_one_mail_refused_again_and_again_says_nothing_new),
		cmocka_unit_test(test_which_refusals_speak_of_the_relay),
		cmocka_unit_test(test_authentication_required_brakes_at_once),
		cmocka_unit_test(test_it_is_tried_first_once),
		cmocka_unit_test(test_who_comes_back_is_used_by_one_then_two_then_four),
	};
	return cmocka_run_group_tests_name("gate", tests, quiet, NULL);
}
