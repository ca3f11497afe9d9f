/*
 * html.c - escaping, unescaping, tags
 */
#include "template/py/html.h"

#include <ctype.h>
#include <stdlib.h>

#include "template/py/entity.h"
#include "template/py/seek.h"
#include "template/py/split.h"
#include "template/py/utf8.h"

static const char *escape_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&#34;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

bool html_needs_escape(struct span s)
{
	for (size_t i = 0; i < s.len; i++)
		if (escape_of(s.at[i]) != NULL)
			return true;
	return false;
}

void html_escape(struct span s, struct buf *out)
{
	size_t done = 0;

	for (size_t i = 0; i < s.len; i++) {
		const char *escape = escape_of(s.at[i]);

		if (escape == NULL)
			continue;
		buf_add(out, s.at + done, i - done);
		buf_puts(out, escape);
		done = i + 1;
	}
	buf_add(out, s.at + done, s.len - done);
}

/* ---- references ---- */

/* Bytes 0x80 to 0x9F as Windows has them (HTML, 13.2.5.80); 0: as it is. */
static const uint16_t windows_1252[32] = {
	0x20AC, 0x81, 0x201A, 0x192, 0x201E, 0x2026, 0x2020, 0x2021, 0x2C6, 0x2030, 0x160, 0x2039, 0x152, 0x8D,
	0x17D, 0x8F, 0x90, 0x2018, 0x2019, 0x201C, 0x201D, 0x2022, 0x2013, 0x2014, 0x2DC, 0x2122, 0x161, 0x203A,
	0x153, 0x9D, 0x17E, 0x178,
};

/* Code points that a reference may not name: it gives nothing. */
static bool is_invalid(uint32_t c)
{
	return (c >= 0x1 && c <= 0x8) || c == 0xB || (c >= 0xE && c <= 0x1F) || (c >= 0x7F && c <= 0x9F) ||
	       (c >= 0xFDD0 && c <= 0xFDEF) || (c & 0xFFFE) == 0xFFFE;
}

static void add_code(uint32_t c, struct buf *out)
{
	if (c == 0 || (c >= 0xD800 && c <= 0xDFFF) || c > 0x10FFFF)
		utf8_add(0xFFFD, out);
	else if (c == 0x0D)
		buf_putc(out, '\r');
	else if (c >= 0x80 && c <= 0x9F)
		utf8_add(windows_1252[c - 0x80], out);
	else if (!is_invalid(c))
		utf8_add(c, out);
}

/* "#123;" or "#x1F;" behind the '&': how long it is, 0 if it is none. */
static size_t take_numeric(struct span s, struct buf *out)
{
	bool hex = s.len > 1 && (s.at[1] == 'x' || s.at[1] == 'X');
	size_t at = hex ? 2 : 1, from = at;
	uint32_t c = 0;

	for (; at < s.len; at++) {
		char digit[2] = { s.at[at], '\0' };

		if (!(hex ? isxdigit((unsigned char)digit[0]) : isdigit((unsigned char)digit[0])))
			break;
		c = c * (hex ? 16 : 10) + (uint32_t)strtoul(digit, NULL, 16);
		if (c > 0x10FFFF)
			c = 0x110000;
	}
	if (at == from)
		return 0;
	if (at < s.len && s.at[at] == ';')
		at++;
	add_code(c, out);
	return at;
}

static const struct entity *find_entity(struct span name)
{
	size_t low = 0, high = entity_count;

	while (low < high) {
		size_t middle = (low + high) / 2;
		const char *other = entities[middle].name;
		int order = strncmp(name.at, other, name.len);

		if (order == 0 && other[name.len] == '\0')
			return &entities[middle];
		if (order > 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* A name, or the longest beginning of one that HTML knows; how many bytes. */
static size_t take_named(struct span s, struct buf *out)
{
	size_t len = 0;

	/* No known name has a byte that is not ASCII or longer than this. */
	while (len < s.len && len < ENTITY_LONGEST && isalnum((unsigned char)s.at[len]))
		len++;
	if (len < s.len && s.at[len] == ';')
		len++;
	for (; len > 1; len--) {
		const struct entity *entity = find_entity(span_cut(s, 0, len));

		if (entity != NULL) {
			buf_puts(out, entity->text);
			return len;
		}
	}
	return 0;
}

void html_unescape(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.len;) {
		const char *next = memchr(s.at + i, '&', s.len - i);
		size_t at = next != NULL ? (size_t)(next - s.at) : s.len, taken;
		struct span behind;

		buf_add(out, s.at + i, at - i);
		if (at == s.len)
			return;
		behind = span_cut(s, at + 1, s.len);
		taken = behind.len > 0 && behind.at[0] == '#' ? take_numeric(behind, out) : take_named(behind, out);
		if (taken == 0)
			buf_putc(out, '&');
		i = at + 1 + taken;
	}
}

/* ---- tags ---- */

/* `s` without what stands from `open` to the next `close`, both included. */
static void drop_between(struct span s, const char *open, const char *close, struct buf *out)
{
	struct span from = span_of(open), to = span_of(close);
	int64_t start, end;

	while ((start = seek_first(s, from)) >= 0) {
		struct span behind = span_cut(s, (size_t)start + from.len, s.len);

		end = seek_first(behind, to);
		if (end < 0)
			break;
		buf_add(out, s.at, (size_t)start);
		s = span_cut(behind, (size_t)end + to.len, behind.len);
	}
	span_add(s, out);
}

void html_strip_tags(struct span s, struct buf *out)
{
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct split split;
	struct span word;

	drop_between(s, "<!--", "-->", &first);
	drop_between(span_buf(&first), "<", ">", &second);
	buf_reset(&first);
	split = split_space(span_buf(&second), -1, false);
	while (split_next(&split, &word)) {
		if (first.len > 0)
			buf_putc(&first, ' ');
		span_add(word, &first);
	}
	html_unescape(span_buf(&first), out);
	buf_clear(&first);
	buf_clear(&second);
}
