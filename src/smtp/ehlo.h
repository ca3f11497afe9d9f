/*
 * ehlo.h - what a server offers in its reply to EHLO, and what libesmtp is
 * allowed to see of it
 *
 * Pure.  libesmtp 1.1.0 uses what is offered without asking.  Some of that
 * must not be: CHUNKING (the last of several pipelined BDAT replies overwrites
 * the earlier, so a 451 becomes a 554), ENHANCEDSTATUSCODES (a continuation
 * line without the triplet then ends the session), XUSR, and AUTH mechanisms
 * that were not asked for (it has a plug-in for NTLM, which many servers name
 * first).  So their names are spoilt in the bytes before libesmtp parses them.
 */
#ifndef POSTRIDER_EHLO_H
#define POSTRIDER_EHLO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* AUTH mechanisms that a session can use, as bits. */
enum ehlo_auth {
	EHLO_PLAIN = 1, EHLO_LOGIN = 2, EHLO_CRAM_MD5 = 4, EHLO_XOAUTH2 = 8, EHLO_OAUTHBEARER = 16,
};

struct ehlo {
	bool starttls, pipelining, eightbit;
	bool size;		/* SIZE is offered (RFC 1870) */
	int64_t size_limit;	/* bytes; 0: no fixed limit */
	unsigned auth;		/* of enum ehlo_auth */
	char mechanisms[128];	/* all that AUTH named, for texts; "" when AUTH is not offered */
};

/* "PLAIN" and so on. */
const char *ehlo_auth_name(enum ehlo_auth mechanism);

/* Reads the text of a 250 to EHLO: lines joined by "\n", the first is the greeting. */
void ehlo_parse(struct ehlo *ehlo, const char *text, size_t len);

/* Spoils names in a reply as its bytes pass, however they are cut into pieces. */
struct ehlo_mask {
	unsigned allowed;	/* AUTH mechanisms to be left, of enum ehlo_auth */
	unsigned candidates;	/* those of them that the present word may still become */
	size_t column;		/* in the present line */
	char word[24];		/* the present word, as far as it fits */
	size_t length;		/* of the present word */
	size_t words;		/* complete words of this line */
	bool last;		/* the present line is the reply's last */
	bool auth;		/* the present line is about AUTH */
	bool over;		/* the reply is complete */
};

void ehlo_mask_init(struct ehlo_mask *mask, unsigned allowed);

/* Changes bytes in place, until the end of the reply; the length stays. */
void ehlo_mask_bytes(struct ehlo_mask *mask, char *bytes, size_t len);

#endif
