/*
 * address.c - takes one mailbox apart, strictly.  GMime decodes the display
 * name and libidn2 the domain; what is an address at all is decided here,
 * since a parser that is lenient with received mail guesses where a producer
 * should be told.
 */
#include "message/address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>
#include <idn2.h>

#include "base/buf.h"
#include "base/mem.h"

enum { LOCAL_MAX = 64, DOMAIN_MAX = 255, LABEL_MAX = 63 };

/* The address as a fault may show it: one line, printable, not too long. */
static void print_quoted(const char *text, size_t len, struct buf *out)
{
	char *valid = g_utf8_make_valid(text, (gssize)(len > 120 ? 120 : len));

	buf_putc(out, '"');
	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		if (g_unichar_iscntrl(g_utf8_get_char(p)))
			buf_printf(out, "\\x%02x", (unsigned)g_utf8_get_char(p));
		else
			buf_add(out, p, (size_t)(g_utf8_next_char(p) - p));
	}
	buf_puts(out, len > 120 ? "...\"" : "\"");
	g_free(valid);
}

static int refuse(const char *text, size_t len, const char *why, struct error *error)
{
	struct buf quoted = BUF_INIT;

	print_quoted(text, len, &quoted);
	error_set(error, "%s %s", quoted.data, why);
	buf_clear(&quoted);
	return -1;
}

/* ---- the parts: NULL when good, else what is wrong with them ---- */

/* RFC 5322 3.2.3 atext */
static bool is_atext(unsigned char c)
{
	return isalnum(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static const char *check_dot_atom(const char *local, size_t len)
{
	if (*local == '.' || local[len - 1] == '.')
		return "begins or ends its local part with a dot";
	for (size_t i = 0; i < len; i++) {
		if (local[i] == '.' && local[i - 1] == '.')
			return "has two dots in a row before the @ (such a local part must stand in double quotes)";
		if (local[i] != '.' && !is_atext((unsigned char)local[i]))
			return "has a character before the @ that may not stand there";
	}
	return NULL;
}

/* RFC 5321 4.1.2 Quoted-string; < and > are legal in it, and too dangerous. */
static const char *check_quoted(const char *local, size_t len)
{
	if (len < 3 || local[len - 1] != '"')
		return "has a quoted local part that does not end";
	for (size_t i = 1; i < len - 1; i++) {
		if (local[i] == '\\' && i + 2 < len)
			i++;
		else if (local[i] == '"' || local[i] == '\\')
			return "has a quoted local part that ends too early";
		if (strchr("<>", local[i]))
			return "has < or > before the @";
	}
	return NULL;
}

static const char *check_local(const char *local, size_t len)
{
	if (!len)
		return "has nothing before the @";
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)local[i] >= 0x80)
			return "has a character beyond ASCII before the @: such mailboxes need SMTPUTF8 "
			       "(RFC 6531), which is not supported; only the domain may be international";
	if (len > LOCAL_MAX)
		return "has more than 64 characters before the @";
	return *local == '"' ? check_quoted(local, len) : check_dot_atom(local, len);
}

/* RFC 5321 4.1.3: [192.0.2.1] or [IPv6:2001:db8::1] */
static bool is_literal(const char *domain, size_t len)
{
	unsigned char address[16];
	char inner[64];

	if (len < 3 || len - 2 >= sizeof inner || domain[len - 1] != ']')
		return false;
	memcpy(inner, domain + 1, len - 2);
	inner[len - 2] = '\0';
	if (!strncasecmp(inner, "IPv6:", 5))
		return inet_pton(AF_INET6, inner + 5, address) == 1;
	return inet_pton(AF_INET, inner, address) == 1;
}

static const char *check_domain(const char *domain, size_t len)
{
	size_t label = 0;

	if (!len)
		return "has nothing behind the @";
	if (len > DOMAIN_MAX)
		return "has a domain of more than 255 characters";
	if (*domain == '[')
		return is_literal(domain, len) ? NULL : "has something in [] that is no IP address";
	for (size_t i = 0; i <= len; i++) {
		if (i == len || domain[i] == '.') {
			if (!label)
				return "has a domain with a dot too many";
			if (label > LABEL_MAX)
				return "has a domain with a part of more than 63 characters";
			if (domain[i - 1] == '-' || domain[i - label] == '-')
				return "has a domain with a part that begins or ends with -";
			label = 0;
		} else if (isalnum((unsigned char)domain[i]) || strchr("-_", domain[i])) {
			label++;
		} else {
			return "has a character in its domain that may not stand there";
		}
	}
	return NULL;
}

/* Where the domain begins: behind the last @ that is outside quotes. */
static const char *find_at(const char *spec, size_t len)
{
	const char *from = spec;

	if (*spec == '"')
		for (size_t i = 1; i < len; i++) {
			if (spec[i] == '\\')
				i++;
			else if (spec[i] == '"') {
				from = spec + i;
				break;
			}
		}
	return memchr(from, '@', len - (size_t)(from - spec));
}

int address_check_spec(const char *spec, size_t len, struct error *error)
{
	const char *at = len ? find_at(spec, len) : NULL;
	const char *wrong;

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)spec[i] < 0x20 || (unsigned char)spec[i] >= 0x7f)
			return refuse(spec, len, "holds a character that is not printable ASCII", error);
	if (!at)
		return refuse(spec, len, "has no @", error);
	wrong = check_local(spec, (size_t)(at - spec));
	if (!wrong)
		wrong = check_domain(at + 1, len - (size_t)(at + 1 - spec));
	if (!wrong && len > ADDRESS_SPEC_MAX)
		wrong = "is longer than the 254 characters that SMTP allows";
	return wrong ? refuse(spec, len, wrong, error) : 0;
}

