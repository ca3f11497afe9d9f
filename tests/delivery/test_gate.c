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

static void test_the_same_refusal_again_and_again_brakes(void **state)
{
	const struct session_reply quota = reply_of(550, "5.7.1"), other = reply_of(554, "5.7.1");
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	for (int i = 0; i < GATE_BRAKE_AFTER - 1; i++)
		assert_false(gate_refused(&gate, &quota));
	assert_false(gate_refused(&gate, &other));	/* another reply: counted anew */
	for (int i = 0; i < GATE_BRAKE_AFTER - 1; i++)
		assert_false(gate_refused(&gate, &quota));
	assert_true(gate_refused(&gate, &quota));
	assert_false(gate_is_open(&gate));
	/* On trial: the next refusal closes it again, for longer. */
	int64_t first = gate_wait_ms(&gate);
	gate_recovered(&gate);
	assert_true(gate_refused(&gate, &quota));
	assert_true(gate_wait_ms(&gate) > first);
	gate_recovered(&gate);
	gate_accepted(&gate);
	assert_false(gate_refused(&gate, &quota));
}

static void test_a_recipients_refusal_never_brakes(void **state)
{
	const struct session_reply unknown = reply_of(550, "5.1.1"), content = reply_of(554, "5.6.0");
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	for (int i = 0; i < 3 * GATE_BRAKE_AFTER; i++) {
		assert_false(gate_refused(&gate, &unknown));
		assert_false(gate_refused(&gate, &content));
	}
}

static void test_authentication_required_brakes_at_once(void **state)
{
	const struct session_reply required = reply_of(530, "5.7.0");
	struct gate gate;

	(void)state;
	gate_init(&gate, "main");
	assert_true(gate_refused(&gate, &required));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_fault_closes_and_a_probe_is_claimed_once),
		cmocka_unit_test(test_wrong_credentials_are_tried_rarely),
		cmocka_unit_test(test_the_same_refusal_again_and_again_brakes),
		cmocka_unit_test(test_a_recipients_refusal_never_brakes),
		cmocka_unit_test(test_authentication_required_brakes_at_once),
	};
	return cmocka_run_group_tests_name("gate", tests, quiet, NULL);
}
