/* child.c - the mechanism of forking; no policy. */
#include "process/child.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <bsd/unistd.h>

#include "base/mem.h"

void child_title_init(int argc, char **argv, char **environment)
{
	setproctitle_init(argc, argv, environment);
}

void child_title(const char *format, ...)
{
	char title[128];
	va_list ap;

	va_start(ap, format);
	vsnprintf(title, sizeof title, format, ap);
	va_end(ap);
	setproctitle("-postriderd: %s", title);
}

pid_t child_fork(int (*run)(void *arg), void *arg)
{
	pid_t parent = getpid();
	pid_t pid = fork();

	if (pid)
		return pid;
	/* SIGKILL: a child without a supervisor has nobody who watches over it.
	 * No set-user-id change comes behind this line, which would clear it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		fatal("a child could not be tied to its supervisor's life");
	if (getppid() != parent)
		_exit(EXIT_FAILURE);
	int status = run(arg);
	fflush(NULL);
	_exit(status);
}
