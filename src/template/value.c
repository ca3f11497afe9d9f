/* value.c - strings and lists as values; owns no memory but the arena's. */
#include "template/value.h"

#include "base/arena.h"

bool value_is_ascii(const char *text, size_t len)
{
	uint64_t bits = 0, word;
	size_t i = 0;

	for (; i + 8 <= len; i += 8) {
		memcpy(&word, text + i, 8);
		bits |= word;
	}
	for (; i < len; i++)
		bits |= (uint64_t)(unsigned char)text[i];
	return !(bits & 0x8080808080808080u);
}

struct value value_text(const char *text, size_t len, unsigned flags)
{
	if (value_is_ascii(text, len))
		flags |= VALUE_ASCII;
	return (struct value){ .kind = VALUE_STRING, .flags = (uint8_t)flags,
			       .len = (uint32_t)len, .text = text };
}

size_t value_points(struct value string)
{
	size_t points = 0;

	if (string.flags & VALUE_ASCII)
		return string.len;
	for (size_t i = 0; i < string.len; i++)
		points += ((unsigned char)string.text[i] & 0xc0) != 0x80;
	return points;
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
