/* value.c - strings and lists as values; owns no memory but the arena's. */
#include "template/values/value.h"

#include "base/arena.h"

static uint64_t load(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

static uint32_t load_half(const char *at)
{
	uint32_t half;

	memcpy(&half, at, sizeof half);
	return half;
}

/* The last word may overlap the one before. */
static inline bool is_ascii(const char *text, size_t len)
{
	uint64_t bits = 0;

	if (len >= 8) {
		for (size_t i = 0; i + 8 < len; i += 8)
			bits |= load(text + i);
		bits |= load(text + len - 8);
	} else if (len >= 4) {
		bits = load_half(text) | load_half(text + len - 4);
	} else if (len) {
		bits = (uint64_t)(unsigned char)(text[0] | text[len / 2] | text[len - 1]);
	}
	return !(bits & 0x8080808080808080u);
}

bool value_is_ascii(const char *text, size_t len)
{
	return is_ascii(text, len);
}

struct value value_text(const char *text, size_t len, unsigned flags)
{
	if (is_ascii(text, len))
		flags |= VALUE_ASCII;
	return (struct value){ .kind = VALUE_STRING, .flags = (uint8_t)flags,
			       .len = (uint32_t)len, .text = text };
}

size_t value_points(struct value string)
{
	const uint64_t ones = 0x0101010101010101u;
	size_t within = 0, i = 0;	/* bytes within a character: 10xxxxxx */

	if (string.flags & VALUE_ASCII)
		return string.len;
	for (; i + 8 <= string.len; i += 8) {
		uint64_t word = load(string.text + i);
		within += (((word >> 7) & ~(word >> 6) & ones) * ones) >> 56;
	}
	for (; i < string.len; i++)
		within += ((unsigned char)string.text[i] & 0xc0) == 0x80;
	return string.len - within;
}

struct list *list_new(struct arena *arena, size_t room)
{
	struct list *list = arena_alloc_raw(arena, sizeof *list);

	list->items = room ? arena_alloc_raw(arena, room * sizeof *list->items) : NULL;
	list->count = 0;
	list->room = room;
	list->names = NULL;
	return list;
}

void list_append(struct arena *arena, struct list *list, struct value item)
{
	if (list->count == list->room) {
		size_t room = list->room ? list->room * 2 : 4;
		struct value *items = arena_alloc_raw(arena, room * sizeof *items);
		if (list->count)
			memcpy(items, list->items, list->count * sizeof *items);
		list->items = items;
		list->room = room;
	}
	list->items[list->count++] = item;
}

struct value value_tuple_of(struct arena *arena, const struct value *items, size_t count)
{
	struct list *list = list_new(arena, count);

	if (count)
		memcpy(list->items, items, count * sizeof *items);
	list->count = count;
	return value_tuple(list);
}
