/* throttle.c - the policy for replacing children that die early. */
#include "process/throttle.h"

int64_t throttle_death(struct throttle *throttle, bool worked)
{
	int64_t wait_ms = THROTTLE_FIRST_MS;

	if (worked) {
		throttle->early_deaths = 0;
		return 0;
	}
	for (unsigned i = 0; i < throttle->early_deaths && wait_ms < THROTTLE_MOST_MS; i++)
		wait_ms *= 2;
	throttle->early_deaths++;
	return wait_ms < THROTTLE_MOST_MS ? wait_ms : THROTTLE_MOST_MS;
}
