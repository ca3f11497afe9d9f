/*
 * required.h - the fields that a template requires of `body`
 *
 * A YAML file beside the template (welcome.html -> welcome.html.yaml):
 *
 *	required: [name, order.id]
 *
 * A dotted path names a member of a member.  A field is there when it exists
 * and is not null; "" and [] count as there.  No file: nothing is required.
 */
#ifndef POSTRIDER_REQUIRED_H
#define POSTRIDER_REQUIRED_H

#include <jansson.h>

#include "base/error.h"

struct required;

/* A cache of the files below `directory`, each read again when it changes. */
struct required *required_open(const char *directory);
void required_close(struct required *required);

/*
 * Adds a fault for each field that the template requires and `body` lacks.
 * `template_name` has passed template_name_check().  A required-fields file
 * that is itself broken is one fault with its file:line:column.
 * Returns 0 when nothing was added, else -1.
 */
int required_check(struct required *required, const char *template_name, json_t *body,
		   struct faults *faults);

/* The paths themselves, for tools: borrowed until the next call; NULL and 0
 * when there is no file.  -1: the file is broken, the reason in `error`. */
int required_list(struct required *required, const char *template_name,
		  const char *const **paths, size_t *count, struct error *error);

#endif
