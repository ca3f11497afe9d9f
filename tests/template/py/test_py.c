/*
 * test_py.c - src/template/py against what Python itself gave
 *
 * Replays tests/template/py/cases.jsonl, or standard input when called with
 * "-"; cases.py writes both.
 */
#include "tests/check.h"

#include <errno.h>
#include <stdio.h>

#include <jansson.h>

#include "template/py/casing.h"
#include "template/py/html.h"
#include "template/py/pad.h"
#include "template/py/percent.h"
#include "template/py/pyfloat.h"
#include "template/py/pyint.h"
#include "template/py/quote.h"
#include "template/py/seek.h"
#include "template/py/spec.h"
#include "template/py/split.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/url.h"
#include "template/py/utf8.h"
#include "template/py/words.h"
#include "template/py/wrap.h"

static struct arena arena;
static json_t *arguments;
static struct buf out;
static struct error error;

/* ---- arguments and results ---- */

static struct span text(size_t i)
{
	json_t *argument = json_array_get(arguments, i);

	return (struct span){ json_string_value(argument), json_string_length(argument) };
}

static int64_t number(size_t i)
{
	return strtoll(text(i).at, NULL, 10);
}

static double real(size_t i)
{
	return strtod(text(i).at, NULL);
}

static struct pyint integer(size_t i)
{
	struct span s = text(i);
	struct pyint n = pyint_of(0);

	assert_int_equal(pyint_parse(&arena, s, 10, &n, &error), 0);
	return n;
}

static int put_bool(bool b)
{
	buf_puts(&out, b ? "True" : "False");
	return 0;
}

static int put_number(int64_t n)
{
	buf_printf(&out, "%lld", (long long)n);
	return 0;
}

static int put_real(int status, double d)
{
	if (status == 0)
		pyfloat_repr(d, &out);
	return status;
}

static int put_integer(int status, struct pyint n)
{
	return status == 0 ? pyint_print(n, &out, &error) : status;
}

static int put_span(struct span s)
{
	span_add(s, &out);
	return 0;
}

/* ---- one function a row of the table below ---- */

static int run_split(struct split split)
{
	struct span pieces[4096], piece;
	size_t count = 0;

	while (split_next(&split, &piece))
		pieces[count++] = piece;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			buf_puts(&out, "\x1f");
		span_add(pieces[split.from_right ? count - 1 - i : i], &out);
	}
	return 0;
}

static struct span separator(void)
{
	return text(1).len > 0 ? text(1) : span_of(",");
}

static int run_find(bool last)
{
	struct span s = text(0);
	size_t from, to;
	int64_t at;

	if (!seek_range(s, number(2), number(3), &from, &to))
		return put_number(-1);
	at = last ? seek_last(span_cut(s, from, to), text(1)) : seek_first(span_cut(s, from, to), text(1));
	return put_number(at < 0 ? -1 : (int64_t)utf8_index(s, from + (size_t)at));
}

static int run_slice(void)
{
	struct pad_slice slice = { .has_start = text(1).len > 0, .has_stop = text(2).len > 0 };

	slice.start = number(1);
	slice.stop = number(2);
	slice.step = text(3).len > 0 ? number(3) : 1;
	pad_slice_text(text(0), &slice, &out);
	return 0;
}

static int run_wrap(void)
{
	bool hyphens = number(3);
	struct wrap wrap = { number(1), number(2), hyphens, hyphens };

	return wrap_add(text(0), &wrap, span_of("\n"), &out, &error);
}

static int run_urlize(void)
{
	const struct span schemes[] = { span_of("tel:"), span_of("ftp://") };
	struct url_links links = { number(1), text(1).len > 0, " rel=\"noopener\"", schemes, 2, NULL };
	struct buf escaped = BUF_INIT;

	html_escape(text(0), &escaped);
	url_link(span_buf(&escaped), &links, &out);
	buf_clear(&escaped);
	return 0;
}

static int run_round(void)
{
	double d;
	int status = pyfloat_round(real(0), number(1), &d, &error);

	return put_real(status, d);
}

typedef int float_operation(double, double, double *, struct error *);

static int run_float(float_operation *operation)
{
	double d = 0;
	int status = operation(real(0), real(1), &d, &error);

	return put_real(status, d);
}

typedef int int_operation(struct arena *, struct pyint, struct pyint, struct pyint *, struct error *);

static int run_int(int_operation *operation)
{
	struct pyint n;
	int status = operation(&arena, integer(0), integer(1), &n, &error);

	return put_integer(status, n);
}

