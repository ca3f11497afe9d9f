/* test_yaml.c - base/yaml and base/suggest, which the configuration stands on */
#include "../check.h"

#include "base/suggest.h"
#include "base/yaml.h"

static const struct yaml *parse(const char *text, size_t len, struct arena *arena, struct buf *said)
{
	struct faults faults = FAULTS_INIT;
	const struct yaml *root = yaml_parse(text, len, "t", arena, &faults);

	buf_reset(said);
	faults_print(&faults, "\n", said);
	faults_clear(&faults);
	return root;
}

static void assert_place(const struct yaml *node, unsigned line, unsigned column)
{
	assert_non_null(node);
	assert_int_equal(node->line, line);
	assert_int_equal(node->column, column);
}

static void test_everything_knows_its_place(void **state)
{
	static const char text[] =
		"# comment\n"
		"a: 1\n"
		"b:\n"
		"  - x\n"
		"  - {c: \"two words\", d: }\n"
		"ü: |\n"
		"  text\n"
		"  more\n"
		"e:\n";
	struct arena arena = ARENA_INIT;
	struct buf said = BUF_INIT;
	const struct yaml *root = parse(text, sizeof text - 1, &arena, &said);

	(void)state;
	assert_string_equal(buf_str(&said), "");
	assert_place(root, 2, 1);
	assert_int_equal(root->kind, YAML_MAPPING);
	assert_int_equal(root->count, 4);
	assert_place(yaml_get(root, "a"), 2, 4);
	assert_string_equal(yaml_get(root, "a")->text, "1");
	const struct yaml *b = yaml_get(root, "b");
	assert_int_equal(b->key_line, 3);
	assert_int_equal(b->key_column, 1);
	assert_int_equal(b->kind, YAML_SEQUENCE);
	assert_place(b->first, 4, 5);
	const struct yaml *map = b->first->next;
	assert_place(yaml_get(map, "c"), 5, 9);
	assert_string_equal(yaml_get(map, "c")->text, "two words");
	assert_true(yaml_get(map, "d")->empty);
	assert_string_equal(yaml_get(root, "ü")->text, "text\nmore\n");
	assert_true(yaml_get(root, "e")->empty);
	assert_null(yaml_get(root, "f"));
	arena_clear(&arena);
	buf_clear(&said);
}

static void test_what_is_empty(void **state)
{
	static const struct {
		const char *text;
		bool empty;
	} cases[] = {
		{ "", true }, { "# only this\n", true }, { "---\n", true }, { "~", true }, { "null", true },
		{ "'null'", false }, { "\"\"", false }, { "0", false }, { "''", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct arena arena = ARENA_INIT;
		struct buf said = BUF_INIT;
		const struct yaml *root = parse(cases[i].text, strlen(cases[i].text), &arena, &said);
		assert_non_null(root);
		assert_int_equal(root->kind, YAML_SCALAR);
		assert_int_equal(root->empty, cases[i].empty);
		arena_clear(&arena);
		buf_clear(&said);
	}
}

static void test_reading_goes_on_where_it_can(void **state)
{
	static const char text[] = "a: &x 1\nb: *x\na: 2\nc: !t 3\nd: 4\n";
	struct arena arena = ARENA_INIT;
	struct buf said = BUF_INIT;
	const struct yaml *root = parse(text, sizeof text - 1, &arena, &said);

	(void)state;
	assert_string_equal(said.data,
			    "t:1:4: anchors (&name) are not supported: write the value out\n"
			    "t:2:4: aliases (*name) are not supported: write the value out\n"
			    "t:3:1: a stands here a second time (first in line 1): remove one of them\n"
			    "t:4:4: tags (!name) are not supported: leave it out");
	assert_string_equal(yaml_get(root, "d")->text, "4");
	arena_clear(&arena);
	buf_clear(&said);
}

static void test_bombs(void **state)
{
	struct arena arena = ARENA_INIT;
	struct buf text = BUF_INIT, said = BUF_INIT;

	(void)state;
	/* The billion laughs: each line would be ten of the one before. */
	buf_puts(&text, "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
	for (int i = 1; i < 30; i++) {
		buf_printf(&text, "a%d: &a%d [", i, i);
		for (int k = 0; k < 10; k++)
			buf_printf(&text, "*a%d, ", i - 1);
		buf_puts(&text, "]\n");
	}
	assert_non_null(parse(text.data, text.len, &arena, &said));
	assert_true(arena.used < 1000000);
	for (int kind = 0; kind < 3; kind++) {
		buf_reset(&text);
		for (int i = 0; i < 200000; i++)
			buf_puts(&text, kind == 0 ? "[" : kind == 1 ? "{a: " : "- ");
		assert_null(parse(text.data, text.len, &arena, &said));
		assert_non_null(strstr(said.data, "nested more deeply than anybody writes by hand"));
	}
	buf_reset(&text);
	for (int i = 0; i < YAML_NODES_MAX; i++)
		buf_printf(&text, "k%d: 1\n", i);
	assert_null(parse(text.data, text.len, &arena, &said));
	assert_non_null(strstr(said.data, "more values than anybody writes by hand"));
	arena_clear(&arena);
	buf_clear(&text);
	buf_clear(&said);
}

static void test_the_nth_byte_is_missing(void **state)
{
	static const char text[] = "a: {b: [1, 'x', \"\\u00e4\"], c: |\n    ü\n  }\nd: &e\n  - f\n";

	(void)state;
	for (size_t len = 0; len < sizeof text; len++) {
		struct arena arena = ARENA_INIT;
		struct buf said = BUF_INIT;
		const struct yaml *root = parse(text, len, &arena, &said);
		assert_true(root || said.len);
		arena_clear(&arena);
		buf_clear(&said);
	}
}

static void test_suggestions(void **state)
{
	static const char *const known[] = { "workers", "relays", "max_age", "max_messages", "port", "cc", "bcc", "id" };
	static const struct {
		const char *word, *best;
	} cases[] = {
		{ "worker", "workers" }, { "wrokers", "workers" }, { "Workers", "workers" }, { "max-age", "max_age" },
		{ "maxage", "max_age" }, { "max_mesages", "max_messages" }, { "prot", "port" }, { "ccc", "cc" },
		{ "zebra", NULL }, { "", NULL }, { "p", NULL }, { "message", NULL }, { "max", NULL },
		{ "relays_relays_relays_relays_relays_relays_relays", NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct suggest suggest = suggest_for(cases[i].word);
		for (size_t k = 0; k < sizeof known / sizeof *known; k++)
			suggest_try(&suggest, known[k]);
		if (cases[i].best)
			assert_string_equal(suggest_best(&suggest), cases[i].best);
		else
			assert_null(suggest_best(&suggest));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_everything_knows_its_place),
		cmocka_unit_test(test_what_is_empty),
		cmocka_unit_test(test_reading_goes_on_where_it_can),
		cmocka_unit_test(test_bombs),
		cmocka_unit_test(test_the_nth_byte_is_missing),
		cmocka_unit_test(test_suggestions),
	};
	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
