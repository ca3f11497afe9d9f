/*
 * text.h - texts for a terminal
 *
 * What comes from Redis, SMTP servers or producers may hold escape sequences;
 * nothing of it reaches a terminal uncleaned.
 */
#ifndef POSTRIDER_CTL_TEXT_H
#define POSTRIDER_CTL_TEXT_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* Adds the bytes with control characters (C0, DEL, C1) and what is no UTF-8 as
 * U+FFFD; with `lines` line feeds and tabs stay. */
enum text_lines { TEXT_ONE_LINE, TEXT_LINES };
void text_clean(const char *bytes, size_t len, enum text_lines lines, struct buf *out);

/* Adds a span of time as its two largest units: "3d4h", "5m12s", "340ms", "0s". */
void text_span(int64_t ms, struct buf *out);

/* Rows of cells in columns. */
struct table;

/* One name a column, NULL at the end (borrowed); a name that begins with '>' is
 * printed without it and its column is aligned to the right. */
struct table *table_new(const char *const *columns);
void table_free(struct table *table);

/* The next cell of the current row, cleaned; NULL or "" is shown as "-". */
void table_text(struct table *table, const char *text);
void table_number(struct table *table, int64_t number);
void table_span(struct table *table, int64_t ms);

size_t table_rows(const struct table *table);

/* Adds the header and the rows.  With `width` above 0 the last column is cut to it. */
void table_print(const struct table *table, size_t width, struct buf *out);

/* Columns of the terminal on standard output; 0: it is none. */
size_t text_terminal_width(void);

#endif
