/*
 * message.c - the table of a message's fields and the checks of each.  Knows
 * neither queue nor template; renders and sends nothing.
 */
#include "message/message.h"

#include <stdarg.h>
#include <string.h>

#include <glib.h>

#include "base/suggest.h"
#include "message/wire.h"
#include "template/template.h"

struct parser {
	const struct message_limits *limits;
	struct arena *arena;
	struct faults *faults;		/* the caller's */
	struct message *message;
	size_t recipients;		/* to, cc and bcc so far */
	size_t told, untold;		/* faults of this message */
};

__attribute__((format(printf, 2, 3)))
static void fault(struct parser *p, const char *format, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;

	if (p->told == MESSAGE_FAULTS_MAX) {
		p->untold++;
		return;
	}
	p->told++;
	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	faults_add(p->faults, "%s", buf_str(&text));
	buf_clear(&text);
}

/* ---- single texts ---- */

/* An integer beyond 64 bits comes as a string with a NUL (template.h), which
 * no other string of a message has: only body may hold one. */
static bool is_text(const json_t *value)
{
	return json_is_string(value) && !memchr(json_string_value(value), '\0', json_string_length(value));
}

static const char *describe(const json_t *value)
{
	return json_is_string(value) && !is_text(value) ? "a number" : wire_describe(value);
}

/* One line of text that may stand in a header.  NULL after a fault. */
static const char *read_line(struct parser *p, const char *field, json_t *value, size_t most)
{
	if (!is_text(value)) {
		fault(p, "%s must be a string, not %s", field, describe(value));
		return NULL;
	}
	const char *text = json_string_value(value);
	for (const char *c = text; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte == '\r' || byte == '\n') {
			fault(p, "%s holds a line break, which no header may", field);
			return NULL;
		}
		if ((byte < 0x20 && byte != '\t') || byte == 0x7f) {
			fault(p, "%s holds the control character 0x%02x", field, byte);
			return NULL;
		}
	}
	size_t len = (size_t)g_utf8_strlen(text, -1);
	if (len > most) {
		fault(p, "%s is %zu characters long, at most %zu are taken", field, len, most);
		return NULL;
	}
	return arena_strdup(p->arena, text);
}

static void read_template_name(struct parser *p, const char *field, json_t *value)
{
	struct error error = ERROR_INIT;
	const char *name = read_line(p, field, value, 255);

	if (name && template_name_check(name, &error) < 0)
		fault(p, "%s \"%s\" %s", field, name, error.text);
	else
		p->message->template_name = name;
	error_clear(&error);
}

static void read_title(struct parser *p, const char *field, json_t *value)
{
	p->message->title = read_line(p, field, value, MESSAGE_TITLE_MAX);
}

static void read_id(struct parser *p, const char *field, json_t *value)
{
	const char *id = read_line(p, field, value, MESSAGE_ID_MAX);

	if (id && !*id)
		fault(p, "%s is empty: leave it out or give it a value", field);
	else
		p->message->id = id;
}

/* ---- addresses ---- */

static void read_address(struct parser *p, const char *field, json_t *value, struct address *out)
{
	struct error error = ERROR_INIT;

	if (!is_text(value))
		fault(p, "%s must be an address as a string, not %s", field, describe(value));
	else if (address_parse(json_string_value(value), json_string_length(value), p->arena, out, &error) < 0)
		fault(p, "%s: %s", field, error.text);
	error_clear(&error);
}

static void read_from(struct parser *p, const char *field, json_t *value)
{
	read_address(p, field, value, &p->message->from);
}

/* An array of addresses, or one address. */
static void read_addresses(struct parser *p, const char *field, json_t *value,
			   struct address **list, size_t *count)
{
	size_t n = json_is_array(value) ? json_array_size(value) : 1;
	size_t most = p->limits->max_recipients;

	*list = NULL;
	*count = 0;
	if (!json_is_array(value) && !is_text(value)) {
		fault(p, "%s must be an array of addresses, not %s", field, describe(value));
		return;
	}
	/* Far too many are not even looked at; the sum is told at the end. */
	p->recipients += n;
	if (n > most)
		return;
	*list = arena_alloc(p->arena, (n + 1) * sizeof **list);
	*count = n;
	if (json_is_string(value))
		read_address(p, field, value, *list);
	for (size_t i = 0; json_is_array(value) && i < n; i++) {
		char name[64];
		g_snprintf(name, sizeof name, "%s[%zu]", field, i);
		read_address(p, name, json_array_get(value, i), &(*list)[i]);
	}
}

static void read_to(struct parser *p, const char *field, json_t *value)
{
	struct message *message = p->message;

	read_addresses(p, field, value, &message->to, &message->to_count);
	if (json_is_array(value) && !json_array_size(value))
		fault(p, "%s names no recipient", field);
}

static void read_cc(struct parser *p, const char *field, json_t *value)
{
	read_addresses(p, field, value, &p->message->cc, &p->message->cc_count);
}

static void read_bcc(struct parser *p, const char *field, json_t *value)
{
	read_addresses(p, field, value, &p->message->bcc, &p->message->bcc_count);
}

/* ---- body ---- */

/* PHP writes an empty object so. */
static bool is_empty_array(const json_t *value)
{
	return json_is_array(value) && !json_array_size(value);
}

static void read_body(struct parser *p, const char *field, json_t *value)
{
	if (json_is_object(value))
		p->message->body = json_incref(value);
	else if (!is_empty_array(value))
		fault(p, "%s must be an object, not %s", field, describe(value));
}

/* ---- the table ---- */

