/* crashpoint.c - only in the test's own daemon; see the header. */
#include "base/crashpoint.h"

#ifndef POSTRIDER_CRASH_POINTS
#error "this file belongs to the test's own daemon alone"
#endif

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void crash_point(const char *step)
{
	const char *path = getenv("POSTRIDER_CRASH_FILE");
	FILE *file = path ? fopen(path, "re") : NULL;
	char wanted[64] = "";

	if (!file)
		return;
	if (fgets(wanted, sizeof wanted, file))
		wanted[strcspn(wanted, "\n")] = '\0';
	fclose(file);
	/* Whoever removes the file is the one that dies, and nobody takes over what it
	 * has before it is dead. */
	if (!strcmp(wanted, step) && unlink(path) == 0) {
		char next[4096];
		snprintf(next, sizeof next, "%s.next", path);
		rename(next, path);
		raise(SIGKILL);
	}
}
