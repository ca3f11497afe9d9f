/*
 * casing.c - case of text
 *
 * Owns what Python's casing does beyond single code points: the final sigma,
 * words, title case.
 */
#include "template/py/casing.h"

#include "template/py/uni.h"
#include "template/py/utf8.h"

enum { SIGMA = 0x3A3, SMALL_SIGMA = 0x3C3, FINAL_SIGMA = 0x3C2 };

static void add_mapped(uint32_t c, enum uni_case to, struct buf *out)
{
	uint32_t mapped[UNI_MAPPED];
	unsigned count = uni_map(c, to, mapped);

	for (unsigned i = 0; i < count; i++)
		utf8_add(mapped[i], out);
}

/* Whether the sigma in [from, to) ends a word: a cased letter before it,
 * none behind it, what is ignorable for case skipped. */
static bool is_final(struct span s, size_t from, size_t to)
{
	uint32_t c = 0;

	do {
		if (from == 0)
			return false;
		c = utf8_previous(s, &from);
	} while (uni_is(c, UNI_CASE_IGNORABLE));
	if (!uni_is(c, UNI_CASED))
		return false;
	while (to < s.len) {
		c = utf8_next(s, &to);
		if (!uni_is(c, UNI_CASE_IGNORABLE))
			return !uni_is(c, UNI_CASED);
	}
	return true;
}

/* Adds the lower case of the code point at *at and moves on. */
static void lower_next(struct span s, size_t *at, struct buf *out)
{
	size_t from = *at;
	uint32_t c = utf8_next(s, at);

	if (c == SIGMA)
		utf8_add(is_final(s, from, *at) ? FINAL_SIGMA : SMALL_SIGMA, out);
	else
		add_mapped(c, UNI_TO_LOWER, out);
}

/* ASCII goes byte by byte; `first` to `last` is what the case bit is flipped of. */
static bool ascii_only(struct span s, char first, char last, struct buf *out)
{
	size_t start = out->len;

	if (!utf8_is_ascii(s))
		return false;
	span_add(s, out);
	for (size_t i = start; i < out->len; i++)
		if (out->data[i] >= first && out->data[i] <= last)
			out->data[i] ^= 0x20;
	return true;
}

void casing_upper(struct span s, struct buf *out)
{
	if (ascii_only(s, 'a', 'z', out))
		return;
	for (size_t i = 0; i < s.len;)
		add_mapped(utf8_next(s, &i), UNI_TO_UPPER, out);
}

void casing_lower(struct span s, struct buf *out)
{
	if (ascii_only(s, 'A', 'Z', out))
		return;
	for (size_t i = 0; i < s.len;)
		lower_next(s, &i, out);
}

void casing_fold(struct span s, struct buf *out)
{
	if (ascii_only(s, 'A', 'Z', out))
		return;
	for (size_t i = 0; i < s.len;)
		add_mapped(utf8_next(s, &i), UNI_TO_FOLDED, out);
}

void casing_swap(struct span s, struct buf *out)
{
	for (size_t i = 0; i < s.len;) {
		size_t next = i;
		uint32_t c = utf8_next(s, &next);

		if (uni_is(c, UNI_UPPER)) {
			lower_next(s, &i, out);
			continue;
		}
		if (uni_is(c, UNI_LOWER))
			add_mapped(c, UNI_TO_UPPER, out);
		else
			utf8_add(c, out);
		i = next;
	}
}

void casing_capitalize(struct span s, struct buf *out)
{
	size_t i = 0;

	if (s.len == 0)
		return;
	add_mapped(utf8_next(s, &i), UNI_TO_TITLE, out);
	while (i < s.len)
		lower_next(s, &i, out);
}

void casing_title(struct span s, struct buf *out)
{
	bool in_word = false;

	for (size_t i = 0; i < s.len;) {
		size_t next = i;
		uint32_t c = utf8_next(s, &next);

		if (in_word)
			lower_next(s, &i, out);
		else
			add_mapped(c, UNI_TO_TITLE, out);
		i = next;
		in_word = uni_is(c, UNI_CASED);
	}
}

static bool separates_words(uint32_t c)
{
	return c == '-' || c == '(' || c == '{' || c == '[' || c == '<' || uni_is(c, UNI_SPACE);
}

void casing_title_words(struct span s, struct buf *out)
{
	for (size_t i = 0, end; i < s.len; i = end) {
		size_t next = i;
		uint32_t c = utf8_next(s, &next);
		bool separator = separates_words(c);
		struct span word;

		/* A word, or the separators between two: one is empty. */
		for (end = next; end < s.len; end = next) {
			next = end;
			if (separates_words(utf8_next(s, &next)) != separator)
				break;
		}
		word = span_cut(s, i, end);
		next = 0;
		add_mapped(utf8_next(word, &next), UNI_TO_UPPER, out);
		casing_lower(span_cut(word, next, word.len), out);
	}
}

static bool all_of_case(struct span s, unsigned wanted, unsigned others)
{
	bool any = false;

	for (size_t i = 0; i < s.len;) {
		unsigned flags = uni_flags(utf8_next(s, &i));

		if (flags & others)
			return false;
		any |= (flags & wanted) != 0;
	}
	return any;
}

bool casing_is_upper(struct span s)
{
	return all_of_case(s, UNI_UPPER, UNI_LOWER | UNI_TITLE);
}

bool casing_is_lower(struct span s)
{
	return all_of_case(s, UNI_LOWER, UNI_UPPER | UNI_TITLE);
}

bool casing_is_title(struct span s)
{
	bool in_word = false, any = false;

	for (size_t i = 0; i < s.len;) {
		unsigned flags = uni_flags(utf8_next(s, &i));

		if (flags & (UNI_UPPER | UNI_TITLE) ? in_word : (flags & UNI_LOWER) && !in_word)
			return false;
		in_word = flags & (UNI_UPPER | UNI_TITLE | UNI_LOWER);
		any |= in_word;
	}
	return any;
}

bool casing_all(struct span s, unsigned flags)
{
	for (size_t i = 0; i < s.len;)
		if (!uni_is(utf8_next(s, &i), flags))
			return false;
	return s.len > 0;
}

bool casing_is_identifier(struct span s)
{
	size_t i = 0;
	uint32_t c;

	if (s.len == 0)
		return false;
	c = utf8_next(s, &i);
	if (c != '_' && !uni_is(c, UNI_ID_START))
		return false;
	return i == s.len || casing_all(span_cut(s, i, s.len), UNI_ID_CONTINUE);
}

bool casing_is_printable(struct span s)
{
	return s.len == 0 || casing_all(s, UNI_PRINTABLE);
}
