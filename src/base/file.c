/* file.c - reads whole files; writes none. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/mem.h"

static int read_open(int fd, const char *path, size_t most, struct buf *out, struct error *error)
{
	struct stat st;
	size_t start = out->len;

	if (fstat(fd, &st) < 0)
		return error_set(error, "%s cannot be read: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return error_set(error, "%s cannot be read: it is no regular file", path);
	for (;;) {
		buf_reserve(out, 16384);
		ssize_t n = read(fd, out->data + out->len, 16384);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return error_set(error, "%s cannot be read: %s", path, strerror(errno));
		if (n == 0)
			return 0;
		out->len += (size_t)n;
		out->data[out->len] = '\0';
		if (out->len - start > most)
			return error_set(error, "%s is larger than %zu bytes", path, most);
	}
}

bool file_is_shortage(int cause)
{
	return cause == EMFILE || cause == ENFILE || cause == ENOMEM;
}

int file_read(const char *path, size_t most, struct buf *out, struct error *error)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd < 0) {
		int cause = errno;
		error_set(error, "%s cannot be read: %s", path, strerror(cause));
		errno = cause;
		return -1;
	}
	int rc = read_open(fd, path, most, out, error);
	close(fd);
	return rc;
}

static int check_secret(const char *path, const char *secret, size_t len, struct error *error)
{
	if (!len)
		return error_set(error, "%s is empty: write the password into its first line", path);
	if (memchr(secret, '\0', len))
		return error_set(error, "%s holds a NUL byte: a password is one line of text", path);
	if (len > 255)
		return error_set(error, "%s holds a password above 255 bytes, which SMTP login cannot carry", path);
	return 0;
}

char *file_read_secret(const char *path, struct error *error)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	struct buf bytes = BUF_INIT;
	char *secret = NULL;
	char *full = *path != '/' && credentials ? mem_printf("%s/%s", credentials, path)
						 : mem_strdup(path);

	if (file_read(full, 4096, &bytes, error) == 0) {
		const char *text = buf_str(&bytes);
		const char *end = memchr(text, '\n', bytes.len);
		size_t len = end ? (size_t)(end - text) : bytes.len;
		if (len && text[len - 1] == '\r')
			len--;
		if (check_secret(full, text, len, error) == 0)
			secret = mem_dup(text, len);
	}
	if (bytes.data)
		explicit_bzero(bytes.data, bytes.room);
	buf_clear(&bytes);
	free(full);
	return secret;
}
