/*
 * token.h - OAuth 2.0 access tokens for XOAUTH2 and OAUTHBEARER
 *
 * postrider does not do OAuth itself: the token comes from a file that
 * something else renews, or from a command that prints one.  Either gives the
 * bare token or the JSON object of RFC 6749 5.1 ("access_token", "expires_in").
 */
#ifndef POSTRIDER_TOKEN_H
#define POSTRIDER_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "config/config.h"

struct token_source;

/* `relay` is borrowed.  NULL when it names neither token_file nor token_command. */
struct token_source *token_new(const struct config_relay *relay);
void token_free(struct token_source *source);	/* NULL is allowed */

/*
 * A token that is good for a while, taken anew where the one at hand ends
 * soon; borrowed until the next call.  The command is run by /bin/sh and has
 * timeouts.command_ms.  NULL with the reason in `error`.
 */
const char *token_get(struct token_source *source, struct error *error);

/*
 * After the server has refused the token: another one, or NULL when the
 * source still gives the same (`error` is empty then) or none.
 */
const char *token_renew(struct token_source *source, struct error *error);

/*
 * Reads what a file or command gave.  `since_unix_ms` is what "expires_in"
 * counts from; *expires_unix_ms is INT64_MAX when nothing is said of it.
 * Returns the token (RFC 6750 2.1), for mem_free_secret(), or NULL with the
 * reason, in which no part of the input stands.
 */
char *token_parse(const char *bytes, size_t len, int64_t since_unix_ms, int64_t *expires_unix_ms,
		  struct error *error);

#endif
