/* failed_show.c - a failed message for the eye and as JSON */
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "ctl/failed.h"
#include "ctl/text.h"

__attribute__((format(printf, 3, 4)))
static void add_line(struct buf *out, const char *name, const char *format, ...)
{
	struct buf raw = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&raw, format, ap);
	va_end(ap);
	buf_printf(out, "%-14s ", name);
	text_clean(buf_str(&raw), raw.len, TEXT_ONE_LINE, out);
	buf_putc(out, '\n');
	buf_clear(&raw);
}

/* "2026-11-23T18:13:34.123Z, 3h12m ago" or "..., in 4m" */
static const char *when(int64_t unix_ms, struct buf *scratch)
{
	char text[CLOCK_TEXT_SIZE];
	int64_t ago = clock_unix_ms() - unix_ms;

	buf_reset(scratch);
	buf_printf(scratch, "%s, %s", clock_format_utc(unix_ms, text), ago < 0 ? "in " : "");
	text_span(ago < 0 ? -ago : ago, scratch);
	buf_puts(scratch, ago < 0 ? "" : " ago");
	return buf_str(scratch);
}

/* "550 5.1.1 No such user", as much as there is */
static const char *reply_text(const struct record_reply *reply, struct buf *scratch)
{
	buf_reset(scratch);
	if (reply->code)
		buf_printf(scratch, "%d ", reply->code);
	if (reply->enhanced)
		buf_printf(scratch, "%s ", reply->enhanced);
	buf_puts(scratch, reply->text ? reply->text : "");
	return buf_str(scratch);
}

static void print_state(const struct failed *failed, struct buf *out)
{
	const struct record *record = failed->record;
	struct buf time = BUF_INIT;

	switch (failed->state) {
	case FAILED_RETRY:
		add_line(out, "State:", "waits for its retry, due %s", when(failed->entry->score_ms, &time));
		break;
	case FAILED_DEAD:
		add_line(out, "State:", "dead since %s", when(failed->entry->score_ms, &time));
		break;
	case FAILED_MOVING:
		add_line(out, "State:", "queued again, or in a worker's hands");
		break;
	}
	if (record && record->dead.reason)
		add_line(out, "Given up:", "%s: %s", record_class_name(record->dead.class), record->dead.reason);
	buf_clear(&time);
}

static void print_recipients(const struct record *record, struct buf *out)
{
	struct buf reply = BUF_INIT;

	if (record->recipient_count == 0)
		return;
	buf_puts(out, "\nRecipients\n");
	for (size_t i = 0; i < record->recipient_count; i++) {
		const struct record_recipient *one = &record->recipients[i];

		buf_puts(out, "  ");
		add_line(out, record_state_name(one->state), "%s  %s", one->address, reply_text(&one->reply, &reply));
	}
	buf_clear(&reply);
}

static void print_error(const struct record_error *error, struct buf *out)
{
	struct buf scratch = BUF_INIT, line = BUF_INIT;
	char time[CLOCK_TEXT_SIZE];

	buf_printf(&line, "%s", record_class_name(error->class));
	if (error->stage)
		buf_printf(&line, " at %s", error->stage);
	if (error->file && error->line)
		buf_printf(&line, ", %s:%u", error->file, error->line);
	else if (error->file)
		buf_printf(&line, ", %s", error->file);
	buf_printf(&line, ": %s", reply_text(&error->reply, &scratch));
	buf_printf(&line, " (%s%s%sworker %s on %s)", error->relay ? "relay " : "", error->relay ? error->relay : "",
		   error->relay ? ", " : "", error->worker ? error->worker : "?", error->host ? error->host : "?");
	buf_printf(out, "  %s  ", clock_format_utc(error->unix_ms, time));
	text_clean(buf_str(&line), line.len, TEXT_ONE_LINE, out);
	buf_putc(out, '\n');
	buf_clear(&line);
	buf_clear(&scratch);
}

static void print_errors(const struct record *record, struct buf *out)
{
	if (record->error_count == 0)
		return;
	buf_puts(out, "\nWhat went wrong\n");
	for (size_t i = 0; i < record->error_count; i++) {
		if (i == RECORD_ERRORS_FIRST && record->error_total > (int64_t)record->error_count)
			buf_printf(out, "  ... %" PRId64 " more ...\n",
				   record->error_total - (int64_t)record->error_count);
		print_error(&record->errors[i], out);
	}
}

