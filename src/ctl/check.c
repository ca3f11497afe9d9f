/* check.c - tries everything that a delivery needs, and delivers nothing */
#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>

#include "base/arena.h"
#include "ctl/insight.h"
#include "ctl/text.h"
#include "ctl/verb.h"
#include "delivery/prepare.h"
#include "message/required.h"
#include "smtp/session.h"

enum check_status { CHECK_OK, CHECK_WARN, CHECK_FAIL };

static const char *const status_names[] = { "ok", "warn", "FAIL" };

struct check {
	const struct verb *verb;
	gboolean json;
	gboolean fields;		/* tell of fields that are used and not required, too */
	char *path;			/* of the configuration */
	struct config *config;
	json_t *results;		/* with --json */
	bool failed;
};

/* One line, at once: a relay may take its time to answer. */
__attribute__((format(printf, 4, 5)))
static void report(struct check *check, enum check_status status, const char *what, const char *format, ...)
{
	struct buf raw = BUF_INIT, text = BUF_INIT;
	va_list ap;

	va_start(ap, format);
	buf_vprintf(&raw, format, ap);
	va_end(ap);
	text_clean(buf_str(&raw), raw.len, TEXT_ONE_LINE, &text);
	check->failed |= status == CHECK_FAIL;
	if (check->json) {
		json_array_append_new(check->results,
				      json_pack("{s:s, s:s, s:s}", "status", status_names[status],
						"what", what, "text", buf_str(&text)));
	} else {
		printf("%-4s %s: %s\n", status_names[status], what, buf_str(&text));
		fflush(stdout);
	}
	buf_clear(&text);
	buf_clear(&raw);
}

static void report_error(struct check *check, enum check_status status, const char *what,
			 const struct error *error)
{
	struct buf text = BUF_INIT;

	error_print(error, &text);
	report(check, status, what, "%s", buf_str(&text));
	buf_clear(&text);
}

static void report_faults(struct check *check, enum check_status status, const char *what,
			  const struct faults *faults)
{
	for (size_t i = 0; i < faults->count; i++)
		report_error(check, status, what, &faults->list[i]);
}

/* ---- configuration ---- */

static void check_config(struct check *check)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;

	check->config = config_load(check->path, &faults, &warnings);
	report_faults(check, CHECK_FAIL, "configuration", &faults);
	report_faults(check, CHECK_WARN, "configuration", &warnings);
	if (check->config)
		report(check, CHECK_OK, "configuration", "%s: %zu queue%s, %zu relay%s", check->path,
		       check->config->queue_count, check->config->queue_count == 1 ? "" : "s",
		       check->config->relay_count, check->config->relay_count == 1 ? "" : "s");
	faults_clear(&faults);
	faults_clear(&warnings);
}

/* ---- templates ---- */

struct walk {
	struct check *check;
	struct templates *templates;
	struct required *required;
	size_t templates_found, required_found, bad;
};

/* Where catalogues are, below the template directory; no template is there. */
static const char locale_directory[] = "locale";

static bool is_required_file(const char *name)
{
	return g_str_has_suffix(name, ".yaml");
}

/* `name` is below the directory, as a message would say it. */
static void check_template(struct walk *walk, const char *name)
{
	struct error error = ERROR_INIT;
	const char *const *paths;
	size_t count;

	walk->templates_found++;
	if (templates_check(walk->templates, name, &error) != TEMPLATE_OK) {
		report_error(walk->check, CHECK_FAIL, "template", &error);
		walk->bad++;
	} else {
		struct faults faults = FAULTS_INIT;
		insight_add(walk->templates, walk->required, name, walk->check->fields, &faults);
		report_faults(walk->check, CHECK_WARN, "template", &faults);
		faults_clear(&faults);
	}
	error_clear(&error);
	if (required_list(walk->required, name, &paths, &count, &error) != 0) {
		report_error(walk->check, CHECK_FAIL, "template", &error);
		walk->bad++;
	}
	error_clear(&error);
}

/* A required-fields file belongs to a template. */
static void check_required_file(struct walk *walk, const char *directory, const char *name)
{
	char *template_path = g_strdup_printf("%s/%.*s", directory, (int)(strlen(name) - strlen(".yaml")), name);

	walk->required_found++;
	if (!g_file_test(template_path, G_FILE_TEST_IS_REGULAR))
		report(walk->check, CHECK_WARN, "template", "%s: there is no template of that name beside it",
		       name);
	g_free(template_path);
}

static void check_locale(struct walk *walk, const char *locale)
{
	struct error error = ERROR_INIT;
	enum template_status status = templates_check_locale(walk->templates, locale, &error);

	if (status != TEMPLATE_OK)
		report_error(walk->check, status == TEMPLATE_MISSING ? CHECK_WARN : CHECK_FAIL, "locale", &error);
	walk->bad += status == TEMPLATE_BROKEN;
	error_clear(&error);
}

/* Each directory of `path` is a locale's. */
static void check_catalogues(struct walk *walk, const char *path)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);

	for (int i = 0; i < count; i++) {
		char *catalogue = g_strdup_printf("%s/%s/LC_MESSAGES/messages.mo", path, entries[i]->d_name);
		if (entries[i]->d_name[0] != '.' && g_file_test(catalogue, G_FILE_TEST_EXISTS))
			check_locale(walk, entries[i]->d_name);
		g_free(catalogue);
		free(entries[i]);
	}
	free(entries);
}

