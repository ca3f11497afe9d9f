/* random.c - asks the kernel each time: children of one fork never repeat each other. */
#include "base/random.h"

#include <stddef.h>
#include <unistd.h>

#include "base/mem.h"

static void fill(void *bytes, size_t len)
{
	if (getentropy(bytes, len) < 0)
		fatal("the kernel gives no random bytes");
}

double random_unit(void)
{
	uint64_t bits;

	fill(&bits, sizeof bits);
	return (double)(bits >> 11) * 0x1p-53;
}

char *random_id(int64_t unix_ms, char out[RANDOM_ID_SIZE])
{
	static const char digits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
	uint64_t time = (uint64_t)unix_ms;
	unsigned char noise[16];

	for (int i = 9; i >= 0; i--, time >>= 5)
		out[i] = digits[time & 31];
	fill(noise, sizeof noise);
	for (int i = 0; i < 16; i++)
		out[10 + i] = digits[noise[i] & 31];
	out[26] = '\0';
	return out;
}
