/*
 * watch.h - tells at the price of one system call that no file has changed
 *
 * The kernel tells of changes to the files that are watched and to every
 * directory on the way to them (inotify(7)), and of mounts, which could hide
 * them.  It is believed only where it sees all changes: on file systems of
 * this machine, and where neither a symbolic link nor another mount stands in
 * the way.  Elsewhere nothing is watched and the caller has to look at the
 * file itself.
 */
#ifndef POSTRIDER_TEMPLATE_WATCH_H
#define POSTRIDER_TEMPLATE_WATCH_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>

struct watch {
	uint64_t generation;	/* one more with whatever happened; what was watched before is not any more */
	bool open, useless;	/* useless: nothing can be watched here */
	int changes, mounts;	/* descriptors: inotify, /proc/self/mountinfo, */
	int both;		/* and the epoll instance that waits for either */
};

#define WATCH_INIT { 1, false, false, -1, -1, -1 }

void watch_close(struct watch *watch);

/* Nothing is watched any more, and another directory may come. */
void watch_restart(struct watch *watch);

/* Looks whether anything happened since; it does not wait. */
void watch_look(struct watch *watch);

/*
 * Watches the file of this relative name: unless the generation moves on it
 * will stay as `st` says.  0, or -1 where that cannot be known.
 */
int watch_file(struct watch *watch, int directory, const char *name, struct stat *st);

#endif
