/*
 * split.c - cutting text into pieces
 */
#include "template/py/split.h"

#include "template/py/seek.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

struct split split_space(struct span s, int64_t most, bool from_right)
{
	return (struct split){ .rest = s, .left = most, .by = SPLIT_SPACE, .from_right = from_right };
}

struct split split_by(struct span s, struct span separator, int64_t most, bool from_right)
{
	return (struct split){ .rest = s, .separator = separator, .left = most, .by = SPLIT_SEPARATOR,
			       .from_right = from_right };
}

struct split split_lines(struct span s, bool keep_ends)
{
	return (struct split){ .rest = s, .left = -1, .by = SPLIT_LINES, .keep_ends = keep_ends };
}

/* Where the word that `s` begins with ends. */
static size_t word_end(struct span s)
{
	size_t at = 0, next = 0;

	for (; at < s.len; at = next)
		if (uni_is(utf8_next(s, &next), UNI_SPACE))
			break;
	return at;
}

static size_t word_start(struct span s)
{
	size_t at = s.len, previous = s.len;

	for (; at > 0; at = previous)
		if (uni_is(utf8_previous(s, &previous), UNI_SPACE))
			break;
	return at;
}

static bool next_word(struct split *split, struct span *piece)
{
	enum strip_side side = split->from_right ? STRIP_RIGHT : STRIP_LEFT;
	struct span s = strip_space(split->rest, side);
	size_t cut;

	if (s.len == 0)
		return false;
	if (split->left == 0) {
		/* The remainder keeps what is blank at its far end. */
		*piece = s;
		split->done = true;
		return true;
	}
	split->left -= split->left > 0;
	cut = split->from_right ? word_start(s) : word_end(s);
	*piece = split->from_right ? span_cut(s, cut, s.len) : span_cut(s, 0, cut);
	split->rest = split->from_right ? span_cut(s, 0, cut) : span_cut(s, cut, s.len);
	return true;
}

static bool next_separated(struct split *split, struct span *piece)
{
	struct span s = split->rest;
	int64_t at = SEEK_NONE;

	if (split->left != 0)
		at = split->from_right ? seek_last(s, split->separator) : seek_first(s, split->separator);
	if (at < 0) {
		*piece = s;
		split->done = true;
		return true;
	}
	split->left -= split->left > 0;
	*piece = split->from_right ? span_cut(s, (size_t)at + split->separator.len, s.len) : span_cut(s, 0, (size_t)at);
	split->rest = split->from_right ? span_cut(s, 0, (size_t)at) :
					  span_cut(s, (size_t)at + split->separator.len, s.len);
	return true;
}

static bool next_line(struct split *split, struct span *piece)
{
	struct span s = split->rest;
	size_t at = 0, next = 0;

	if (s.len == 0)
		return false;
	for (; at < s.len; at = next)
		if (uni_is_line_break(utf8_next(s, &next)))
			break;
	if (at < s.len && s.at[at] == '\r' && next < s.len && s.at[next] == '\n')
		next++;
	*piece = span_cut(s, 0, split->keep_ends ? next : at);
	split->rest = span_cut(s, next, s.len);
	return true;
}

bool split_next(struct split *split, struct span *piece)
{
	if (split->done)
		return false;
	switch (split->by) {
	case SPLIT_SPACE:
		return next_word(split, piece);
	case SPLIT_SEPARATOR:
		return next_separated(split, piece);
	case SPLIT_LINES:
		return next_line(split, piece);
	}
	return false;
}
