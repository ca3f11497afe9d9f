/*
 * machine.c - a machine in trouble, for LD_PRELOAD
 *
 * $POSTRIDER_MACHINE names a file of two numbers (32 bits each), which a test
 * changes while the program runs (tests/whole/machine.py): whether fork(2)
 * fails, and by how many seconds the wall clock is off.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

struct machine {
	int32_t no_fork, clock_off_s;
};

/* All is well before the file is there: other libraries are loaded earlier. */
static const struct machine well;
static const volatile struct machine *machine = &well;

__attribute__((constructor))
static void open_machine(void)
{
	const char *path = getenv("POSTRIDER_MACHINE");
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	void *p = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *machine, PROT_READ, MAP_SHARED, fd, 0);

	if (p == MAP_FAILED)
		abort();
	machine = p;
	close(fd);
}

/* The next one of that name: the C library's own. */
#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

pid_t fork(void)
{
	if (machine->no_fork) {
		errno = EAGAIN;
		return -1;
	}
	return REAL(fork)();
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
	int rc = REAL(clock_gettime)(clock, now);

	if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)
		now->tv_sec += machine->clock_off_s;
	return rc;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
	int rc = REAL(gettimeofday)(now, zone);

	now->tv_sec += machine->clock_off_s;
	return rc;
}

time_t time(time_t *now)
{
	time_t seconds = REAL(time)(NULL) + machine->clock_off_s;

	if (now)
		*now = seconds;
	return seconds;
}
