/* header.c - knows columns, quoting and encoded words; knows no field by name. */
#include "mime/header.h"

#include <ctype.h>
#include <string.h>

#include <glib.h>

enum {
	WIDTH = 76,		/* RFC 2047 2: of a line with encoded words; below RFC 5322's 78 */
	ENCODED_MAX = 75,		/* RFC 2047 2: of one encoded word */
	PLAIN_MAX = 60,		/* a longer word is encoded, since nothing else can break it */
	OVERHEAD = 12,		/* =?UTF-8?B? and ?= */
	LEAST_PAYLOAD = 12,	/* one character of four bytes, either way */
};

struct header header_begin(struct buf *out, const char *name)
{
	buf_printf(out, "%s:", name);
	return (struct header){ out, strlen(name) + 1, true };
}

void header_end(struct header *header)
{
	buf_puts(header->out, "\r\n");
}

/* A space and the token, on a new line where it would not fit this one. */
static void add_token(struct header *header, const char *token, size_t len)
{
	if (!header->fresh && header->column + 1 + len > WIDTH) {
		buf_puts(header->out, "\r\n");
		header->column = 0;
	}
	buf_putc(header->out, ' ');
	buf_add(header->out, token, len);
	header->column += 1 + len;
	header->fresh = false;
}

/* ---- encoded words ---- */

/* RFC 2047 5 (3): what may stand for itself in a phrase, and so anywhere. */
static bool is_plain_q(unsigned char c)
{
	return isalnum(c) || (c && strchr("!*+-/", c));
}

static size_t q_cost(unsigned char c)
{
	return is_plain_q(c) || c == ' ' ? 1 : 3;
}

static bool q_is_shorter(const char *text, size_t len)
{
	size_t cost = 0;

	for (size_t i = 0; i < len; i++)
		cost += q_cost((unsigned char)text[i]);
	return cost <= (len + 2) / 3 * 4;
}

/* How many bytes, whole characters only, fit `room` columns of payload. */
static size_t fitting(const char *text, size_t len, bool q, size_t room)
{
	size_t taken = 0, cost = 0;

	while (taken < len) {
		size_t next = (size_t)(g_utf8_next_char(text + taken) - text);
		for (size_t i = taken; q && i < next; i++)
			cost += q_cost((unsigned char)text[i]);
		if (!q)
			cost = (next + 2) / 3 * 4;
		if (cost > room)
			break;
		taken = next;
	}
	return taken;
}

static void add_encoded(struct header *header, const char *text, size_t len, bool q)
{
	char word[ENCODED_MAX + 8];
	size_t n = (size_t)g_snprintf(word, sizeof word, "=?UTF-8?%c?", q ? 'Q' : 'B');

	for (size_t i = 0; q && i < len; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c == ' ' || is_plain_q(c))
			word[n++] = c == ' ' ? '_' : (char)c;
		else
			n += (size_t)g_snprintf(word + n, sizeof word - n, "=%02X", c);
	}
	if (!q) {
		gint state = 0, save = 0;
		n += g_base64_encode_step((const guchar *)text, len, FALSE, word + n, &state, &save);
		n += g_base64_encode_close(FALSE, word + n, &state, &save);
	}
	memcpy(word + n, "?=", 2);
	add_token(header, word, n + 2);
}

/* The text as one or more encoded words; the first fills up the line. */
static void encode(struct header *header, const char *text, size_t len)
{
	bool q = q_is_shorter(text, len);

	while (len) {
		size_t used = header->column + 1 + OVERHEAD;
		size_t room = used + LEAST_PAYLOAD <= WIDTH ? WIDTH - used : ENCODED_MAX - OVERHEAD;
		size_t n = fitting(text, len, q, room < ENCODED_MAX - OVERHEAD ? room : ENCODED_MAX - OVERHEAD);
		add_encoded(header, text, n, q);
		text += n;
		len -= n;
	}
}

/* ---- text ---- */

/*
 * Whether a word may stand as it is: ASCII that nobody takes for an encoded
 * word, and short enough to fold around.  An empty word (the text begins or
 * ends with a space, or two stand together) is encoded, or it would be lost.
 */
static bool is_plain(const char *word, size_t len)
{
	if (!len || len > PLAIN_MAX)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)word[i];
		if (c <= 0x20 || c >= 0x7f || (c == '=' && i + 1 < len && word[i + 1] == '?'))
			return false;
	}
	return true;
}

/*
 * Where the stretch of words lies that must be encoded; *first NULL: none.
 * The words beside an empty one belong to it, since the spaces between them do.
 */
static void find_stretch(const char *text, const char **first, const char **end)
{
	const char *before = text;
	bool after_empty = false;

	*first = *end = NULL;
	for (const char *word = text;;) {
		size_t len = strcspn(word, " ");
		if (!is_plain(word, len) || after_empty) {
			if (!*first)
				*first = len ? word : before;
			*end = word + len;
		}
		after_empty = !len;
		if (!word[len])
			return;
		before = word;
		word += len + 1;
	}
}

static void add_plain(struct header *header, const char *text, size_t len)
{
	const char *end = text + len;

	while (text < end) {
		const char *space = memchr(text, ' ', (size_t)(end - text));
		const char *word_end = space ? space : end;
		add_token(header, text, (size_t)(word_end - text));
		text = word_end + (space != NULL);
	}
}

void header_text(struct header *header, const char *text)
{
	const char *first, *end;

	if (!*text)
		return;
	find_stretch(text, &first, &end);
	if (!first) {
		add_plain(header, text, strlen(text));
		return;
	}
	/* The space before an encoded word separates it, and is text as well. */
	if (first > text)
		add_plain(header, text, (size_t)(first - text - 1));
	encode(header, first, (size_t)(end - first));
	if (*end)
		add_plain(header, end + 1, strlen(end + 1));
}

/* ---- mailboxes ---- */

static bool is_atoms(const char *name)
{
	for (const char *c = name; *c; c++)
		if (!isalnum((unsigned char)*c) && !strchr(" !#$%&'*+-/=?^_`{|}~", *c))
			return false;
	return true;
}

/* RFC 5322 3.2.4; folded at its spaces, which unfolding brings back. */
static void add_quoted(struct header *header, const char *name)
{
	struct buf quoted = BUF_INIT;

	buf_putc(&quoted, '"');
	for (const char *c = name; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_putc(&quoted, '\\');
		buf_putc(&quoted, *c);
	}
	buf_putc(&quoted, '"');
	add_plain(header, quoted.data, quoted.len);
	buf_clear(&quoted);
}

static void add_name(struct header *header, const char *name)
{
	const char *first, *end;

	find_stretch(name, &first, &end);
	if (first)
		encode(header, name, strlen(name));
	else if (is_atoms(name))
		add_plain(header, name, strlen(name));
	else
		add_quoted(header, name);
}

void header_mailboxes(struct header *header, const struct address *list, size_t count)
{
	char token[ADDRESS_SPEC_MAX + 8];

	for (size_t i = 0; i < count; i++) {
		const char *comma = i + 1 < count ? "," : "";
		bool named = list[i].name && *list[i].name;
		if (named)
			add_name(header, list[i].name);
		int len = g_snprintf(token, sizeof token, named ? "<%s>%s" : "%s%s", list[i].spec, comma);
		add_token(header, token, (size_t)len);
	}
}
