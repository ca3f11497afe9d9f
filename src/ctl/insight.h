/*
 * insight.h - what can be seen of a template without rendering it
 */
#ifndef POSTRIDER_CTL_INSIGHT_H
#define POSTRIDER_CTL_INSIGHT_H

#include <stdbool.h>

#include "base/error.h"
#include "message/required.h"
#include "template/template.h"

/*
 * Adds a fault for each thing that is no error until it is reached: a filter
 * or test that does not exist, a template that is named and is not there, and
 * a required field that neither the template nor those that it names use;
 * where there are such fields, also a template that only running it names.
 * With `optional` also each member of `body` that is used and not required,
 * there or in the templates that it names.
 * The template has passed templates_check(); one that has not is passed over.
 */
void insight_add(struct templates *templates, struct required *required, const char *name,
		 bool optional, struct faults *faults);

#endif
