/*
 * control.h - the supervisor's control socket, its server's side
 *
 * A client connects to the unix socket, sends one line ("status"), and reads
 * one JSON document until the end of the stream.  Nothing here blocks: a slow
 * or silent client costs the supervisor nothing.
 */
#ifndef POSTRIDER_CONTROL_H
#define POSTRIDER_CONTROL_H

#include <poll.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

enum { CONTROL_CLIENTS = 8 };

struct control;

/*
 * Listens on `path` (mode 0660).  A socket that a dead daemon left is
 * replaced; one behind which somebody answers is an error.
 * NULL: the reason is in `error`.
 */
struct control *control_open(const char *path, struct error *error);

/* Removes the socket too; NULL is allowed. */
void control_close(struct control *control);

/* In a forked child: closes the descriptors and leaves the socket alone. */
void control_forget(struct control *control);

/* Fills up to CONTROL_CLIENTS + 1 entries; returns how many. */
size_t control_poll(struct control *control, struct pollfd *fds);

/* Answers what poll(2) found; `answer` adds the answer to a command line. */
void control_serve(struct control *control,
		   void (*answer)(void *arg, const char *command, struct buf *out), void *arg);

#endif
