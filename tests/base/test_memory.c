#include "../check.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"

static void test_arena_pieces_do_not_overlap(void **state)
{
	struct arena arena = ARENA_INIT;
	unsigned char *pieces[200];
	size_t sizes[200];

	(void)state;
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < 200; i++) {
			sizes[i] = (i * 7919) % 20000 + 1;
			pieces[i] = arena_alloc(&arena, sizes[i]);
			assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
			assert_int_equal(pieces[i][0] | pieces[i][sizes[i] - 1], 0);
			memset(pieces[i], (int)i, sizes[i]);
		}
		for (size_t i = 0; i < 200; i++)
			for (size_t k = 0; k < sizes[i]; k++)
				assert_int_equal(pieces[i][k], (unsigned char)i);
		assert_true(arena.used > 200 * 10000 / 2);
		arena_reset(&arena);
		assert_int_equal(arena.used, 0);
	}
	arena_clear(&arena);
}

static void test_arena_texts(void **state)
{
	struct arena arena = ARENA_INIT;

	(void)state;
	assert_string_equal(arena_printf(&arena, "%s-%d", "a", 7), "a-7");
	assert_memory_equal(arena_dup(&arena, "a\0b", 3), "a\0b", 4);
	arena_clear(&arena);
}

static void test_buf_holds_any_byte_and_ends_in_nul(void **state)
{
	struct buf buf = BUF_INIT;

	(void)state;
	assert_string_equal(buf_str(&buf), "");
	for (int i = 0; i < 100000; i++)
		buf_putc(&buf, (char)i);
	assert_int_equal(buf.len, 100000);
	assert_int_equal((unsigned char)buf.data[256 + 17], 17);
	assert_int_equal(buf.data[buf.len], 0);
	buf_truncate(&buf, 0);
	buf_printf(&buf, "%05d", 42);
	char *text = buf_take(&buf);
	assert_string_equal(text, "00042");
	assert_null(buf.data);
	free(text);
}

static void test_errors_carry_their_place(void **state)
{
	struct error error = ERROR_INIT;
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;

	(void)state;
	assert_int_equal(error_set_at(&error, "a.yaml", 3, 7, "no %s", "key"), -1);
	assert_int_equal(error_set(&error, "again: %s", error.text), -1);
	assert_string_equal(error.text, "again: no key");
	assert_int_equal(error_set(NULL, "nobody listens"), -1);
	faults_add_at(&faults, "a.yaml", 3, 7, "one");
	faults_add_at(&faults, "a.yaml", 4, 0, "two");
	faults_take(&faults, &error);
	assert_null(error.text);
	faults_print(&faults, "; ", &text);
	assert_string_equal(text.data, "a.yaml:3:7: one; a.yaml:4: two; again: no key");
	buf_clear(&text);
	faults_clear(&faults);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arena_pieces_do_not_overlap),
		cmocka_unit_test(test_arena_texts),
		cmocka_unit_test(test_buf_holds_any_byte_and_ends_in_nul),
		cmocka_unit_test(test_errors_carry_their_place),
	};
	return cmocka_run_group_tests_name("memory", tests, NULL, NULL);
}
