/*
 * utf8.c - code points in UTF-8
 *
 * Owns reading and writing of single code points and counting them.  The
 * input is valid (whoever takes text in checks it); a broken tail is read as
 * single bytes and never beyond its end.
 */
#include "template/py/utf8.h"

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xC0) == 0x80;
}

uint32_t utf8_next(struct span s, size_t *offset)
{
	const unsigned char *p = (const unsigned char *)s.at + *offset;
	size_t left = s.len - *offset;

	if (p[0] < 0xC0 || left < 2) {
		*offset += 1;
		return p[0];
	}
	if (p[0] < 0xE0 || left < 3) {
		*offset += 2;
		return (p[0] & 0x1FU) << 6 | (p[1] & 0x3FU);
	}
	if (p[0] < 0xF0 || left < 4) {
		*offset += 3;
		return (p[0] & 0x0FU) << 12 | (p[1] & 0x3FU) << 6 | (p[2] & 0x3FU);
	}
	*offset += 4;
	return (p[0] & 0x07U) << 18 | (p[1] & 0x3FU) << 12 | (p[2] & 0x3FU) << 6 | (p[3] & 0x3FU);
}

uint32_t utf8_previous(struct span s, size_t *offset)
{
	size_t at = *offset - 1, again;

	while (at > 0 && *offset - at < 4 && continues(s.at[at]))
		at--;
	*offset = again = at;
	return utf8_next(s, &again);
}

size_t utf8_length(struct span s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.len; i++)
		count += !continues(s.at[i]);
	return count;
}

bool utf8_is_ascii(struct span s)
{
	unsigned char all = 0;

	for (size_t i = 0; i < s.len; i++)
		all |= (unsigned char)s.at[i];
	return all < 0x80;
}

size_t utf8_offset(struct span s, size_t index)
{
	size_t offset = 0;

	for (; offset < s.len; offset++)
		if (!continues(s.at[offset]) && index-- == 0)
			return offset;
	return s.len;
}

size_t utf8_encode(uint32_t c, char out[4])
{
	if (c < 0x80) {
		out[0] = (char)c;
		return 1;
	}
	if (c < 0x800) {
		out[0] = (char)(0xC0 | c >> 6);
		out[1] = (char)(0x80 | (c & 0x3F));
		return 2;
	}
	if (c < 0x10000) {
		out[0] = (char)(0xE0 | c >> 12);
		out[1] = (char)(0x80 | (c >> 6 & 0x3F));
		out[2] = (char)(0x80 | (c & 0x3F));
		return 3;
	}
	out[0] = (char)(0xF0 | c >> 18);
	out[1] = (char)(0x80 | (c >> 12 & 0x3F));
	out[2] = (char)(0x80 | (c >> 6 & 0x3F));
	out[3] = (char)(0x80 | (c & 0x3F));
	return 4;
}

void utf8_add(uint32_t c, struct buf *out)
{
	char bytes[4];

	buf_add(out, bytes, utf8_encode(c, bytes));
}

size_t utf8_valid(struct span span)
{
	const unsigned char *s = (const unsigned char *)span.at;
	size_t i = 0;

	while (i < span.len) {
		unsigned c = s[i];
		size_t more = c < 0x80 ? 0 : c >= 0xc2 && c <= 0xdf ? 1 : (c & 0xf0) == 0xe0 ? 2 :
			      c >= 0xf0 && c <= 0xf4 ? 3 : 4;
		if (more == 4 || span.len - i <= more)
			return i;
		for (size_t k = 1; k <= more; k++)
			if ((s[i + k] & 0xc0) != 0x80)
				return i;
		if ((c == 0xe0 && s[i + 1] < 0xa0) || (c == 0xed && s[i + 1] > 0x9f) ||
		    (c == 0xf0 && s[i + 1] < 0x90) || (c == 0xf4 && s[i + 1] > 0x8f))
			return i;
		i += more + 1;
	}
	return span.len;
}
