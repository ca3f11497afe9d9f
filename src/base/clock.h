/*
 * clock.h - the clocks, in milliseconds
 *
 * Waiting and measuring use the monotonic clock, which nobody can set; the
 * wall clock is for what people read and for Redis scores; the processor's
 * is for work that others on the host may slow down.
 */
#ifndef POSTRIDER_CLOCK_H
#define POSTRIDER_CLOCK_H

#include <stddef.h>
#include <stdint.h>

int64_t clock_monotonic_ms(void);
int64_t clock_unix_ms(void);
int64_t clock_processor_ms(void);	/* used by this thread */

/* The monotonic clock as it stood at the kernel's last tick, up to 10 ms ago: for what asks often. */
int64_t clock_coarse_ms(void);

enum { CLOCK_TEXT_SIZE = 32 };

/* "2026-11-23T18:13:34.123Z" (RFC 3339, UTC) into `out`; returns `out`. */
char *clock_format_utc(int64_t unix_ms, char out[CLOCK_TEXT_SIZE]);

#endif
