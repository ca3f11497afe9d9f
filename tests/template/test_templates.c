/*
 * test_templates.c - sets of templates: rendering, files, limits, what is
 * known of a template.  The language itself is compared with Jinja2's by
 * tests/template/differential.
 */
#include "../check.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/openat2.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "template/template.h"

/* ---- a directory of templates ---- */

static char directory[] = "/tmp/test_templates.XXXXXX";

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int make_directory(void **state)
{
	(void)state;
	strcpy(directory + strlen(directory) - 6, "XXXXXX");
	return mkdtemp(directory) ? 0 : -1;
}

static int remove_directory(void **state)
{
	(void)state;
	return nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

static char *path_of(const char *name)
{
	return mem_printf("%s/%s", directory, name);
}

static void write_file(const char *name, const char *bytes, size_t len)
{
	char *path = path_of(name);
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
	free(path);
}

static void write_text(const char *name, const char *text)
{
	write_file(name, text, strlen(text));
}

/* ---- rendering ---- */

static enum template_status render(struct templates *set, const char *name, const char *json,
				   const char *locale, struct buf *out, struct error *error)
{
	json_error_t fault;
	json_t *context = template_json_load(json, strlen(json), 0, &fault);

	assert_non_null(context);
	buf_reset(out);
	error_clear(error);
	enum template_status status = templates_render(set, name, context, locale, out, error);
	json_decref(context);
	return status;
}

static void expect_output(struct templates *set, const char *name, const char *json, const char *expected)
{
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;

	assert_int_equal(render(set, name, json, NULL, &out, &error), TEMPLATE_OK);
	assert_string_equal(buf_str(&out), expected);
	buf_clear(&out);
}

static void expect_error_of(struct templates *set, const char *name, const char *json,
			    enum template_status status, const char *expected)
{
	struct buf out = BUF_INIT, message = BUF_INIT;
	struct error error = ERROR_INIT;

	buf_puts(&out, "");
	assert_int_equal(render(set, name, json, NULL, &out, &error), status);
	error_print(&error, &message);
	assert_string_equal(buf_str(&message), expected);
	assert_int_equal(out.len, 0);
	error_clear(&error);
	buf_clear(&message);
	buf_clear(&out);
}

static void expect_error(struct templates *set, const char *name, enum template_status status,
			 const char *expected)
{
	expect_error_of(set, name, "{}", status, expected);
}

/* `text`, which is the template main, is rendered. */
static void expect_fit(struct templates *set, const char *text)
{
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;

	if (render(set, "main", "{\"x\": \"a\"}", NULL, &out, &error) != TEMPLATE_OK)
		fail_msg("%s: %s", text, error.text);
	buf_clear(&out);
}

static struct templates *open_texts(const struct template_text *texts, struct template_limits limits)
{
	return templates_open(&(struct template_options){ .texts = texts, .limits = limits,
							  .ext_do = true, .ext_loopcontrols = true });
}

/* The text with a number for its '@'. */
static char *printed(const char *text, int number)
{
	const char *at = strchr(text, '@');

	return mem_printf("%.*s%d%s", (int)(at - text), text, number, at + 1);
}

#define TEXT(name, text) { name, text, sizeof(text) - 1 }

/* ---- tests ---- */

static void test_names(void **state)
{
	static const char *const good[] = { "a.html", "mail/a.html", "a..b", ".a", "a/b/c" };
	static const char *const bad[] = { "", "/a", "a//b", "a/", "../a", "a/../b", "./a", "a/.", "a\\b" };
	struct error error = ERROR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(template_name_check(good[i], &error), 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(template_name_check(bad[i], &error), -1);
		assert_non_null(error.text);
		error_clear(&error);
	}
}

static void test_places_of_errors(void **state)
{
	static const struct template_text texts[] = {
		TEXT("include", "\n{% include 'inner' %}"), TEXT("inner", "\n\n{{ x.y.z }}"),
		TEXT("child", "{% extends 'parent' %}"), TEXT("parent", "\n{% block b %}\n{{ 1 / 0 }}{% endblock %}"),
		TEXT("import", "{% import 'macros' as m %}\n{{ m.f() }}"),
		TEXT("macros", "\n\n{% macro f() %}\n{{ 'a' + 1 }}{% endmacro %}"),
		TEXT("broken", "{% include 'syntax' %}"), TEXT("syntax", "\n{% for x in %}"),
		TEXT("missing", "\n{% extends 'nowhere' %}"),
		{ NULL, NULL, 0 },
	};
	struct templates *set = open_texts(texts, (struct template_limits){ 0 });

	(void)state;
	expect_error(set, "include", TEMPLATE_BROKEN, "inner:3: 'x' is undefined");
	expect_error(set, "child", TEMPLATE_BROKEN, "parent:3: division by zero");
	expect_error(set, "import", TEMPLATE_BROKEN, "macros:4: can only concatenate str (not \"int\") to str");
	expect_error(set, "broken", TEMPLATE_BROKEN,
		     "syntax:2: Expected an expression, got 'end of statement block'");
	expect_error(set, "missing", TEMPLATE_BROKEN, "missing:2: TemplateNotFound: nowhere");
	expect_error(set, "nothing", TEMPLATE_MISSING, "TemplateNotFound: nothing");
	templates_close(set);
}

#define RECURSION "main:1: maximum recursion depth exceeded: more than 50 nested macros, blocks and includes" \
		  " (templates.limits.recursion)"

/* Each limit by itself: what just fits, and what does not. */
static void test_each_limit(void **state)
{
	static const struct {
		struct template_limits limits;
		const char *within, *beyond, *error;
	} cases[] = {
		{ { .output_bytes = 100 }, "{% for i in range(10) %}0123456789{% endfor %}",
		  "{% for i in range(10) %}0123456789{% endfor %}.",
		  "the output is larger than 100 bytes (templates.limits.output)" },
		{ { .output_bytes = 100 }, "{{ x * 100 }}", "{{ (x * 101)|upper }}",
		  "the output is larger than 100 bytes (templates.limits.output)" },
		{ { .memory_bytes = 1000000 }, "{% set l = (x * 10000).split('a') %}",
		  "{% set l = (x * 100000).split('a') %}",
		  "the rendering needs more than 1000000 bytes of memory (templates.limits.memory)" },
		{ { .iterations = 2000 }, "{% for i in range(900) %}{% endfor %}",
		  "{% for i in range(2001) %}{% endfor %}",
		  "the rendering takes more than 2000 steps (templates.limits.iterations)" },
		{ { .recursion = 5 }, "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(3) }}",
		  "{% macro m(n) %}{% if n %}{{ m(n - 1) }}{% endif %}{% endmacro %}{{ m(4) }}",
		  "maximum recursion depth exceeded: more than 5 nested macros, blocks and includes"
		  " (templates.limits.recursion)" },
		{ { .range = 10 }, "{% for i in range(10) %}{% endfor %}{{ range(10)|list }}{{ range(10 ** 9)|first }}",
		  "{% for i in range(11) %}{% endfor %}",
		  "a range gives more than 10 numbers (templates.limits.range)" },
		{ { .range = 10 }, "{% for i in range(10 ** 9) %}{% if i == 9 %}{% break %}{% endif %}{% endfor %}",
		  "{{ range(0, 22, 2)|list }}", "a range gives more than 10 numbers (templates.limits.range)" },
		{ { .repetition = 10 }, "{{ x * 10 }}{{ [0] * 10 }}{{ (x ~ '\u00e9') * 5 }}", "{{ x * 11 }}",
		  "a repetition makes more than 10 characters or items (templates.limits.repetition)" },
		{ { .repetition = 10 }, "{{ (0, 1) * 5 }}{{ [1]|batch(10, 0)|list }}", "{{ [0, 1] * 6 }}",
		  "a repetition makes more than 10 characters or items (templates.limits.repetition)" },
		{ { .power_bits = 64 }, "{{ 2 ** 63 }}{{ (-2) ** 63 }}", "{{ 2 ** 64 }}",
		  "a power has more than 64 binary digits (templates.limits.power)" },
		{ { .time_ms = 10 }, "{% for i in range(10) %}{% endfor %}",
		  "{% for i in range(9000000) %}{% for k in range(9000000) %}{% endfor %}{% endfor %}",
		  "the rendering takes longer than 10 ms (templates.limits.time)" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *error = mem_printf("main:1: %s", cases[i].error);
		struct template_text texts[] = { { "main", cases[i].within, strlen(cases[i].within) },
						 { NULL, NULL, 0 } };
		struct templates *set = open_texts(texts, cases[i].limits);
		expect_fit(set, cases[i].within);
		templates_close(set);
		texts[0] = (struct template_text){ "main", cases[i].beyond, strlen(cases[i].beyond) };
		set = open_texts(texts, cases[i].limits);
		expect_error_of(set, "main", "{\"x\": \"a\"}", TEMPLATE_BROKEN, error);
		templates_close(set);
		free(error);
	}
}

/* Wherever in a statement or an expression the last allowed step is made, the
 * next one is refused, and what needs no more is rendered. */
static void test_the_last_step(void **state)
{
	static const char text[] = "{% for i in [x, x] %}{{ x ~ i ~ (x if i == x else 1) }}{% endfor %}";
	static const struct template_text texts[] = { TEXT("main", text), { NULL, NULL, 0 } };
	enum template_status status = TEMPLATE_BROKEN;

	(void)state;
	for (uint64_t most = 1; status != TEMPLATE_OK; most++) {
		struct templates *set = open_texts(texts, (struct template_limits){ .iterations = most, .time_ms = 1000 });
		struct error error = ERROR_INIT;
		struct buf out = BUF_INIT;

		assert_true(most < 100);
		status = render(set, "main", "{\"x\": \"a\"}", NULL, &out, &error);
		if (status == TEMPLATE_OK)
			assert_string_equal(buf_str(&out), "aaaaaa");
		else
			assert_non_null(strstr(error.text, "templates.limits.iterations"));
		buf_clear(&out);
		error_clear(&error);
		templates_close(set);
	}
}

/* Whatever makes a field: 10 columns, and 11. */
static void test_widths_are_limited(void **state)
{
	static const char *const fields[] = {
		"{{ x|center(@) }}", "{{ x.center(@) }}", "{{ x.ljust(@) }}", "{{ x.rjust(@, '.') }}",
		"{{ x.zfill(@) }}", "{{ x.expandtabs(@) }}", "{{ 'a\\nb'|indent(@) }}", "{{ [x]|tojson(indent=@) }}",
		"{{ '%@s' % x }}", "{{ '%*d' % (@, 1) }}", "{{ '%.@f' % 1 }}", "{{ '%.@d' % 1 }}",
		"{{ '{:>@}'.format(x) }}", "{{ '{:{}}'.format(x, @) }}", "{{ '{:.@f}'.format(1.5) }}",
		"{{ '%@d'|format(1) }}",
	};
	struct template_limits limits = { .width = 10 };

	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
		for (int width = 10; width <= 11; width++) {
			char *text = printed(fields[i], width);
			struct template_text texts[] = { { "main", text, strlen(text) }, { NULL, NULL, 0 } };
			struct templates *set = open_texts(texts, limits);
			if (width == 10)
				expect_fit(set, text);
			else
				expect_error_of(set, "main", "{\"x\": \"a\"}", TEMPLATE_BROKEN, "main:1: a field of 11"
						" characters is wider than 10 (templates.limits.width)");
			templates_close(set);
			free(text);
		}
}

static void test_limits(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "{% for i in range(10**9) %}{% endfor %}",
		  "main:1: the rendering takes more than 100000 steps (templates.limits.iterations)" },
		{ "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", RECURSION },
		{ "{% include 'main' %}", RECURSION },
		{ "{% extends 'main' %}", RECURSION },
		{ "{% import 'main' as m %}", RECURSION },
		{ "{% block b %}{{ self.b() }}{% endblock %}", RECURSION },
		{ "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}", RECURSION },
		{ "{% macro m() %}{{ caller() }}{% endmacro %}{% macro o() %}{% call m() %}{{ o() }}{% endcall %}"
		  "{% endmacro %}{{ o() }}", RECURSION },
		{ "{{ 'a' * n }}", "main:1: a repetition makes more than 10000000 characters or items"
		  " (templates.limits.repetition)" },
		{ "{{ 'a'|center(n) }}",
		  "main:1: a field of 1000000000 characters is wider than 1000000 (templates.limits.width)" },
		{ "{% for i in range(3000) %}0123456789012345678901234567890123456789{% endfor %}",
		  "main:1: the output is larger than 100000 bytes (templates.limits.output)" },
	};
	struct template_limits limits = { .output_bytes = 100000, .memory_bytes = 4000000,
					  .iterations = 100000, .recursion = 50, .time_ms = 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = mem_printf("{%% set n = 10 ** 9 %%}%s", cases[i].text);
		struct template_text texts[] = { { "main", text, strlen(text) }, { NULL, NULL, 0 } };
		struct templates *set = open_texts(texts, limits);
		expect_error(set, "main", TEMPLATE_BROKEN, cases[i].error);
		/* The set is as good as before. */
		expect_error(set, "main", TEMPLATE_BROKEN, cases[i].error);
		templates_close(set);
		free(text);
	}
}

