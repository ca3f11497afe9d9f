/*
 * uni.c - what Python knows about a code point
 *
 * Owns the look-up; the tables themselves are in uni_table.c.
 */
#include "template/py/uni.h"

#include <stdlib.h>

#include "template/py/uni_table.h"

static const struct uni_record *record(uint32_t c)
{
	if (c >= 0x110000)
		return &uni_records[0];
	return &uni_records[uni_blocks[uni_index[c >> UNI_BLOCK_BITS]][c & (UNI_BLOCK - 1)]];
}

unsigned uni_flags(uint32_t c)
{
	return record(c)->flags;
}

bool uni_is_line_break(uint32_t c)
{
	return (c >= 0x0A && c <= 0x0D) || (c >= 0x1C && c <= 0x1E) || c == 0x85 || c == 0x2028 || c == 0x2029;
}

int uni_decimal(uint32_t c)
{
	const struct uni_record *r = record(c);

	return r->flags & UNI_DECIMAL ? r->decimal : -1;
}

static int by_key(const void *key, const void *member)
{
	const struct uni_special *a = key, *b = member;

	if (a->c != b->c)
		return a->c < b->c ? -1 : 1;
	return (int)a->to - (int)b->to;
}

unsigned uni_map(uint32_t c, enum uni_case to, uint32_t out[UNI_MAPPED])
{
	const struct uni_record *r = record(c);
	const struct uni_special key = { .c = c, .to = (unsigned char)to }, *special = NULL;
	unsigned count = 0;

	if (r->flags & UNI_SPECIAL)
		special = bsearch(&key, uni_specials, uni_special_count, sizeof key, by_key);
	if (special != NULL) {
		while (count < UNI_MAPPED && special->out[count] != 0) {
			out[count] = special->out[count];
			count++;
		}
		return count;
	}
	switch (to) {
	case UNI_TO_LOWER:
	case UNI_TO_FOLDED:
		out[0] = c + (uint32_t)r->lower;
		break;
	case UNI_TO_UPPER:
		out[0] = c + (uint32_t)r->upper;
		break;
	case UNI_TO_TITLE:
		out[0] = c + (uint32_t)r->title;
		break;
	}
	return 1;
}
