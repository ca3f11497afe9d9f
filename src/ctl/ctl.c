/* ctl.c - the table of verbs; does none of their work. */
#include "ctl/ctl.h"

#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/mem.h"
#include "ctl/verb.h"

static const struct verb verbs[] = {
	{ "send", "[FILE]", "check a message and push it to a queue", verb_send },
	{ "status", "", "what is in the queues, and what the daemon is doing", verb_status },
	{ "failed list", "", "messages that failed, one a line", verb_failed_list },
	{ "failed show", "ID...", "everything that is known of a failed message", verb_failed_show },
	{ "failed retry", "[ID...]", "put failed messages back into their queue now", verb_failed_retry },
	{ "failed delete", "[ID...]", "delete failed messages for good", verb_failed_delete },
	{ "render", "TEMPLATE", "render a template as the daemon would", verb_render },
	{ "check", "", "try configuration, templates, Redis and relays", verb_check },
	{ "trace", "", "have the SMTP dialogue of a worker or a relay logged for a while", verb_trace },
};

enum { VERBS = sizeof verbs / sizeof verbs[0] };

static void print_help(FILE *out)
{
	fputs("usage: postriderctl VERB [OPTION...] [ARGUMENT...]\n\n", out);
	for (size_t i = 0; i < VERBS; i++)
		fprintf(out, "  %-14s %s\n", verbs[i].name, verbs[i].summary);
	fputs("\nEach verb has --help.  The manual: postriderctl(1).\n", out);
}

/* The verb that the arguments begin with; `*words` of them are its name. */
static const struct verb *find_verb(int argc, char **argv, int *words)
{
	for (size_t i = 0; i < VERBS; i++) {
		const char *space = strchr(verbs[i].name, ' ');
		size_t first = space ? (size_t)(space - verbs[i].name) : strlen(verbs[i].name);

		if (argc < 1 || strncmp(argv[0], verbs[i].name, first) != 0 || argv[0][first] != '\0')
			continue;
		if (!space || (argc > 1 && strcmp(argv[1], space + 1) == 0)) {
			*words = space ? 2 : 1;
			return &verbs[i];
		}
	}
	return NULL;
}

/* An option in front, "failed" without its second word, or no verb at all. */
static int complain(const char *word)
{
	size_t len = strlen(word), kin = 0;

	if (*word == '-') {
		fprintf(stderr, "postriderctl: the verb comes first, then its options: postriderctl VERB %s ...; "
			"'postriderctl --help' lists the verbs\n", word);
		return EX_USAGE;
	}
	for (size_t i = 0; i < VERBS; i++) {
		if (strncmp(verbs[i].name, word, len) != 0 || verbs[i].name[len] != ' ')
			continue;
		if (kin++ == 0)
			fprintf(stderr, "postriderctl: '%s' wants one more word:\n", word);
		fprintf(stderr, "  %-14s %s\n", verbs[i].name, verbs[i].summary);
	}
	if (kin == 0)
		fprintf(stderr, "postriderctl: there is no verb '%s'; 'postriderctl --help' lists them\n",
			word);
	return EX_USAGE;
}

int ctl_main(int argc, char **argv)
{
	const struct verb *verb;
	int words = 0;

	mem_init();
	setlocale(LC_CTYPE, "");
	signal(SIGPIPE, SIG_IGN);
	if (argc < 2) {
		print_help(stderr);
		return EX_USAGE;
	}
	if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "help") == 0) {
		print_help(stdout);
		return 0;
	}
	if (strcmp(argv[1], "--version") == 0 || strcmp(argv[1], "-V") == 0) {
		puts("postriderctl " PACKAGE_VERSION);
		return 0;
	}
	verb = find_verb(argc - 1, argv + 1, &words);
	if (!verb)
		return complain(argv[1]);
	return verb->run(verb, argc - words, argv + words);
}
