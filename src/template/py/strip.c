/*
 * strip.c - str.strip() and its kin
 */
#include "template/py/strip.h"

#include "template/py/uni.h"
#include "template/py/utf8.h"

/* `chars` NULL: white space. */
static bool drops(uint32_t c, const struct span *chars)
{
	if (chars == NULL)
		return uni_is(c, UNI_SPACE);
	for (size_t i = 0; i < chars->len;)
		if (utf8_next(*chars, &i) == c)
			return true;
	return false;
}

static struct span strip(struct span s, const struct span *chars, enum strip_side side)
{
	size_t from = 0, to = s.len, next;

	while ((side & STRIP_LEFT) && from < to) {
		next = from;
		if (!drops(utf8_next(s, &next), chars))
			break;
		from = next;
	}
	while ((side & STRIP_RIGHT) && to > from) {
		next = to;
		if (!drops(utf8_previous(s, &next), chars))
			break;
		to = next;
	}
	return span_cut(s, from, to);
}

struct span strip_space(struct span s, enum strip_side side)
{
	return strip(s, NULL, side);
}

struct span strip_chars(struct span s, struct span chars, enum strip_side side)
{
	return strip(s, &chars, side);
}
