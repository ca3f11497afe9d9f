/*
 * reader.c - turns written values into typed ones.  Knows the kinds of keys,
 * not the keys; what two keys must say together is config/check.c's.
 */
#include "config/reader.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <glib.h>

#include "base/mem.h"
#include "base/suggest.h"
#include "base/units.h"

static const char *const bool_words[] = { "false", "true", NULL };

void reader_fault(struct reader *reader, const struct yaml *node, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	faults_add_at(reader->faults, reader->file, node ? node->line : 0, node ? node->column : 0,
		      "%s", buf_str(&text));
	buf_clear(&text);
}

int reader_name_check(const char *name)
{
	size_t len = strlen(name);

	if (!len || len > 64)
		return -1;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("-_.", *p))
			return -1;
	return 0;
}

static bool bounded(const struct key *key)
{
	return key->least != 0 || key->most != 0;
}

static int read_text(const struct key *key, const char *text, struct error *error)
{
	size_t len = strlen(text);

	if (!len)
		return error_set(error, "is empty: write a value or remove the line");
	if (bounded(key) && len > (size_t)key->most)
		return error_set(error, "is %zu characters long, at most %.0f can be used", len, key->most);
	for (const char *p = text; *p; p++) {
		unsigned char c = (unsigned char)*p;
		if (c < 0x20 || c == 0x7f)
			return error_set(error, "holds a control character");
		if (key->allowed && !isalnum(c) && !strchr(key->allowed, c))
			return error_set(error, "\"%s\" may hold only ASCII letters, digits and %s", text,
					 key->allowed);
	}
	if (key->kind == KEY_PATH && *text != '/')
		return error_set(error, "\"%s\" is not an absolute path: it must begin with /", text);
	return 0;
}

static int read_word(const char *const *words, const char *text, int *out, struct error *error)
{
	struct suggest suggest = suggest_for(text);
	struct buf list = BUF_INIT;

	for (int i = 0; words[i]; i++) {
		if (!strcmp(words[i], text)) {
			buf_clear(&list);
			*out = i;
			return 0;
		}
		suggest_try(&suggest, words[i]);
		buf_printf(&list, "%s%s", i == 0 ? "" : words[i + 1] ? ", " : " or ", words[i]);
	}
	const char *best = suggest_best(&suggest);
	error_set(error, "\"%s\" is not %s%s%s%s", text, buf_str(&list),
		  best ? "; did you mean " : "", best ? best : "", best ? "?" : "");
	buf_clear(&list);
	return -1;
}

