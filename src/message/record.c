/*
 * record.c - keeps a failed message's history within bounds and turns it into
 * JSON and back.  Decides nothing: what a failure means is delivery's.
 */
#include "message/record.h"

#include <ctype.h>
#include <string.h>

#include <glib.h>
#include <jansson.h>

#include "message/address.h"
#include "message/message.h"
#include "message/wire.h"

static const char *const class_names[] = {
	[RECORD_SENT] = "sent", [RECORD_TEMPORARY] = "temporary", [RECORD_RECIPIENT] = "recipient",
	[RECORD_PERMANENT] = "permanent", [RECORD_INVALID] = "invalid", [RECORD_TEMPLATE] = "template",
	[RECORD_RELAY] = "relay", [RECORD_LOST] = "lost", [RECORD_IN_DOUBT] = "in_doubt",
	[RECORD_POISON] = "poison",
};

static const char *const state_names[] = {
	[RECORD_RCPT_PENDING] = "pending", [RECORD_RCPT_SENT] = "sent",
	[RECORD_RCPT_REFUSED] = "refused", [RECORD_RCPT_IN_DOUBT] = "in_doubt",
};

static int find(const char *const *names, int count, const char *name)
{
	for (int i = 0; i < count; i++)
		if (!strcmp(names[i], name))
			return i;
	return -1;
}

const char *record_class_name(enum record_class class)
{
	return class_names[class];
}

int record_class_from_name(const char *name, enum record_class *out)
{
	int found = find(class_names, RECORD_CLASSES, name);

	if (found < 0)
		return -1;
	*out = (enum record_class)found;
	return 0;
}

const char *record_state_name(enum record_state state)
{
	return state_names[state];
}

bool record_is_id(const char *text, size_t len)
{
	/* Crockford's base 32, without I, L, O and U. */
	for (size_t i = 0; i < len; i++)
		if (!text[i] || !strchr("0123456789ABCDEFGHJKMNPQRSTVWXYZ", text[i]))
			return false;
	return len == RECORD_ID_LEN;
}

/* ---- noting ---- */

