/*
 * random.h - randomness from the kernel
 */
#ifndef POSTRIDER_RANDOM_H
#define POSTRIDER_RANDOM_H

#include <stdint.h>

/* Uniform in [0, 1). */
double random_unit(void);

enum { RANDOM_ID_SIZE = 27 };

/*
 * A ULID (github.com/ulid/spec): 26 characters of Crockford's base 32, the
 * first 10 the time, the others random; sorts by time.  Returns `out`.
 */
char *random_id(int64_t unix_ms, char out[RANDOM_ID_SIZE]);

#endif
