/*
 * auth.c - which AUTH mechanism, and the ones that libesmtp lacks
 *
 * PLAIN, LOGIN and CRAM-MD5 are libesmtp's: of what the server offers only
 * these, or the configured one of them, are left visible to it.  XOAUTH2
 * (Google's and Microsoft's) and OAUTHBEARER (RFC 7628) are done here, when
 * libesmtp, which sees no AUTH at all then, is about to send the first MAIL.
 *
 * No credential leaves this file but into the connection.
 */
#include "smtp/private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <glib.h>

#include "base/mem.h"

enum {
	COMMAND_MAX = 512,		/* RFC 5321 4.5.3.1.4; a longer response goes by itself (RFC 4954 4) */
	BEARERS = EHLO_XOAUTH2 | EHLO_OAUTHBEARER,
};

static unsigned wanted(const struct session *session)
{
	switch (session->relay->auth) {
	case CONFIG_AUTH_PLAIN:
		return EHLO_PLAIN;
	case CONFIG_AUTH_LOGIN:
		return EHLO_LOGIN;
	case CONFIG_AUTH_CRAM_MD5:
		return EHLO_CRAM_MD5;
	case CONFIG_AUTH_XOAUTH2:
		return EHLO_XOAUTH2;
	case CONFIG_AUTH_OAUTHBEARER:
		return EHLO_OAUTHBEARER;
	case CONFIG_AUTH_AUTO:
		break;
	}
	return session->tokens ? (unsigned)BEARERS : EHLO_PLAIN | EHLO_LOGIN | EHLO_CRAM_MD5;
}

unsigned auth_for_libesmtp(const struct session *session)
{
	return session->relay->username ? wanted(session) & ~(unsigned)BEARERS : 0;
}

static bool fail(struct session *session, struct session_reply cause)
{
	session_enter(session, SESSION_AUTH, 0);
	session_cut(session, cause);
	return false;
}

bool auth_is_safe(struct session *session)
{
	const struct config_relay *relay = session->relay;

	if (!relay->username || relay->tls != CONFIG_TLS_NONE || transport_is_loopback(session->transport))
		return true;
	return fail(session, reply_none(session->arena,
		"the password is not sent in clear to %s; set relays.%s.tls to starttls or implicit",
		transport_peer(session->transport), relay->name));
}

bool auth_is_offered(struct session *session)
{
	static const enum ehlo_auth all[] = {
		EHLO_PLAIN, EHLO_LOGIN, EHLO_CRAM_MD5, EHLO_XOAUTH2, EHLO_OAUTHBEARER,
	};
	const char *peer = transport_peer(session->transport), *name = session->relay->name;
	unsigned wants = wanted(session);
	struct buf names = BUF_INIT;

	if (!session->relay->username || session->authenticated || (session->ehlo.auth & wants))
		return true;
	if (!*session->ehlo.mechanisms)
		return fail(session, reply_none(session->arena,
			"%s does not offer AUTH; remove relays.%s.username if it takes mail without", peer, name));
	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		if (wants & all[i])
			buf_printf(&names, "%s%s", names.len ? ", " : "", ehlo_auth_name(all[i]));
	struct session_reply cause = reply_none(session->arena,
		"%s does not offer AUTH %s; it offers %s; see relays.%s.auth", peer, buf_str(&names),
		session->ehlo.mechanisms, name);
	buf_clear(&names);
	return fail(session, cause);
}

/* --- bearer tokens ----------------------------------------------------------------- */

static char *base64(const struct buf *bytes)
{
	return g_base64_encode((const guchar *)buf_str(bytes), bytes->len);
}

/* The client's only message; a secret.  RFC 7628 3.1 escapes "," and "=" in the user. */
static char *response_for(const struct session *session, enum ehlo_auth mechanism, const char *token)
{
	const struct config_relay *relay = session->relay;
	struct buf text = BUF_INIT;

	if (mechanism == EHLO_XOAUTH2) {
		buf_printf(&text, "user=%s\001auth=Bearer %s\001\001", relay->username, token);
	} else {
		buf_puts(&text, "n,a=");
		for (const char *c = relay->username; *c; c++)
			buf_puts(&text, *c == ',' ? "=2C" : *c == '=' ? "=3D" : (char[]){ *c, '\0' });
		buf_printf(&text, ",\001host=%s\001port=%d\001auth=Bearer %s\001\001", relay->host, relay->port,
			   token);
	}
	char *encoded = base64(&text);
	explicit_bzero(text.data, text.room);
	buf_clear(&text);
	return encoded;
}

