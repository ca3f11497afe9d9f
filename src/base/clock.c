/* clock.c - reads the clocks; sleeps never. */
#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "base/mem.h"

static int64_t read_clock(clockid_t id)
{
	struct timespec now;

	if (clock_gettime(id, &now) < 0)
		fatal("the system's clock cannot be read");
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_ms(void)
{
	return read_clock(CLOCK_MONOTONIC);
}

int64_t clock_coarse_ms(void)
{
	return read_clock(CLOCK_MONOTONIC_COARSE);
}

int64_t clock_unix_ms(void)
{
	return read_clock(CLOCK_REALTIME);
}

int64_t clock_processor_ms(void)
{
	return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

char *clock_format_utc(int64_t unix_ms, char out[CLOCK_TEXT_SIZE])
{
	int64_t ms = unix_ms % 1000;
	time_t seconds = (time_t)(unix_ms / 1000);
	struct tm tm;
	char day[24];

	if (ms < 0) {
		ms += 1000;
		seconds--;
	}
	if (!gmtime_r(&seconds, &tm) || !strftime(day, sizeof day, "%Y-%m-%dT%H:%M:%S", &tm))
		snprintf(out, CLOCK_TEXT_SIZE, "(no date)");
	else
		snprintf(out, CLOCK_TEXT_SIZE, "%s.%03dZ", day, (int)ms);
	return out;
}
