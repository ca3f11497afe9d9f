/*
 * fiber.c - a function with a stack of its own, by ucontext
 *
 * Knows nothing of SMTP.  A sanitizer has to be told of each change of stack,
 * or it takes the frames of one for garbage on the other.
 */
#include "smtp/fiber.h"

#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "base/mem.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#include <sanitizer/common_interface_defs.h>
#define FIBER_ASAN 1
#else
#define FIBER_ASAN 0
#endif

/* Ample for libesmtp, a TLS handshake with its certificates and the callbacks;
 * a sanitizer's frames are several times as large. */
enum { STACK_SIZE = FIBER_ASAN ? 2 << 20 : 256 << 10 };

struct fiber {
	ucontext_t self, caller;
	void (*function)(void *arg);
	void *arg;
	char *map;		/* guard page and stack */
	size_t map_size;
	char *stack;
	bool running, over;
	void *caller_fake, *self_fake;	/* a sanitizer's own bookkeeping of either side */
	const void *caller_stack;
	size_t caller_stack_size;
};

static void leaving(void **fake, const void *to, size_t size)
{
#if FIBER_ASAN
	__sanitizer_start_switch_fiber(fake, to, size);
#else
	(void)fake;
	(void)to;
	(void)size;
#endif
}

static void arrived(void *fake, const void **from, size_t *size)
{
#if FIBER_ASAN
	__sanitizer_finish_switch_fiber(fake, from, size);
#else
	(void)fake;
	(void)from;
	(void)size;
#endif
}

/* makecontext() passes ints only: the pointer comes in two halves. */
static void fiber_main(unsigned high, unsigned low)
{
	struct fiber *fiber = (struct fiber *)(((uintptr_t)high << 16 << 16) | low);

	arrived(NULL, &fiber->caller_stack, &fiber->caller_stack_size);
	fiber->function(fiber->arg);
	fiber->over = true;
	/* NULL: this stack will not be returned to. */
	leaving(NULL, fiber->caller_stack, fiber->caller_stack_size);
	swapcontext(&fiber->self, &fiber->caller);
}

struct fiber *fiber_new(void (*function)(void *arg), void *arg)
{
	struct fiber *fiber = mem_alloc(sizeof *fiber);
	size_t page = (size_t)sysconf(_SC_PAGESIZE);

	fiber->function = function;
	fiber->arg = arg;
	fiber->map_size = STACK_SIZE + page;
	fiber->map = mmap(NULL, fiber->map_size, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (fiber->map == MAP_FAILED ||
	    mprotect(fiber->map + page, STACK_SIZE, PROT_READ | PROT_WRITE) < 0)
		fatal("no memory for a stack of %d bytes: %s", (int)STACK_SIZE, strerror(errno));
	fiber->stack = fiber->map + page;
	if (getcontext(&fiber->self) < 0)
		fatal("getcontext: %s", strerror(errno));
	fiber->self.uc_stack.ss_sp = fiber->stack;
	fiber->self.uc_stack.ss_size = STACK_SIZE;
	fiber->self.uc_link = NULL;
	makecontext(&fiber->self, (void (*)(void))fiber_main, 2,
		    (unsigned)((uintptr_t)fiber >> 16 >> 16), (unsigned)(uintptr_t)fiber);
	return fiber;
}

bool fiber_resume(struct fiber *fiber)
{
	assert(!fiber->running && !fiber->over);
	fiber->running = true;
	leaving(&fiber->caller_fake, fiber->stack, STACK_SIZE);
	swapcontext(&fiber->caller, &fiber->self);
	arrived(fiber->caller_fake, NULL, NULL);
	fiber->running = false;
	return !fiber->over;
}

void fiber_yield(struct fiber *fiber)
{
	assert(fiber->running);
	leaving(&fiber->self_fake, fiber->caller_stack, fiber->caller_stack_size);
	swapcontext(&fiber->self, &fiber->caller);
	arrived(fiber->self_fake, &fiber->caller_stack, &fiber->caller_stack_size);
}

void fiber_free(struct fiber *fiber)
{
	if (!fiber)
		return;
	munmap(fiber->map, fiber->map_size);
	free(fiber);
}
