/* backoff.c - computes a delay; knows neither clock nor message. */
#include "message/backoff.h"

#include <math.h>

int64_t backoff_delay_ms(const struct backoff *backoff, int64_t attempts, double random)
{
	double cap = (double)backoff->cap_ms;
	double delay = (double)backoff->base_ms * pow(backoff->factor, (double)(attempts - 1));

	/* pow() may overflow to infinity, which the cap takes care of. */
	if (!(delay < cap))
		delay = cap;
	delay *= 1 + backoff->jitter * (2 * random - 1);
	return delay < 1 ? 1 : (int64_t)delay;
}