static bool say(struct session *session, const char *text, const char *shown, int64_t until_ms)
{
	char *line = mem_printf("%s\r\n", text);
	bool heard = dialogue_ask(session, line, strlen(line), shown, until_ms);

	mem_free_secret(line);
	return heard;
}

/* AUTH with its response, in one line where that is short enough. */
static bool offer(struct session *session, enum ehlo_auth mechanism, const char *token, int64_t until_ms)
{
	const char *name = ehlo_auth_name(mechanism);
	char *response = response_for(session, mechanism, token);
	char *command = mem_printf("AUTH %s %s", name, response);
	char shown[40];
	bool heard;

	snprintf(shown, sizeof shown, "AUTH %s [...]", name);
	session->counts.auths++;
	if (strlen(command) + 2 <= COMMAND_MAX) {
		heard = say(session, command, shown, until_ms);
	} else {
		shown[5 + strlen(name)] = '\0';
		heard = say(session, shown, shown, until_ms);
		if (heard && session->reader.code == 334)
			heard = say(session, response, "[...]", until_ms);
	}
	mem_free_secret(command);
	mem_free_secret(response);
	return heard;
}

/*
 * The server says in a 334 what it has against the token and waits for an
 * answer before it refuses (RFC 7628 3.2.3).  Its words, decoded, or NULL.
 */
static char *take_complaint(struct session *session, enum ehlo_auth mechanism, int64_t until_ms)
{
	gsize len = 0;
	char *text = mem_strdup(buf_str(&session->reader.text));
	guchar *decoded = g_base64_decode_inplace(g_strstrip(text), &len);
	struct buf clean = BUF_INIT;

	reply_clean(&clean, (const char *)decoded, len);
	free(text);
	bool heard = say(session, mechanism == EHLO_XOAUTH2 ? "" : "AQ==", "[...]", until_ms);
	if (!heard)
		buf_clear(&clean);
	return heard ? buf_take(&clean) : NULL;
}

/* One try with one token.  False with `cause` untouched: the server refused the
 * token; what it said is in `refusal`. */
static bool try_token(struct session *session, enum ehlo_auth mechanism, const char *token,
		      struct session_reply *refusal)
{
	int64_t limit = session->relay->timeouts.command_ms;
	int64_t until = clock_monotonic_ms() + limit;
	char *complaint = NULL;

	session_enter(session, SESSION_AUTH, 2 * limit);
	if (!offer(session, mechanism, token, until))
		return false;
	if (session->reader.code == 334) {
		complaint = take_complaint(session, mechanism, until);
		if (!complaint)
			return false;
	}
	*refusal = dialogue_heard(session);
	if (session->reader.code == 235)
		session->authenticated = true;
	else if (complaint)
		refusal->text = arena_printf(session->arena, "%s (of the token: %.300s)", refusal->text,
					     complaint);
	free(complaint);
	return session->authenticated;
}

static bool bearer(struct session *session, enum ehlo_auth mechanism)
{
	struct error error = ERROR_INIT;
	struct session_reply refusal;
	const char *token = token_get(session->tokens, &error);

	for (int tries = 0; token && tries < 2; tries++) {
		if (try_token(session, mechanism, token, &refusal))
			return true;
		if (session->ending)
			return false;
		/* Another token may be good; the same one is never sent twice. */
		token = refusal.code / 100 == 5 && !tries ? token_renew(session->tokens, &error) : NULL;
		if (!token)
			session_leave(session, refusal);
	}
	if (!session->blamed)
		session_leave(session, error.text ? reply_none(session->arena, "%s", error.text) : refusal);
	error_clear(&error);
	return false;
}

bool auth_before_mail(struct session *session)
{
	const struct config_relay *relay = session->relay;
	unsigned wants = wanted(session) & session->ehlo.auth;

	if (session->authenticated)
		return true;
	if (!(wants & BEARERS))
		return fail(session, reply_none(session->arena, "%s did not let us authenticate; nothing is sent without",
						transport_peer(session->transport)));
	if (!session->tokens)
		return fail(session, reply_none(session->arena,
			"AUTH XOAUTH2 and OAUTHBEARER want a token: set relays.%s.token_file or relays.%s.token_command",
			relay->name, relay->name));
	return bearer(session, wants & EHLO_XOAUTH2 ? EHLO_XOAUTH2 : EHLO_OAUTHBEARER);
}
