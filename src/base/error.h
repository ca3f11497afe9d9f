/*
 * error.h - an error text with its place, and a list of them
 *
 * The lowest floor that knows what went wrong describes it here; the top
 * floor logs it, once.  A text is written for the person who must mend it:
 * what, where, and what to do.
 */
#ifndef POSTRIDER_ERROR_H
#define POSTRIDER_ERROR_H

#include <stddef.h>

#include "base/buf.h"

struct error {
	char *text;		/* owned; NULL: no error */
	char *file;		/* owned; NULL: no place */
	unsigned line, column;	/* from 1; 0: not known */
};

#define ERROR_INIT { NULL, NULL, 0, 0 }

void error_init(struct error *error);
void error_clear(struct error *error);

/* Replaces what was there.  Returns -1, so that a caller can say
 * `return error_set(error, ...)`.  A NULL error is allowed and ignored. */
__attribute__((format(printf, 2, 3)))
int error_set(struct error *error, const char *format, ...);

/* The same with a place; `file` is copied and may be NULL. */
__attribute__((format(printf, 5, 6)))
int error_set_at(struct error *error, const char *file, unsigned line, unsigned column,
		 const char *format, ...);

/* Adds "file:line:column: text", with as much of the place as is known. */
void error_print(const struct error *error, struct buf *out);

/* Every fault of one input, in the order in which they were found. */
struct faults {
	struct error *list;	/* owned */
	size_t count;
};

#define FAULTS_INIT { NULL, 0 }

void faults_init(struct faults *faults);
void faults_clear(struct faults *faults);

__attribute__((format(printf, 2, 3)))
void faults_add(struct faults *faults, const char *format, ...);
__attribute__((format(printf, 5, 6)))
void faults_add_at(struct faults *faults, const char *file, unsigned line, unsigned column,
		   const char *format, ...);

/* Moves a described error to the end of the list; `error` is empty afterwards. */
void faults_take(struct faults *faults, struct error *error);

/* Adds all of them, each printed as error_print() does, with `between` between. */
void faults_print(const struct faults *faults, const char *between, struct buf *out);

#endif
