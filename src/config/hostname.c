/* hostname.c - asks the kernel, then the resolver; keeps nothing. */
#include "config/hostname.h"

#include <ctype.h>
#include <netdb.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* RFC 5321 4.1.1.1: what stands behind EHLO is a domain. */
static bool is_domain(const char *name)
{
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && *p != '-' && *p != '.' && *p != '_')
			return false;
	return *name && strlen(name) <= 255;
}

static const char *canonical(const char *name, struct arena *arena)
{
	const struct addrinfo hints = { .ai_flags = AI_CANONNAME, .ai_socktype = SOCK_STREAM };
	struct addrinfo *list = NULL;
	const char *full = NULL;

	if (getaddrinfo(name, NULL, &hints, &list) == 0 && list->ai_canonname &&
	    strchr(list->ai_canonname, '.') && is_domain(list->ai_canonname))
		full = arena_strdup(arena, list->ai_canonname);
	if (list)
		freeaddrinfo(list);
	return full;
}

const char *hostname_fqdn(struct arena *arena)
{
	char name[256];

	if (gethostname(name, sizeof name) < 0 || !memchr(name, '\0', sizeof name) || !is_domain(name))
		return "localhost";
	const char *full = strchr(name, '.') ? NULL : canonical(name, arena);
	return full ? full : arena_strdup(arena, name);
}