static void walk_directory(struct walk *walk, const char *directory, const char *below, int depth)
{
	char *path = below[0] ? g_strdup_printf("%s/%s", directory, below) : g_strdup(directory);
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, NULL, alphasort);

	if (count < 0) {
		report(walk->check, CHECK_FAIL, "template", "%s: %s", path, g_strerror(errno));
		walk->bad++;
	}
	for (int i = 0; i < count; i++) {
		const char *name = entries[i]->d_name;
		char *inner = below[0] ? g_strdup_printf("%s/%s", below, name) : g_strdup(name);
		char *file = g_strdup_printf("%s/%s", path, name);
		struct stat st;

		/* Hidden files and what editors leave are no templates. */
		if (name[0] == '.' || g_str_has_suffix(name, "~") || stat(file, &st) != 0)
			;
		else if (S_ISDIR(st.st_mode) && !strcmp(inner, locale_directory))
			check_catalogues(walk, file);
		else if (S_ISDIR(st.st_mode) && depth > 0)
			walk_directory(walk, directory, inner, depth - 1);
		else if (S_ISREG(st.st_mode) && is_required_file(name))
			check_required_file(walk, directory, inner);
		else if (S_ISREG(st.st_mode))
			check_template(walk, inner);
		g_free(file);
		g_free(inner);
		free(entries[i]);
	}
	free(entries);
	g_free(path);
}

static void check_templates(struct check *check)
{
	const struct template_options options = prepare_template_options(check->config);
	struct walk walk = {
		.check = check,
		.templates = templates_open(&options),
		.required = required_open(options.directory),
	};

	walk_directory(&walk, options.directory, "", 16);
	if (check->config->templates.locale)
		check_locale(&walk, check->config->templates.locale);
	if (walk.bad == 0 && walk.templates_found == 0)
		report(check, CHECK_WARN, "templates", "%s: there is no template", options.directory);
	else if (walk.bad == 0)
		report(check, CHECK_OK, "templates", "%s: %zu, %zu with required fields", options.directory,
		       walk.templates_found, walk.required_found);
	required_close(walk.required);
	templates_close(walk.templates);
}

/* ---- Redis ---- */

static void check_redis(struct check *check)
{
	const struct config_redis *redis = &check->config->redis;
	struct store_link *link = store_link_new(redis);
	struct faults advice = FAULTS_INIT;
	struct error error = ERROR_INIT;
	struct buf where = BUF_INIT;

	if (redis->socket)
		buf_puts(&where, redis->socket);
	else
		buf_printf(&where, "%s port %d", redis->host, redis->port);
	if (store_link_check(link, &error) != STORE_OK) {
		report_error(check, CHECK_FAIL, "redis", &error);
	} else {
		report(check, CHECK_OK, "redis", "%s, database %d: connected, its version will do",
		       buf_str(&where), redis->database);
		if (store_advise(link, &advice, &error) != STORE_OK)
			report_error(check, CHECK_WARN, "redis", &error);
		report_faults(check, CHECK_WARN, "redis", &advice);
	}
	buf_clear(&where);
	faults_clear(&advice);
	error_clear(&error);
	store_link_free(link);
}

/* ---- relays ---- */

static const char *tls_text(const struct config_relay *relay)
{
	if (relay->tls == CONFIG_TLS_NONE)
		return "no TLS";
	return relay->verify ? "TLS, certificate verified" : "TLS, certificate not verified";
}

static void check_relay(struct check *check, const struct config_relay *relay)
{
	struct session *session = session_new(relay, &(struct session_hooks){ 0 });
	struct arena arena = ARENA_INIT;
	struct session_verdict verdict = { 0 };
	char *what = g_strdup_printf("relay %s", relay->name);

	if (session_open(session, &arena, &verdict))
		report(check, CHECK_OK, what, "%s port %d: %s%s%s", relay->host, relay->port, tls_text(relay),
		       relay->username ? ", authenticated as " : ", no AUTH",
		       relay->username ? relay->username : "");
	else if (verdict.reply.code)
		report(check, CHECK_FAIL, what, "%s port %d, at %s: %d %s%s%s", relay->host, relay->port,
		       session_stage_name(verdict.stage), verdict.reply.code, verdict.reply.enhanced,
		       verdict.reply.enhanced[0] ? " " : "", verdict.reply.text);
	else
		report(check, CHECK_FAIL, what, "%s port %d, at %s: %s", relay->host, relay->port,
		       session_stage_name(verdict.stage),
		       verdict.reply.text ? verdict.reply.text : "no answer");
	g_free(what);
	session_free(session);
	arena_clear(&arena);
}

int verb_check(const struct verb *verb, int argc, char **argv)
{
	struct check check = { .verb = verb };
	struct verb_common common;
	const GOptionEntry entries[] = {
		{ "json", 0, 0, G_OPTION_ARG_NONE, &check.json, "an array of objects instead of lines", NULL },
		{ "fields", 0, 0, G_OPTION_ARG_NONE, &check.fields,
		  "warn of members of body that a template uses and does not require, too", NULL },
		{ 0 },
	};
	int status = verb_options(verb, entries,
				  "One line each: ok, warn or FAIL.  Nothing is sent.  The status is 1 when "
				  "something failed.", 0, argc, argv, &common);

	if (status == 0) {
		check.path = common.config ? common.config : (char[]){ CONFIG_DEFAULT_PATH };
		check.results = json_array();
		check_config(&check);
		if (check.config) {
			check_templates(&check);
			check_redis(&check);
			session_init();
			for (size_t i = 0; i < check.config->relay_count; i++)
				check_relay(&check, &check.config->relays[i]);
		}
		status = check.json ? verb_print_json(json_incref(check.results)) : verb_finish();
		if (status == 0 && check.failed)
			status = 1;
		json_decref(check.results);
		config_free(check.config);
	}
	g_strfreev(common.rest);
	g_free(common.config);
	return status;
}
