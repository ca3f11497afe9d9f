/* render.c - a template's output, as the daemon would make it; no daemon, no Redis */
#include <stdio.h>
#include <sysexits.h>

#include "base/arena.h"
#include "ctl/verb.h"
#include "delivery/prepare.h"
#include "message/message.h"
#include "message/required.h"

struct render {
	char *body, *context, *directory, *locale;
	gboolean strict;
	struct verb_common common;
	struct config *config;		/* NULL: not needed */
};

static void clear(struct render *render)
{
	g_free(render->body);
	g_free(render->context);
	g_free(render->directory);
	g_free(render->locale);
	g_strfreev(render->common.rest);
	g_free(render->common.config);
	config_free(render->config);
}

/* What the daemon would refuse is only told here: half the data is often
 * enough to look at a template. */
static void warn_required(const struct verb *verb, const char *directory, const char *name, json_t *body)
{
	struct required *required = required_open(directory);
	struct faults faults = FAULTS_INIT;
	struct buf text = BUF_INIT;

	if (required_check(required, name, body, &faults) != 0) {
		faults_print(&faults, "; ", &text);
		verb_fail(verb, 0, "postriderd would refuse this message: %s", buf_str(&text));
	}
	buf_clear(&text);
	faults_clear(&faults);
	required_close(required);
}

/* The variables: of --body as the daemon gives them, then those of --context. */
static json_t *read_variables(const struct verb *verb, const struct render *render, const char *directory,
			      const char *name)
{
	struct message message = { 0 };
	json_t *variables = json_object(), *context;

	if (render->body) {
		message.body = verb_read_object(verb, render->body);
		json_decref(variables);
		if (!message.body)
			return NULL;
		warn_required(verb, directory, name, message.body);
		variables = message_variables(&message);
		json_decref(message.body);
	}
	if (render->context) {
		context = verb_read_object(verb, render->context);
		if (!context || json_object_update(variables, context) != 0) {
			json_decref(variables);
			variables = NULL;
		}
		json_decref(context);
	}
	return variables;
}

/* The one that was asked for, which has to be there, or the configured one. */
static const char *choose_locale(const struct render *render)
{
	return render->locale ? render->locale : render->config ? render->config->templates.locale : NULL;
}

static int render_template(const struct render *render, const struct template_options *options,
			   const char *name, json_t *variables)
{
	struct templates *templates = templates_open(options);
	struct error error = ERROR_INIT;
	struct buf output = BUF_INIT, text = BUF_INIT;
	int status = 0;

	if ((!render->locale || templates_check_locale(templates, render->locale, &error) == TEMPLATE_OK) &&
	    templates_render(templates, name, variables, choose_locale(render), &output, &error) == TEMPLATE_OK) {
		fwrite(buf_str(&output), 1, output.len, stdout);
		status = verb_finish();
	} else {
		/* The bare file:line: text, so that editors find the place. */
		error_print(&error, &text);
		fprintf(stderr, "%s\n", buf_str(&text));
		status = 1;
	}
	buf_clear(&text);
	buf_clear(&output);
	error_clear(&error);
	templates_close(templates);
	return status;
}

static int run(const struct verb *verb, struct render *render)
{
	struct template_options options = prepare_template_options(NULL);
	const char *name = render->common.rest[0];
	struct error error = ERROR_INIT;
	json_t *variables;
	int status;

	if (!name)
		return verb_fail(verb, EX_USAGE, "which template?  Its name below the directory is wanted");
	if (render->common.config || !render->directory) {
		render->config = verb_config(&render->common);
		if (!render->config)
			return EX_CONFIG;
		options = prepare_template_options(render->config);
	}
	if (render->directory)
		options.directory = render->directory;
	if (render->strict)
		options.undefined = TEMPLATE_UNDEFINED_STRICT;
	if (template_name_check(name, &error) != 0) {
		status = verb_fail_error(verb, 1, &error);
		error_clear(&error);
		return status;
	}
	variables = read_variables(verb, render, options.directory, name);
	if (!variables)
		return EX_DATAERR;
	status = render_template(render, &options, name, variables);
	json_decref(variables);
	return status;
}

int verb_render(const struct verb *verb, int argc, char **argv)
{
	struct render render = { 0 };
	const GOptionEntry entries[] = {
		{ "body", 'b', 0, G_OPTION_ARG_FILENAME, &render.body,
		  "a JSON file (-: standard input) with the message's body", "FILE" },
		{ "context", 0, 0, G_OPTION_ARG_FILENAME, &render.context,
		  "a JSON file with variables, as they are", "FILE" },
		{ "template-dir", 'd', 0, G_OPTION_ARG_FILENAME, &render.directory,
		  "the templates; then no configuration is needed", "DIR" },
		{ "locale", 'l', 0, G_OPTION_ARG_FILENAME, &render.locale,
		  "the language of the messages, such as de or pt_BR", "LOCALE" },
		{ "strict", 0, 0, G_OPTION_ARG_NONE, &render.strict,
		  "undefined variables are errors", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries,
				  "Prints the output and nothing else.  An error is printed as file:line: text "
				  "and the status is 1.", 1, argc, argv, &render.common);

	if (status == 0)
		status = run(verb, &render);
	clear(&render);
	return status;
}
