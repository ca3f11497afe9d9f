/*
 * jinja_batch.c - renders templates from JSON lines, for comparisons
 *
 * Each line of standard input is an object with "templates" {name: text},
 * "main", "context" and "options"; each line of output
 * {"ok": true, "output": text} or {"ok": false, "error": "name:line: message"},
 * in the same order.  Options, all optional: autoescape (absent: by name),
 * trim_blocks, lstrip_blocks, keep_trailing_newline, newline_sequence,
 * line_statement_prefix, line_comment_prefix, undefined ("default",
 * "chainable", "strict"), newstyle_gettext, trimmed, limits (an object, called
 * as in postrider.yaml, bytes and milliseconds), extensions (a list of
 * "do", "loopcontrols", "i18n", "debug").
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "template/template.h"

static bool flag(json_t *options, const char *name)
{
	return json_is_true(json_object_get(options, name));
}

static const char *text(json_t *options, const char *name)
{
	return json_string_value(json_object_get(options, name));
}

static enum template_undefined undefined_option(json_t *options)
{
	const char *name = text(options, "undefined");

	if (name && !strcmp(name, "chainable"))
		return TEMPLATE_UNDEFINED_CHAINABLE;
	return name && !strcmp(name, "strict") ? TEMPLATE_UNDEFINED_STRICT : TEMPLATE_UNDEFINED_DEFAULT;
}

static enum template_escape escape_option(json_t *options)
{
	json_t *escape = json_object_get(options, "autoescape");

	if (!json_is_boolean(escape))
		return TEMPLATE_ESCAPE_BY_NAME;
	return json_is_true(escape) ? TEMPLATE_ESCAPE_ALWAYS : TEMPLATE_ESCAPE_NEVER;
}

static bool has_extension(json_t *options, const char *name)
{
	json_t *list = json_object_get(options, "extensions"), *item;
	size_t i;

	json_array_foreach(list, i, item) {
		const char *given = json_string_value(item);
		const char *dot = given ? strrchr(given, '.') : NULL;
		if (given && !strcmp(dot ? dot + 1 : given, name))
			return true;
	}
	return false;
}

static uint64_t number(json_t *object, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n > 0 ? (uint64_t)n : 0;
}

static struct template_limits limits_option(json_t *options)
{
	json_t *limits = json_object_get(options, "limits");

	return (struct template_limits){
		.output_bytes = number(limits, "output"),
		.memory_bytes = number(limits, "memory"),
		.iterations = number(limits, "iterations"),
		.recursion = (unsigned)number(limits, "recursion"),
		.range = number(limits, "range"),
		.repetition = number(limits, "repetition"),
		.power_bits = number(limits, "power"),
		.width = number(limits, "width"),
		.time_ms = (int64_t)number(limits, "time"),
	};
}

static struct template_text *read_texts(json_t *templates)
{
	struct template_text *texts = mem_calloc(json_object_size(templates) + 1, sizeof *texts);
	const char *name;
	json_t *source;
	size_t count = 0;

	json_object_foreach(templates, name, source)
		texts[count++] = (struct template_text){ name, json_string_value(source),
							 json_string_length(source) };
	return texts;
}

static struct templates *open_set(json_t *request, const struct template_text *texts)
{
	json_t *options = json_object_get(request, "options");

	return templates_open(&(struct template_options){
		.texts = texts,
		.undefined = undefined_option(options),
		.escape = escape_option(options),
		.trim_blocks = flag(options, "trim_blocks"),
		.lstrip_blocks = flag(options, "lstrip_blocks"),
		.keep_trailing_newline = flag(options, "keep_trailing_newline"),
		.newline_sequence = text(options, "newline_sequence"),
		.line_statement_prefix = text(options, "line_statement_prefix"),
		.line_comment_prefix = text(options, "line_comment_prefix"),
		.block_start = text(options, "block_start_string"),
		.block_end = text(options, "block_end_string"),
		.variable_start = text(options, "variable_start_string"),
		.variable_end = text(options, "variable_end_string"),
		.comment_start = text(options, "comment_start_string"),
		.comment_end = text(options, "comment_end_string"),
		.ext_do = has_extension(options, "do"),
		.ext_loopcontrols = has_extension(options, "loopcontrols"),
		.ext_i18n = has_extension(options, "i18n"),
		.ext_debug = has_extension(options, "debug"),
		.newstyle_gettext = flag(options, "newstyle_gettext"),
		.trimmed = flag(options, "trimmed"),
		.limits = limits_option(options),
	});
}

static json_t *render(json_t *request)
{
	struct template_text *texts = read_texts(json_object_get(request, "templates"));
	struct templates *set = open_set(request, texts);
	json_t *context = json_object_get(request, "context"), *empty = json_object();
	struct buf out = BUF_INIT, message = BUF_INIT;
	struct error error = ERROR_INIT;
	const char *main_name = text(request, "main");
	json_t *answer;

	if (templates_render(set, main_name ? main_name : "", json_is_object(context) ? context : empty,
			     NULL, &out, &error) == TEMPLATE_OK) {
		answer = json_pack("{s:b, s:o}", "ok", 1, "output", json_stringn(buf_str(&out), out.len));
	} else {
		error_print(&error, &message);
		answer = json_pack("{s:b, s:o}", "ok", 0, "error", json_stringn(buf_str(&message), message.len));
	}
	json_decref(empty);
	error_clear(&error);
	buf_clear(&message);
	buf_clear(&out);
	templates_close(set);
	free(texts);
	return answer ? answer : json_pack("{s:b, s:s}", "ok", 0, "error", "the output is not UTF-8");
}

static void answer_line(const char *line, size_t len)
{
	json_error_t fault;
	json_t *request = template_json_load(line, len, JSON_ALLOW_NUL, &fault);
	json_t *answer = json_is_object(request) ? render(request)
		: json_pack("{s:b, s:s}", "ok", 0, "error", request ? "the request is no object" : fault.text);

	json_dumpf(answer, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(answer);
	json_decref(request);
}

int main(void)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;

	while ((len = getline(&line, &room, stdin)) > 0)
		answer_line(line, (size_t)len);
	free(line);
	return 0;
}