/* UTF-8, one line, not too long: what a reply or reason may be here. */
static char *clean(struct arena *arena, const char *text)
{
	char *valid = g_utf8_make_valid(text, (gssize)strnlen(text, RECORD_TEXT_MAX + 8));
	size_t len = strlen(valid);

	if (len > RECORD_TEXT_MAX) {
		char *end = g_utf8_find_prev_char(valid, valid + RECORD_TEXT_MAX + 1);
		len = (size_t)(end - valid);
	}
	char *out = arena_dup(arena, valid, len);
	for (char *c = out; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	g_free(valid);
	return out;
}

static const char *copy(struct arena *arena, const char *text)
{
	return text ? clean(arena, text) : NULL;
}

static struct record_reply copy_reply(struct arena *arena, const struct record_reply *reply)
{
	return (struct record_reply){ reply->code, copy(arena, reply->enhanced), copy(arena, reply->text) };
}

struct record *record_new(struct arena *arena)
{
	struct record *record = arena_alloc(arena, sizeof *record);

	record->arena = arena;
	return record;
}

void record_set_recipients(struct record *record, const char *const *addresses, size_t count)
{
	record->recipients = arena_alloc(record->arena, (count + 1) * sizeof *record->recipients);
	record->recipient_count = count;
	for (size_t i = 0; i < count; i++)
		record->recipients[i].address = arena_strdup(record->arena, addresses[i]);
}

void record_note_recipient(struct record *record, size_t recipient, enum record_state state,
			   const struct record_reply *reply)
{
	struct record_recipient *r = &record->recipients[recipient];

	r->state = state;
	r->reply = reply ? copy_reply(record->arena, reply) : (struct record_reply){ 0 };
}

/* The slot for one error more; in a full history the oldest of the last goes. */
static struct record_error *next_error(struct record *record)
{
	struct record_error *last = record->errors + RECORD_ERRORS_FIRST;

	if (record->error_count < RECORD_ERRORS_MAX)
		return &record->errors[record->error_count++];
	memmove(last, last + 1, (RECORD_ERRORS_LAST - 1) * sizeof *last);
	return &record->errors[RECORD_ERRORS_MAX - 1];
}

void record_note_error(struct record *record, const struct record_error *error)
{
	struct arena *arena = record->arena;

	*next_error(record) = (struct record_error){
		.class = error->class,
		.stage = copy(arena, error->stage),
		.reply = copy_reply(arena, &error->reply),
		.relay = copy(arena, error->relay),
		.host = copy(arena, error->host),
		.worker = copy(arena, error->worker),
		.unix_ms = error->unix_ms,
		.file = copy(arena, error->file),
		.line = error->line,
	};
	record->error_total++;
}

static size_t count_lines(const char *text)
{
	size_t count = 0;

	for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
		count++;
	return count;
}

void record_set_dialogue(struct record *record, const char *text)
{
	size_t count = count_lines(text);
	size_t skip = count > RECORD_DIALOGUE_MAX ? count - RECORD_DIALOGUE_MAX : 0;

	record->dialogue = arena_alloc(record->arena, (count - skip + 1) * sizeof *record->dialogue);
	record->dialogue_count = 0;
	for (size_t i = 0; i < count; i++) {
		size_t len = strcspn(text, "\n");
		if (i >= skip)
			record->dialogue[record->dialogue_count++] =
				clean(record->arena, arena_dup(record->arena, text, len));
		text += len + (text[len] == '\n');
	}
}

void record_note_death(struct record *record, enum record_class class, int64_t unix_ms,
		       const char *reason)
{
	record->dead.class = class;
	record->dead.unix_ms = unix_ms;
	record->dead.reason = clean(record->arena, reason);
}

size_t record_count(const struct record *record, enum record_state state)
{
	size_t count = 0;

	for (size_t i = 0; i < record->recipient_count; i++)
		count += record->recipients[i].state == state;
	return count;
}

/* ---- writing ---- */

static void put_text(json_t *object, const char *key, const char *text)
{
	if (!text)
		return;
	json_t *value = json_string(text);
	if (!value) {	/* no UTF-8: what came from outside was not noted by the functions above */
		char *valid = g_utf8_make_valid(text, -1);
		value = json_string(valid);
		g_free(valid);
	}
	json_object_set_new(object, key, value);
}

static void put_number(json_t *object, const char *key, int64_t number)
{
	if (number)
		json_object_set_new(object, key, json_integer(number));
}

static void put_reply(json_t *object, const struct record_reply *reply)
{
	put_number(object, "code", reply->code);
	put_text(object, "enhanced", reply->enhanced);
	put_text(object, "text", reply->text);
}

static json_t *write_crashes(const struct record *record)
{
	json_t *object = json_object();

	put_number(object, "count", record->crashes.count);
	put_text(object, "cause", record->crashes.cause);
	put_text(object, "stage", record->crashes.stage);
	return object;
}

static json_t *write_recipients(const struct record *record)
{
	json_t *list = json_array();

	for (size_t i = 0; i < record->recipient_count; i++) {
		const struct record_recipient *r = &record->recipients[i];
		json_t *object = json_object();
		put_text(object, "address", r->address);
		put_text(object, "state", record_state_name(r->state));
		put_reply(object, &r->reply);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *write_errors(const struct record *record)
{
	json_t *list = json_array();

	for (size_t i = 0; i < record->error_count; i++) {
		const struct record_error *e = &record->errors[i];
		json_t *object = json_object();
		put_text(object, "class", record_class_name(e->class));
		put_text(object, "stage", e->stage);
		put_reply(object, &e->reply);
		put_text(object, "relay", e->relay);
		put_text(object, "host", e->host);
		put_text(object, "worker", e->worker);
		put_number(object, "time", e->unix_ms);
		put_text(object, "file", e->file);
		put_number(object, "line", e->line);
		json_array_append_new(list, object);
	}
	return list;
}

static json_t *write_dialogue(const struct record *record)
{
	json_t *list = json_array();

	for (size_t i = 0; i < record->dialogue_count; i++)
		json_array_append_new(list, json_string(record->dialogue[i]));
	return list;
}

static json_t *write_death(const struct record *record)
{
	json_t *object = json_object();

	put_text(object, "class", record_class_name(record->dead.class));
	put_text(object, "reason", record->dead.reason);
	put_number(object, "time", record->dead.unix_ms);
	return object;
}

static int add_bytes(const char *bytes, size_t len, void *out)
{
	buf_add(out, bytes, len);
	return 0;
}

void record_to_json(const struct record *record, struct buf *out)
{
	json_t *root = json_object();

	json_object_set_new(root, "v", json_integer(RECORD_VERSION));
	put_text(root, "id", record->id);
	put_text(root, "producer_id", record->producer_id);
	put_text(root, "queue", record->queue);
	put_text(root, "template", record->template_name);
	put_number(root, "attempts", record->attempts);
	if (record->crashes.count)
		json_object_set_new(root, "crashes", write_crashes(record));
	put_text(root, "message_id", record->message_id);
	put_number(root, "date", record->date_unix_s);
	put_number(root, "first", record->first_unix_ms);
	put_number(root, "last", record->last_unix_ms);
	if (record->recipient_count)
		json_object_set_new(root, "recipients", write_recipients(record));
	put_number(root, "error_count", record->error_total);
	if (record->error_count)
		json_object_set_new(root, "errors", write_errors(record));
	if (record->dialogue_count)
		json_object_set_new(root, "dialogue", write_dialogue(record));
	if (record->dead.reason)
		json_object_set_new(root, "dead", write_death(record));
	json_dump_callback(root, add_bytes, out, JSON_COMPACT);
	json_decref(root);
}

/* ---- reading ---- */

/* Goes on after the first fault with harmless values; `error` keeps the first. */
struct reader {
	struct arena *arena;
	struct error *error;
	bool broken;
};

static void fail(struct reader *r, const char *key, const char *why)
{
	if (!r->broken)
		error_set(r->error, "the record's %s %s", key, why);
	r->broken = true;
}

static const char *get_text(struct reader *r, json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		return NULL;
	if (json_is_string(value))
		return clean(r->arena, json_string_value(value));
	fail(r, key, "is no string");
	return NULL;
}

static int64_t get_number(struct reader *r, json_t *object, const char *key, int64_t most)
{
	json_t *value = json_object_get(object, key);

	if (!value)
		return 0;
	if (json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= most)
		return json_integer_value(value);
	fail(r, key, "is no number, or outside its bounds");
	return 0;
}

static json_t *get_array(struct reader *r, json_t *object, const char *key, size_t most)
{
	json_t *value = json_object_get(object, key);

	if (value && (!json_is_array(value) || json_array_size(value) > most)) {
		fail(r, key, "is no list, or too long");
		return NULL;
	}
	return value;
}

/* A year far beyond any mail: 9999-12-31 in milliseconds. */
static const int64_t time_max = INT64_C(253402300799999);

static int get_name(struct reader *r, json_t *object, const char *key,
		    const char *const *names, int count)
{
	const char *name = get_text(r, object, key);
	int found = name ? find(names, count, name) : -1;

	if (found < 0)
		fail(r, key, "is none that is known");
	return found < 0 ? 0 : found;
}

static struct record_reply get_reply(struct reader *r, json_t *object)
{
	return (struct record_reply){
		.code = (int)get_number(r, object, "code", 999),
		.enhanced = get_text(r, object, "enhanced"),
		.text = get_text(r, object, "text"),
	};
}

static void read_recipients(struct reader *r, json_t *root, struct record *record)
{
	json_t *list = get_array(r, root, "recipients", RECORD_RECIPIENTS_MAX), *object;
	size_t i;

	record->recipients = arena_alloc(r->arena, (json_array_size(list) + 1) * sizeof *record->recipients);
	record->recipient_count = json_array_size(list);
	json_array_foreach(list, i, object) {
		struct record_recipient *recipient = &record->recipients[i];
		json_t *address = json_object_get(object, "address");
		if (address_check_spec(json_string_value(address) ? json_string_value(address) : "",
				       json_string_length(address), NULL) < 0)
			fail(r, "recipients", "hold one that is no address");
		else
			recipient->address = arena_strdup(r->arena, json_string_value(address));
		recipient->state = (enum record_state)get_name(r, object, "state", state_names, RECORD_STATES);
		recipient->reply = get_reply(r, object);
	}
}

static void read_errors(struct reader *r, json_t *root, struct record *record)
{
	json_t *list = get_array(r, root, "errors", RECORD_ERRORS_MAX), *object;
	size_t i;

	record->error_count = json_array_size(list);
	record->error_total = get_number(r, root, "error_count", INT64_MAX / 2);
	if (record->error_total < (int64_t)record->error_count)
		record->error_total = (int64_t)record->error_count;
	json_array_foreach(list, i, object)
		record->errors[i] = (struct record_error){
			.class = (enum record_class)get_name(r, object, "class", class_names, RECORD_CLASSES),
			.stage = get_text(r, object, "stage"),
			.reply = get_reply(r, object),
			.relay = get_text(r, object, "relay"),
			.host = get_text(r, object, "host"),
			.worker = get_text(r, object, "worker"),
			.unix_ms = get_number(r, object, "time", time_max),
			.file = get_text(r, object, "file"),
			.line = (unsigned)get_number(r, object, "line", UINT32_MAX),
		};
}

static void read_dialogue(struct reader *r, json_t *root, struct record *record)
{
	json_t *list = get_array(r, root, "dialogue", RECORD_DIALOGUE_MAX), *line;
	size_t i;

	record->dialogue = arena_alloc(r->arena, (json_array_size(list) + 1) * sizeof *record->dialogue);
	json_array_foreach(list, i, line) {
		if (!json_is_string(line))
			fail(r, "dialogue", "holds what is no string");
		else
			record->dialogue[record->dialogue_count++] = clean(r->arena, json_string_value(line));
	}
}

static void read_crashes(struct reader *r, json_t *root, struct record *record)
{
	json_t *object = json_object_get(root, "crashes");

	record->crashes.count = get_number(r, object, "count", INT64_MAX / 2);
	record->crashes.cause = get_text(r, object, "cause");
	record->crashes.stage = get_text(r, object, "stage");
}

static void read_death(struct reader *r, json_t *root, struct record *record)
{
	json_t *object = json_object_get(root, "dead");

	if (!object)
		return;
	record->dead.class = (enum record_class)get_name(r, object, "class", class_names, RECORD_CLASSES);
	record->dead.unix_ms = get_number(r, object, "time", time_max);
	record->dead.reason = get_text(r, object, "reason");
	if (!record->dead.reason)
		fail(r, "dead", "has no reason");
}

/* Letters, digits and these, at most so many: what may stand in a key or header. */
static const char *get_word(struct reader *r, json_t *root, const char *key, const char *others, size_t most)
{
	const char *text = get_text(r, root, key);

	for (const char *c = text; c && *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(others, *c))
			fail(r, key, "holds a character that may not stand there");
	if (text && (!*text || strlen(text) > most))
		fail(r, key, "is empty or too long");
	return text;
}

static void read_record(struct reader *r, json_t *root, struct record *record)
{
	record->id = get_text(r, root, "id");
	if (!record->id || !record_is_id(record->id, strlen(record->id)))
		fail(r, "id", "is none");
	record->producer_id = get_text(r, root, "producer_id");
	if (record->producer_id && g_utf8_strlen(record->producer_id, -1) > MESSAGE_ID_MAX)
		fail(r, "producer_id", "is too long");
	record->queue = get_word(r, root, "queue", "-_.", 64);
	if (!record->queue)
		fail(r, "queue", "is missing");
	record->template_name = get_text(r, root, "template");
	record->attempts = get_number(r, root, "attempts", INT64_MAX / 2);
	read_crashes(r, root, record);
	/* RFC 5322 3.6.4 dot-atoms and an @. */
	record->message_id = get_word(r, root, "message_id", "!#$%&'*+-/=?^_`{|}~.@", 250);
	record->date_unix_s = get_number(r, root, "date", time_max / 1000);
	record->first_unix_ms = get_number(r, root, "first", time_max);
	record->last_unix_ms = get_number(r, root, "last", time_max);
	read_recipients(r, root, record);
	read_errors(r, root, record);
	read_dialogue(r, root, record);
	read_death(r, root, record);
}

/* Deeper than any version 1, since a later one may be. */
enum { DEPTH_MAX = 100 };

enum record_status record_from_json(const char *bytes, size_t len, struct arena *arena,
				    struct record **out, struct error *error)
{
	struct reader r = { .arena = arena, .error = error };

	*out = NULL;
	if (len > RECORD_SIZE_MAX) {
		error_set(error, "%zu bytes are too many for a record", len);
		return RECORD_BROKEN;
	}
	json_t *root = wire_read_object(bytes, len, DEPTH_MAX, json_loadb, error);
	json_t *version = json_object_get(root, "v");
	if (!version) {
		if (root)
			error_set(error, "the record has no version (\"v\")");
		json_decref(root);
		return RECORD_BROKEN;
	}
	if (!json_is_integer(version) || json_integer_value(version) != RECORD_VERSION) {
		error_set(error, "the record's version is not %d: another release of postrider wrote it",
			  RECORD_VERSION);
		json_decref(root);
		return RECORD_FOREIGN;
	}
	struct record *record = record_new(arena);
	read_record(&r, root, record);
	json_decref(root);
	if (r.broken)
		return RECORD_BROKEN;
	*out = record;
	return RECORD_OK;
}
