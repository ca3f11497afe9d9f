/* prepare.c - owns the way from JSON to MIME; knows neither Redis nor SMTP. */
#include "delivery/prepare.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/mem.h"
#include "message/required.h"
#include "mime/mime.h"

/* No message's preparation takes longer, or its worker is taken for stuck. */
enum { PARSE_LIMIT_MS = 30000, BUILD_LIMIT_MS = 30000 };

/* Rendering has a limit of its own, which has to be the one that is reached. */
enum { BEYOND_RENDER_LIMIT_MS = 20000 };

struct prepare {
	const struct config *config;
	struct message_limits limits;
	struct templates *templates;
	struct required *required;
	struct arena arena;		/* of the sender's address */
	struct address sender;		/* spec NULL: none is configured */
	struct buf content, mail;
};

static struct template_limits take_limits(const struct config_limits *limits)
{
	return (struct template_limits){
		.output_bytes = (size_t)limits->output,
		.memory_bytes = (size_t)limits->memory,
		.iterations = (uint64_t)limits->iterations,
		.recursion = (unsigned)limits->recursion,
		.range = (uint64_t)limits->range,
		.repetition = (uint64_t)limits->repetition,
		.power_bits = (uint64_t)limits->power,
		.width = (uint64_t)limits->width,
		.time_ms = limits->time_ms,
	};
}

static void take_settings(const struct config_templates *settings, struct template_options *options)
{
	static const enum template_undefined undefined[] = {
		[CONFIG_UNDEFINED_DEFAULT] = TEMPLATE_UNDEFINED_DEFAULT,
		[CONFIG_UNDEFINED_CHAINABLE] = TEMPLATE_UNDEFINED_CHAINABLE,
		[CONFIG_UNDEFINED_STRICT] = TEMPLATE_UNDEFINED_STRICT,
	};
	static const enum template_escape escape[] = {
		[CONFIG_ESCAPE_BY_NAME] = TEMPLATE_ESCAPE_BY_NAME,
		[CONFIG_ESCAPE_ALWAYS] = TEMPLATE_ESCAPE_ALWAYS,
		[CONFIG_ESCAPE_NEVER] = TEMPLATE_ESCAPE_NEVER,
	};
	static const char *const newlines[] = {
		[CONFIG_NEWLINE_LF] = "\n", [CONFIG_NEWLINE_CRLF] = "\r\n", [CONFIG_NEWLINE_CR] = "\r",
	};

	options->directory = settings->directory;
	options->undefined = undefined[settings->undefined];
	options->escape = escape[settings->autoescape];
	options->trim_blocks = settings->trim_blocks;
	options->lstrip_blocks = settings->lstrip_blocks;
	options->keep_trailing_newline = settings->keep_trailing_newline;
	options->newline_sequence = newlines[settings->newline_sequence];
	options->newstyle_gettext = settings->newstyle_gettext;
	options->trimmed = settings->trimmed;
	options->block_start = settings->block_start;
	options->block_end = settings->block_end;
	options->variable_start = settings->variable_start;
	options->variable_end = settings->variable_end;
	options->comment_start = settings->comment_start;
	options->comment_end = settings->comment_end;
	options->line_statement_prefix = settings->line_statement_prefix;
	options->line_comment_prefix = settings->line_comment_prefix;
	options->limits = take_limits(&settings->limits);
}

struct template_options prepare_template_options(const struct config *config)
{
	struct template_options options = {
		.escape = TEMPLATE_ESCAPE_BY_NAME,
		.ext_do = true,
		.ext_loopcontrols = true,
		.ext_i18n = true,
	};

	if (config)
		take_settings(&config->templates, &options);
	return options;
}

static struct templates *open_templates(const struct config *config)
{
	const struct template_options options = prepare_template_options(config);

	return templates_open(&options);
}

struct prepare *prepare_open(const struct config *config, struct error *error)
{
	struct prepare *prepare = mem_alloc(sizeof *prepare);
	const char *from = config->message.from;

