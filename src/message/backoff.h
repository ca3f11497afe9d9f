/*
 * backoff.h - when to try again
 */
#ifndef POSTRIDER_BACKOFF_H
#define POSTRIDER_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t base_ms, cap_ms;
	double factor;
	double jitter;		/* 0.2: the delay is spread over -20 % to +20 % */
};

/*
 * The delay before attempt `attempts` + 1, when `attempts` (at least 1) have
 * failed: base * factor^(attempts - 1), never above the cap, then spread by
 * `random` in [0, 1).  Never below 1 ms.
 */
int64_t backoff_delay_ms(const struct backoff *backoff, int64_t attempts, double random);

#endif
