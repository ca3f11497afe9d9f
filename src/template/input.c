/*
 * input.c - JSON into values, integers beyond 64 bits among them
 *
 * jansson reads no such integer, so template_json_load() writes it as a
 * string that no JSON text can hold unless it is asked to: one that begins
 * with a NUL.
 */
#include "template/input.h"

#include <stdlib.h>

#include "base/arena.h"
#include "template/values/dict.h"
#include "template/template.h"

static const char big_mark[] = "\0int:";
enum { BIG_MARK = sizeof big_mark - 1, MOST_DIGITS = 19 };

/* ---- values ---- */

/*
 * Containers that stand in several places (`body`, and each member of it as a
 * variable of its own) become one value, which saves time and is what Python
 * has: a change through one name is seen through the other.
 */
struct input {
	struct arena *arena;
	struct dict *shared;		/* address of the JSON: its value; NULL while none */
};

static struct value input_value(struct input *input, json_t *json);

static struct value input_string(struct arena *arena, json_t *json)
{
	struct span text = { json_string_value(json), json_string_length(json) };
	struct error error = ERROR_INIT;
	struct pyint number;

	if (text.len > BIG_MARK && !memcmp(text.at, big_mark, BIG_MARK)) {
		if (pyint_parse(arena, span_cut(text, BIG_MARK, text.len), 10, &number, &error) == 0)
			return value_pyint(number);
		error_clear(&error);
	}
	return value_text(text.at, text.len, 0);
}

static struct value input_array(struct input *input, json_t *json)
{
	struct list *list = list_new(input->arena, json_array_size(json));

	list->count = list->room;
	for (size_t i = 0; i < list->count; i++)
		list->items[i] = input_value(input, json_array_get(json, i));
	return value_list(list);
}

static struct dict *input_object(struct input *input, json_t *json)
{
	struct dict *dict = dict_new(input->arena, json_object_size(json));

	for (void *at = json_object_iter(json); at; at = json_object_iter_next(json, at)) {
		const char *key = json_object_iter_key(at);
		size_t len = json_object_iter_key_len(at);
		/* A key is seldom measured: whether it is ASCII is left open. */
		struct value name = { .kind = VALUE_STRING, .len = (uint32_t)len, .text = key };
		dict_add(input->arena, dict, name, dict_hash_bytes(key, len),
			 input_value(input, json_object_iter_value(at)));
	}
	return dict;
}

static struct value input_container(struct input *input, json_t *json)
{
	struct value key = value_int((intptr_t)json), known;

	if (json->refcount < 2)
		return json_is_array(json) ? input_array(input, json) : value_dict(input_object(input, json));
	if (!input->shared)
		input->shared = dict_new(input->arena, 0);
	known = dict_get(input->shared, key);
	if (value_given(known))
		return known;
	known = json_is_array(json) ? input_array(input, json) : value_dict(input_object(input, json));
	dict_set(input->arena, input->shared, key, known);
	return known;
}

static struct value input_value(struct input *input, json_t *json)
{
	switch (json_typeof(json)) {
	case JSON_OBJECT:
	case JSON_ARRAY:
		return input_container(input, json);
	case JSON_STRING:
		return input_string(input->arena, json);
	case JSON_INTEGER:
		return value_int(json_integer_value(json));
	case JSON_REAL:
		return value_float(json_real_value(json));
	case JSON_TRUE:
	case JSON_FALSE:
		return value_bool(json_is_true(json));
	case JSON_NULL:
		break;
	}
	return value_none();
}

struct dict *input_dict(struct arena *arena, json_t *json)
{
	struct input input = { .arena = arena };

	return input_object(&input, json);
}

/* ---- reading ---- */

/* The end of a string literal that begins at `at`; notes an escaped NUL. */
static size_t skip_string(struct span text, size_t at, bool *has_nul)
{
	for (at++; at < text.len && text.at[at] != '"'; at++) {
		if (text.at[at] != '\\')
			continue;
		if (text.len - at > 5 && !memcmp(text.at + at, "\\u0000", 6))
			*has_nul = true;
		at++;
	}
	return at < text.len ? at + 1 : text.len;
}

static bool is_integer_of_json(struct span number)
{
	for (size_t i = 0; i < number.len; i++)
		if (!strchr("-0123456789", number.at[i]))
			return false;
	return number.len > (*number.at == '-');
}

/* More digits than 64 bits can have, or as many and too large. */
static bool is_too_big(struct span number)
{
	size_t sign = *number.at == '-';
	struct span digits = span_cut(number, sign, number.len);

	if (digits.len != MOST_DIGITS)
		return digits.len > MOST_DIGITS;
	return memcmp(digits.at, sign ? "9223372036854775808" : "9223372036854775807", MOST_DIGITS) > 0;
}

static size_t skip_number(struct span text, size_t at)
{
	while (at < text.len && text.at[at] && strchr("+-.eE0123456789", text.at[at]))
		at++;
	return at;
}

/* Copies the text with each oversize integer as a marked string. */
static bool mark_big_integers(struct span text, struct buf *out, bool *has_nul)
{
	bool found = false;
	size_t copied = 0;

	for (size_t at = 0; at < text.len;) {
		char c = text.at[at];
		if (c == '"') {
			at = skip_string(text, at, has_nul);
			continue;
		}
		if (c != '-' && (c < '0' || c > '9')) {
			at++;
			continue;
		}
		size_t end = skip_number(text, at);
		struct span number = span_cut(text, at, end);
		/* A leading 0 is no JSON: left for jansson to refuse. */
		size_t sign = *number.at == '-';
		bool zero = number.len > sign && number.at[sign] == '0';
		if (!zero && is_integer_of_json(number) && is_too_big(number)) {
			buf_add(out, text.at + copied, at - copied);
			buf_printf(out, "\"\\u0000int:%.*s\"", (int)number.len, number.at);
			copied = end;
			found = true;
		}
		at = end;
	}
	if (found)
		buf_add(out, text.at + copied, text.len - copied);
	return found;
}

json_t *template_json_load(const char *bytes, size_t len, size_t flags, json_error_t *error)
{
	struct span text = { bytes, len };
	struct buf marked = BUF_INIT;
	bool has_nul = false;

	if (!mark_big_integers(text, &marked, &has_nul) || (has_nul && !(flags & JSON_ALLOW_NUL))) {
		buf_clear(&marked);
		return json_loadb(bytes, len, flags, error);
	}
	json_t *json = json_loadb(marked.data, marked.len, flags | JSON_ALLOW_NUL, error);
	buf_clear(&marked);
	return json;
}
