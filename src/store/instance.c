/*
 * instance.c - see instance.h; reads /proc
 */
#include "store/instance.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"

enum { HOST_MOST = 100, BOOT_DIGITS = 12 };

/* The start of a file of /proc, which has no size; NULL when it cannot be read. */
static char *read_start(const char *path, struct error *error)
{
	char bytes[1024];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, bytes, sizeof bytes);

	if (n < 0)
		error_set(error, "%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? NULL : mem_dup(bytes, (size_t)n);
}

static bool is_plain(unsigned char c)
{
	return isalnum(c) || c == '-' || c == '_' || c == '.';
}

static char *host_name(void)
{
	char name[HOST_MOST + 1] = "";

	if (gethostname(name, sizeof name) < 0 && errno != ENAMETOOLONG)
		strcpy(name, "localhost");
	name[HOST_MOST] = '\0';
	for (char *p = name; *p; p++)
		if (!is_plain((unsigned char)*p))
			*p = '_';
	return mem_strdup(name);
}

/* The boot id's first digits, without its dashes. */
static char *boot_digits(struct error *error)
{
	struct buf digits = BUF_INIT;
	char *id = read_start("/proc/sys/kernel/random/boot_id", error);

	if (!id)
		return NULL;
	for (const char *p = id; *p && digits.len < BOOT_DIGITS; p++)
		if (isxdigit((unsigned char)*p))
			buf_putc(&digits, *p);
	free(id);
	char *text = mem_strdup(buf_str(&digits));
	buf_clear(&digits);
	return text;
}

/* The number in "pid:[4026531836]". */
static char *pid_namespace(void)
{
	char link[64];
	ssize_t n = readlink("/proc/self/ns/pid", link, sizeof link - 1);

	link[n < 0 ? 0 : n] = '\0';
	const char *digits = link + strcspn(link, "0123456789");
	size_t len = strspn(digits, "0123456789");
	return len ? mem_dup(digits, len) : mem_strdup("0");
}

/* $POSTRIDER_HOST, or what tells this host and container from all others. */
static char *host_part(struct error *error)
{
	const char *given = getenv("POSTRIDER_HOST");

	if (given && *given) {
		for (const char *p = given; *p; p++)
			if (!is_plain((unsigned char)*p) || p - given >= HOST_MOST) {
				error_set(error, "POSTRIDER_HOST is \"%s\": at most %d letters, digits,"
						 " '.', '-' and '_'", given, HOST_MOST);
				return NULL;
			}
		return mem_strdup(given);
	}
	char *boot = boot_digits(error);
	if (!boot)
		return NULL;
	char *host = host_name(), *space = pid_namespace();
	char *part = mem_printf("%s.%s.%s", host, boot, space);
	free(host);
	free(boot);
	free(space);
	return part;
}

/* Field 22 of /proc/<pid>/stat; the second, a name in brackets, may hold anything. */
static char *start_time(pid_t pid, struct error *error)
{
	char *path = mem_printf("/proc/%d/stat", (int)pid);
	char *stat = read_start(path, error), *ticks = NULL;

	const char *p = stat ? strrchr(stat, ')') : NULL;
	for (int field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	size_t len = p ? strspn(p, "0123456789") : 0;
	if (len)
		ticks = mem_dup(p, len);
	else if (stat)
		error_set(error, "%s: no start time in it", path);
	free(stat);
	free(path);
	return ticks;
}

char *instance_name(pid_t supervisor, struct error *error)
{
	char *host = host_part(error);
	char *start = host ? start_time(supervisor, error) : NULL;
	char *name = start ? mem_printf("%s.%d.%s", host, (int)supervisor, start) : NULL;

	free(host);
	free(start);
	return name;
}