static int run_int_round(void)
{
	struct pyint n;
	int status = pyint_round(&arena, integer(0), number(1), &n, &error);

	return put_integer(status, n);
}

static int run_parse_int(void)
{
	struct pyint n;
	int status = pyint_parse(&arena, text(0), number(1), &n, &error);

	return put_integer(status, n);
}

static int run_parse_float(void)
{
	double d;
	int status = pyfloat_parse(text(0), &d, &error);

	return put_real(status, d);
}

static int run_truediv(void)
{
	double d;
	int status = pyint_truediv(integer(0), integer(1), &d, &error);

	return put_real(status, d);
}

static int run_to_float(void)
{
	double d;
	int status = pyint_to_double(integer(0), &d, &error);

	return put_real(status, d);
}

static int run_from_float(void)
{
	struct pyint n;
	int status = pyint_from_double(&arena, real(0), &n, &error);

	return put_integer(status, n);
}

/* An empty specification is str(). */
static int run_format_text(void)
{
	struct spec spec;

	return spec_parse(text(1), "str", true, &spec, &error) < 0 ?
		       -1 : spec_format_text(&spec, text(0), "str", &out, &error);
}

static int run_format_int(void)
{
	struct spec spec;

	return spec_parse(text(1), "int", false, &spec, &error) < 0 ?
		       -1 : spec_format_int(&spec, integer(0), "int", &out, &error);
}

static int run_format_float(void)
{
	struct spec spec;

	return spec_parse(text(1), "float", false, &spec, &error) < 0 ?
		       -1 : spec_format_float(&spec, real(0), "float", &out, &error);
}

/* What the engine does with the one value of `format % (value,)`. */
enum kind { TEXT, INT, FLOAT };

static void text_of(enum kind kind, uint32_t type, struct buf *shown)
{
	if (kind == INT)
		pyint_print(integer(1), shown, &error);
	else if (kind == FLOAT)
		pyfloat_repr(real(1), shown);
	else if (type == 'a')
		quote_ascii(text(1), shown);
	else if (type == 'r')
		quote_repr(text(1), shown);
	else
		span_add(text(1), shown);
}

static int convert_integer(const struct percent *item, enum kind kind)
{
	bool whole = item->type == 'd' || item->type == 'i' || item->type == 'u';
	struct pyint n;

	if (kind == TEXT || (kind == FLOAT && !whole))
		return error_set(&error, "%%%c format: %s is required, not %s", (int)item->type,
				 whole ? "a real number" : "an integer", kind == TEXT ? "str" : "float");
	if (kind == INT)
		n = integer(1);
	else if (pyint_from_double(&arena, real(1), &n, &error) < 0)
		return -1;
	return percent_add_integer(item, n, &out, &error);
}

static int convert_float(const struct percent *item, enum kind kind)
{
	double d = kind == FLOAT ? real(1) : 0;

	if (kind == TEXT)
		return error_set(&error, "must be real number, not str");
	if (kind == INT && pyint_to_double(integer(1), &d, &error) < 0)
		return -1;
	percent_add_float(item, d, &out);
	return 0;
}

static int convert_character(const struct percent *item, enum kind kind)
{
	char bytes[4];
	struct pyint n;

	if (kind == FLOAT || (kind == TEXT && utf8_length(text(1)) != 1))
		return error_set(&error, "%%c requires int or char");
	if (kind == TEXT) {
		percent_add_text(item, text(1), &out);
		return 0;
	}
	n = integer(1);
	if (n.big != NULL || n.small < 0 || n.small > 0x10FFFF)
		return error_set(&error, "%%c arg not in range(0x110000)");
	percent_add_text(item, (struct span){ bytes, utf8_encode((uint32_t)n.small, bytes) }, &out);
	return 0;
}

static int convert(const struct percent *item, enum kind kind)
{
	struct buf shown = BUF_INIT;

	if (percent_is_integer(item))
		return convert_integer(item, kind);
	if (percent_is_float(item))
		return convert_float(item, kind);
	if (item->type == 'c')
		return convert_character(item, kind);
	if (item->type != 's' && item->type != 'r' && item->type != 'a')
		return percent_unsupported(item, &error);
	text_of(kind, item->type, &shown);
	if (error.text == NULL)
		percent_add_text(item, span_buf(&shown), &out);
	buf_clear(&shown);
	return error.text == NULL ? 0 : -1;
}