/* ---- the whole ---- */

static bool is_ascii(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

/* What can be said before anything is taken apart. */
static const char *check_bytes(const char *text, size_t len)
{
	if (!len)
		return "is empty";
	if (len > ADDRESS_TEXT_MAX)
		return "is longer than 998 bytes";
	if (!g_utf8_validate(text, (gssize)len, NULL))
		return memchr(text, '\0', len) ? "holds a NUL character" : "is not UTF-8";
	for (const char *p = text; p < text + len; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		if (c == '\r' || c == '\n')
			return "holds a line break";
		if (g_unichar_iscntrl(c))
			return "holds a control character";
	}
	return NULL;
}

/* Where the parts of `Name <a@b.c>` or `a@b.c` stand. */
struct parts {
	const char *name, *spec;
	size_t name_len, spec_len;
};

static void trim(const char **text, size_t *len)
{
	for (; *len && **text == ' '; (*text)++, (*len)--)
		;
	while (*len && (*text)[*len - 1] == ' ')
		--*len;
}

/* Finds the one <...> outside quotes.  NULL, or what is wrong. */
static const char *split(const char *text, size_t len, struct parts *parts)
{
	const char *open = NULL, *close = NULL;
	bool quoted = false, literal = false;

	for (const char *p = text; p < text + len; p++) {
		if (quoted && *p == '\\' && p + 1 < text + len)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (quoted)
			continue;
		else if (*p == '[' || *p == ']')
			literal = *p == '[';
		else if (*p == '(' || *p == ')')
			return "holds a ( or ): put the name in double quotes";
		else if (*p == ',' || *p == ';')
			return "holds a , or ;: each address is a string of its own, and a name with one stands in double quotes";
		else if (*p == ':' && !literal)
			return "holds a colon: groups and routes are no addresses, and a name with one stands in double quotes";
		else if (close && *p != ' ')
			return "goes on behind the >";
		else if (*p == '<' && open)
			return "has more than one <";
		else if (*p == '<')
			open = p;
		else if (*p == '>' && !open)
			return "has a > without a <";
		else if (*p == '>')
			close = p;
	}
	if (quoted)
		return "has a double quote that is not closed";
	if (open && !close)
		return "has a < without a >";
	*parts = (struct parts){ text, open ? open + 1 : text, open ? (size_t)(open - text) : 0,
				 open ? (size_t)(close - open - 1) : len };
	trim(&parts->name, &parts->name_len);
	trim(&parts->spec, &parts->spec_len);
	return parts->spec_len ? NULL : "has no address between < and >";
}

/* The display name without quotes, with RFC 2047 words decoded. */
static const char *read_name(const struct parts *parts, struct arena *arena, const char **name)
{
	char *raw = arena_dup(arena, parts->name, parts->name_len);

	*name = NULL;
	g_mime_utils_unquote_string(raw);
	if (strstr(raw, "=?")) {
		g_mime_init();	/* counts its calls; the first one does the work */
		char *decoded = g_mime_utils_header_decode_text(NULL, raw);
		raw = arena_strdup(arena, decoded);
		g_free(decoded);
	}
	g_strstrip(raw);
	if (!*raw)
		return NULL;
	/* An encoded word may have hidden a line break. */
	const char *wrong = check_bytes(raw, strlen(raw));
	if (!wrong)
		*name = raw;
	return wrong;
}

/* Turns the domain into ASCII where it is not.  NULL, or what is wrong. */
static const char *read_spec(const struct parts *parts, struct arena *arena, const char **spec)
{
	const char *at = find_at(parts->spec, parts->spec_len);
	size_t local_len = at ? (size_t)(at - parts->spec) : 0;
	uint8_t *ascii = NULL;

	*spec = arena_dup(arena, parts->spec, parts->spec_len);
	/* A wrong local part is the better reason, where both are. */
	if (!at || check_local(parts->spec, local_len) || is_ascii(at, parts->spec_len - local_len))
		return NULL;
	const char *domain = *spec + local_len + 1;
	int rc = idn2_to_ascii_8z(domain, (char **)&ascii, IDN2_NONTRANSITIONAL | IDN2_NFC_INPUT);
	if (rc == IDN2_MALLOC)
		fatal("out of memory for a domain");	/* no fault of the address's */
	if (rc != IDN2_OK)
		return arena_printf(arena, "has no valid international domain: %s", idn2_strerror(rc));
	*spec = arena_printf(arena, "%.*s@%s", (int)local_len, parts->spec, (char *)ascii);
	idn2_free(ascii);
	return NULL;
}

int address_parse(const char *text, size_t len, struct arena *arena, struct address *out,
		  struct error *error)
{
	const char *wrong = check_bytes(text, len);
	struct error inner = ERROR_INIT;
	struct parts parts;

	*out = (struct address){ 0 };
	if (!wrong)
		wrong = split(text, len, &parts);
	if (!wrong)
		wrong = read_name(&parts, arena, &out->name);
	if (!wrong)
		wrong = read_spec(&parts, arena, &out->spec);
	/* A local part beyond ASCII is told from other bytes that are no address. */
	if (!wrong && find_at(out->spec, strlen(out->spec)))
		wrong = check_local(out->spec, (size_t)(find_at(out->spec, strlen(out->spec)) - out->spec));
	if (wrong)
		return refuse(text, len, wrong, error);
	if (address_check_spec(out->spec, strlen(out->spec), &inner) == 0)
		return 0;
	if (error) {
		error_clear(error);
		*error = inner;
	} else {
		error_clear(&inner);
	}
	return -1;
}
