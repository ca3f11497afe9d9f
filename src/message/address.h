/*
 * address.h - mail addresses as producers write them
 *
 * "a@b.c" or "Name <a@b.c>" (RFC 5322 3.4 mailbox).  The domain is turned
 * into its ASCII form (RFC 5891, IDNA 2008 with the UTS 46 mapping); a local
 * part beyond ASCII needs SMTPUTF8 (RFC 6531), which is refused with that
 * reason.
 */
#ifndef POSTRIDER_ADDRESS_H
#define POSTRIDER_ADDRESS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

struct address {
	const char *name;	/* display name, UTF-8, no control characters; NULL: none */
	const char *spec;	/* local-part@ascii-domain, fit for MAIL and RCPT (RFC 5321 4.1.2) */
};

enum { ADDRESS_SPEC_MAX = 254, ADDRESS_TEXT_MAX = 998 };

/*
 * Exactly one mailbox.  CR, LF, NUL, other control characters, groups, lists,
 * source routes and comments are refused, as are parts beyond RFC 5321
 * 4.5.3.1 (local part 64 bytes, domain 255).  The texts live in `arena`.
 * Returns 0, or -1 with the reason, which quotes the address, in `error`.
 */
int address_parse(const char *text, size_t len, struct arena *arena, struct address *out,
		  struct error *error);

/*
 * Whether a text that claims to be an address_parse() result is fit for MAIL
 * and RCPT: ASCII, a local part, '@', a domain, and nothing that could end
 * the command.  For what comes back from Redis.
 */
int address_check_spec(const char *spec, size_t len, struct error *error);

#endif
