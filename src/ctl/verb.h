/*
 * verb.h - what the verbs share
 *
 * Reading options, configuration and JSON files, and reaching a queue; each
 * says on standard error what went wrong and hands back the exit status.
 */
#ifndef POSTRIDER_CTL_VERB_H
#define POSTRIDER_CTL_VERB_H

#include <stdbool.h>
#include <stddef.h>

#include <glib.h>
#include <jansson.h>

#include "base/error.h"
#include "config/config.h"
#include "store/store.h"

struct verb {
	const char *name;	/* "failed list" */
	const char *arguments;	/* behind the options, for the usage line */
	const char *summary;
	int (*run)(const struct verb *verb, int argc, char **argv); /* argv[0] is the verb's last word */
};

int verb_send(const struct verb *verb, int argc, char **argv);
int verb_status(const struct verb *verb, int argc, char **argv);
int verb_failed_list(const struct verb *verb, int argc, char **argv);
int verb_failed_show(const struct verb *verb, int argc, char **argv);
int verb_failed_retry(const struct verb *verb, int argc, char **argv);
int verb_failed_delete(const struct verb *verb, int argc, char **argv);
int verb_render(const struct verb *verb, int argc, char **argv);
int verb_check(const struct verb *verb, int argc, char **argv);
int verb_trace(const struct verb *verb, int argc, char **argv);

/* "postriderctl VERB: text" on standard error; returns `status`. */
__attribute__((format(printf, 3, 4)))
int verb_fail(const struct verb *verb, int status, const char *format, ...);

/* The same for a described error, with its place in front. */
int verb_fail_error(const struct verb *verb, int status, const struct error *error);

/* What every verb's command line may hold. */
struct verb_common {
	char *config;	/* -c FILE; NULL: CONFIG_DEFAULT_PATH */
	char **rest;	/* arguments behind the options; never NULL; freed with the options */
	int rest_count;
};

/*
 * Reads the options in `entries` (for texts of any encoding use
 * G_OPTION_ARG_FILENAME), -c and --help, which prints `description` too and
 * ends the program with status 0.  More than `most` further arguments are
 * refused.  Returns 0 or EX_USAGE, the reason printed.
 */
int verb_options(const struct verb *verb, const GOptionEntry *entries, const char *description,
		 int most, int argc, char **argv, struct verb_common *common);

/* The configuration, or NULL with every fault printed; then exit with EX_CONFIG. */
struct config *verb_config(const struct verb_common *common);

/*
 * The queue of that name; NULL: the only one, or the one called "default".
 * NULL when there is none, with the names that there are printed.
 */
const struct config_queue *verb_queue(const struct verb *verb, const struct config *config,
				      const char *name);

/* A queue's store for reading and for the steps for people; it never takes a message. */
struct store *verb_store(const struct config *config, struct store_link *link,
			 const struct config_queue *queue);

/* A file's bytes, "-" for standard input.  Returns 0, or the exit status, the
 * reason printed. */
int verb_read(const struct verb *verb, const char *path, struct buf *out);

/* The JSON object in a file, or NULL with file:line:column and reason printed. */
json_t *verb_read_object(const struct verb *verb, const char *path);

/* Prints a JSON value, indented, and gives it back; returns 0, or EX_IOERR. */
int verb_print_json(json_t *value);

/* Whether everything written to standard output went there: 0 or EX_IOERR. */
int verb_finish(void);

#endif
