/* text.c - clean texts, spans of time and tables; knows nothing of mail */
#include "ctl/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <glib.h>

#include "base/mem.h"

void text_clean(const char *bytes, size_t len, enum text_lines lines, struct buf *out)
{
	for (size_t i = 0; i < len;) {
		gunichar c = g_utf8_get_char_validated(bytes + i, (gssize)(len - i));
		size_t width = 1;

		/* An embedded NUL is not valid to GLib when a length is given. */
		if (c == (gunichar)-1 || c == (gunichar)-2 || c == 0)
			buf_puts(out, "\xef\xbf\xbd");
		else if (lines == TEXT_LINES && (c == '\n' || c == '\t'))
			buf_putc(out, (char)c);
		else if (c < 0x20 || (c >= 0x7f && c < 0xa0)) {
			width = c < 0x80 ? 1 : 2;
			buf_puts(out, "\xef\xbf\xbd");
		} else {
			width = (size_t)g_unichar_to_utf8(c, NULL);
			buf_add(out, bytes + i, width);
		}
		i += width;
	}
}

void text_span(int64_t ms, struct buf *out)
{
	static const struct { int64_t ms; const char *name; } units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" },
	};
	size_t i = 0;

	if (ms <= 0) {
		buf_puts(out, "0s");
		return;
	}
	while (i < 4 && ms < units[i].ms)
		i++;
	if (i == 4) {
		buf_printf(out, "%" PRId64 "ms", ms);
		return;
	}
	buf_printf(out, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
	ms %= units[i].ms;
	if (++i < 4 && ms >= units[i].ms)
		buf_printf(out, "%" PRId64 "%s", ms / units[i].ms, units[i].name);
}

struct table {
	const char *const *columns;
	size_t column_count;
	char **cells;		/* row by row */
	size_t cell_count, room;
};

struct table *table_new(const char *const *columns)
{
	struct table *table = mem_alloc(sizeof *table);

	table->columns = columns;
	while (columns[table->column_count])
		table->column_count++;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static void add_cell(struct table *table, struct buf *text)
{
	if (table->cell_count == table->room) {
		table->room = table->room ? table->room * 2 : 64;
		table->cells = mem_realloc(table->cells, table->room, sizeof *table->cells);
	}
	if (text->len == 0)
		buf_putc(text, '-');
	table->cells[table->cell_count++] = buf_take(text);
}

void table_text(struct table *table, const char *text)
{
	struct buf cell = BUF_INIT;

	if (text)
		text_clean(text, strlen(text), TEXT_ONE_LINE, &cell);
	add_cell(table, &cell);
}

void table_number(struct table *table, int64_t number)
{
	struct buf cell = BUF_INIT;

	buf_printf(&cell, "%" PRId64, number);
	add_cell(table, &cell);
}

void table_span(struct table *table, int64_t ms)
{
	struct buf cell = BUF_INIT;

	text_span(ms, &cell);
	add_cell(table, &cell);
}

size_t table_rows(const struct table *table)
{
	return table->cell_count / table->column_count;
}

/* Columns on a terminal: wide letters (Hangul, CJK) take two. */
static size_t char_width(gunichar c)
{
	return g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
}

static size_t text_width(const char *text)
{
	size_t width = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p))
		width += char_width(g_utf8_get_char(p));
	return width;
}

/* As much of the text as fits into `width` columns, its cut marked. */
static void add_cut(struct buf *out, const char *text, size_t width)
{
	size_t used = 0;

	if (text_width(text) <= width) {
		buf_puts(out, text);
		return;
	}
	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		used += char_width(g_utf8_get_char(p));
		if (used + 1 > width)
			break;
		buf_add(out, p, (size_t)(g_utf8_next_char(p) - p));
	}
	buf_puts(out, "\xe2\x80\xa6");
}

static void add_padding(struct buf *out, size_t count)
{
	while (count-- > 0)
		buf_putc(out, ' ');
}

/* One row; `left` counts down the columns of the terminal (0: endless). */
static void add_row(const struct table *table, const char *const *cells, const size_t *widths,
		    size_t terminal, struct buf *out)
{
	size_t used = 0;

	for (size_t i = 0; i < table->column_count; i++) {
		size_t padding = widths[i] - text_width(cells[i]);

		if (i + 1 == table->column_count) {
			if (terminal > used + 8)
				add_cut(out, cells[i], terminal - used);
			else
				buf_puts(out, cells[i]);
			break;
		}
		if (table->columns[i][0] == '>')
			add_padding(out, padding);
		buf_puts(out, cells[i]);
		if (table->columns[i][0] != '>')
			add_padding(out, padding);
		buf_puts(out, "  ");
		used += widths[i] + 2;
	}
	buf_putc(out, '\n');
}

void table_print(const struct table *table, size_t width, struct buf *out)
{
	size_t n = table->column_count;
	size_t *widths = mem_calloc(n, sizeof *widths);
	const char **header = mem_calloc(n, sizeof *header);

	for (size_t i = 0; i < n; i++) {
		header[i] = table->columns[i] + (table->columns[i][0] == '>');
		widths[i] = text_width(header[i]);
	}
	for (size_t i = 0; i < table->cell_count; i++)
		widths[i % n] = MAX(widths[i % n], text_width(table->cells[i]));
	add_row(table, header, widths, width, out);
	for (size_t row = 0; row < table_rows(table); row++)
		add_row(table, (const char *const *)table->cells + row * n, widths, width, out);
	free(widths);
	free(header);
}

size_t text_terminal_width(void)
{
	struct winsize size;

	if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}