	prepare->config = config;
	prepare->limits = (struct message_limits){
		.max_size = (size_t)config->message.max_size,
		.max_recipients = (size_t)config->message.max_recipients,
		.max_depth = (size_t)config->message.max_depth,
		.refuse_unknown_fields = config->message.refuse_unknown_fields,
	};
	if (from && address_parse(from, strlen(from), &prepare->arena, &prepare->sender, error) < 0) {
		prepare_close(prepare);
		return NULL;
	}
	prepare->templates = open_templates(config);
	prepare->required = required_open(config->templates.directory);
	return prepare;
}

void prepare_close(struct prepare *prepare)
{
	if (!prepare)
		return;
	templates_close(prepare->templates);
	required_close(prepare->required);
	arena_clear(&prepare->arena);
	buf_clear(&prepare->content);
	buf_clear(&prepare->mail);
	free(prepare);
}

void prepare_fault_clear(struct prepare_fault *fault)
{
	buf_clear(&fault->text);
	free(fault->file);
	*fault = (struct prepare_fault){ 0 };
}

void prepared_clear(struct prepared *prepared)
{
	message_free(prepared->message);
	*prepared = (struct prepared){ 0 };
}

static int fail_with_error(struct prepare_fault *fault, enum record_class class, const char *stage,
			   struct error *error)
{
	fault->class = class;
	fault->stage = stage;
	error_print(error, &fault->text);
	fault->file = error->file;
	fault->line = error->line;
	error->file = NULL;
	error_clear(error);
	return -1;
}

/* What the template says of the message: that it exists, compiles, and which
 * fields it requires.  Adds faults; a template that is itself broken, or its
 * file of required fields, is told through `broken`. */
static void check_template(struct prepare *prepare, const struct message *message,
			   struct faults *faults, struct error *broken)
{
	struct error error = ERROR_INIT;
	const char *const *paths;
	size_t count;

	switch (templates_check(prepare->templates, message->template_name, &error)) {
	case TEMPLATE_OK:
		if (required_list(prepare->required, message->template_name, &paths, &count, broken) == 0)
			required_check(prepare->required, message->template_name, message->body, faults);
		break;
	case TEMPLATE_MISSING:
		faults_add(faults, "template_name: there is no template %s in %s",
			   message->template_name, prepare->config->templates.directory);
		error_clear(&error);
		break;
	case TEMPLATE_BROKEN:
		*broken = error;
		break;
	}
}

/* Parses and checks; every fault of the message in one list. */
static struct message *read_message(struct prepare *prepare, const char *bytes, size_t len,
				    struct arena *arena, struct faults *faults, struct error *broken)
{
	struct message *message = NULL;

	message_parse(bytes, len, &prepare->limits, arena, &message, faults);
	if (!message)
		return NULL;
	if (message->template_name && message->body)
		check_template(prepare, message, faults, broken);
	if (!faults->count && !message->from.spec) {
		message->from = prepare->sender;
		if (!message->from.spec)
			faults_add(faults, "email_from: missing, and message.from is not configured");
	}
	return message;
}

static bool is_html(const char *template_name)
{
	const char *dot = strrchr(template_name, '.');

	return dot && (!strcasecmp(dot, ".html") || !strcasecmp(dot, ".htm"));
}

static int render(struct prepare *prepare, const struct message *message,
		  struct prepare_fault *fault)
{
	struct error error = ERROR_INIT;
	json_t *variables = message_variables(message);

	buf_reset(&prepare->content);
	enum template_status status = templates_render(prepare->templates, message->template_name,
						       variables, prepare->config->templates.locale,
						       &prepare->content, &error);
	json_decref(variables);
	if (status != TEMPLATE_OK)
		return fail_with_error(fault, RECORD_TEMPLATE, "render", &error);
	return 0;
}

