/*
 * mem.h - memory that is either there or ends the process
 *
 * A daemon that cannot get a few bytes cannot deliver mail either: it says so
 * and dies, its supervisor replaces it and the message in its hands is
 * recovered.  So no caller checks for NULL.
 */
#ifndef POSTRIDER_MEM_H
#define POSTRIDER_MEM_H

#include <stddef.h>

/*
 * Once a process, before jansson or GLib is used: makes them do the same.  Left
 * to itself jansson drops what it has no memory for, and so half a record would
 * be written; GLib raises a signal, for which the message in hand would be blamed.
 */
void mem_init(void);

/* All return memory that the caller owns and gives to free(). */

/* Zeroed.  A size of 0 gives a pointer that may be freed. */
void *mem_alloc(size_t size);

/* `count` elements of `size` bytes, zeroed; a product that overflows is fatal. */
void *mem_calloc(size_t count, size_t size);

/* Like reallocarray(3): contents kept, new bytes not initialised. */
void *mem_realloc(void *p, size_t count, size_t size);

char *mem_strdup(const char *s);

/* Copies `len` bytes, whatever they are, and adds a NUL. */
char *mem_dup(const void *bytes, size_t len);

__attribute__((format(printf, 1, 2)))
char *mem_printf(const char *format, ...);

/* Overwrites a secret before it is freed.  NULL is allowed. */
void mem_free_secret(char *secret);

/*
 * Says what happened on standard error and ends the process with MEM_FATAL.
 * For start-up, and for what a machine may run out of (memory, descriptors):
 * nothing that comes from Redis, SMTP, a template or a configuration may end here.
 */
enum { MEM_FATAL = 70 };	/* EX_SOFTWARE of sysexits(3) */
__attribute__((noreturn, format(printf, 1, 2)))
void fatal(const char *format, ...);

#endif
