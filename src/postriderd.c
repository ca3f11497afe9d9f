/*
 * postriderd.c - the daemon: options, then supervisor_run()
 */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"
#include "delivery/prepare.h"
#include "mime/mime.h"
#include "process/child.h"
#include "process/supervisor.h"
#include "smtp/session.h"

static void usage(FILE *out)
{
	fputs("usage: postriderd [-c file] [-tV]\n"
	      "  -c file  configuration, " CONFIG_DEFAULT_PATH " by default\n"
	      "  -t       test the configuration and exit\n"
	      "  -V       show the version and exit\n"
	      "See postriderd(8) and postrider.yaml(5).\n", out);
}

static void print_faults(const struct faults *faults, const char *prefix)
{
	for (size_t i = 0; i < faults->count; i++) {
		struct buf text = BUF_INIT;
		error_print(&faults->list[i], &text);
		fprintf(stderr, "%s%s\n", prefix, text.data);
		buf_clear(&text);
	}
}

/* What is questionable is said at every start, in the log's own form. */
static void log_warnings(const struct config *config, const struct faults *warnings)
{
	log_configure(config->log.format, config->log.level, config->log.addresses);
	log_role("supervisor", "");
	for (size_t i = 0; i < warnings->count; i++) {
		struct buf text = BUF_INIT;
		error_print(&warnings->list[i], &text);
		log_event(LOG_WARNING, "configuration warning", log_str("fault", text.data));
		buf_clear(&text);
	}
}

/* Loads and checks; says every fault; NULL when there was one. */
static struct config *load(const char *path, bool test)
{
	struct faults faults = FAULTS_INIT, warnings = FAULTS_INIT;
	struct config *config = config_load(path, &faults, &warnings);

	if (config && !test)
		log_warnings(config, &warnings);
	else
		print_faults(&warnings, "warning: ");
	print_faults(&faults, "");
	faults_clear(&warnings);
	faults_clear(&faults);
	return config;
}

int main(int argc, char **argv)
{
	const char *path = CONFIG_DEFAULT_PATH;
	bool test = false;
	int option;

	mem_init();
	setlocale(LC_CTYPE, "C.UTF-8");
	child_title_init(argc, argv, environ);
	while ((option = getopt(argc, argv, "c:tVh")) != -1)
		switch (option) {
		case 'c':
			path = optarg;
			break;
		case 't':
			test = true;
			break;
		case 'V':
			puts("postriderd " PACKAGE_VERSION);
			return 0;
		case 'h':
			usage(stdout);
			return 0;
		default:
			usage(stderr);
			return EX_USAGE;
		}
	if (optind < argc) {
		usage(stderr);
		return EX_USAGE;
	}
	struct config *config = load(path, test);
	if (!config)
		return EX_CONFIG;
	if (test) {
		printf("%s: the configuration is good\n", path);
		config_free(config);
		return 0;
	}
	mime_init();
	session_init();
	return supervisor_run(config);
}
