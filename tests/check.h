/*
 * check.h - what every unit test includes: cmocka, with the headers it wants
 * before it, and helpers that more than one test program needs.
 */
#ifndef POSTRIDER_TESTS_CHECK_H
#define POSTRIDER_TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A path below the source tree's tests/ folder; a static buffer. */
static inline const char *tests_path(const char *below)
{
	static char path[4096];
	const char *top = getenv("top_srcdir");

	snprintf(path, sizeof path, "%s/tests/%s", top ? top : ".", below);
	return path;
}

#endif
