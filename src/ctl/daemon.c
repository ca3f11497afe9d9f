/* daemon.c - asks the supervisor through its control socket; understands no answer. */
#include "ctl/daemon.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"

enum {
	ANSWER_MS = 5000,	/* the supervisor answers from memory, at once */
	ANSWER_MAX = 16 << 20,
};

static int connect_control(const char *path, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000 };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (strlen(path) >= sizeof address.sun_path) {
		close(fd);
		return error_set(error, "%s: too long for a socket's path", path);
	}
	strcpy(address.sun_path, path);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
	    connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
		error_set(error, "%s: %s", path, strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return fd;
}

json_t *daemon_ask(const char *path, const char *command, struct error *error)
{
	struct buf answer = BUF_INIT, question = BUF_INIT;
	json_error_t fault;
	json_t *value = NULL;
	ssize_t n = 0;
	int fd = connect_control(path, error);

	if (fd < 0)
		return NULL;
	buf_printf(&question, "%s\n", command);
	if (send(fd, question.data, question.len, MSG_NOSIGNAL) != (ssize_t)question.len) {
		error_set(error, "%s: %s", path, strerror(errno));
		goto out;
	}
	do {
		buf_reserve(&answer, 65536);
		n = read(fd, answer.data + answer.len, 65536);
		answer.len += n > 0 ? (size_t)n : 0;
	} while (n > 0 && answer.len < ANSWER_MAX);
	value = n < 0 ? NULL : json_loadb(buf_str(&answer), answer.len, 0, &fault);
	if (n < 0)
		error_set(error, "%s: no answer: %s", path, strerror(errno));
	else if (!json_is_object(value)) {
		error_set(error, "%s: an answer that is not understood: %s", path,
			  value ? "no object" : fault.text);
		json_decref(value);
		value = NULL;
	}
out:
	close(fd);
	buf_clear(&question);
	buf_clear(&answer);
	return value;
}
