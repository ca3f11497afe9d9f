/*
 * hostname.h - the full name of this host
 */
#ifndef POSTRIDER_HOSTNAME_H
#define POSTRIDER_HOSTNAME_H

#include "base/arena.h"

/*
 * The host's name with its domain, as `hostname --fqdn` finds it (the
 * resolver is asked when the name has no dot, which may take its timeout);
 * the bare name when it has none.  Only characters that EHLO may carry.
 */
const char *hostname_fqdn(struct arena *arena);

#endif