/* YAML 1.1's other names for true and false, which people go on writing. */
static const char *plain_bool(const char *text)
{
	static const char *const names[][2] = {
		{ "yes", "true" }, { "on", "true" }, { "true", "true" },
		{ "no", "false" }, { "off", "false" }, { "false", "false" },
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (!strcasecmp(names[i][0], text))
			return names[i][1];
	return text;
}

static int read_number(const struct key *key, const char *text, double *out, struct error *error)
{
	/* Only what a person writes: no hexadecimal, no infinity, no comma. */
	size_t len = strspn(text, "0123456789.");
	char *end = NULL;

	errno = 0;
	double number = g_ascii_strtod(text, &end);
	if (!*text || text[len] || *end || errno || !isfinite(number))
		return error_set(error, "\"%s\" is not a number, such as 2 or 0.2", text);
	if (number < key->least || number > key->most)
		return error_set(error, "%s is outside %g to %g", text, key->least, key->most);
	*out = number;
	return 0;
}

static int read_measure(const struct key *key, const char *text, int64_t *out, struct error *error)
{
	struct buf least = BUF_INIT, most = BUF_INIT;
	bool duration = key->kind == KEY_DURATION;
	int64_t value;

	if ((duration ? units_duration(text, &value, error) : units_size(text, &value, error)) < 0)
		return -1;
	if ((double)value >= key->least && (double)value <= key->most) {
		*out = value;
		return 0;
	}
	if (duration) {
		units_print_duration((int64_t)key->least, &least);
		units_print_duration((int64_t)key->most, &most);
	} else {
		buf_printf(&least, "%.0f", key->least);
		buf_printf(&most, "%.0f bytes", key->most);
	}
	error_set(error, "%s is outside %s to %s", text, buf_str(&least), buf_str(&most));
	buf_clear(&least);
	buf_clear(&most);
	return -1;
}

/* One written value into the field at `field`.  -1: why not, in `error`. */
static int read_value(const struct key *key, const char *text, struct arena *arena, void *field,
		      struct error *error)
{
	int64_t number;
	int word;

	switch (key->kind) {
	case KEY_TEXT:
	case KEY_PATH:
		if (read_text(key, text, error) < 0)
			return -1;
		*(char **)field = arena_strdup(arena, text);
		return 0;
	case KEY_BOOL:
		if (read_word(key->words ? key->words : bool_words,
			      key->words ? text : plain_bool(text), &word, error) < 0)
			return -1;
		*(bool *)field = word;
		return 0;
	case KEY_WORD:
		return read_word(key->words, text, field, error);
	case KEY_INT:
		if (units_integer(text, (int64_t)key->least, (int64_t)key->most, &number, error) < 0)
			return -1;
		*(int *)field = (int)number;
		return 0;
	case KEY_COUNT:
		return units_integer(text, (int64_t)key->least, (int64_t)key->most, field, error);
	case KEY_NUMBER:
		return read_number(key, text, field, error);
	case KEY_DURATION:
	case KEY_SIZE:
		return read_measure(key, text, field, error);
	case KEY_SECTION:
	case KEY_MAP:
	case KEY_NAMES:
		break;
	}
	fatal("the key %s holds no single value", key->name);
}

static const char *join(struct reader *reader, const char *path, const char *name)
{
	return *path ? arena_printf(reader->arena, "%s.%s", path, name) : name;
}

static void read_node(struct reader *reader, const struct key *key, const char *path,
		      const struct yaml *node, void *field)
{
	struct error error = ERROR_INIT;

	if (node->kind != YAML_SCALAR) {
		reader_fault(reader, node, "%s takes a single value, not %s", path, yaml_describe(node));
		return;
	}
	if (node->empty) {
		reader_fault(reader, node, "%s has no value: write one or remove the line", path);
		return;
	}
	if (read_value(key, node->text, reader->arena, field, &error) < 0)
		reader_fault(reader, node, "%s: %s", path, error.text);
	error_clear(&error);
}

/* Only the shape; what the names stand for is checked when all are known. */
static void check_names(struct reader *reader, const char *path, const struct yaml *node)
{
	if (node->kind != YAML_SEQUENCE || !node->count) {
		reader_fault(reader, node, "%s takes a list of names, such as [main], not %s", path,
			     node->kind == YAML_SEQUENCE ? "an empty list" : yaml_describe(node));
		return;
	}
	for (const struct yaml *item = node->first; item; item = item->next)
		if (item->kind != YAML_SCALAR || item->empty)
			reader_fault(reader, item, "%s takes names, not %s", path, yaml_describe(item));
}

static void read_map(struct reader *reader, const struct key *key, const char *path,
		     const struct yaml *map, char *base)
{
	char *elements = arena_alloc(reader->arena, (map->count + 1) * key->size);
	size_t count = 0;

	for (const struct yaml *member = map->first; member; member = member->next) {
		const char *below = join(reader, path, member->key);
		char *element = elements + count++ * key->size;
		if (reader_name_check(member->key) < 0)
			faults_add_at(reader->faults, reader->file, member->key_line, member->key_column,
				      "%s: \"%s\" is no name: it may hold ASCII letters, digits and -_. (at most 64)",
				      path, member->key);
		*(char **)element = arena_strdup(reader->arena, member->key);
		reader_section(reader, key->section, below, member, element);
	}
	*(void **)(base + key->offset) = elements;
	*(size_t *)(base + key->count_offset) = count;
}

static bool is_missing(const struct yaml *node)
{
	return !node || (node->kind == YAML_SCALAR && node->empty);
}

static void read_key(struct reader *reader, const struct key *key, const char *path,
		     const struct yaml *node, char *base)
{
	switch (key->kind) {
	case KEY_SECTION:
		reader_section(reader, key->section, path, node, base + key->offset);
		return;
	case KEY_MAP:
		if (!is_missing(node) && node->kind != YAML_MAPPING)
			reader_fault(reader, node, "%s takes names with keys of their own below them, not %s",
				     path, yaml_describe(node));
		else if (!is_missing(node))
			read_map(reader, key, path, node, base);
		return;
	case KEY_NAMES:
		if (node)
			check_names(reader, path, node);
		return;
	default:
		if (node)
			read_node(reader, key, path, node, base + key->offset);
	}
}

static void set_fallback(struct reader *reader, const struct key *key, char *base)
{
	struct error error = ERROR_INIT;

	if (key->fallback &&
	    read_value(key, key->fallback, reader->arena, base + key->offset, &error) < 0)
		fatal("the default of %s: %s", key->name, error.text);
}

/* Adds the sections in which a key of that name stands. */
static void print_homes(const struct key *keys, const char *name, struct buf *out)
{
	for (const struct key *key = keys; key->name; key++)
		for (const struct key *below = key->section; below && below->name; below++)
			if (!strcmp(below->name, name))
				buf_printf(out, "%s%s", out->len ? " and of " : "", key->name);
}

static void refuse_unknown(struct reader *reader, const struct key *keys, const char *path,
			   const struct yaml *member)
{
	struct suggest suggest = suggest_for(member->key);

	for (const struct key *key = keys; key->name; key++) {
		if (!strcmp(key->name, member->key))
			return;
		suggest_try(&suggest, key->name);
	}
	const char *best = suggest_best(&suggest);
	struct buf homes = BUF_INIT;
	print_homes(keys, member->key, &homes);
	if (!homes.len)
		print_homes(keys_config, member->key, &homes);
	const char *name = join(reader, path, member->key);
	const char *hint = homes.len ? arena_printf(reader->arena, "; it is a key of %s: look at the indentation",
						    homes.data)
			 : best ? arena_printf(reader->arena, "; did you mean %s?", best) : "";
	faults_add_at(reader->faults, reader->file, member->key_line, member->key_column,
		      "%s is not a known key%s", name, hint);
	buf_clear(&homes);
}

void reader_section(struct reader *reader, const struct key *keys, const char *path,
		    const struct yaml *mapping, void *base)
{
	if (is_missing(mapping))
		mapping = NULL;
	if (mapping && mapping->kind != YAML_MAPPING) {
		reader_fault(reader, mapping, "%s takes keys and values below it, not %s",
			     *path ? path : "the configuration", yaml_describe(mapping));
		mapping = NULL;
	}
	for (const struct key *key = keys; key->name; key++) {
		set_fallback(reader, key, base);
		read_key(reader, key, join(reader, path, key->name),
			 mapping ? yaml_get(mapping, key->name) : NULL, base);
	}
	for (const struct yaml *member = mapping ? mapping->first : NULL; member; member = member->next)
		refuse_unknown(reader, keys, path, member);
}