static void test_endless_templates_end(void **state)
{
	/* None may crash or hang; what they say is not the point. */
	static const char *const texts[] = {
		"{% set l = [] %}{% do l.append(l) %}{{ l }}{{ l == l }}",
		"{% set l = [] %}{% set m = [] %}{% do l.append(l) %}{% do m.append(m) %}{{ l == m }}",
		"{% for x in [[1]] recursive %}{{ loop([[1]]) }}{% endfor %}",
		"{{ 2 ** 2 ** 40 }}", "{{ '%1000000000d' % 1 }}", "{{ range(10 ** 18)|list }}",
		"{{ lipsum(n=10 ** 9) }}", "{% set ns = namespace() %}{% set ns.a = ns %}{{ ns }}",
	};
	struct template_limits limits = { .output_bytes = 1000000, .memory_bytes = 8000000,
					  .iterations = 200000, .recursion = 100, .time_ms = 20000 };

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		struct template_text one[] = { { "main", texts[i], strlen(texts[i]) }, { NULL, NULL, 0 } };
		struct templates *set = open_texts(one, limits);
		struct buf out = BUF_INIT;
		struct error error = ERROR_INIT;
		enum template_status status = render(set, "main", "{}", NULL, &out, &error);
		assert_int_equal(status == TEMPLATE_OK, !error.text);
		error_clear(&error);
		buf_clear(&out);
		templates_close(set);
	}
}

