/*
 * seek.c - finding, counting and replacing text in text
 */
#include "template/py/seek.h"

#include <stdlib.h>

#include "base/mem.h"
#include "template/py/utf8.h"

int64_t seek_first(struct span s, struct span sub)
{
	const char *found;

	if (sub.len == 0)
		return 0;
	found = s.len >= sub.len ? memmem(s.at, s.len, sub.at, sub.len) : NULL;
	return found != NULL ? found - s.at : SEEK_NONE;
}

static char *reversed(struct span s)
{
	char *bytes = mem_alloc(s.len + 1);

	for (size_t i = 0; i < s.len; i++)
		bytes[i] = s.at[s.len - 1 - i];
	return bytes;
}

/* memmem(3) from the right: linear, whatever is sought in whatever. */
static int64_t last_of_long(struct span s, struct span sub)
{
	char *text = reversed(s), *sought = reversed(sub);
	const char *found = memmem(text, s.len, sought, sub.len);
	int64_t at = found != NULL ? (int64_t)(s.len - (size_t)(found - text) - sub.len) : SEEK_NONE;

	free(text);
	free(sought);
	return at;
}

enum { LONG = 64 };

int64_t seek_last(struct span s, struct span sub)
{
	if (sub.len > s.len)
		return SEEK_NONE;
	if (sub.len > LONG)
		return last_of_long(s, sub);
	for (size_t at = s.len - sub.len + 1; at-- > 0;)
		if (sub.len == 0 || memcmp(s.at + at, sub.at, sub.len) == 0)
			return (int64_t)at;
	return SEEK_NONE;
}

bool seek_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len && span_equal(span_cut(s, 0, prefix.len), prefix);
}

bool seek_ends(struct span s, struct span suffix)
{
	return s.len >= suffix.len && span_equal(span_cut(s, s.len - suffix.len, s.len), suffix);
}

size_t seek_count(struct span s, struct span sub)
{
	size_t count = 0;
	int64_t at;

	if (sub.len == 0)
		return utf8_length(s) + 1;
	while ((at = seek_first(s, sub)) >= 0) {
		s = span_cut(s, (size_t)at + sub.len, s.len);
		count++;
	}
	return count;
}

static int64_t clamp(int64_t index, int64_t length)
{
	if (index < 0)
		index += length;
	return index < 0 ? 0 : index;
}

bool seek_range(struct span s, int64_t start, int64_t end, size_t *from, size_t *to)
{
	int64_t length = (int64_t)utf8_length(s);

	end = end > length ? length : clamp(end, length);
	start = clamp(start, length);
	if (start > end)
		return false;
	*from = utf8_offset(s, (size_t)start);
	*to = utf8_offset(s, (size_t)end);
	return true;
}

static void replace_between(struct span s, struct span new, size_t count, struct buf *out)
{
	size_t at = 0;

	while (count-- > 0) {
		size_t from = at;

		span_add(new, out);
		if (at == s.len)
			return;
		utf8_next(s, &at);
		span_add(span_cut(s, from, at), out);
	}
	span_add(span_cut(s, at, s.len), out);
}

int seek_replace(struct span s, struct span old, struct span new, int64_t count, size_t most,
		 struct buf *out, struct error *error)
{
	size_t times = seek_count(s, old);

	if (count >= 0 && (uint64_t)count < times)
		times = (size_t)count;
	if (new.len > old.len && times > 0 && (most < s.len || (most - s.len) / times < new.len - old.len))
		return error_set(error, "replacing would make more than %zu bytes", most);
	if (old.len == 0) {
		replace_between(s, new, times, out);
		return 0;
	}
	while (times-- > 0) {
		size_t at = (size_t)seek_first(s, old);

		buf_add(out, s.at, at);
		span_add(new, out);
		s = span_cut(s, at + old.len, s.len);
	}
	span_add(s, out);
	return 0;
}