/* What was said on the line in the last failed attempt; the lines are clean. */
static void print_dialogue(const struct record *record, struct buf *out)
{
	if (record->dialogue_count == 0)
		return;
	buf_puts(out, "\nDialogue\n");
	for (size_t i = 0; i < record->dialogue_count; i++)
		buf_printf(out, "  %s\n", record->dialogue[i]);
}

static void print_record(const struct record *record, struct buf *out)
{
	struct buf time = BUF_INIT;

	if (record->producer_id)
		add_line(out, "Producer's id:", "%s", record->producer_id);
	if (record->template_name)
		add_line(out, "Template:", "%s", record->template_name);
	add_line(out, "Attempts:", "%" PRId64, record->attempts);
	if (record->crashes.count)
		add_line(out, "Crashes:", "%" PRId64 " of its workers, last: %s at %s", record->crashes.count,
			 record->crashes.cause ? record->crashes.cause : "?",
			 record->crashes.stage ? record->crashes.stage : "?");
	add_line(out, "First taken:", "%s", when(record->first_unix_ms, &time));
	add_line(out, "Last tried:", "%s", when(record->last_unix_ms, &time));
	if (record->message_id)
		add_line(out, "Message-ID:", "<%s>", record->message_id);
	buf_clear(&time);
}

/* Indented when it is JSON, else as it is, cleaned for the terminal. */
static void print_message(const struct store_entry *entry, struct buf *out)
{
	json_t *json;
	char *text;

	if (!entry->message) {
		buf_puts(out, "\nThe message itself is not there.\n");
		return;
	}
	json = json_loadb(entry->message, entry->message_len, JSON_ALLOW_NUL, NULL);
	text = json ? json_dumps(json, JSON_INDENT(2) | JSON_PRESERVE_ORDER) : NULL;
	buf_printf(out, "\nMessage (%zu bytes%s)\n", entry->message_len, text ? "" : ", no JSON");
	if (text)
		text_clean(text, strlen(text), TEXT_LINES, out);
	else
		text_clean(entry->message, entry->message_len, TEXT_LINES, out);
	buf_putc(out, '\n');
	free(text);
	json_decref(json);
}

void failed_print(const struct failed *failed, struct buf *out)
{
	add_line(out, "Id:", "%s", failed->entry->record_id);
	add_line(out, "Queue:", "%s", failed->queue->name);
	print_state(failed, out);
	if (failed->record) {
		print_record(failed->record, out);
		print_recipients(failed->record, out);
		print_errors(failed->record, out);
		print_dialogue(failed->record, out);
	} else {
		add_line(out, "Record:", "%s", failed->record_status == RECORD_FOREIGN
			 ? "of a version that is not known here: another postrider wrote it"
			 : "cannot be read");
	}
	print_message(failed->entry, out);
}

/* The bytes as a JSON value where that is possible without loss. */
static void set_bytes(json_t *object, const char *name, const char *bytes, size_t len)
{
	json_t *value = json_loadb(bytes, len, JSON_ALLOW_NUL | JSON_DECODE_ANY, NULL);
	char *encoded;

	if (value) {
		json_object_set_new(object, name, value);
		return;
	}
	encoded = g_base64_encode((const guchar *)bytes, len);
	value = json_pack("{s:s}", "base64", encoded);
	json_object_set_new(object, name, value);
	g_free(encoded);
}

json_t *failed_to_json(const struct failed *failed, bool with_message)
{
	const struct store_entry *entry = failed->entry;
	json_t *object = json_pack("{s:s, s:s, s:s}", "id", entry->record_id, "queue", failed->queue->name,
				   "state", failed_state_name(failed->state));

	if (failed->state == FAILED_DEAD)
		json_object_set_new(object, "dead_unix_ms", json_integer(entry->score_ms));
	if (failed->state == FAILED_RETRY)
		json_object_set_new(object, "due_unix_ms", json_integer(entry->score_ms));
	set_bytes(object, "record", entry->record, entry->record_len);
	if (with_message && entry->message)
		set_bytes(object, "message", entry->message, entry->message_len);
	return object;
}
