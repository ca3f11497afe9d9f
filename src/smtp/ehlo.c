/*
 * ehlo.c - the reply to EHLO: RFC 5321 4.1.1.1, RFC 4954 3, RFC 1870 3
 */
#include "smtp/ehlo.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	enum ehlo_auth mechanism;
	const char *name;
} mechanisms[] = {
	{ EHLO_PLAIN, "PLAIN" },
	{ EHLO_LOGIN, "LOGIN" },
	{ EHLO_CRAM_MD5, "CRAM-MD5" },
	{ EHLO_XOAUTH2, "XOAUTH2" },
	{ EHLO_OAUTHBEARER, "OAUTHBEARER" },
};

enum { MECHANISMS = sizeof mechanisms / sizeof *mechanisms };

const char *ehlo_auth_name(enum ehlo_auth mechanism)
{
	for (size_t i = 0; i < MECHANISMS; i++)
		if (mechanisms[i].mechanism == mechanism)
			return mechanisms[i].name;
	return "?";
}

static void parse_auth(struct ehlo *ehlo, char *words)
{
	char *rest = NULL;

	for (char *word = strtok_r(words, " \t", &rest); word; word = strtok_r(NULL, " \t", &rest)) {
		size_t used = strlen(ehlo->mechanisms);

		for (size_t i = 0; i < MECHANISMS; i++)
			if (!strcasecmp(word, mechanisms[i].name))
				ehlo->auth |= mechanisms[i].mechanism;
		snprintf(ehlo->mechanisms + used, sizeof ehlo->mechanisms - used, "%s%s",
			 used ? " " : "", word);
	}
}

static void parse_line(struct ehlo *ehlo, char *line)
{
	char *keyword = line + strspn(line, " \t");
	char *rest = keyword + strcspn(keyword, " \t=");

	if (*rest)
		*rest++ = '\0';
	if (!strcasecmp(keyword, "STARTTLS")) {
		ehlo->starttls = true;
	} else if (!strcasecmp(keyword, "PIPELINING")) {
		ehlo->pipelining = true;
	} else if (!strcasecmp(keyword, "8BITMIME")) {
		ehlo->eightbit = true;
	} else if (!strcasecmp(keyword, "SIZE")) {
		ehlo->size = true;
		ehlo->size_limit = strtoll(rest, NULL, 10);
		if (ehlo->size_limit < 0)
			ehlo->size_limit = 0;
	} else if (!strcasecmp(keyword, "AUTH")) {
		parse_auth(ehlo, rest);
	}
}

void ehlo_parse(struct ehlo *ehlo, const char *text, size_t len)
{
	char line[1024];
	bool first = true;

	*ehlo = (struct ehlo){ 0 };
	for (size_t at = 0; at < len;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t length = end ? (size_t)(end - text) - at : len - at;

		if (!first && length < sizeof line) {
			memcpy(line, text + at, length);
			line[length] = '\0';
			line[strcspn(line, "\r")] = '\0';
			parse_line(ehlo, line);
		}
		first = false;
		at += length + (end != NULL);
	}
}

void ehlo_mask_init(struct ehlo_mask *mask, unsigned allowed)
{
	*mask = (struct ehlo_mask){ .allowed = allowed };
}

static void word_done(struct ehlo_mask *mask)
{
	if (!mask->length)
		return;
	if (!mask->words && mask->length < sizeof mask->word) {
		mask->word[mask->length] = '\0';
		mask->auth = !strcasecmp(mask->word, "AUTH");
	}
	mask->words++;
	mask->length = 0;
}

/* A keyword is spoilt in its last letter, when it is known what it is. */
static char mask_keyword(const struct ehlo_mask *mask, char c)
{
	static const char *const unwanted[] = { "CHUNKING", "ENHANCEDSTATUSCODES", "XUSR", "BINARYMIME" };

	for (size_t i = 0; i < sizeof unwanted / sizeof *unwanted; i++)
		if (mask->length == strlen(unwanted[i]) &&
		    !strncasecmp(mask->word, unwanted[i], mask->length))
			return 'X';
	/* The old "AUTH=PLAIN" says nothing that "AUTH PLAIN" does not. */
	if (mask->length == 5 && !strncasecmp(mask->word, "AUTH=", 5))
		return '-';
	return c;
}

/* A mechanism is spoilt where it cannot be one of the allowed any more. */
static char mask_mechanism(struct ehlo_mask *mask, char c)
{
	if (mask->length == 1)
		mask->candidates = mask->allowed;
	for (size_t i = 0; i < MECHANISMS; i++) {
		const char *name = mechanisms[i].name;

		if (mask->length > strlen(name) || name[mask->length - 1] != toupper((unsigned char)c))
			mask->candidates &= ~(unsigned)mechanisms[i].mechanism;
	}
	return mask->candidates ? c : '-';
}

static char mask_byte(struct ehlo_mask *mask, char c)
{
	if (c == '\n') {
		word_done(mask);
		mask->over = mask->last;
		mask->column = mask->words = 0;
		mask->auth = false;
		return c;
	}
	mask->column++;
	if (mask->column <= 4) {
		if (mask->column == 4)
			mask->last = c != '-';
		return c;
	}
	if (c == ' ' || c == '\t' || c == '\r') {
		word_done(mask);
		return c;
	}
	if (mask->length < sizeof mask->word - 1)
		mask->word[mask->length] = c;
	mask->length++;
	if (!mask->words)
		return mask->length < sizeof mask->word ? mask_keyword(mask, c) : c;
	return mask->auth ? mask_mechanism(mask, c) : c;
}

void ehlo_mask_bytes(struct ehlo_mask *mask, char *bytes, size_t len)
{
	for (size_t i = 0; i < len && !mask->over; i++)
		bytes[i] = mask_byte(mask, bytes[i]);
}
