/*
 * catalogue.h - GNU message catalogues (.mo), read by ourselves
 *
 * The C library's own reader (and GLib's, which calls it) cannot serve: it
 * works through the process's locale, which has to be installed, binds a
 * domain to one directory for the whole process, and never sees that a file
 * has changed.  libgettextpo reads the sources of catalogues only.
 * The format is that of the GNU gettext manual, "The Format of GNU MO Files".
 */
#ifndef POSTRIDER_TEMPLATE_CATALOGUE_H
#define POSTRIDER_TEMPLATE_CATALOGUE_H

#include <stdbool.h>

#include "base/error.h"
#include "template/py/span.h"

struct catalogue;

/*
 * Reads the bytes of a .mo file, which are copied, in whatever charset its
 * header names.  Every offset in them is checked.  NULL and the reason in
 * `error`.
 */
struct catalogue *catalogue_new(struct span bytes, struct error *error);
void catalogue_free(struct catalogue *catalogue);

/* Which plural form a number takes, by the catalogue's Plural-Forms. */
unsigned catalogue_form(const struct catalogue *catalogue, long long n);

/*
 * The translation of a message in a context (`at` NULL: none), in one of its
 * forms.  Borrowed while the catalogue lives.
 */
bool catalogue_find(const struct catalogue *catalogue, struct span context, struct span message,
		    unsigned form, struct span *found);

#endif
