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

/* ---- check_redis.c ---- */

void check_redis(struct check *check);

/* ---- check_templates.c ---- */

void check_templates(struct check *check);

/* ---- what all need ---- */

/* The value of a key where there is one. */
const struct yaml *check_get(const struct yaml *mapping, const char *key);

__attribute__((format(printf, 3, 4)))
void check_warn(struct check *check, const struct yaml *node, const char *format, ...);

/* The secret in the file that `key` of that section names: secret, owned; NULL
 * when there is no such key, or with a fault. */
char *check_secret(struct check *check, const struct yaml *section, const char *section_path,
		   const char *key, const char *file);

/* A fault when there is such a file (NULL: none) and it cannot be read. */
void check_file(struct check *check, const struct yaml *section, const char *section_path,
		const char *key, const char *file);

/* cert_file and key_file of a section: both can be read, and neither stands alone. */
void check_client_certificate(struct check *check, const struct yaml *section, const char *section_path,
			      const char *cert_file, const char *key_file);

#endif
