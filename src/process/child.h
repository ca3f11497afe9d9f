/*
 * child.h - how a child process is made (when and why is supervisor.c's)
 */
#ifndef POSTRIDER_CHILD_H
#define POSTRIDER_CHILD_H

#include <sys/types.h>

/* Once, at the start of main(): remembers where the process title stands. */
void child_title_init(int argc, char **argv, char **environment);

/* What ps(1) shows: "postriderd: worker default/1". */
__attribute__((format(printf, 1, 2)))
void child_title(const char *format, ...);

/*
 * Forks; in the child `run` is called and its value is the exit status.  The
 * child dies with its parent: PR_SET_PDEATHSIG, and a look at getppid() for a
 * parent that died before that took hold.  Returns the pid, or -1 with errno.
 */
pid_t child_fork(int (*run)(void *arg), void *arg);

#endif
