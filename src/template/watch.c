/*
 * watch.c - owns the descriptors by which the kernel tells of changes
 *
 * Nothing that happens is looked at closely: any of it ends the generation,
 * and the files are looked at and watched anew.  A watch is never taken away;
 * those of files that are gone go with them.
 */
#include "template/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#ifndef XFS_SUPER_MAGIC
#define XFS_SUPER_MAGIC 0x58465342
#endif

enum {
	FILE_CHANGES = IN_MODIFY | IN_CLOSE_WRITE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF,
	DIRECTORY_CHANGES = IN_CREATE | IN_DELETE | IN_MOVE | IN_ATTRIB | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR,
};

/* ---- the descriptors ---- */

static void close_descriptor(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void watch_close(struct watch *watch)
{
	close_descriptor(&watch->both);
	close_descriptor(&watch->changes);
	close_descriptor(&watch->mounts);
	watch->open = false;
}

void watch_restart(struct watch *watch)
{
	watch_close(watch);
	watch->useless = false;
	watch->generation++;
}

/* Of this machine alone: nobody else writes there unseen. */
static bool is_local(int directory)
{
	static const unsigned long kinds[] = {
		EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC, TMPFS_MAGIC,
		OVERLAYFS_SUPER_MAGIC,
	};
	struct statfs fs;

	if (fstatfs(directory, &fs) < 0)
		return false;
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if ((unsigned long)fs.f_type == kinds[i])
			return true;
	return false;
}

static bool wait_for(const struct watch *watch, int fd, uint32_t what)
{
	struct epoll_event event = { .events = what, .data.fd = fd };

	return fd >= 0 && epoll_ctl(watch->both, EPOLL_CTL_ADD, fd, &event) == 0;
}

static bool need_open(struct watch *watch, int directory)
{
	if (watch->open || watch->useless)
		return !watch->useless;
	if (is_local(directory)) {
		watch->changes = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
		watch->mounts = open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC);
		watch->both = epoll_create1(EPOLL_CLOEXEC);
		watch->open = wait_for(watch, watch->changes, EPOLLIN) && wait_for(watch, watch->mounts, EPOLLPRI);
	}
	watch->useless = !watch->open;
	if (watch->useless)
		watch_close(watch);
	return watch->open;
}

/* ---- what happened ---- */

void watch_look(struct watch *watch)
{
	struct epoll_event event;
	char told[4096];

	if (!watch->open || epoll_wait(watch->both, &event, 1, 0) == 0)
		return;
	watch->generation++;
	while (read(watch->changes, told, sizeof told) > 0)
		continue;
}

/* ---- files ---- */

/* By its descriptor, so that it is the very one that was opened. */
static int add(const struct watch *watch, int fd, uint32_t what)
{
	char path[32];

	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	return inotify_add_watch(watch->changes, path, what) < 0 ? -1 : 0;
}

static int open_plain(struct watch *watch, int directory, const char *name, size_t len)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV,
	};
	char part[256];

	if (len >= sizeof part)
		return -1;
	memcpy(part, name, len);
	part[len] = '\0';
	int fd = (int)syscall(SYS_openat2, directory, part, &how, sizeof how);
	/* A kernel, or a sandbox, that does not have it. */
	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		watch->useless = true;
	return fd;
}

/* Each directory is watched before it is asked for the next part of the name. */
int watch_file(struct watch *watch, int directory, const char *name, struct stat *st)
{
	int at = directory, rc = 0;

	if (!need_open(watch, directory))
		return -1;
	for (;;) {
		size_t len = strcspn(name, "/");
		int next = add(watch, at, DIRECTORY_CHANGES) < 0 ? -1 : open_plain(watch, at, name, len);
		if (at != directory)
			close(at);
		at = next;
		if (at < 0)
			return -1;
		if (!name[len])
			break;
		name += len + 1;
	}
	if (add(watch, at, FILE_CHANGES) < 0 || fstat(at, st) < 0 || !S_ISREG(st->st_mode))
		rc = -1;
	close(at);
	return rc;
}
