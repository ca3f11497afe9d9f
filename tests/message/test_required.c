#include "../check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"
#include "message/required.h"

static char directory[] = "/tmp/postrider-required-XXXXXX";

/* Written aside and renamed, as an editor does: each version is a new file. */
static void write_file(const char *name, const char *text)
{
	char *path = mem_printf("%s/%s", directory, name), *aside = mem_printf("%s/aside", directory);
	FILE *file = fopen(aside, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
	assert_int_equal(rename(aside, path), 0);
	free(path);
	free(aside);
}

static char *check(struct required *required, const char *template_name, const char *body)
{
	struct faults faults = FAULTS_INIT;
	struct buf out = BUF_INIT;
	json_t *json = json_loads(body, 0, NULL);

	assert_non_null(json);
	int rc = required_check(required, template_name, json, &faults);
	assert_true((rc == 0) == (faults.count == 0));
	faults_print(&faults, "\n", &out);
	buf_puts(&out, "");
	faults_clear(&faults);
	json_decref(json);
	return buf_take(&out);
}

static void assert_check(struct required *required, const char *template_name, const char *body,
			 const char *faults)
{
	char *got = check(required, template_name, body);

	assert_string_equal(got, faults);
	free(got);
}

static void test_fields_that_are_there_and_not(void **state)
{
	struct required *required = required_open(directory);

	(void)state;
	write_file("welcome.html.yaml", "required: [name, order.id, order.items]\n");
	assert_check(required, "welcome.html", "{\"name\":\"\",\"order\":{\"id\":0,\"items\":[]}}", "");
	assert_check(required, "welcome.html", "{\"name\":null,\"order\":{\"items\":false}}",
		     "body.name is missing, which welcome.html requires\n"
		     "body.order.id is missing, which welcome.html requires");
	assert_check(required, "welcome.html", "{\"name\":1,\"order\":\"x\"}",
		     "body.order.id is missing, which welcome.html requires\n"
		     "body.order.items is missing, which welcome.html requires");
	assert_check(required, "other.html", "{}", "");
	assert_check(required, "welcome.html/x", "{}", "");
	required_close(required);
}

static void test_a_change_is_picked_up(void **state)
{
	struct required *required = required_open(directory);
	const char *const *paths;
	size_t count;

	(void)state;
	write_file("a.html.yaml", "required: [x]\n");
	assert_check(required, "a.html", "{}", "body.x is missing, which a.html requires");
	write_file("a.html.yaml", "required: [y]\n");
	assert_check(required, "a.html", "{}", "body.y is missing, which a.html requires");
	assert_int_equal(required_list(required, "a.html", &paths, &count, NULL), 0);
	assert_int_equal(count, 1);
	assert_string_equal(paths[0], "y");
	write_file("a.html.yaml", "");
	assert_check(required, "a.html", "{}", "");
	write_file("a.html.yaml", "required: []\n");
	assert_check(required, "a.html", "{}", "");
	char *path = mem_printf("%s/a.html.yaml", directory);
	unlink(path);
	free(path);
	assert_int_equal(required_list(required, "a.html", &paths, &count, NULL), 0);
	assert_int_equal(count, 0);
	required_close(required);
}

static void test_a_broken_file_says_where(void **state)
{
	static const struct {
		const char *text, *fault;
	} cases[] = {
		{ "required: name\n", "b.html.yaml:1:11: required takes a list of fields, such as [name, order.id], "
				      "not a single value" },
		{ "required: [a, [b]]\n", "b.html.yaml:1:15: required takes fields of body, such as name or order.id, "
					  "not a list" },
		{ "required: [a..b]\n", "b.html.yaml:1:12: required takes fields of body, such as name or order.id, "
					"not \"a..b\"" },
		{ "\nrequires: [a]\n", "b.html.yaml:2:1: requires is not a known key: the one that there is, is required" },
		{ "[a]\n", "b.html.yaml:1:1: `required: [...]` is expected here, not a list" },
		{ "required: [a\n", "b.html.yaml:2:1: did not find expected ',' or ']' while parsing a flow sequence" },
	};
	struct required *required = required_open(directory);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *const *paths;
		struct error error = ERROR_INIT;
		size_t count;
		write_file("b.html.yaml", cases[i].text);
		assert_check(required, "b.html", "{}", cases[i].fault);
		assert_int_equal(required_list(required, "b.html", &paths, &count, &error), -1);
		assert_non_null(error.text);
		error_clear(&error);
	}
	required_close(required);
	required_close(NULL);
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	static const char *const names[] = { "welcome.html.yaml", "a.html.yaml", "b.html.yaml" };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		char *path = mem_printf("%s/%s", directory, names[i]);
		unlink(path);
		free(path);
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_fields_that_are_there_and_not),
		cmocka_unit_test(test_a_change_is_picked_up),
		cmocka_unit_test(test_a_broken_file_says_where),
	};
	return cmocka_run_group_tests_name("required", tests, make_directory, remove_directory);
}
