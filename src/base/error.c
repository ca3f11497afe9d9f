/* error.c - owns error texts; decides nothing and logs nothing. */
#include "base/error.h"

#include <stdarg.h>
#include <stdlib.h>

#include "base/mem.h"

void error_init(struct error *error)
{
	*error = (struct error)ERROR_INIT;
}

void error_clear(struct error *error)
{
	free(error->text);
	free(error->file);
	error_init(error);
}

__attribute__((format(printf, 5, 0)))
static void describe(struct error *error, const char *file, unsigned line, unsigned column,
		     const char *format, va_list ap)
{
	struct buf text = BUF_INIT;

	/* Before the old one goes: it may be an argument of the new text. */
	buf_vprintf(&text, format, ap);
	char *file_copy = file ? mem_strdup(file) : NULL;
	error_clear(error);
	error->text = buf_take(&text);
	error->file = file_copy;
	error->line = line;
	error->column = column;
}

int error_set(struct error *error, const char *format, ...)
{
	va_list ap;

	if (!error)
		return -1;
	va_start(ap, format);
	describe(error, NULL, 0, 0, format, ap);
	va_end(ap);
	return -1;
}

int error_set_at(struct error *error, const char *file, unsigned line, unsigned column,
		 const char *format, ...)
{
	va_list ap;

	if (!error)
		return -1;
	va_start(ap, format);
	describe(error, file, line, column, format, ap);
	va_end(ap);
	return -1;
}

void error_print(const struct error *error, struct buf *out)
{
	if (error->file) {
		buf_puts(out, error->file);
		if (error->line)
			buf_printf(out, ":%u", error->line);
		if (error->line && error->column)
			buf_printf(out, ":%u", error->column);
		buf_puts(out, ": ");
	}
	buf_puts(out, error->text ? error->text : "no error");
}

void faults_init(struct faults *faults)
{
	*faults = (struct faults)FAULTS_INIT;
}

void faults_clear(struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		error_clear(&faults->list[i]);
	free(faults->list);
	faults_init(faults);
}

static struct error *one_more(struct faults *faults)
{
	faults->list = mem_realloc(faults->list, faults->count + 1, sizeof *faults->list);
	struct error *error = &faults->list[faults->count++];
	error_init(error);
	return error;
}

void faults_add(struct faults *faults, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	describe(one_more(faults), NULL, 0, 0, format, ap);
	va_end(ap);
}

void faults_add_at(struct faults *faults, const char *file, unsigned line, unsigned column,
		   const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	describe(one_more(faults), file, line, column, format, ap);
	va_end(ap);
}

void faults_take(struct faults *faults, struct error *error)
{
	*one_more(faults) = *error;
	error_init(error);
}

void faults_print(const struct faults *faults, const char *between, struct buf *out)
{
	for (size_t i = 0; i < faults->count; i++) {
		if (i)
			buf_puts(out, between);
		error_print(&faults->list[i], out);
	}
}
