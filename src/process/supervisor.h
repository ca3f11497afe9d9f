/*
 * supervisor.h - the parent: how many children there are, and when
 *
 * Speaks neither Redis nor SMTP, so nothing there can hurt it.
 */
#ifndef POSTRIDER_SUPERVISOR_H
#define POSTRIDER_SUPERVISOR_H

#include "config/config.h"

/*
 * Runs until TERM or INT and returns the exit status.  `config` is taken;
 * HUP replaces it with what config->path says then.
 */
int supervisor_run(struct config *config);

#endif
