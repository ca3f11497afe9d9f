/*
 * body.c - chooses a transfer encoding and applies GMime's encoders, which
 * take a fifth of the time of its streams.
 */
#include "mime/body.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <gmime/gmime.h>

/*
 * Longest line that goes out as it is.  Every server must take 998 bytes
 * (RFC 5321 4.5.3.1.6); half of that stays legal whatever a hop puts before a
 * line, and fits the 512-byte buffers of old software.  HTML written by
 * people stays below; what a generator wrote on one line does not.
 */
enum { PLAIN_LINE_MAX = 510 };

/* What decides about the encoding. */
struct shape {
	size_t lines;
	size_t escaped;		/* bytes that quoted-printable writes as three */
	bool plain;		/* may go out as it is */
};

/* Text with LF alone at its line ends; `spare` holds it where it had to change. */
static const char *with_lf(const char *content, size_t *len, struct buf *spare)
{
	const char *end = content + *len, *cr = memchr(content, '\r', *len);

	if (!cr)
		return content;
	buf_reserve(spare, *len);
	for (const char *p = content; p < end; p = cr) {
		cr = memchr(p, '\r', (size_t)(end - p));
		buf_add(spare, p, (size_t)((cr ? cr : end) - p));
		if (!cr)
			break;
		buf_putc(spare, '\n');
		cr += cr + 1 < end && cr[1] == '\n' ? 2 : 1;
	}
	*len = spare->len;
	return buf_str(spare);
}

/*
 * What a byte adds to a line's weight: in the low half, that it is escaped in
 * quoted-printable; in the high half, that it may not go out as it is.
 */
#define ODD ((UINT64_C(1) << 32) | 1)
static const uint64_t weights[256] = {
	[0x00 ... 0x08] = ODD, [0x0a ... 0x1f] = ODD, ['='] = 1, [0x7f ... 0xff] = ODD,
};

static void look_at_line(const char *line, size_t len, struct shape *shape)
{
	uint64_t weight = 0;

	for (size_t i = 0; i < len; i++)
		weight += weights[(unsigned char)line[i]];
	/* Space before a line's end gets lost on the way; "From " is changed in mailboxes. */
	bool blank_end = len && (line[len - 1] == ' ' || line[len - 1] == '\t');
	shape->escaped += (size_t)(weight & UINT32_MAX) + blank_end;
	if (weight >> 32 || blank_end || len > PLAIN_LINE_MAX || (len > 4 && !memcmp(line, "From ", 5)))
		shape->plain = false;
}

static struct shape look_at(const char *text, size_t len)
{
	struct shape shape = { .plain = true };
	const char *end = text + len;

	for (const char *line = text; line < end; shape.lines++) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = lf ? lf : end;
		look_at_line(line, (size_t)(line_end - line), &shape);
		line = line_end + 1;
	}
	return shape;
}

/* Lengths without the soft line ends, which weigh about the same. */
static bool quoted_is_shorter(const struct shape *shape, size_t len)
{
	return len + 2 * shape->escaped <= (len + shape->lines + 2) / 3 * 4;
}

/* Adds text with LF line ends as lines that end in CRLF, the last one too. */
static void add_lines(const char *text, size_t len, struct buf *out)
{
	const char *end = text + len;

	buf_reserve(out, len + len / 16);
	for (const char *line = text; line < end;) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));
		const char *line_end = lf ? lf : end;
		buf_add(out, line, (size_t)(line_end - line));
		buf_add(out, "\r\n", 2);
		line = line_end + 1;
	}
}

static void add_encoded(GMimeContentEncoding encoding, const char *text, size_t len, struct buf *out)
{
	struct buf encoded = BUF_INIT;
	GMimeEncoding state;

	g_mime_encoding_init_encode(&state, encoding);
	buf_reserve(&encoded, g_mime_encoding_outlen(&state, len));
	size_t n = g_mime_encoding_flush(&state, text, len, encoded.data);
	add_lines(encoded.data, n, out);
	buf_clear(&encoded);
}

/* RFC 2045 6.8: text is brought to CRLF before it becomes base64. */
static void add_base64(const char *text, size_t len, struct buf *out)
{
	struct buf canonical = BUF_INIT;

	add_lines(text, len, &canonical);
	add_encoded(GMIME_CONTENT_ENCODING_BASE64, buf_str(&canonical), canonical.len, out);
	buf_clear(&canonical);
}

/* A last line without its end gets one, or "soft" ends would join it to nothing. */
static const char *with_last_lf(const char *text, size_t *len, struct buf *spare)
{
	if (!*len || text[*len - 1] == '\n')
		return text;
	if (!spare->len)
		buf_add(spare, text, *len);
	buf_putc(spare, '\n');
	*len = spare->len;
	return spare->data;
}

void body_add(const char *content, size_t len, struct buf *out)
{
	struct buf spare = BUF_INIT;
	const char *text = with_last_lf(with_lf(content, &len, &spare), &len, &spare);
	struct shape shape = look_at(text, len);

	if (shape.plain) {
		buf_puts(out, "Content-Transfer-Encoding: 7bit\r\n\r\n");
		add_lines(text, len, out);
	} else if (quoted_is_shorter(&shape, len)) {
		buf_puts(out, "Content-Transfer-Encoding: quoted-printable\r\n\r\n");
		add_encoded(GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE, text, len, out);
	} else {
		buf_puts(out, "Content-Transfer-Encoding: base64\r\n\r\n");
		add_base64(text, len, out);
	}
	buf_clear(&spare);
}
