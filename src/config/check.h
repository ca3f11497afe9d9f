/*
 * check.h - what the keys of a configuration must say together
 *
 * Resolves what is written by name (a queue's relays, the Redis URL, secrets
 * in files, defaults that depend on another key) and refuses what contradicts
 * itself or would send a password in clear.
 */
#ifndef POSTRIDER_CHECK_H
#define POSTRIDER_CHECK_H

#include "base/yaml.h"
#include "config/config.h"
#include "config/reader.h"

struct check {
	struct reader reader;		/* for its faults and places */
	struct faults *warnings;
	const struct yaml *root;	/* what was written */
	const char *fqdn;		/* NULL: not yet known */
	struct config *config;
};

/* `config` has been filled by the reader.  Adds faults and warnings. */
void check_config(struct check *check);

#endif
