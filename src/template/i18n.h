/*
 * i18n.h - gettext and its kin as a template calls them
 *
 * Without a catalogue messages stand for themselves.
 */
#ifndef POSTRIDER_TEMPLATE_I18N_H
#define POSTRIDER_TEMPLATE_I18N_H

#include "template/values/native.h"

struct catalogue;

/* gettext, ngettext, pgettext, npgettext, _ where the extension is on; else MISSING. */
struct value i18n_global(struct render *render, struct value name, uint32_t hash);

#endif
