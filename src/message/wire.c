/* wire.c - bounds and parses JSON; knows no fields. */
#include "message/wire.h"

#include <stdbool.h>
#include <string.h>

#include <glib.h>

/* The byte behind the string that begins at `p` with its quote, or `end`. */
static const char *skip_string(const char *p, const char *end)
{
	for (p++; p < end && *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p < end ? p + 1 : end;
}

/*
 * Counts brackets and commas outside strings.  What is no JSON at all may
 * pass: the parser refuses it, and has less to do than for JSON that passes.
 */
static int check_bounds(const char *bytes, size_t len, size_t max_depth, struct error *error)
{
	size_t depth = 0, containers = 0, values = 1;
	const char *end = bytes + len;

	for (const char *p = bytes; p < end;) {
		switch (*p) {
		case '"':
			p = skip_string(p, end);
			continue;
		case '[':
		case '{':
			containers++;
			values++;
			if (++depth > max_depth)
				return error_set(error, "nested more than %zu levels deep (at byte %zu)",
						 max_depth, (size_t)(p - bytes));
			break;
		case ']':
		case '}':
			depth -= depth > 0;
			break;
		case ',':
			values++;
			break;
		}
		p++;
	}
	if (containers > WIRE_CONTAINERS_MAX)
		return error_set(error, "%zu arrays and objects: at most %d are taken", containers,
				 WIRE_CONTAINERS_MAX);
	if (values > WIRE_VALUES_MAX)
		return error_set(error, "%zu values: at most %d are taken", values, WIRE_VALUES_MAX);
	return 0;
}

static int check_utf8(const char *bytes, size_t len, struct error *error)
{
	const char *end;

	if (!len)
		return error_set(error, "empty: no JSON at all");
	if (g_utf8_validate_len(bytes, len, &end))
		return 0;
	return error_set(error, *end ? "not UTF-8: byte 0x%02x at byte %zu"
				     : "a NUL byte (0x%02x) at byte %zu",
			 (unsigned char)*end, (size_t)(end - bytes));
}

/* jansson shows what it stumbled over, whatever it is. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

static int describe(json_error_t *from, struct error *error)
{
	enum json_error_code code = json_error_code(from);

	make_printable(from->text);
	switch (code) {
	case json_error_duplicate_key:
		return error_set(error, "%s: each key may stand once (line %d, byte %d)", from->text,
				 from->line, from->position);
	case json_error_null_character:
	case json_error_null_byte_in_key:
		return error_set(error, "a string holds a NUL character (\\u0000), which mail cannot carry "
				 "(line %d, byte %d)", from->line, from->position);
	default:
		return error_set(error, "not valid JSON: %s (line %d, column %d, byte %d)", from->text,
				 from->line, from->column, from->position);
	}
}

json_t *wire_read_object(const char *bytes, size_t len, size_t max_depth, wire_load *load,
			 struct error *error)
{
	json_error_t why;

	if (check_utf8(bytes, len, error) < 0 || check_bounds(bytes, len, max_depth, error) < 0)
		return NULL;
	json_t *value = load(bytes, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &why);
	if (!value) {
		describe(&why, error);
		return NULL;
	}
	if (json_is_object(value))
		return value;
	error_set(error, "%s, where a JSON object ({...}) is expected", wire_describe(value));
	json_decref(value);
	return NULL;
}

const char *wire_describe(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		break;
	}
	return "null";
}
