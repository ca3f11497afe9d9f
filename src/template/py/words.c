/*
 * words.c - small things that Jinja's filters do with text and numbers
 */
#include "template/py/words.h"

#include <math.h>

#include "template/py/pyfloat.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

size_t words_count(struct span s)
{
	bool in_word = false;
	size_t count = 0;

	for (size_t i = 0; i < s.len;) {
		bool is_word = uni_is_word(utf8_next(s, &i));

		count += is_word && !in_word;
		in_word = is_word;
	}
	return count;
}

/* 1000 or 1024 to the power i + 2, correctly rounded. */
static double unit_above(bool binary, int i)
{
	static const double thousands[] = { 1e6, 1e9, 1e12, 1e15, 1e18, 1e21, 1e24, 1e27 };

	return binary ? ldexp(1, 10 * (i + 2)) : thousands[i];
}

/* Python compares with the exact power, which is above the double 1e24. */
static bool is_below(double bytes, bool binary, int i)
{
	double unit = unit_above(binary, i);

	return bytes < unit || (bytes == unit && unit == 1e24);
}

int words_file_size(double bytes, bool binary, struct buf *out, struct error *error)
{
	const char *letters = binary ? "KMGTPEZY" : "kMGTPEZY";
	double base = binary ? 1024 : 1000;
	int i = 0;

	if (bytes == 1) {
		buf_puts(out, "1 Byte");
		return 0;
	}
	if (bytes < base) {
		if (isinf(bytes))
			return error_set(error, "cannot convert float infinity to integer");
		buf_printf(out, "%.0f Bytes", trunc(bytes) + 0.0);
		return 0;
	}
	while (letters[i + 1] != '\0' && !is_below(bytes, binary, i))
		i++;
	pyfloat_format(base * bytes / unit_above(binary, i), 'f', 1, 0, out);
	buf_printf(out, " %c%s", letters[i], binary ? "iB" : "B");
	return 0;
}
