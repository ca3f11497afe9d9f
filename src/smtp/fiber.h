/*
 * fiber.h - a function with a stack of its own, which can stop halfway
 *
 * For a library that calls back from within its own loop: the loop runs on
 * the fiber, and a callback that has nothing to do yet gives control back to
 * whoever started it.  Exactly one side runs at a time, in one thread; no
 * scheduler, no signals.
 *
 * The stack is mapped by itself with a page below that cannot be touched, so
 * an overflow is a crash and not a silent overwrite; only what is touched of
 * it is backed by memory.
 */
#ifndef POSTRIDER_FIBER_H
#define POSTRIDER_FIBER_H

#include <stdbool.h>

struct fiber;

/* A fiber that will run function(arg).  Nothing of it runs yet. */
struct fiber *fiber_new(void (*function)(void *arg), void *arg);

/*
 * Runs the fiber until it yields or its function returns.  True while there
 * is more to run.  Never called from the fiber itself, nor once it is over.
 */
bool fiber_resume(struct fiber *fiber);

/* From within the fiber: gives control back to the caller of fiber_resume(). */
void fiber_yield(struct fiber *fiber);

/* Only of a fiber that is over or never ran: what lies on its stack is not
 * unwound.  NULL is allowed. */
void fiber_free(struct fiber *fiber);

#endif