/* The same on every attempt, so that a mail that came twice is seen to be one. */
static void fix_identity(struct record *record, const char *sender)
{
	const char *at = strrchr(sender, '@');

	if (!record->date_unix_s)
		record->date_unix_s = clock_unix_ms() / 1000;
	if (!record->message_id)
		record->message_id = arena_printf(record->arena, "%s@%s", record->id, at + 1);
}

static int build(struct prepare *prepare, const struct message *message,
		 const struct record *record, struct prepare_fault *fault)
{
	struct error error = ERROR_INIT;
	const struct mime_mail mail = {
		.from = message->from,
		.to = message->to,
		.to_count = message->to_count,
		.cc = message->cc,
		.cc_count = message->cc_count,
		.subject = message->title,
		.message_id = record->message_id,
		.date_unix_s = record->date_unix_s,
		.content_type = is_html(message->template_name) ? "text/html" : "text/plain",
		.content = buf_str(&prepare->content),
		.content_len = prepare->content.len,
	};

	buf_reset(&prepare->mail);
	if (mime_build(&mail, &prepare->mail, &error) < 0)
		return fail_with_error(fault, RECORD_INVALID, "build", &error);
	if (prepare->mail.len > prepare->limits.max_size) {
		error_set(&error, "the mail is %zu bytes, above message.max_size (%zu)",
			  prepare->mail.len, prepare->limits.max_size);
		return fail_with_error(fault, RECORD_INVALID, "build", &error);
	}
	return 0;
}

static void note_in_record(struct record *record, const struct message *message,
			   struct arena *arena)
{
	if (!record->producer_id && message->id)
		record->producer_id = message->id;
	if (!record->template_name)
		record->template_name = message->template_name;
	if (!record->recipient_count && message->to_count) {
		size_t count;
		const char **envelope = message_envelope(message, arena, &count);
		record_set_recipients(record, envelope, count);
	}
}

static int parse(struct prepare *prepare, const char *bytes, size_t len, struct arena *arena,
		 struct record *record, struct prepared *out, struct prepare_fault *fault)
{
	struct faults faults = FAULTS_INIT;
	struct error broken = ERROR_INIT;
	int rc = 0;

	out->message = read_message(prepare, bytes, len, arena, &faults, &broken);
	if (out->message)
		note_in_record(record, out->message, arena);
	if (faults.count) {
		fault->class = RECORD_INVALID;
		fault->stage = "parse";
		faults_print(&faults, "; ", &fault->text);
		rc = -1;
	} else if (broken.text) {
		rc = fail_with_error(fault, RECORD_TEMPLATE, "compile", &broken);
	}
	error_clear(&broken);
	faults_clear(&faults);
	return rc;
}

int prepare_mail(struct prepare *prepare, const char *bytes, size_t len, struct arena *arena,
		 struct record *record, const struct prepare_hooks *hooks, struct prepared *out,
		 struct prepare_fault *fault)
{
	*out = (struct prepared){ 0 };
	*fault = (struct prepare_fault){ 0 };
	hooks->progress(hooks->arg, "parse", PARSE_LIMIT_MS);
	if (parse(prepare, bytes, len, arena, record, out, fault) < 0)
		return -1;
	hooks->progress(hooks->arg, "render",
			prepare->config->templates.limits.time_ms + BEYOND_RENDER_LIMIT_MS);
	if (render(prepare, out->message, fault) < 0)
		return -1;
	out->sender = out->message->from.spec;
	fix_identity(record, out->sender);
	hooks->progress(hooks->arg, "build", BUILD_LIMIT_MS);
	if (build(prepare, out->message, record, fault) < 0)
		return -1;
	out->bytes = prepare->mail.data;
	out->len = prepare->mail.len;
	return 0;
}

int prepare_check(struct prepare *prepare, const char *bytes, size_t len, struct arena *arena,
		  struct faults *faults)
{
	struct error broken = ERROR_INIT;
	size_t before = faults->count;

	message_free(read_message(prepare, bytes, len, arena, faults, &broken));
	if (broken.text)
		faults_take(faults, &broken);
	return faults->count == before ? 0 : -1;
}
