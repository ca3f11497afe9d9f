/*
 * daemon.h - a question to the running daemon
 */
#ifndef POSTRIDER_CTL_DAEMON_H
#define POSTRIDER_CTL_DAEMON_H

#include <jansson.h>

#include "base/error.h"

/*
 * Sends one command line ("status") to the control socket at `path` and reads
 * the JSON object that answers it: a new reference, or NULL with the reason.
 */
json_t *daemon_ask(const char *path, const char *command, struct error *error);

#endif
