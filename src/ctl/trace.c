/* trace.c - asks the daemon to log its SMTP dialogue for a while */
#include <inttypes.h>
#include <stdio.h>
#include <sysexits.h>

#include "base/units.h"
#include "ctl/daemon.h"
#include "ctl/verb.h"

enum { TRACE_MOST_MS = 86400000 };

struct trace {
	char *worker, *relay, *duration;
	struct verb_common common;
};

static void clear(struct trace *trace)
{
	g_free(trace->worker);
	g_free(trace->relay);
	g_free(trace->duration);
	g_strfreev(trace->common.rest);
	g_free(trace->common.config);
}

static int ask(const struct verb *verb, const struct trace *trace, const struct config *config, int64_t ms)
{
	struct error error = ERROR_INIT;
	struct buf command = BUF_INIT;
	int status = 0;

	buf_printf(&command, "trace %s %" PRId64 " %s", trace->worker ? "worker" : "relay", ms,
		   trace->worker ? trace->worker : trace->relay);
	json_t *answer = daemon_ask(config->control_socket, command.data, &error);
	const char *refusal = json_string_value(json_object_get(answer, "error"));
	if (!answer)
		status = verb_fail(verb, EX_UNAVAILABLE, "the daemon does not answer: %s", error.text);
	else if (refusal)
		status = verb_fail(verb, EX_USAGE, "%s", refusal);
	else if (ms)
		puts("The dialogue is in the daemon's log now, as event=dialogue; passwords and bodies are left out.");
	else
		puts("The dialogue is not logged any more.");
	json_decref(answer);
	buf_clear(&command);
	error_clear(&error);
	return status;
}

int verb_trace(const struct verb *verb, int argc, char **argv)
{
	struct trace trace = { 0 };
	const GOptionEntry entries[] = {
		{ "worker", 'w', 0, G_OPTION_ARG_FILENAME, &trace.worker, "one worker, as \"default/1\"", "NAME" },
		{ "relay", 'r', 0, G_OPTION_ARG_FILENAME, &trace.relay, "every worker's dialogue with this relay", "NAME" },
		{ "for", 'f', 0, G_OPTION_ARG_FILENAME, &trace.duration, "how long, 1m by default; 0 ends it", "DURATION" },
		{ 0 },
	};
	struct error error = ERROR_INIT;
	struct config *config = NULL;
	int64_t ms = 60000;
	int status = verb_options(verb, entries,
				  "Has the SMTP dialogue of one worker, or with one relay, logged by the daemon.",
				  0, argc, argv, &trace.common);

	if (status)
		goto out;
	if (!trace.worker == !trace.relay) {
		status = verb_fail(verb, EX_USAGE, "name either a --worker or a --relay");
	} else if (trace.duration && units_duration(trace.duration, &ms, &error) < 0) {
		status = verb_fail(verb, EX_USAGE, "--for: %s", error.text);
	} else if (ms > TRACE_MOST_MS) {
		status = verb_fail(verb, EX_USAGE, "--for: a day at most");
	} else if (!(config = verb_config(&trace.common))) {
		status = EX_CONFIG;
	} else {
		status = ask(verb, &trace, config, ms);
	}
out:
	error_clear(&error);
	config_free(config);
	clear(&trace);
	return status;
}
