/*
 * wrap.c - textwrap.wrap() of one paragraph
 *
 * A paragraph becomes code points, these become chunks (words, parts of
 * hyphenated words, dashes, runs of blanks), and chunks become lines.
 */
#include "template/py/wrap.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/mem.h"
#include "template/py/strip.h"
#include "template/py/uni.h"
#include "template/py/utf8.h"

struct paragraph {
	uint32_t *points;	/* owned */
	size_t count;
};

struct chunk {
	size_t from, to;	/* code points */
};

struct chunks {
	struct chunk *list;	/* owned */
	size_t count, room;
};

/* ---- chunks: what re.split() by textwrap's two expressions gives ---- */

static bool is_blank(uint32_t c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_letter(uint32_t c)
{
	return uni_is_word(c) && !uni_is(c, UNI_DECIMAL);
}

/* What a dash may follow. */
static bool is_word_punctuation(uint32_t c)
{
	return uni_is_word(c) || (c < 0x80 && c != 0 && strchr("!\"'&.,?", (int)c) != NULL);
}

static uint32_t at(const struct paragraph *p, size_t i)
{
	return i < p->count ? p->points[i] : 0;
}

static bool letter_at(const struct paragraph *p, size_t i)
{
	return i < p->count && is_letter(p->points[i]);
}

/* Two dashes or more at `i` with a word behind: where they end, else 0. */
static size_t dash_end(const struct paragraph *p, size_t i)
{
	size_t end = i;

	while (at(p, end) == '-')
		end++;
	return end - i >= 2 && end < p->count && uni_is_word(p->points[end]) ? end : 0;
}

/* Whether a word may break behind the hyphen at `i`. */
static bool breaks_at_hyphen(const struct paragraph *p, size_t i)
{
	bool before = i >= 2 && letter_at(p, i - 2) && letter_at(p, i - 1);

	before = before || (i >= 3 && letter_at(p, i - 3) && at(p, i - 2) == '-' && letter_at(p, i - 1));
	return before && letter_at(p, i + 1) &&
	       (letter_at(p, i + 2) || (at(p, i + 2) == '-' && letter_at(p, i + 3)));
}

static size_t blanks_end(const struct paragraph *p, size_t i)
{
	while (i < p->count && is_blank(p->points[i]))
		i++;
	return i;
}

static size_t word_end(const struct paragraph *p, size_t i, bool split_on_hyphens)
{
	size_t end = i + 1;

	if (split_on_hyphens && i > 0 && is_word_punctuation(p->points[i - 1]) && dash_end(p, i))
		return dash_end(p, i);
	for (;; end++) {
		if (end >= p->count || is_blank(p->points[end]))
			return end;
		if (!split_on_hyphens || p->points[end] != '-')
			continue;
		if (breaks_at_hyphen(p, end))
			return end + 1;
		if (is_word_punctuation(p->points[end - 1]) && dash_end(p, end))
			return end;
	}
}

static void add_chunk(struct chunks *chunks, size_t from, size_t to)
{
	if (chunks->count == chunks->room) {
		chunks->room = chunks->room ? 2 * chunks->room : 32;
		chunks->list = mem_realloc(chunks->list, chunks->room, sizeof *chunks->list);
	}
	chunks->list[chunks->count++] = (struct chunk){ from, to };
}

static void split_chunks(const struct paragraph *p, bool split_on_hyphens, struct chunks *chunks)
{
	for (size_t i = 0, end; i < p->count; i = end) {
		end = is_blank(p->points[i]) ? blanks_end(p, i) : word_end(p, i, split_on_hyphens);
		add_chunk(chunks, i, end);
	}
}

/* ---- lines ---- */

/* str.strip() would leave nothing; so it is with a chunk of no length. */
static bool all_space(const struct paragraph *p, struct chunk chunk)
{
	for (size_t i = chunk.from; i < chunk.to; i++)
		if (!uni_is(p->points[i], UNI_SPACE))
			return false;
	return true;
}

static size_t length(struct chunk chunk)
{
	return chunk.to - chunk.from;
}

/* How much of a word that is too long goes on a line with `space` left. */
static size_t piece_of(const struct paragraph *p, struct chunk word, size_t space, bool break_on_hyphens)
{
	bool other = false;
	size_t hyphen;

	if (length(word) <= space || !break_on_hyphens)
		return length(word) < space ? length(word) : space;
	for (hyphen = space; hyphen-- > 0;)
		if (p->points[word.from + hyphen] == '-')
			break;
	if (hyphen == (size_t)-1)
		return space;
	for (size_t i = 0; i < hyphen; i++)
		other |= p->points[word.from + i] != '-';
	return other ? hyphen + 1 : space;
}

/* A line is a stretch of chunks; the last may be cut. */
struct line {
	struct chunk all, last;
	size_t count;
};

static void put(struct line *line, struct chunk chunk)
{
	line->all.from = line->count == 0 ? chunk.from : line->all.from;
	line->all.to = chunk.to;
	line->last = chunk;
	line->count++;
}

/* Takes the chunks of one line; false when it has come out empty. */
static bool fill_line(const struct paragraph *p, const struct wrap *wrap, struct chunks *chunks, size_t *next,
		      struct line *line)
{
	size_t width = (size_t)wrap->width, used = 0;

	*line = (struct line){ .count = 0 };
	while (*next < chunks->count && used + length(chunks->list[*next]) <= width) {
		used += length(chunks->list[*next]);
		put(line, chunks->list[(*next)++]);
	}
	if (*next < chunks->count && length(chunks->list[*next]) > width) {
		struct chunk *word = &chunks->list[*next], piece = *word;

		if (wrap->break_long_words) {
			piece.to = piece.from + piece_of(p, *word, width - used, wrap->break_on_hyphens);
			word->from = piece.to;
			put(line, piece);
		} else if (line->count == 0) {
			put(line, piece);
			++*next;
		}
	}
	if (line->count > 0 && all_space(p, line->last)) {
		line->all.to = line->last.from;
		line->count--;
	}
	return line->count > 0;
}

static void add_points(const struct paragraph *p, struct chunk range, struct buf *out)
{
	for (size_t i = range.from; i < range.to; i++)
		utf8_add(p->points[i], out);
}

int wrap_add(struct span s, const struct wrap *wrap, struct span between, struct buf *out, struct error *error)
{
	struct paragraph p = { mem_calloc(s.len + 1, sizeof *p.points), 0 };
	struct chunks chunks = { NULL, 0, 0 };
	struct line line;
	bool any = false;
	int result = 0;

	for (size_t i = 0; i < s.len;)
		p.points[p.count++] = utf8_next(s, &i);
	split_chunks(&p, wrap->split_on_hyphens, &chunks);
	if (wrap->width <= 0)
		result = error_set(error, "invalid width %" PRId64 " (must be > 0)", wrap->width);
	for (size_t next = 0; result == 0 && next < chunks.count;) {
		if (any && all_space(&p, chunks.list[next]) && ++next == chunks.count)
			break;
		if (!fill_line(&p, wrap, &chunks, &next, &line))
			continue;
		if (any)
			span_add(between, out);
		add_points(&p, line.all, out);
		any = true;
	}
	free(p.points);
	free(chunks.list);
	return result;
}
