/*
 * arena.h - memory of one job, freed in one step
 *
 * What one message or one rendering needs is taken from its arena and never
 * freed by itself.  arena_reset() keeps one block, so that a worker's memory
 * stays flat from job to job.
 */
#ifndef POSTRIDER_ARENA_H
#define POSTRIDER_ARENA_H

#include <stdalign.h>
#include <stddef.h>
#include <string.h>

struct arena_block;

struct arena {
	struct arena_block *current;	/* the block that is being filled; older ones hang behind it */
	char *at;			/* where it is free, */
	size_t left;			/* and for how many bytes: always aligned */
	size_t used;			/* bytes handed out since the last reset */
};

#define ARENA_INIT { NULL, NULL, 0, 0 }

void arena_init(struct arena *arena);

/* Frees everything.  The arena may be used again. */
void arena_clear(struct arena *arena);

/* Forgets everything handed out and keeps one block for the next job. */
void arena_reset(struct arena *arena);

/* What arena_alloc_raw() does where the block has no room. */
void *arena_alloc_block(struct arena *arena, size_t size);

/* Never NULL, aligned for any type, not zeroed: for bytes that are written at
 * once.  Valid until reset or clear. */
static inline void *arena_alloc_raw(struct arena *arena, size_t size)
{
	const size_t align = alignof(max_align_t);

	/* `left` is aligned: what is smaller also fits when it is rounded up. */
	if (__builtin_expect(size >= arena->left, 0))
		return arena_alloc_block(arena, size);
	char *p = arena->at;
	size = (size + align - 1) / align * align;
	arena->at += size;
	arena->left -= size;
	arena->used += size;
	return p;
}

/* The same, zeroed. */
static inline void *arena_alloc(struct arena *arena, size_t size)
{
	return memset(arena_alloc_raw(arena, size), 0, size);
}

char *arena_strdup(struct arena *arena, const char *s);

/* Copies `len` bytes, whatever they are, and adds a NUL. */
char *arena_dup(struct arena *arena, const void *bytes, size_t len);

__attribute__((format(printf, 2, 3)))
char *arena_printf(struct arena *arena, const char *format, ...);

#endif
