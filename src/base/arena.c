/* arena.c - owns the blocks; never gives one piece back by itself. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"

enum { BLOCK_SIZE = 32 * 1024 };

struct arena_block {
	struct arena_block *older;
	size_t size;
	alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena)
{
	*arena = (struct arena)ARENA_INIT;
}

static void free_chain(struct arena_block *block)
{
	while (block) {
		struct arena_block *older = block->older;
		free(block);
		block = older;
	}
}

void arena_clear(struct arena *arena)
{
	free_chain(arena->current);
	arena_init(arena);
}

void arena_reset(struct arena *arena)
{
	struct arena_block *keep = arena->current;

	/* One that grew for a huge job is not kept: memory stays flat. */
	while (keep && keep->size != BLOCK_SIZE) {
		struct arena_block *older = keep->older;
		free(keep);
		keep = older;
	}
	if (keep) {
		free_chain(keep->older);
		keep->older = NULL;
	}
	*arena = (struct arena){ keep, keep ? keep->bytes : NULL, keep ? keep->size : 0, 0 };
}

static struct arena_block *new_block(size_t size)
{
	if (size > SIZE_MAX / 2)
		fatal("out of memory: %zu bytes were asked for", size);
	struct arena_block *block = mem_realloc(NULL, 1, sizeof *block + size);
	block->older = NULL;
	block->size = size;
	return block;
}

void *arena_alloc_block(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);
	struct arena_block *current = arena->current;

	if (size > SIZE_MAX / 2)
		fatal("out of memory: %zu bytes were asked for", size);
	size = (size + align - 1) / align * align;
	if (current && size <= arena->left) {
		char *p = arena->at;
		arena->at += size;
		arena->left -= size;
		arena->used += size;
		return p;
	}
	size_t room = size > BLOCK_SIZE / 4 ? size : BLOCK_SIZE;
	struct arena_block *fresh = new_block(room);
	if (current && room == size) {
		/* A big piece gets a block of its own behind the one being filled. */
		fresh->older = current->older;
		current->older = fresh;
	} else {
		fresh->older = current;
		arena->current = fresh;
		arena->at = fresh->bytes + size;
		arena->left = room - size;
	}
	arena->used += size;
	return fresh->bytes;
}

char *arena_dup(struct arena *arena, const void *bytes, size_t len)
{
	char *copy = arena_alloc_raw(arena, len + 1);

	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *arena_strdup(struct arena *arena, const char *s)
{
	return arena_dup(arena, s, strlen(s));
}

char *arena_printf(struct arena *arena, const char *format, ...)
{
	va_list ap, again;

	va_start(ap, format);
	va_copy(again, ap);
	int len = vsnprintf(NULL, 0, format, ap);
	va_end(ap);
	if (len < 0)
		fatal("a text could not be formatted: %s", format);
	char *text = arena_alloc_raw(arena, (size_t)len + 1);
	vsnprintf(text, (size_t)len + 1, format, again);
	va_end(again);
	return text;
}
