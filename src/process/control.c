/* control.c - owns the control socket and its clients; knows no command. */
#include "process/control.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { COMMAND_MAX = 256, CLIENT_LIMIT_MS = 10000, DEAF_MS = 1000 };

struct client {
	int fd;			/* -1: free */
	char command[COMMAND_MAX];
	size_t command_len;
	struct buf answer;	/* filled: the command has been read */
	size_t written;
	int64_t deadline_ms;
};

struct control {
	char *path;
	int fd;
	int64_t deaf_until_ms;	/* monotonic: after a client that could not be accepted */
	struct client clients[CONTROL_CLIENTS];
};

static bool somebody_answers(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)address, sizeof *address) == 0 ||
				 errno == EAGAIN);

	if (fd >= 0)
		close(fd);
	return alive;
}

static int listen_at(const char *path, struct error *error)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof address.sun_path)
		return error_set(error, "control_socket: %s is longer than %zu bytes", path,
				 sizeof address.sun_path - 1);
	strcpy(address.sun_path, path);
	if (somebody_answers(&address))
		return error_set(error, "control_socket: another postriderd answers at %s", path);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set(error, "control_socket: no socket: %s", strerror(errno));
	unlink(path);
	mode_t mask = umask(0117);
	int rc = bind(fd, (struct sockaddr *)&address, sizeof address);
	int cause = errno;
	umask(mask);
	if (rc < 0 || listen(fd, 16) < 0) {
		cause = rc < 0 ? cause : errno;
		close(fd);
		return error_set(error, "control_socket: %s cannot be made: %s", path, strerror(cause));
	}
	return fd;
}

struct control *control_open(const char *path, struct error *error)
{
	int fd = listen_at(path, error);

	if (fd < 0)
		return NULL;
	struct control *control = mem_alloc(sizeof *control);
	control->path = mem_strdup(path);
	control->fd = fd;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		control->clients[i].fd = -1;
	return control;
}

static void drop(struct client *client)
{
	close(client->fd);
	buf_clear(&client->answer);
	*client = (struct client){ .fd = -1 };
}

void control_forget(struct control *control)
{
	if (!control)
		return;
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd >= 0)
			drop(&control->clients[i]);
	close(control->fd);
	free(control->path);
	free(control);
}

void control_close(struct control *control)
{
	if (control)
		unlink(control->path);
	control_forget(control);
}

/* NULL: all are taken. */
static struct client *free_client(struct control *control)
{
	for (int i = 0; i < CONTROL_CLIENTS; i++)
		if (control->clients[i].fd < 0)
			return &control->clients[i];
	return NULL;
}

size_t control_poll(struct control *control, struct pollfd *fds)
{
	size_t count = 0;

	/* What cannot be accepted now stays readable, and would keep us awake. */
	if (free_client(control) && clock_monotonic_ms() >= control->deaf_until_ms)
		fds[count++] = (struct pollfd){ control->fd, POLLIN, 0 };
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		const struct client *client = &control->clients[i];
		if (client->fd >= 0)
			fds[count++] = (struct pollfd){ client->fd, client->answer.len ? POLLOUT : POLLIN, 0 };
	}
	return count;
}

static void accept_one(struct control *control)
{
	struct client *client = free_client(control);

	if (!client || clock_monotonic_ms() < control->deaf_until_ms)
		return;
	client->fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	client->deadline_ms = clock_monotonic_ms() + CLIENT_LIMIT_MS;
	if (client->fd < 0 && errno != EAGAIN)
		control->deaf_until_ms = clock_monotonic_ms() + DEAF_MS;
}

/* True when a whole line is there. */
static bool read_command(struct client *client)
{
	ssize_t n = read(client->fd, client->command + client->command_len,
			 COMMAND_MAX - 1 - client->command_len);

	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		drop(client);
		return false;
	}
	client->command_len += (size_t)n;
	client->command[client->command_len] = '\0';
	char *end = strchr(client->command, '\n');
	if (end)
		*end = '\0';
	else if (client->command_len == COMMAND_MAX - 1)
		drop(client);
	return end != NULL;
}

static void write_answer(struct client *client)
{
	ssize_t n = send(client->fd, client->answer.data + client->written,
			 client->answer.len - client->written, MSG_NOSIGNAL);

	if (n < 0 && errno == EAGAIN)
		return;
	if (n > 0)
		client->written += (size_t)n;
	if (n < 0 || client->written == client->answer.len)
		drop(client);
}

void control_serve(struct control *control,
		   void (*answer)(void *arg, const char *command, struct buf *out), void *arg)
{
	accept_one(control);
	for (int i = 0; i < CONTROL_CLIENTS; i++) {
		struct client *client = &control->clients[i];
		if (client->fd >= 0 && !client->answer.len && read_command(client)) {
			answer(arg, client->command, &client->answer);
			if (!client->answer.len)
				buf_putc(&client->answer, '\n');
		}
		if (client->fd >= 0 && client->answer.len)
			write_answer(client);
		if (client->fd >= 0 && clock_monotonic_ms() > client->deadline_ms)
			drop(client);
	}
}
