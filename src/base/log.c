/* log.c - owns the form of a log line; every line is one write(2). */
#include "base/log.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>

#include "base/buf.h"
#include "base/clock.h"

static struct {
	enum log_format format;
	enum log_level level;
	enum log_addresses addresses;
	char role[16], name[64];
	struct buf line;
} state = { .level = LOG_INFO };

static const struct {
	const char *name;
	int syslog_priority;	/* sd-daemon(3): what <N> at a line's start means */
} levels[] = {
	[LOG_DEBUG] = { "debug", 7 },
	[LOG_INFO] = { "info", 6 },
	[LOG_WARNING] = { "warning", 4 },
	[LOG_ERROR] = { "error", 3 },
};

void log_configure(enum log_format format, enum log_level level, enum log_addresses addresses)
{
	state.format = format;
	state.level = level;
	state.addresses = addresses;
}

void log_role(const char *role, const char *name)
{
	snprintf(state.role, sizeof state.role, "%s", role);
	snprintf(state.name, sizeof state.name, "%s", name);
}

bool log_enabled(enum log_level level)
{
	return level >= state.level;
}

/* One character, escaped so that it is a legal JSON string and one line. */
static void put_escaped(struct buf *out, gunichar c)
{
	char utf8[6];

	if (c == '"' || c == '\\')
		buf_printf(out, "\\%c", (char)c);
	else if (c == '\n')
		buf_puts(out, "\\n");
	else if (c == '\r')
		buf_puts(out, "\\r");
	else if (c == '\t')
		buf_puts(out, "\\t");
	else if (c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029)
		buf_printf(out, "\\u%04x", (unsigned)c);
	else
		buf_add(out, utf8, (size_t)g_unichar_to_utf8(c, utf8));
}

static void put_quoted(struct buf *out, const char *text)
{
	buf_putc(out, '"');
	while (*text) {
		gunichar c = g_utf8_get_char_validated(text, -1);
		if (c == (gunichar)-1 || c == (gunichar)-2) {
			buf_printf(out, "\\u00%02x", (unsigned char)*text++);
			continue;
		}
		put_escaped(out, c);
		text = g_utf8_next_char(text);
	}
	buf_putc(out, '"');
}

static bool is_plain_word(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isalnum((unsigned char)*text) && !strchr("-_./:@+<>{}#,", *text))
			return false;
	return true;
}

static void put_text(struct buf *out, const char *text)
{
	if (state.format == LOG_TEXT && is_plain_word(text))
		buf_puts(out, text);
	else
		put_quoted(out, text);
}

static void put_key(struct buf *out, const char *key)
{
	if (state.format == LOG_JSON)
		buf_printf(out, "%s\"%s\":", out->data[out->len - 1] == '{' ? "" : ",", key);
	else
		buf_printf(out, " %s=", key);
}

static void put_address(struct buf *out, const char *address)
{
	const char *at = strrchr(address, '@');

	if (state.addresses == LOG_ADDRESS_FULL)
		put_text(out, address);
	else if (state.addresses == LOG_ADDRESS_DOMAIN && at)
		put_text(out, at);
	else
		put_text(out, "-");
}

static void put_field(struct buf *out, const struct log_field *field)
{
	if (!field->text)
		return;
	put_key(out, field->key);
	switch (field->kind) {
	case LOG_FIELD_TEXT:
		put_text(out, field->text);
		break;
	case LOG_FIELD_ADDRESS:
		put_address(out, field->text);
		break;
	case LOG_FIELD_INT:
		buf_printf(out, "%" PRId64, field->number);
		break;
	case LOG_FIELD_MS:
		buf_printf(out, state.format == LOG_JSON ? "%" PRId64 : "%" PRId64 "ms",
			   field->number);
		break;
	}
}

static void put_start(struct buf *out, enum log_level level)
{
	bool journal = getenv("JOURNAL_STREAM") != NULL;
	char now[CLOCK_TEXT_SIZE];

	if (journal)
		buf_printf(out, "<%d>", levels[level].syslog_priority);
	if (state.format == LOG_JSON) {
		buf_putc(out, '{');
		if (!journal) {
			put_key(out, "time");
			put_quoted(out, clock_format_utc(clock_unix_ms(), now));
		}
		put_key(out, "level");
		put_quoted(out, levels[level].name);
		return;
	}
	if (!journal)
		buf_printf(out, "%s ", clock_format_utc(clock_unix_ms(), now));
	buf_puts(out, levels[level].name);
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
	struct buf *line = &state.line;

	if (!log_enabled(level))
		return;
	buf_reset(line);
	put_start(line, level);
	if (*state.name)
		put_field(line, &(struct log_field){ state.role, LOG_FIELD_TEXT, state.name, 0 });
	else if (*state.role)
		put_field(line, &(struct log_field){ "role", LOG_FIELD_TEXT, state.role, 0 });
	put_field(line, &(struct log_field){ "event", LOG_FIELD_TEXT, event, 0 });
	for (; fields->key; fields++)
		put_field(line, fields);
	buf_puts(line, state.format == LOG_JSON ? "}\n" : "\n");
	/* A log that cannot be written has nobody to tell. */
	if (write(STDERR_FILENO, line->data, line->len) < 0)
		return;
}
