/* suggest.c - measures how far apart two words are; knows no words. */
#include "base/suggest.h"

#include <ctype.h>
#include <limits.h>
#include <string.h>

/* No key is longer; a longer word gets no suggestion. */
enum { WORD_MAX = 40 };

struct suggest suggest_for(const char *word)
{
	return (struct suggest){ word, NULL, UINT_MAX };
}

/* Case, and which of - _ . stands between two parts, is no difference. */
static int fold(char c)
{
	return c == '-' || c == '.' || c == ' ' ? '_' : tolower((unsigned char)c);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/*
 * Edits that turn one word into the other: a letter added, left out, changed,
 * or two neighbours swapped (optimal string alignment).
 */
static unsigned distance(const char *a, size_t a_len, const char *b, size_t b_len)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned *before = rows[0], *last = rows[1], *row = rows[2];

	for (unsigned k = 0; k <= b_len; k++)
		last[k] = k;
	for (size_t i = 1; i <= a_len; i++) {
		row[0] = (unsigned)i;
		for (size_t k = 1; k <= b_len; k++) {
			unsigned changed = fold(a[i - 1]) != fold(b[k - 1]);
			row[k] = least(last[k - 1] + changed, least(last[k], row[k - 1]) + 1);
			if (i > 1 && k > 1 && fold(a[i - 1]) == fold(b[k - 2]) &&
			    fold(a[i - 2]) == fold(b[k - 1]))
				row[k] = least(row[k], before[k - 2] + 1);
		}
		unsigned *spare = before;
		before = last;
		last = row;
		row = spare;
	}
	return last[b_len];
}

void suggest_try(struct suggest *suggest, const char *known)
{
	size_t len = strlen(suggest->word), known_len = strlen(known);

	if (len > WORD_MAX || known_len > WORD_MAX)
		return;
	unsigned apart = distance(suggest->word, len, known, known_len);
	if (apart < suggest->distance) {
		suggest->best = known;
		suggest->distance = apart;
	}
}

const char *suggest_best(const struct suggest *suggest)
{
	if (!suggest->best)
		return NULL;
	/* One slip in three letters; of a short word, one. */
	size_t len = strlen(suggest->best);
	return suggest->distance <= (len < 6 ? 1 : len / 3) ? suggest->best : NULL;
}