static int run_percent(enum kind kind)
{
	struct percent item;
	size_t at = 0;
	int more, used = 0;

	while ((more = percent_next(text(0), &at, &item, &out, &error)) > 0) {
		if (item.keyed)
			return error_set(&error, "format requires a mapping");
		if (used++)
			return error_set(&error, "not enough arguments for format string");
		if (convert(&item, kind) < 0)
			return -1;
	}
	if (more == 0 && !used)
		return error_set(&error, "not all arguments converted during string formatting");
	return more;
}

#define DO(statement) (statement, 0)
#define ROW(name, expression) static int do_##name(void) { return expression; }
#define ROWS(X) \
	X(upper, DO(casing_upper(text(0), &out))) \
	X(lower, DO(casing_lower(text(0), &out))) \
	X(title, DO(casing_title(text(0), &out))) \
	X(capitalize, DO(casing_capitalize(text(0), &out))) \
	X(swapcase, DO(casing_swap(text(0), &out))) \
	X(casefold, DO(casing_fold(text(0), &out))) \
	X(do_title, DO(casing_title_words(text(0), &out))) \
	X(isalpha, put_bool(casing_all(text(0), UNI_ALPHA))) \
	X(isdigit, put_bool(casing_all(text(0), UNI_DIGIT))) \
	X(isdecimal, put_bool(casing_all(text(0), UNI_DECIMAL))) \
	X(isnumeric, put_bool(casing_all(text(0), UNI_NUMERIC))) \
	X(isalnum, put_bool(casing_all(text(0), UNI_ALNUM))) \
	X(isspace, put_bool(casing_all(text(0), UNI_SPACE))) \
	X(isupper, put_bool(casing_is_upper(text(0)))) \
	X(islower, put_bool(casing_is_lower(text(0)))) \
	X(istitle, put_bool(casing_is_title(text(0)))) \
	X(isidentifier, put_bool(casing_is_identifier(text(0)))) \
	X(isprintable, put_bool(casing_is_printable(text(0)))) \
	X(isascii, put_bool(utf8_is_ascii(text(0)))) \
	X(repr, DO(quote_repr(text(0), &out))) \
	X(ascii, DO(quote_ascii(text(0), &out))) \
	X(strip, put_span(strip_space(text(0), STRIP_BOTH))) \
	X(lstrip, put_span(strip_space(text(0), STRIP_LEFT))) \
	X(rstrip, put_span(strip_space(text(0), STRIP_RIGHT))) \
	X(strip_chars, put_span(strip_chars(text(0), text(1), STRIP_BOTH))) \
	X(split, run_split(split_space(text(0), -1, false))) \
	X(split_n, run_split(split_space(text(0), number(1), false))) \
	X(rsplit, run_split(split_space(text(0), number(1), true))) \
	X(split_by, run_split(split_by(text(0), separator(), number(2), false))) \
	X(rsplit_by, run_split(split_by(text(0), separator(), number(2), true))) \
	X(splitlines, run_split(split_lines(text(0), false))) \
	X(splitkeep, run_split(split_lines(text(0), true))) \
	X(find, run_find(false)) \
	X(rfind, run_find(true)) \
	X(count, put_number((int64_t)seek_count(text(0), text(1)))) \
	X(replace, seek_replace(text(0), text(1), text(2), number(3), SIZE_MAX, &out, &error)) \
	X(center, (pad_add(text(0), number(1), ' ', PAD_CENTER, &out), 0)) \
	X(ljust, (pad_add(text(0), number(1), ' ', PAD_RIGHT, &out), 0)) \
	X(rjust, (pad_add(text(0), number(1), ' ', PAD_LEFT, &out), 0)) \
	X(zfill, (pad_zfill(text(0), number(1), &out), 0)) \
	X(expandtabs, (pad_expand_tabs(text(0), number(1), &out), 0)) \
	X(slice, run_slice()) \
	X(wrap, run_wrap()) \
	X(escape, DO(html_escape(text(0), &out))) \
	X(unescape, DO(html_unescape(text(0), &out))) \
	X(striptags, DO(html_strip_tags(text(0), &out))) \
	X(quote, DO(url_quote(text(0), false, &out))) \
	X(quote_plus, DO(url_quote(text(0), true, &out))) \
	X(urlize, run_urlize()) \
	X(is_scheme, put_bool(url_is_scheme(text(0)))) \
	X(wordcount, put_number((int64_t)words_count(text(0)))) \
	X(filesize, words_file_size(real(0), number(1), &out, &error)) \
	X(float_repr, put_real(0, real(0))) \
	X(parse_float, run_parse_float()) \
	X(round, run_round()) \
	X(float_div, run_float(pyfloat_floordiv)) \
	X(float_mod, run_float(pyfloat_mod)) \
	X(float_pow, run_float(pyfloat_pow)) \
	X(add, run_int(pyint_add)) \
	X(sub, run_int(pyint_sub)) \
	X(mul, run_int(pyint_mul)) \
	X(div, run_int(pyint_floordiv)) \
	X(mod, run_int(pyint_mod)) \
	X(pow, run_int(pyint_pow)) \
	X(truediv, run_truediv()) \
	X(compare, put_number(pyint_compare(integer(0), integer(1)))) \
	X(compare_float, put_number(pyint_compare_double(integer(0), real(1)))) \
	X(int_round, run_int_round()) \
	X(to_float, run_to_float()) \
	X(from_float, run_from_float()) \
	X(bits, put_number((int64_t)pyint_bits(integer(0)))) \
	X(parse_int, run_parse_int()) \
	X(format_text, run_format_text()) \
	X(format_int, run_format_int()) \
	X(format_float, run_format_float()) \
	X(percent_text, run_percent(TEXT)) \
	X(percent_int, run_percent(INT)) \
	X(percent_float, run_percent(FLOAT))
