/* mem.c - owns the policy for a failed allocation: the process ends, whichever library asked. */
#include "base/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <glib.h>
#include <jansson.h>

void fatal(const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	int len = vsnprintf(text, sizeof text - 1, format, ap);
	va_end(ap);
	if (len < 0)
		len = 0;
	if ((size_t)len > sizeof text - 2)
		len = sizeof text - 2;
	text[len++] = '\n';
	/* No allocation on this way, and a standard error that is gone is no reason to stay. */
	ssize_t written = write(STDERR_FILENO, text, len);
	(void)written;
	_exit(MEM_FATAL);
}

static void *checked(void *p, size_t size)
{
	if (!p)
		fatal("out of memory: %zu bytes could not be had", size);
	return p;
}

static void *for_jansson(size_t size)
{
	return checked(malloc(size), size);
}

/* What GLib calls an error it does not survive: that is how it runs out of memory. */
static void from_glib(const char *domain, GLogLevelFlags level, const char *message, void *data)
{
	if (level & G_LOG_LEVEL_ERROR)
		fatal("out of memory: %s", message ? message : "GLib says no more");
	g_log_default_handler(domain, level, message, data);
}

void mem_init(void)
{
	json_set_alloc_funcs(for_jansson, free);
	g_log_set_default_handler(from_glib, NULL);
}

void *mem_alloc(size_t size)
{
	return checked(calloc(1, size ? size : 1), size);
}

void *mem_calloc(size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		fatal("out of memory: %zu elements of %zu bytes were asked for", count, size);
	return mem_alloc(count * size);
}

void *mem_realloc(void *p, size_t count, size_t size)
{
	if (size && count > SIZE_MAX / size)
		fatal("out of memory: %zu elements of %zu bytes were asked for", count, size);
	size_t total = count * size;
	return checked(realloc(p, total ? total : 1), total);
}

char *mem_strdup(const char *s)
{
	return mem_dup(s, strlen(s));
}

char *mem_dup(const void *bytes, size_t len)
{
	char *copy = checked(malloc(len + 1), len + 1);
	if (len)
		memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

char *mem_printf(const char *format, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		fatal("out of memory: a formatted text could not be had");
	va_end(ap);
	return text;
}

void mem_free_secret(char *secret)
{
	if (!secret)
		return;
	explicit_bzero(secret, strlen(secret));
	free(secret);
}
