/*
 * units.h - numbers with units, as people write them in a configuration
 */
#ifndef POSTRIDER_UNITS_H
#define POSTRIDER_UNITS_H

#include <stdint.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * A duration in milliseconds: digits and one of ms, s, m, h, d ("90s",
 * "200ms", "4h"), or several of them from large to small ("1h30m").  A bare
 * 0 is a duration; any other number without a unit is not.
 * Returns 0, or -1 with the reason in `error`.
 */
int units_duration(const char *text, int64_t *ms, struct error *error);

/*
 * A size in bytes: digits and B, kB, MB, GB (powers of 1000) or KiB, MiB,
 * GiB (powers of 1024); without a unit, bytes.  Letters count in either case.
 * Returns 0, or -1 with the reason in `error`.
 */
int units_size(const char *text, int64_t *bytes, struct error *error);

/* A whole decimal number and nothing else, within [least, most]. */
int units_integer(const char *text, int64_t least, int64_t most, int64_t *out,
		  struct error *error);

/* Adds the shortest text that units_duration() reads as this: "1h30m", "0s". */
void units_print_duration(int64_t ms, struct buf *out);

#endif