/* Brackets, tags and operators in numbers that would overflow a stack. */
static void test_deep_templates_are_refused(void **state)
{
	static const struct {
		const char *before, *each, *after;
	} cases[] = {
		{ "{{ ", "(", "" }, { "{{ ", "[", "" }, { "{{ ", "-", "1 }}" }, { "{{ ", "not ", "1 }}" },
		{ "{{ a", ".b", " }}" }, { "{{ a", "+a", " }}" }, { "{{ a", "|e", " }}" },
		{ "", "{% if a %}", "" }, { "", "{% for x in a %}", "" }, { "{{ a", " if a else a", " }}" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct buf text = BUF_INIT;
		struct error error = ERROR_INIT;
		buf_puts(&text, cases[i].before);
		for (unsigned k = 0; k < 20000; k++)
			buf_puts(&text, cases[i].each);
		buf_puts(&text, cases[i].after);
		struct template_text one[] = { { "main", text.data, text.len }, { NULL, NULL, 0 } };
		struct templates *set = open_texts(one, (struct template_limits){ 0 });
		assert_int_equal(templates_check(set, "main", &error), TEMPLATE_BROKEN);
		assert_non_null(error.text);
		error_clear(&error);
		templates_close(set);
		buf_clear(&text);
	}
}

static void test_files_are_read_again(void **state)
{
	struct templates *set = templates_open(&(struct template_options){ .directory = directory });

	(void)state;
	write_text("a.html", "one {{ x }}\n");
	expect_output(set, "a.html", "{\"x\": \"<\"}", "one &lt;");
	write_text("a.html", "two {% include 'b.txt' %}");
	write_text("b.txt", "{{ x }}");
	expect_output(set, "a.html", "{\"x\": \"<\"}", "two <");
	write_text("b.txt", "{{ x }}!");
	expect_output(set, "a.html", "{\"x\": \"<\"}", "two <!");
	char *path = path_of("b.txt");
	assert_int_equal(unlink(path), 0);
	free(path);
	expect_error(set, "a.html", TEMPLATE_BROKEN, "a.html:1: TemplateNotFound: b.txt");
	write_file("c.html", "\xff", 1);
	expect_error(set, "c.html", TEMPLATE_BROKEN, "c.html: the template is not UTF-8 (byte 0)");
	templates_close(set);
}

/* Below valgrind, and on old kernels, there is no openat2(2), and no link is followed at all. */
static bool links_are_followed(void)
{
	struct open_how how = { .flags = O_RDONLY };
	long fd = syscall(SYS_openat2, AT_FDCWD, "/", &how, sizeof how);

	if (fd >= 0)
		close((int)fd);
	return fd >= 0;
}

/* A file that has been the same for a while is no longer looked at, but watched. */
static void test_changes_after_a_while(void **state)
{
	struct templates *set = templates_open(&(struct template_options){ .directory = directory });
	char *sub = path_of("sub"), *part = path_of("sub/part"), *fresh = path_of("fresh");

	(void)state;
	assert_int_equal(mkdir(sub, 0755), 0);
	write_text("a.html", "{% include 'sub/part' %}");
	for (char text[] = "a"; *text <= 'f'; ++*text) {
		write_text("sub/part", text);
		for (unsigned i = 0; i < 4; i++)
			expect_output(set, "a.html", "{}", text);
	}
	write_text("fresh", "g");
	assert_int_equal(rename(fresh, part), 0);
	expect_output(set, "a.html", "{}", "g");
	expect_output(set, "a.html", "{}", "g");
	if (links_are_followed()) {
		assert_int_equal(unlink(part) | symlink("../fresh", part), 0);
		for (char text[] = "h"; *text <= 'k'; ++*text) {
			write_text("fresh", text);
			expect_output(set, "a.html", "{}", text);
			expect_output(set, "a.html", "{}", text);
		}
	}
	free(sub);
	free(part);
	free(fresh);
	templates_close(set);
}

/* A moment may pass until it is seen that another directory has come. */
static void await_output(struct templates *set, const char *name, const char *expected)
{
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;

	for (int64_t end = clock_monotonic_ms() + 10000; clock_monotonic_ms() < end;) {
		assert_int_equal(render(set, name, "{}", NULL, &out, &error), TEMPLATE_OK);
		if (!strcmp(buf_str(&out), expected))
			break;
	}
	assert_string_equal(buf_str(&out), expected);
	buf_clear(&out);
}

static void point_to(const char *place, const char *link)
{
	char *fresh = path_of("fresh");

	assert_int_equal(symlink(place, fresh), 0);
	assert_int_equal(rename(fresh, link), 0);
	free(fresh);
}

/* Releases side by side, one of which is current; and one that takes another's place. */
static void test_another_directory(void **state)
{
	char *old = path_of("1"), *new = path_of("2"), *current = path_of("current");

	(void)state;
	assert_int_equal(mkdir(old, 0755) | mkdir(new, 0755), 0);
	write_text("1/a.html", "old {% include 'part' %}");
	write_text("1/part", "old");
	write_text("2/a.html", "new {% include 'part' %}");
	write_text("2/part", "new");
	point_to("1", current);
	struct templates *set = templates_open(&(struct template_options){ .directory = current });
	expect_output(set, "a.html", "{}", "old old");
	expect_output(set, "a.html", "{}", "old old");
	point_to("2", current);
	await_output(set, "a.html", "new new");
	point_to("1", current);
	await_output(set, "a.html", "old old");
	assert_int_equal(unlink(current), 0);
	expect_output(set, "a.html", "{}", "old old");
	assert_int_equal(rename(new, current), 0);
	await_output(set, "a.html", "new new");
	write_text("current/part", "newest");
	expect_output(set, "a.html", "{}", "new newest");
	templates_close(set);
	free(old);
	free(new);
	free(current);
}

static void test_nothing_outside_is_read(void **state)
{
	struct templates *set = templates_open(&(struct template_options){ .directory = directory });
	char *in = path_of("in.html"), *out = path_of("out.html"), *fifo = path_of("fifo.html");

	(void)state;
	write_text("a.html", "a");
	assert_int_equal(symlink("a.html", in), 0);
	assert_int_equal(symlink("/etc/passwd", out), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	if (links_are_followed())
		expect_output(set, "in.html", "{}", "a");
	expect_error(set, "out.html", TEMPLATE_BROKEN, "out.html: cannot be read: it is a link"
		     " that leads out of the template directory");
	expect_error(set, "fifo.html", TEMPLATE_BROKEN, "fifo.html: is no regular file");
	expect_error(set, "../a.html", TEMPLATE_MISSING, "TemplateNotFound: ../a.html");
	expect_error(set, "/etc/passwd", TEMPLATE_MISSING, "TemplateNotFound: /etc/passwd");
	free(in);
	free(out);
	free(fifo);
	templates_close(set);
}

static void test_integers_of_json(void **state)
{
	static const struct template_text texts[] = { TEXT("main", "{{ n * 10 }} {{ n is integer }} {{ n }}"),
						      { NULL, NULL, 0 } };
	struct templates *set = open_texts(texts, (struct template_limits){ 0 });
	json_error_t fault;

	(void)state;
	expect_output(set, "main", "{\"n\": 12345678901234567890}",
		      "123456789012345678900 True 12345678901234567890");
	expect_output(set, "main", "{\"n\": -9223372036854775809}",
		      "-92233720368547758090 True -9223372036854775809");
	expect_output(set, "main", "{\"n\": -9223372036854775808}",
		      "-92233720368547758080 True -9223372036854775808");
	expect_output(set, "main", "{\"n\": \"-9\"}", "-9-9-9-9-9-9-9-9-9-9 False -9");
	assert_null(template_json_load("[NaN]", 5, 0, &fault));
	assert_null(template_json_load("[99999999999999999999, \"\\u0000\"]", 33, 0, &fault));
	assert_null(template_json_load("-", 1, JSON_DECODE_ANY, &fault));
	templates_close(set);
}

static void test_knowledge(void **state)
{
	static const struct template_text texts[] = {
		TEXT("main", "{% extends 'base' %}\n{% from 'm' import f %}{% include ['a', 'b'] %}"
			     "{% include x ignore missing %}\n{{ body.order.id }}{{ body['name']|upper }}"
			     "{{ body.lines[0].q }}{% if y %}{{ y|nosuch }}{% endif %}{{ body.d.items() }}"
			     "{% for a, b in body.p %}{{ loop.index }}{{ a.z }}{% endfor %}{% set s = range(t) %}"
			     "{% macro f(v) %}{{ v }}{{ caller() }}{% endmacro %}{{ f(s) }}{{ m.g }}{{ _(x) }}"),
		{ NULL, NULL, 0 },
	};
	static const char *const references[] = { "base", "m", "a", "b", NULL };
	static const char *const fields[] = { "x", "body.order.id", "body.name", "body.lines", "y", "body.d", "body.p",
					      "t", "m.g" };
	static const char *const own[] = { "loop.index", "a.z", "range", "v", "caller", "f", "s", "_" };
	struct templates *set = open_texts(texts, (struct template_limits){ 0 });
	struct error error = ERROR_INIT;
	const struct template_knowledge *known = templates_knowledge(set, "main", &error);

	(void)state;
	assert_non_null(known);
	assert_int_equal(known->reference_count, 5);
	for (size_t i = 0; i < 4; i++)
		assert_string_equal(known->references[i].name, references[i]);
	assert_null(known->references[4].name);
	assert_int_equal(known->references[4].line, 2);
	assert_int_equal(known->references[1].kind, TEMPLATE_IMPORTS);
	assert_int_equal(known->references[1].line, 2);
	size_t foreign = 0, ours = 0;
	for (size_t i = 0; i < known->field_count; i++)
		assert_string_equal(known->fields[i].path, known->fields[i].own ? own[ours++] : fields[foreign++]);
	assert_int_equal(foreign, sizeof fields / sizeof *fields);
	assert_int_equal(ours, sizeof own / sizeof *own);
	assert_int_equal(known->unknown_count, 1);
	assert_string_equal(known->unknown[0].name, "nosuch");
	assert_true(known->unknown[0].is_filter);
	templates_close(set);
}

/* ---- catalogues ---- */

static void add_word(struct buf *out, uint32_t word)
{
	buf_add(out, &word, sizeof word);
}

/* A .mo file of messages and their translations, NUL between plural forms. */
static void write_catalogue(const char *locale, const struct template_text *messages, size_t count)
{
	struct buf file = BUF_INIT, text = BUF_INIT;
	uint32_t tables = 28, strings = tables + (uint32_t)count * 16;
	char *name = mem_printf("locale/%s/LC_MESSAGES/messages.mo", locale);
	char *parts[] = { path_of("locale"), mem_printf("%s/locale/%s", directory, locale),
			  mem_printf("%s/locale/%s/LC_MESSAGES", directory, locale) };

	add_word(&file, 0x950412de);
	add_word(&file, 0);
	add_word(&file, (uint32_t)count);
	add_word(&file, tables);
	add_word(&file, tables + (uint32_t)count * 8);
	add_word(&file, 0);
	add_word(&file, 0);
	for (size_t i = 0; i < count; i++) {
		/* A message with a plural is "one NUL many" there; one is what is looked up. */
		add_word(&file, (uint32_t)strlen(messages[i].name));
		add_word(&file, strings + (uint32_t)text.len);
		buf_add(&text, messages[i].name, strlen(messages[i].name) + 1);
	}
	for (size_t i = 0; i < count; i++) {
		add_word(&file, (uint32_t)messages[i].len);
		add_word(&file, strings + (uint32_t)text.len);
		buf_add(&text, messages[i].text, messages[i].len);
		buf_putc(&text, '\0');
	}
	buf_add(&file, text.data, text.len);
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		assert_true(mkdir(parts[i], 0700) == 0 || errno == EEXIST);
		free(parts[i]);
	}
	write_file(name, file.data, file.len);
	free(name);
	buf_clear(&text);
	buf_clear(&file);
}

static void expect_locale(struct templates *set, const char *locale, const char *json, const char *expected)
{
	struct buf out = BUF_INIT;
	struct error error = ERROR_INIT;

	assert_int_equal(render(set, "t.html", json, locale, &out, &error), TEMPLATE_OK);
	assert_string_equal(buf_str(&out), expected);
	buf_clear(&out);
}

static void test_catalogues(void **state)
{
	static const struct template_text messages[] = {
		TEXT("", "Plural-Forms: nplurals=3; plural=(n%10==1 && n%100!=11 ? 0 : n%10>=2 &&"
			 " n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\n"),
		TEXT("Hello %(name)s", "Hallo %(name)s"),
		TEXT("%(n)s item", "%(n)s eins\0%(n)s wenig\0%(n)s viel"),
		TEXT("menu\4Open", "Auf"),
	};
	struct templates *set = templates_open(&(struct template_options){ .directory = directory,
									   .ext_i18n = true });

	(void)state;
	write_catalogue("de", messages, 4);
	write_text("t.html", "{% trans name=who %}Hello {{ name }}{% endtrans %}|"
			     "{% trans n=n %}{{ n }} item{% pluralize %}{{ n }} items{% endtrans %}|"
			     "{{ pgettext('menu', 'Open') }}|{{ _('Bye') }}");
	expect_locale(set, NULL, "{\"who\": \"<\", \"n\": 1}", "Hello &lt;|1 item|Open|Bye");
	expect_locale(set, "de", "{\"who\": \"<\", \"n\": 21}", "Hallo &lt;|21 eins|Auf|Bye");
	expect_locale(set, "de_AT", "{\"who\": \"A\", \"n\": 3}", "Hallo A|3 wenig|Auf|Bye");
	expect_locale(set, "de", "{\"who\": \"A\", \"n\": 11}", "Hallo A|11 viel|Auf|Bye");
	expect_locale(set, "fr", "{\"who\": \"A\", \"n\": 2}", "Hello A|2 items|Open|Bye");
	expect_locale(set, "../de", "{\"who\": \"A\", \"n\": 2}", "Hello A|2 items|Open|Bye");
	/* A new one is taken up; one that is broken is not, and one that is gone no longer counts. */
	static const struct template_text changed[] = { TEXT("menu\4Open", "Öffnen") };
	write_catalogue("de", changed, 1);
	expect_locale(set, "de", "{\"who\": \"A\", \"n\": 2}", "Hello A|2 items|Öffnen|Bye");
	write_file("locale/de/LC_MESSAGES/messages.mo", "\xde\x12\x04\x95", 4);
	expect_locale(set, "de", "{\"who\": \"A\", \"n\": 2}", "Hello A|2 items|Öffnen|Bye");
	char *path = path_of("locale/de/LC_MESSAGES/messages.mo");
	assert_int_equal(unlink(path), 0);
	free(path);
	expect_locale(set, "de", "{\"who\": \"A\", \"n\": 2}", "Hello A|2 items|Open|Bye");
	templates_close(set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_places_of_errors),
		cmocka_unit_test(test_each_limit),
		cmocka_unit_test(test_the_last_step),
		cmocka_unit_test(test_widths_are_limited),
		cmocka_unit_test(test_limits),
		cmocka_unit_test(test_endless_templates_end),
		cmocka_unit_test(test_deep_templates_are_refused),
		cmocka_unit_test_setup_teardown(test_files_are_read_again, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_changes_after_a_while, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_another_directory, make_directory, remove_directory),
		cmocka_unit_test_setup_teardown(test_nothing_outside_is_read, make_directory, remove_directory),
		cmocka_unit_test(test_integers_of_json),
		cmocka_unit_test(test_knowledge),
		cmocka_unit_test_setup_teardown(test_catalogues, make_directory, remove_directory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
