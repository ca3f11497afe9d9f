#include "../check.h"

#include "base/units.h"

static const struct {
	const char *text;
	int64_t value;
} durations[] = {
	{ "0", 0 }, { "0s", 0 }, { "200ms", 200 }, { "90s", 90000 }, { "4m", 240000 },
	{ "4h", 14400000 }, { "3d", 259200000 }, { "1h30m", 5400000 }, { "1d2h3m4s5ms", 93784005 },
}, sizes[] = {
	{ "0", 0 }, { "512", 512 }, { "512B", 512 }, { "25MB", 25000000 }, { "25 MB", 25000000 },
	{ "1KiB", 1024 }, { "2gib", 2147483648 },
};

static const char *const no_durations[] = {
	"", "5", "m", "5x", "-5s", "5 s", "1m1h", "1m1m", "5s ", "1.5h",
	"99999999999999999999s", "9223372036854775807d",
};

static const char *const no_sizes[] = { "", "MB", "-1", "5TB", "5MBB", "9223372036854775807KB" };

static void test_durations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		int64_t ms = -1;
		assert_int_equal(units_duration(durations[i].text, &ms, NULL), 0);
		assert_int_equal(ms, durations[i].value);
	}
}

static void test_refused_durations_say_why(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof no_durations / sizeof *no_durations; i++) {
		struct error error = ERROR_INIT;
		int64_t ms;
		assert_int_equal(units_duration(no_durations[i], &ms, &error), -1);
		assert_non_null(strstr(error.text, "duration"));
		error_clear(&error);
	}
}

static void test_sizes(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		int64_t bytes = -1;
		assert_int_equal(units_size(sizes[i].text, &bytes, NULL), 0);
		assert_int_equal(bytes, sizes[i].value);
	}
	for (size_t i = 0; i < sizeof no_sizes / sizeof *no_sizes; i++) {
		int64_t bytes;
		assert_int_equal(units_size(no_sizes[i], &bytes, NULL), -1);
	}
}

static void test_integers_keep_their_bounds(void **state)
{
	int64_t n = 0;

	(void)state;
	assert_int_equal(units_integer("65535", 1, 65535, &n, NULL), 0);
	assert_int_equal(n, 65535);
	assert_int_equal(units_integer("-3", -3, 0, &n, NULL), 0);
	assert_int_equal(n, -3);
	assert_int_equal(units_integer("65536", 1, 65535, &n, NULL), -1);
	assert_int_equal(units_integer("1e3", 1, 65535, &n, NULL), -1);
	assert_int_equal(units_integer("", 0, 9, &n, NULL), -1);
}

static void test_a_printed_duration_is_read_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
		struct buf text = BUF_INIT;
		int64_t ms = -1;
		units_print_duration(durations[i].value, &text);
		assert_int_equal(units_duration(text.data, &ms, NULL), 0);
		assert_int_equal(ms, durations[i].value);
		buf_clear(&text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_durations),
		cmocka_unit_test(test_refused_durations_say_why),
		cmocka_unit_test(test_sizes),
		cmocka_unit_test(test_integers_keep_their_bounds),
		cmocka_unit_test(test_a_printed_duration_is_read_back),
	};
	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
