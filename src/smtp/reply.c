/*
 * reply.c - SMTP replies from bytes to something a record can hold
 */
#include "smtp/reply.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_SHOWN = 1000 };

void reply_reader_init(struct reply_reader *reader)
{
	*reader = (struct reply_reader){ .line = BUF_INIT, .text = BUF_INIT };
}

void reply_reader_clear(struct reply_reader *reader)
{
	buf_clear(&reader->line);
	buf_clear(&reader->text);
	reply_reader_init(reader);
}

void reply_reader_reset(struct reply_reader *reader)
{
	buf_reset(&reader->line);
	buf_reset(&reader->text);
	reader->code = 0;
	reader->fault = NULL;
	reader->whole = false;
}

bool reply_pending(const struct reply_reader *reader)
{
	return !reader->whole && (reader->code || reader->line.len);
}

static enum reply_state broken(struct reply_reader *reader, const char *fault)
{
	reader->fault = fault;
	return REPLY_BROKEN;
}

/* One line without its end: "250-text", "250 text" or "250" (RFC 5321 4.2.1). */
static enum reply_state take_line(struct reply_reader *reader)
{
	const char *line = buf_str(&reader->line);
	size_t len = reader->line.len;

	if (len && line[len - 1] == '\r')
		len--;
	if (len < 3 || line[0] < '2' || line[0] > '5' || !isdigit((unsigned char)line[1]) ||
	    !isdigit((unsigned char)line[2]) || (len > 3 && line[3] != ' ' && line[3] != '-'))
		return broken(reader, "a line that is no SMTP reply");
	int code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + line[2] - '0';
	if (reader->code && reader->code != code)
		return broken(reader, "a reply whose lines have different codes");
	if (reader->code)
		buf_putc(&reader->text, '\n');
	reader->code = code;
	if (len > 4)
		buf_add(&reader->text, line + 4, len - 4);
	if (reader->text.len > REPLY_TEXT_MAX)
		return broken(reader, "a reply that is too long");
	bool more = len > 3 && line[3] == '-';
	buf_reset(&reader->line);
	reader->whole = !more;
	return more ? REPLY_PART : REPLY_WHOLE;
}

enum reply_state reply_read(struct reply_reader *reader, const char *bytes, size_t len, size_t *used)
{
	*used = 0;
	if (reader->fault)
		return REPLY_BROKEN;
	if (reader->whole)
		reply_reader_reset(reader);
	while (*used < len) {
		const char *rest = bytes + *used;
		const char *end = memchr(rest, '\n', len - *used);
		size_t take = end ? (size_t)(end - rest) : len - *used;

		if (reader->line.len + take > REPLY_LINE_MAX)
			return broken(reader, "a reply line that is too long");
		buf_add(&reader->line, rest, take);
		*used += take + (end != NULL);
		if (!end)
			break;
		enum reply_state state = take_line(reader);
		if (state != REPLY_PART)
			return state;
	}
	return REPLY_PART;
}

/* How many bytes at `s` are one well-formed UTF-8 character (RFC 3629 4); 0: none. */
static size_t utf8_length(const unsigned char *s, size_t len)
{
	static const struct {
		unsigned char first, last, second_low, second_high, length;
	} forms[] = {
		{ 0x00, 0x7f, 0, 0, 1 },
		{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
		{ 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 },
		{ 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
		{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		if (s[0] < forms[i].first || s[0] > forms[i].last)
			continue;
		if (forms[i].length > len)
			return 0;
		if (forms[i].length > 1 && (s[1] < forms[i].second_low || s[1] > forms[i].second_high))
			return 0;
		for (size_t k = 2; k < forms[i].length; k++)
			if (s[k] < 0x80 || s[k] > 0xbf)
				return 0;
		return forms[i].length;
	}
	return 0;
}

void reply_clean(struct buf *out, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *)text;

	for (size_t i = 0, n; i < len; i += n) {
		n = utf8_length(s + i, len - i);
		if (!n) {
			buf_putc(out, '?');
			n = 1;
		} else if (n == 1 && (s[i] < ' ' || s[i] == 0x7f)) {
			buf_putc(out, ' ');
		} else if (n == 2 && s[i] == 0xc2 && s[i + 1] < 0xa0) {
			buf_putc(out, ' ');	/* the C1 controls */
		} else {
			buf_add(out, s + i, n);
		}
	}
}

/* May a reply of this class carry that class of enhanced code?  RFC 2034 4 wants
 * them equal; some servers say "550 4.7.1", and what they mean by it is for
 * whoever classifies the reply. */
static bool class_fits(int class, char enhanced)
{
	return class == 2 ? enhanced == '2'
			  : (class == 4 || class == 5) && (enhanced == '4' || enhanced == '5');
}

/* The length of "5.1.1" at the start of a line (RFC 3463 2: class "." 1*3digit "."
 * 1*3digit) when followed by a space or the end; else 0. */
static size_t enhanced_length(const char *line, size_t len, int class)
{
	size_t at = 0;

	if (len < 5 || !class_fits(class, line[0]))
		return 0;
	for (at = 1; at < len && line[at] == '.';) {
		size_t digits = 0;

		while (at + 1 + digits < len && isdigit((unsigned char)line[at + 1 + digits]))
			digits++;
		if (!digits || digits > 3)
			return 0;
		at += 1 + digits;
	}
	size_t dots = 0;
	for (size_t i = 0; i < at; i++)
		dots += line[i] == '.';
	return dots == 2 && (at == len || line[at] == ' ') ? at : 0;
}

struct session_reply reply_make(int code, const char *text, size_t len, struct arena *arena)
{
	struct session_reply reply = { .code = code };
	struct buf out = BUF_INIT;

	for (size_t at = 0; at < len;) {
		const char *line = text + at;
		const char *end = memchr(line, '\n', len - at);
		size_t length = end ? (size_t)(end - line) : len - at;

		at += length + (end != NULL);
		while (length && (*line == ' ' || *line == '\t'))
			line++, length--;
		while (length && strchr(" \t\r", line[length - 1]))
			length--;
		size_t enhanced = enhanced_length(line, length, code / 100);
		if (enhanced && !*reply.enhanced)
			snprintf(reply.enhanced, sizeof reply.enhanced, "%.*s", (int)enhanced, line);
		while (enhanced < length && line[enhanced] == ' ')
			enhanced++;
		if (enhanced == length)
			continue;
		if (out.len)
			buf_putc(&out, ' ');
		reply_clean(&out, line + enhanced, length - enhanced);
	}
	if (out.len > TEXT_SHOWN) {
		size_t cut = TEXT_SHOWN;

		while (cut && ((unsigned char)out.data[cut] & 0xc0) == 0x80)
			cut--;
		buf_truncate(&out, cut);
	}
	reply.text = arena_dup(arena, buf_str(&out), out.len);
	buf_clear(&out);
	return reply;
}

struct session_reply reply_none(struct arena *arena, const char *format, ...)
{
	struct buf text = BUF_INIT;
	struct session_reply reply = { .code = 0 };
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&text, format, ap);
	va_end(ap);
	struct buf clean = BUF_INIT;
	reply_clean(&clean, buf_str(&text), text.len);
	reply.text = arena_dup(arena, buf_str(&clean), clean.len);
	buf_clear(&text);
	buf_clear(&clean);
	return reply;
}
