/*
 * test_watch.c - whatever happens to a watched file ends the generation, and
 * nothing else does.
 */
#include "../check.h"

#include <fcntl.h>
#include <ftw.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <unistd.h>

#include "template/watch.h"

/* ---- a directory with dir/file and what the changes need ---- */

static char start[] = "/tmp/test_watch.XXXXXX";
static const char name[] = "dir/file";

static void write_byte(const char *path, char byte)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0644);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, &byte, 1), 1);
	assert_int_equal(close(fd), 0);
}

static int make(void **state)
{
	(void)state;
	strcpy(start + strlen(start) - 6, "XXXXXX");
	assert_non_null(mkdtemp(start));
	assert_int_equal(chdir(start), 0);
	assert_int_equal(mkdir("dir", 0755) | mkdir("other", 0755), 0);
	write_byte(name, 'a');
	write_byte("other/file", 'b');
	assert_int_equal(link(name, "linked"), 0);
	return 0;
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static int discard(void **state)
{
	(void)state;
	return chdir("/") | nftw(start, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* ---- what may happen ---- */

static void write_in_place(void)
{
	write_byte(name, 'c');
}

static void write_through_another_link(void)
{
	write_byte("linked", 'c');
}

static void write_in_memory(void)
{
	int fd = open(name, O_RDWR);
	char *bytes = mmap(NULL, 1, PROT_WRITE, MAP_SHARED, fd, 0);

	assert_ptr_not_equal(bytes, MAP_FAILED);
	*bytes = 'c';
	assert_int_equal(munmap(bytes, 1) | close(fd), 0);
}

static void shorten(void)
{
	assert_int_equal(truncate(name, 0), 0);
}

static void replace(void)
{
	assert_int_equal(rename("other/file", name), 0);
}

static void take_away(void)
{
	assert_int_equal(unlink(name), 0);
}

static void forbid(void)
{
	assert_int_equal(chmod(name, 0), 0);
}

static void replace_directory(void)
{
	assert_int_equal(renameat2(AT_FDCWD, "other", AT_FDCWD, "dir", RENAME_EXCHANGE), 0);
}

/* More than the kernel keeps: it says only that something was lost. */
static void do_much(void)
{
	for (unsigned i = 0; i < 20000; i++) {
		write_byte("dir/more", 'c');
		assert_int_equal(unlink("dir/more"), 0);
	}
	write_byte(name, 'c');
}

static void hide(void)
{
	assert_int_equal(mount("other/file", name, NULL, MS_BIND, NULL), 0);
}

struct change {
	void (*make)(void);
};

/* ---- tests ---- */

/* Where /tmp is of a kind that cannot be watched there is nothing to see. */
static void need_watch(struct watch *watch, int directory)
{
	struct stat st;
	int rc = watch_file(watch, directory, name, &st);

	if (watch->useless)
		skip();
	assert_int_equal(rc, 0);
	assert_int_equal(st.st_size, 1);
}

static void check_change(void (*change)(void))
{
	struct watch watch = WATCH_INIT;
	int directory = open(".", O_RDONLY | O_DIRECTORY);

	need_watch(&watch, directory);
	for (unsigned i = 0; i < 3; i++)
		watch_look(&watch);
	uint64_t before = watch.generation;
	change();
	watch_look(&watch);
	assert_int_not_equal(watch.generation, before);
	before = watch.generation;
	watch_look(&watch);
	assert_int_equal(watch.generation, before);
	watch_close(&watch);
	close(directory);
}

static void test_change(void **state)
{
	check_change(((const struct change *)*state)->make);
}

static void test_mount(void **state)
{
	(void)state;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		skip();
	check_change(hide);
	assert_int_equal(umount(name), 0);
}

static void test_reading_is_no_change(void **state)
{
	struct watch watch = WATCH_INIT;
	int directory = open(".", O_RDONLY | O_DIRECTORY), fd;
	char byte;

	(void)state;
	need_watch(&watch, directory);
	watch_look(&watch);
	uint64_t before = watch.generation;
	fd = open(name, O_RDONLY);
	assert_int_equal(read(fd, &byte, 1), 1);
	close(fd);
	watch_look(&watch);
	assert_int_equal(watch.generation, before);
	watch_close(&watch);
	close(directory);
}

static void test_what_cannot_be_watched(void **state)
{
	static const char *const names[] = { "missing", "dir/missing", "dir", "link", "way/file", "dir/file/file" };
	struct watch watch = WATCH_INIT;
	int directory = open(".", O_RDONLY | O_DIRECTORY), proc = open("/proc", O_RDONLY | O_DIRECTORY);
	struct stat st;

	(void)state;
	assert_int_equal(symlink(name, "link") | symlink("dir", "way"), 0);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		assert_int_equal(watch_file(&watch, directory, names[i], &st), -1);
	watch_close(&watch);
	watch = (struct watch)WATCH_INIT;
	assert_int_equal(watch_file(&watch, proc, "version", &st), -1);
	assert_true(watch.useless);
	watch_close(&watch);
	close(proc);
	close(directory);
}

#define CHANGE(function) { #function, test_change, make, discard, &(struct change){ function } }

int main(void)
{
	const struct CMUnitTest tests[] = {
		CHANGE(write_in_place),
		CHANGE(write_through_another_link),
		CHANGE(write_in_memory),
		CHANGE(shorten),
		CHANGE(replace),
		CHANGE(take_away),
		CHANGE(forbid),
		CHANGE(replace_directory),
		CHANGE(do_much),
		cmocka_unit_test_setup_teardown(test_mount, make, discard),
		cmocka_unit_test_setup_teardown(test_reading_is_no_change, make, discard),
		cmocka_unit_test_setup_teardown(test_what_cannot_be_watched, make, discard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
