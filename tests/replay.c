/*
 * replay.c - runs a fuzz target over its kept corpus, without a fuzzer
 *
 * Linked with one LLVMFuzzerTestOneInput().  The corpus directory is named by
 * CORPUS (set at compile time, below the source tree's tests/ folder) or by
 * the arguments, which may also be single files.  Prints TAP: one test, which
 * passes when every input was survived and there was at least one.
 */
#include "check.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static size_t replay_file(const char *path)
{
	struct buf bytes = BUF_INIT;
	struct error error = ERROR_INIT;

	if (file_read(path, (size_t)64 << 20, &bytes, &error) < 0)
		fatal("%s", error.text);
	/* A copy of exactly this size, so that a sanitizer sees one byte too many. */
	uint8_t *exact = mem_realloc(NULL, bytes.len, 1);
	if (bytes.len)
		memcpy(exact, bytes.data, bytes.len);
	LLVMFuzzerTestOneInput(exact, bytes.len);
	free(exact);
	buf_clear(&bytes);
	return 1;
}

static size_t replay(const char *path)
{
	struct stat st;
	size_t count = 0;

	if (stat(path, &st) < 0)
		fatal("%s: there is no such corpus", path);
	if (!S_ISDIR(st.st_mode))
		return replay_file(path);
	DIR *dir = opendir(path);
	if (!dir)
		fatal("%s: cannot be opened", path);
	for (struct dirent *entry; (entry = readdir(dir));) {
		if (*entry->d_name == '.')
			continue;
		char *below = mem_printf("%s/%s", path, entry->d_name);
		count += replay(below);
		free(below);
	}
	closedir(dir);
	return count;
}

int main(int argc, char **argv)
{
	size_t count = 0;

	for (int i = 1; i < argc; i++)
		count += replay(argv[i]);
	if (argc < 2)
		count = replay(tests_path(CORPUS));
	printf("1..1\n%s 1 - %zu inputs of %s survived\n", count ? "ok" : "not ok", count,
	       argc < 2 ? CORPUS : "the arguments");
	return count ? 0 : 1;
}
