/*
 * starve.c - see starve.h
 */
#include "check.h"
#include "starve.h"

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/mem.h"

/* ---- allocations ---- */

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#endif

static long countdown;		/* the allocation that fails; 0: none */
static bool failed;		/* one has */

#ifndef SANITIZED
/* glibc's own, below whoever stands in for malloc() (its manual, "Replacing malloc"). */
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static bool fails(void)
{
	if (!countdown || --countdown > 0)
		return false;
	failed = true;
	errno = ENOMEM;
	return true;
}

void *malloc(size_t size)
{
	return fails() ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
	return fails() ? NULL : __libc_calloc(count, size);
}

void *realloc(void *p, size_t size)
{
	return fails() ? NULL : __libc_realloc(p, size);
}
#endif

bool starve_possible(void)
{
	void *(*volatile allocate)(size_t) = malloc;

	countdown = 1;
	void *p = allocate(1);
	countdown = 0;
	failed = false;
	free(p);
	return !p;
}

/* ---- children ---- */

enum { ROOM = 1 << 16 };

/* Written by children, read by all. */
static struct {
	size_t len;
	char result[ROOM];	/* with enough memory */
	char said[ROOM];	/* of the present child, on standard error */
} *shared;

/* How a child ends that lives to tell it; above all statuses of sysexits(3). */
enum end { END_NOT_REACHED = 100, END_SAME, END_GAVE_UP, END_OTHER };

static enum end try_once(starve_work *work, long nth)
{
	struct buf out = BUF_INIT;

	buf_reserve(&out, ROOM);	/* the test's own needs are not at issue */
	countdown = nth;
	int rc = work(&out);
	countdown = 0;
	if (nth == 0) {
		shared->len = out.len;
		memcpy(shared->result, buf_str(&out), out.len < ROOM ? out.len : 0);
		return rc == 0 && out.len < ROOM ? END_SAME : END_OTHER;
	}
	if (!failed)
		return END_NOT_REACHED;
	if (rc < 0)
		return END_GAVE_UP;
	return out.len == shared->len && !memcmp(out.data, shared->result, out.len) ? END_SAME : END_OTHER;
}

/* The child's wait status; what it said stands in shared->said. */
static int run_child(starve_work *work, long nth)
{
	int status, fds[2];

	fflush(NULL);
	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);	/* cmocka would go on with the next test */
		signal(SIGABRT, SIG_DFL);
		dup2(fds[1], STDERR_FILENO);
		close(fds[0]);
		_exit(try_once(work, nth));
	}
	close(fds[1]);
	ssize_t n = 0, more;
	while ((more = read(fds[0], shared->said + n, sizeof shared->said - 1 - (size_t)n)) > 0)
		n += more;
	shared->said[n] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

/* Whether there was such an allocation at all. */
static bool judge(int status, long nth, unsigned also)
{
	if (WIFSIGNALED(status)) {
		/* GLib 2.84 has no other way where it formats a text. */
		bool said_so = WTERMSIG(status) == SIGABRT && strstr(shared->said, "failed to allocate");
		if (!said_so && !(also & STARVE_MAY_DIE))
			fail_msg("allocation %ld: ended by signal %d: %s", nth, WTERMSIG(status), shared->said);
		return true;
	}
	switch (WEXITSTATUS(status)) {
	case END_NOT_REACHED:
		return false;
	case END_SAME:
		return true;
	case MEM_FATAL:
		if (!strstr(shared->said, "out of memory"))
			fail_msg("allocation %ld: ended with \"%s\"", nth, shared->said);
		return true;
	case END_GAVE_UP:
		if (!(also & STARVE_MAY_GIVE_UP))
			fail_msg("allocation %ld: an error that is taken for the input's", nth);
		return true;
	default:
		fail_msg("allocation %ld: another result, or status %d: %s", nth, WEXITSTATUS(status), shared->said);
	}
	return false;
}

void starve(starve_work *work, unsigned also)
{
	long nth = 1;

	shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(shared != MAP_FAILED);
	int status = run_child(work, 0);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == END_SAME);
	assert_true(shared->len > 0);
	while (judge(run_child(work, nth), nth, also))
		nth++;
	assert_true(nth > 1);
	munmap(shared, sizeof *shared);
}