static const struct field {
	const char *name;
	enum { OPTIONAL, REQUIRED } presence;
	void (*read)(struct parser *p, const char *field, json_t *value);
} fields[] = {
	{ "template_name", REQUIRED, read_template_name },
	{ "email_to", REQUIRED, read_to },
	{ "title", OPTIONAL, read_title },
	{ "email_from", OPTIONAL, read_from },
	{ "cc", OPTIONAL, read_cc },
	{ "bcc", OPTIONAL, read_bcc },
	{ "body", OPTIONAL, read_body },
	{ "id", OPTIONAL, read_id },
};

#define FIELDS (sizeof fields / sizeof *fields)

const char *message_field_name(size_t index)
{
	return index < FIELDS ? fields[index].name : NULL;
}

static void read_fields(struct parser *p, json_t *root)
{
	for (size_t i = 0; i < FIELDS; i++) {
		json_t *value = json_object_get(root, fields[i].name);
		/* Many languages write what is not set as null. */
		if (value && !json_is_null(value))
			fields[i].read(p, fields[i].name, value);
		else if (fields[i].presence == REQUIRED)
			fault(p, "%s is missing", fields[i].name);
	}
}

/* A field's name as a fault may show it. */
static const char *printable(struct parser *p, const char *name)
{
	char *text = arena_dup(p->arena, name, strnlen(name, 80));
	const char *end;

	if (!g_utf8_validate(text, -1, &end))
		text[end - text] = '\0';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return text;
}

static bool is_known(const char *name)
{
	for (size_t i = 0; i < FIELDS; i++)
		if (!strcmp(name, fields[i].name))
			return true;
	return !strncmp(name, "x_", 2);
}

static void refuse_unknown(struct parser *p, const char *name)
{
	struct suggest suggest = suggest_for(name);

	for (size_t i = 0; i < FIELDS; i++)
		suggest_try(&suggest, fields[i].name);
	const char *best = suggest_best(&suggest);
	if (best)
		fault(p, "%s is not a known field; did you mean %s?", printable(p, name), best);
	else
		fault(p, "%s is not a known field (what the template needs belongs in body; "
		      "a field of your own begins with x_)", printable(p, name));
}

static void check_whole(struct parser *p, json_t *root)
{
	const char *name;
	json_t *value;

	if (p->recipients > p->limits->max_recipients)
		fault(p, "email_to, cc and bcc name %zu recipients together, at most %zu are allowed "
		      "(message.max_recipients)", p->recipients, p->limits->max_recipients);
	if (p->limits->refuse_unknown_fields)
		json_object_foreach(root, name, value)
			if (!is_known(name))
				refuse_unknown(p, name);
	if (p->untold)
		faults_add(p->faults, "and %zu faults more", p->untold);
}

static json_t *read_object(const char *bytes, size_t len, const struct message_limits *limits,
			   struct faults *faults)
{
	struct error error = ERROR_INIT;
	json_t *root = NULL;

	if (len > limits->max_size)
		error_set(&error, "the message has %zu bytes, at most %zu are allowed (message.max_size)",
			  len, limits->max_size);
	else
		root = wire_read_object(bytes, len, limits->max_depth, template_json_load, &error);
	if (!root)
		faults_take(faults, &error);
	return root;
}

/* What is left of a faulty message: what tells it from others, and its body. */
static void keep_little(struct message *message)
{
	*message = (struct message){
		.id = message->id, .template_name = message->template_name, .body = message->body,
	};
}

/* Without a body the template sees an empty one; a mistyped one it never sees. */
static void default_body(struct message *message, json_t *root)
{
	json_t *given = json_object_get(root, "body");

	if (!message->body && (!given || json_is_null(given) || is_empty_array(given)))
		message->body = json_object();
}

int message_parse(const char *bytes, size_t len, const struct message_limits *limits,
		  struct arena *arena, struct message **out, struct faults *faults)
{
	struct parser p = { .limits = limits, .arena = arena, .faults = faults };

	*out = NULL;
	json_t *root = read_object(bytes, len, limits, faults);
	if (!root)
		return -1;
	*out = p.message = arena_alloc(arena, sizeof *p.message);
	read_fields(&p, root);
	check_whole(&p, root);
	default_body(p.message, root);
	json_decref(root);
	if (p.told) {
		keep_little(p.message);
		return -1;
	}
	if (!p.message->title)
		p.message->title = "";
	return 0;
}

void message_free(struct message *message)
{
	if (!message)
		return;
	json_decref(message->body);
	message->body = NULL;
}

/* RFC 5321 2.4: the local part counts as it is, the domain in any case. */
static char *fold(const char *spec, struct arena *arena)
{
	char *folded = arena_strdup(arena, spec);

	for (char *c = strrchr(folded, '@'); c && *c; c++)
		*c = g_ascii_tolower(*c);
	return folded;
}

static void add_once(const char **list, size_t *count, GHashTable *seen, struct arena *arena,
		     const struct address *addresses, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (g_hash_table_add(seen, fold(addresses[i].spec, arena)))
			list[(*count)++] = addresses[i].spec;
}

const char **message_envelope(const struct message *message, struct arena *arena, size_t *count)
{
	size_t most = message->to_count + message->cc_count + message->bcc_count;
	const char **list = arena_alloc(arena, (most + 1) * sizeof *list);
	GHashTable *seen = g_hash_table_new(g_str_hash, g_str_equal);

	*count = 0;
	add_once(list, count, seen, arena, message->to, message->to_count);
	add_once(list, count, seen, arena, message->cc, message->cc_count);
	add_once(list, count, seen, arena, message->bcc, message->bcc_count);
	g_hash_table_destroy(seen);
	return list;
}

json_t *message_variables(const struct message *message)
{
	json_t *variables = json_copy(message->body);

	json_object_set(variables, "body", message->body);
	return variables;
}
