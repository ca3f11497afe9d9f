/*
 * arena.h - memory of one job, freed in one step
 *
 * What one message or one rendering needs is taken from its arena and never
 * freed by itself.  arena_reset() keeps one block, so that a worker's memory
 * stays flat from job to job.
 */
#ifndef POSTRIDER_ARENA_H
#define POSTRIDER_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *current;	/* the block that is being filled; older ones hang behind it */
	size_t used;			/* bytes handed out since the last reset */
};

#define ARENA_INIT { NULL, 0 }

void arena_init(struct arena *arena);

/* Frees everything.  The arena may be used again. */
void arena_clear(struct arena *arena);

/* Forgets everything handed out and keeps one block for the next job. */
void arena_reset(struct arena *arena);

/* Never NULL, aligned for any type, zeroed; valid until reset or clear. */
void *arena_alloc(struct arena *arena, size_t size);

/* The same, not zeroed: for bytes that are written at once. */
void *arena_alloc_raw(struct arena *arena, size_t size);

char *arena_strdup(struct arena *arena, const char *s);

/* Copies `len` bytes, whatever they are, and adds a NUL. */
char *arena_dup(struct arena *arena, const void *bytes, size_t len);

__attribute__((format(printf, 2, 3)))
char *arena_printf(struct arena *arena, const char *format, ...);

#endif
