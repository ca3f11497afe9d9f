/* units.c - reads and writes durations and sizes; knows no configuration. */
#include "base/units.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	int64_t factor;
};

/* From large to small: the order in which a duration may be put together. */
static const struct unit durations[] = {
	{ "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 },
};

static const struct unit sizes[] = {
	{ "", 1 }, { "b", 1 },
	{ "kb", 1000 }, { "mb", 1000000 }, { "gb", 1000000000 },
	{ "kib", 1 << 10 }, { "mib", 1 << 20 }, { "gib", 1 << 30 },
};

#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* Digits at *p; moves *p behind them.  False: none, or too large. */
static bool take_number(const char **p, int64_t *number)
{
	const char *start = *p;
	int64_t value = 0;

	for (; isdigit((unsigned char)**p); (*p)++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, **p - '0', &value))
			return false;
	*number = value;
	return *p > start;
}

int units_duration(const char *text, int64_t *ms, struct error *error)
{
	const char *p = text;
	int64_t total = 0;
	size_t next = 0;

	if (!strcmp(text, "0")) {
		*ms = 0;
		return 0;
	}
	do {
		int64_t number;
		if (!take_number(&p, &number))
			return error_set(error, "\"%s\" is not a duration: write digits and a unit, such as 90s, 5m or 200ms", text);
		size_t len = strspn(p, "abcdefghijklmnopqrstuvwxyz");
		while (next < COUNT(durations) && (strlen(durations[next].name) != len ||
						   strncmp(durations[next].name, p, len) != 0))
			next++;
		if (next == COUNT(durations))
			return error_set(error, "\"%s\" is not a duration: the units are ms, s, m, h and d, from large to small", text);
		if (__builtin_mul_overflow(number, durations[next].factor, &number) ||
		    __builtin_add_overflow(total, number, &total))
			return error_set(error, "\"%s\" is too long a duration", text);
		next++;
		p += len;
	} while (*p);
	*ms = total;
	return 0;
}

int units_size(const char *text, int64_t *bytes, struct error *error)
{
	const char *p = text;
	int64_t number;

	if (!take_number(&p, &number))
		return error_set(error, "\"%s\" is not a size: write digits and a unit, such as 25MB or 512KiB", text);
	while (*p == ' ')
		p++;
	for (size_t i = 0; i < COUNT(sizes); i++) {
		if (strcasecmp(sizes[i].name, p))
			continue;
		if (__builtin_mul_overflow(number, sizes[i].factor, bytes))
			return error_set(error, "\"%s\" is too large a size", text);
		return 0;
	}
	return error_set(error, "\"%s\" is not a size: the units are B, kB, MB, GB, KiB, MiB and GiB", text);
}

int units_integer(const char *text, int64_t least, int64_t most, int64_t *out,
		  struct error *error)
{
	const char *p = text;
	bool negative = *p == '-';
	int64_t number;

	p += negative;
	if (!take_number(&p, &number) || *p)
		return error_set(error, "\"%s\" is not a whole number", text);
	if (negative)
		number = -number;
	if (number < least || number > most)
		return error_set(error, "%s is outside %" PRId64 " to %" PRId64, text, least, most);
	*out = number;
	return 0;
}

void units_print_duration(int64_t ms, struct buf *out)
{
	size_t start = out->len;

	for (size_t i = 0; i < COUNT(durations); i++) {
		int64_t count = ms / durations[i].factor;
		if (!count)
			continue;
		buf_printf(out, "%" PRId64 "%s", count, durations[i].name);
		ms -= count * durations[i].factor;
	}
	if (out->len == start)
		buf_puts(out, "0s");
}