ROWS(ROW)

#define ENTRY(name, expression) { #name, do_##name },
static const struct row {
	const char *name;
	int (*run)(void);
} rows[] = { ROWS(ENTRY) };

static const struct row *find_row(const char *name)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (strcmp(rows[i].name, name) == 0)
			return &rows[i];
	return NULL;
}

/* 1 when it differs, which is printed. */
static int run_case(const char *line, size_t len)
{
	json_t *c = json_loadb(line, len, JSON_ALLOW_NUL, NULL), *result = json_object_get(c, "r");
	const struct row *row = find_row(json_string_value(json_object_get(c, "f")));
	const char *message = json_string_value(json_object_get(c, "e"));
	bool same;
	int status;

	arguments = json_object_get(c, "a");
	if (row == NULL || arguments == NULL) {
		fail_msg("no case: %s", line);
		return 1;
	}
	status = row->run();
	if (result != NULL)
		same = status == 0 && span_equal(span_buf(&out), (struct span){ json_string_value(result), json_string_length(result) });
	else
		same = status < 0 && error.text != NULL && strcmp(error.text, message) == 0;
	if (!same)
		fprintf(stderr, "# differs: %s# got %d: %s | %s\n", line, status, buf_str(&out), error.text ? error.text : "");
	json_decref(c);
	buf_clear(&out);
	error_clear(&error);
	arena_reset(&arena);
	return !same;
}

static int replay(FILE *file)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	int differ = 0, count = 0;

	while ((len = getline(&line, &room, file)) > 0) {
		differ += run_case(line, (size_t)len);
		count++;
	}
	free(line);
	arena_clear(&arena);
	fprintf(stderr, "# %d cases, %d differ\n", count, differ);
	return count == 0 ? -1 : differ;
}

static void test_cases(void **state)
{
	FILE *file = fopen(tests_path("template/py/cases.jsonl"), "r");

	(void)state;
	assert_non_null(file);
	assert_int_equal(replay(file), 0);
	fclose(file);
}

/* ---- what Python has no bound for ---- */

static void test_bounds(void **state)
{
	struct pyint n;
	struct spec spec;
	struct percent item;
	size_t at = 0;

	(void)state;
	assert_int_equal(pyint_pow(&arena, pyint_of(2), pyint_of(1000000000), &n, &error), -1);
	assert_int_equal(pyint_pow(&arena, pyint_of(-1), pyint_of(1000000001), &n, &error), 0);
	assert_int_equal(n.small, -1);
	assert_int_equal(seek_replace(span_of("aaaa"), span_of("a"), span_of("bbbb"), -1, 15, &out, &error), -1);
	assert_int_equal(seek_replace(span_of("aaaa"), span_of("a"), span_of("bbbb"), -1, 16, &out, &error), 0);
	assert_string_equal(buf_str(&out), "bbbbbbbbbbbbbbbb");
	assert_int_equal(spec_parse(span_of("10000000000000000000d"), "int", false, &spec, &error), -1);
	assert_int_equal(percent_next(span_of("%10000000000d"), &at, &item, &out, &error), -1);
	assert_int_equal(percent_set_width(&item, pyint_of(INT64_MIN), &error), -1);
	buf_clear(&out);
	error_clear(&error);
	arena_clear(&arena);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_bounds),
	};

	if (argc > 1 && strcmp(argv[1], "-") == 0)
		return replay(stdin) != 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
