/* loader_file.c - reads a template's file, and nothing outside the directory. */
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/mem.h"
#include "template/loader.h"

enum { MOST_BYTES = 4 << 20, MOST_TRIES = 20, SETTLING_TRIES = 6, WAIT_US = 5000, SETTLED_MS = 20 };

static const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

/* For a kernel without openat2(): directory by directory, no symbolic links. */
static int open_stepwise(int directory, const char *name)
{
	char part[256];
	int at = dup(directory);

	while (at >= 0) {
		size_t len = strcspn(name, "/");
		bool last = !name[len];
		if (len >= sizeof part) {
			close(at);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, name, len);
		part[len] = '\0';
		int next = openat(at, part, flags | O_NOFOLLOW | (last ? 0 : O_DIRECTORY));
		int saved = errno;
		close(at);
		errno = saved;
		if (last || next < 0)
			return next;
		at = next;
		name += len + 1;
	}
	return -1;
}

/* Symbolic links may lead about within the directory, never out of it. */
static int open_below(int directory, const char *name)
{
	struct open_how how = {
		.flags = (uint64_t)flags,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, directory, name, &how, sizeof how);

	if (fd < 0 && (errno == ENOSYS || errno == EPERM))
		return open_stepwise(directory, name);
	return (int)fd;
}

static void take_stamp(const struct stat *st, struct stamp *stamp)
{
	*stamp = (struct stamp){ .is_file = true, .dev = st->st_dev, .ino = st->st_ino,
				 .size = st->st_size, .changed = st->st_ctim, .modified = st->st_mtim };
}

static bool same_stamp(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int read_all(int fd, size_t size, struct buf *out)
{
	buf_reset(out);
	buf_reserve(out, size + 1);
	while (out->len <= size) {
		ssize_t n = read(fd, out->data + out->len, size + 1 - out->len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		out->len += (size_t)n;
	}
	return 0;
}

/*
 * Whether it has been let alone for longer than a kernel's tick.  Until then
 * it may be half written, and one more change need not show in its times.
 */
static bool is_settled(const struct stat *st, int64_t now_ms)
{
	int64_t changed_ms = (int64_t)st->st_ctim.tv_sec * 1000 + st->st_ctim.tv_nsec / 1000000;

	return now_ms - changed_ms > SETTLED_MS || changed_ms - now_ms > SETTLED_MS;
}

/* 0 read whole, 1 it changed meanwhile or lately, -1 */
static int read_once(int fd, bool must_settle, struct buf *out, struct stamp *stamp, struct error *error)
{
	int64_t now_ms = clock_unix_ms();
	struct stat before, after;

	if (fstat(fd, &before) < 0)
		return error_set(error, "cannot be read: %s", strerror(errno));
	if (!S_ISREG(before.st_mode))
		return error_set(error, "is no regular file");
	if (before.st_size > MOST_BYTES)
		return error_set(error, "is larger than %d bytes", MOST_BYTES);
	if (read_all(fd, (size_t)before.st_size, out) < 0 || fstat(fd, &after) < 0)
		return error_set(error, "cannot be read: %s", strerror(errno));
	if (!same_stamp(&before, &after) || out->len != (size_t)before.st_size ||
	    (must_settle && !is_settled(&after, now_ms)))
		return 1;
	take_stamp(&after, stamp);
	return 0;
}

int loader_read(struct templates *set, const char *name, struct buf *out, struct stamp *stamp,
		struct error *error)
{
	for (int i = 0; i < MOST_TRIES; i++) {
		int fd = open_below(set->directory, name);
		if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
			return 1;
		if (fd < 0 && file_is_shortage(errno))
			fatal("template %s cannot be read: %s", name, strerror(errno));
		if (fd < 0 && errno != EAGAIN)
			return error_set(error, "cannot be read: %s", errno == EXDEV || errno == ELOOP
					 ? "it is a link that leads out of the template directory"
					 : strerror(errno));
		int rc = fd < 0 ? 1 : read_once(fd, i < SETTLING_TRIES, out, stamp, error);
		if (fd >= 0)
			close(fd);
		if (rc <= 0)
			return rc;
		usleep(WAIT_US);
	}
	return error_set(error, "keeps changing while it is read");
}
