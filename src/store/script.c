/*
 * script.c - running a Lua script by its sha1, or by its text
 *
 * The texts are in scripts/ and compiled in (scripts/embed.sh).  Redis keeps
 * every script that it was once sent until it restarts; so the short name is
 * tried first and the text follows where that is not known.
 */
#include "store/private.h"

#include <stdarg.h>
#include <string.h>

void script_init(struct command *command, const struct script *script, ...)
{
	va_list ap;
	int keys = 0;

	command_init(command, "EVALSHA", script->sha1, NULL);
	va_start(ap, script);
	while (va_arg(ap, const char *))
		keys++;
	va_end(ap);
	command_int(command, keys);
	va_start(ap, script);
	for (const char *key; (key = va_arg(ap, const char *));)
		command_str(command, key);
	va_end(ap);
}

/* The same with the text, which Redis keeps from then on. */
static void use_text(struct command *command, const struct script *script)
{
	command->argv[0] = "EVAL";
	command->len[0] = strlen("EVAL");
	command->argv[1] = script->text;
	command->len[1] = strlen(script->text);
}

enum store_status script_run(struct store_link *link, const struct script *script,
			     struct command *command, redisReply **reply, struct error *error)
{
	enum store_status status = link_run(link, command, reply, error);

	if (status == STORE_OK && reply_sense(*reply, NULL) == REPLY_NO_SCRIPT) {
		freeReplyObject(*reply);
		*reply = NULL;
		use_text(command, script);
		status = link_run(link, command, reply, error);
	}
	if (status != STORE_OK)
		return status;
	status = link_verdict(link, *reply, script->name, error);
	if (status != STORE_OK) {
		freeReplyObject(*reply);
		*reply = NULL;
	}
	return status;
}
