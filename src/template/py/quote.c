/*
 * quote.c - repr() and ascii() of text
 *
 * Owns the choice of quotes and which code points are escaped and how.
 */
#include "template/py/quote.h"

#include "template/py/uni.h"
#include "template/py/utf8.h"

static void add_escaped(uint32_t c, struct buf *out)
{
	switch (c) {
	case '\t':
		buf_puts(out, "\\t");
		break;
	case '\n':
		buf_puts(out, "\\n");
		break;
	case '\r':
		buf_puts(out, "\\r");
		break;
	default:
		if (c < 0x100)
			buf_printf(out, "\\x%02x", c);
		else if (c < 0x10000)
			buf_printf(out, "\\u%04x", c);
		else
			buf_printf(out, "\\U%08x", c);
	}
}

static void quote(struct span s, bool ascii, struct buf *out)
{
	bool single = memchr(s.at, '\'', s.len) != NULL, twofold = memchr(s.at, '"', s.len) != NULL;
	char mark = single && !twofold ? '"' : '\'';

	buf_putc(out, mark);
	for (size_t i = 0; i < s.len;) {
		size_t start = i;
		uint32_t c = utf8_next(s, &i);

		if (c == (unsigned char)mark || c == '\\') {
			buf_putc(out, '\\');
			buf_putc(out, (char)c);
		} else if (c < 0x80 ? c >= 0x20 && c != 0x7F : !ascii && uni_is(c, UNI_PRINTABLE)) {
			buf_add(out, s.at + start, i - start);
		} else {
			add_escaped(c, out);
		}
	}
	buf_putc(out, mark);
}

void quote_repr(struct span s, struct buf *out)
{
	quote(s, false, out);
}

void quote_ascii(struct span s, struct buf *out)
{
	quote(s, true, out);
}

void quote_add_ascii(struct span repr, struct buf *out)
{
	for (size_t i = 0; i < repr.len;) {
		uint32_t c = utf8_next(repr, &i);

		if (c < 0x80)
			buf_putc(out, (char)c);
		else
			add_escaped(c, out);
	}
}
