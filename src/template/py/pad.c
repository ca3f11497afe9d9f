/*
 * pad.c - text in fields, and slices
 */
#include "template/py/pad.h"

#include "base/mem.h"
#include "template/py/utf8.h"

static void add_fill(uint32_t fill, int64_t count, struct buf *out)
{
	char bytes[4];
	size_t len = utf8_encode(fill, bytes);

	if (count > 0)
		buf_reserve(out, (size_t)count * len);
	while (count-- > 0)
		buf_add(out, bytes, len);
}

void pad_add(struct span s, int64_t width, uint32_t fill, enum pad_side side, struct buf *out)
{
	int64_t pad = width <= 0 ? 0 : width - (int64_t)utf8_length(s), left = 0;

	if (pad < 0)
		pad = 0;
	if (side == PAD_LEFT)
		left = pad;
	else if (side == PAD_CENTER)
		left = pad / 2 + (pad & width & 1);
	add_fill(fill, left, out);
	span_add(s, out);
	add_fill(fill, pad - left, out);
}

void pad_zfill(struct span s, int64_t width, struct buf *out)
{
	int64_t pad = width <= 0 ? 0 : width - (int64_t)utf8_length(s);

	if (pad > 0 && s.len > 0 && (s.at[0] == '-' || s.at[0] == '+')) {
		buf_putc(out, s.at[0]);
		s = span_cut(s, 1, s.len);
	}
	add_fill('0', pad, out);
	span_add(s, out);
}

void pad_expand_tabs(struct span s, int64_t size, struct buf *out)
{
	int64_t column = 0;

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (c == '\t') {
			int64_t blanks = size > 0 ? size - column % size : 0;

			add_fill(' ', blanks, out);
			column += blanks;
			continue;
		}
		if (c == '\n' || c == '\r')
			column = 0;
		else
			column += ((unsigned char)c & 0xC0) != 0x80;
		buf_putc(out, c);
	}
}

/* An end of a slice that was given, brought into [low, high]. */
static int64_t place(int64_t index, int64_t length, int64_t low, int64_t high)
{
	if (index < 0)
		index += length;
	return index < low ? low : index > high ? high : index;
}

int64_t pad_slice_count(const struct pad_slice *slice, int64_t length, int64_t *first)
{
	bool back = slice->step < 0;
	int64_t low = back ? -1 : 0, high = back ? length - 1 : length;
	int64_t start = slice->has_start ? place(slice->start, length, low, high) : back ? high : low;
	int64_t stop = slice->has_stop ? place(slice->stop, length, low, high) : back ? low : high;

	*first = start;
	if (back) {
		/* -INT64_MIN does not exist; such a step takes one at most. */
		int64_t step = slice->step == INT64_MIN ? INT64_MAX : -slice->step;

		return start > stop ? (start - stop - 1) / step + 1 : 0;
	}
	return start < stop ? (stop - start - 1) / slice->step + 1 : 0;
}

/* Step over `points` code points forward or back. */
static size_t move(struct span s, size_t at, int64_t points)
{
	for (; points > 0 && at < s.len; points--)
		utf8_next(s, &at);
	for (; points < 0 && at > 0; points++)
		utf8_previous(s, &at);
	return at;
}

void pad_slice_text(struct span s, const struct pad_slice *slice, struct buf *out)
{
	int64_t first, count = pad_slice_count(slice, (int64_t)utf8_length(s), &first);
	size_t at;

	if (count == 0)
		return;
	at = utf8_offset(s, (size_t)first);
	if (slice->step == 1) {
		span_add(span_cut(s, at, move(s, at, count)), out);
		return;
	}
	while (count-- > 0) {
		size_t next = at;

		utf8_next(s, &next);
		span_add(span_cut(s, at, next), out);
		if (count > 0)
			at = move(s, at, slice->step);
	}
}
