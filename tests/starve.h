/*
 * starve.h - the nth allocation fails, for every n
 *
 * For whatever library asks: malloc(), calloc() and realloc() of the whole
 * program go through starve.c.
 */
#ifndef POSTRIDER_TESTS_STARVE_H
#define POSTRIDER_TESTS_STARVE_H

#include <stdbool.h>

#include "base/buf.h"

/* What is tried: adds its result to `out` and returns 0, or -1 when it has to
 * give up for want of memory. */
typedef int starve_work(struct buf *out);

/*
 * Runs `work` in a child that is forked anew for each of its allocations, with
 * only this one failing.  Allowed are the result that it has with enough memory,
 * and the end with MEM_FATAL and "out of memory" on standard error, or GLib's own
 * with SIGABRT and "failed to allocate"; more where `also` says so.  Anything else
 * (a signal, another result, another status) fails the test.
 */
enum {
	STARVE_MAY_GIVE_UP = 1,	/* -1 */
	STARVE_MAY_DIE = 2,	/* of a signal: some library does not look at what malloc() says */
};
void starve(starve_work *work, unsigned also);

/* False below a sanitizer or valgrind, which have allocations of their own. */
bool starve_possible(void);

#endif
