/* config.c - owns the life of a configuration; its keys stand in keys.c. */
#include "config/config.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"
#include "config/check.h"
#include "config/keys.h"
#include "config/reader.h"

/* Written by hand; more is another file taken for this one. */
enum { FILE_MAX = 1 << 20 };

static int by_place(const struct error *a, const struct error *b)
{
	if (a->line != b->line)
		return a->line < b->line ? -1 : 1;
	if (a->column != b->column)
		return a->column < b->column ? -1 : 1;
	return 0;
}

/* Insertion sort, which keeps the order of equals: the lists are short, and
 * nearly in order since the file was read in order. */
static void sort(struct faults *faults, size_t first)
{
	for (size_t i = first + 1; i < faults->count; i++)
		for (size_t k = i; k > first && by_place(&faults->list[k], &faults->list[k - 1]) < 0; k--) {
			struct error swap = faults->list[k];
			faults->list[k] = faults->list[k - 1];
			faults->list[k - 1] = swap;
		}
}

/* A fault shows what was written, which may be anything; a log line and a
 * terminal get one line of text. */
static void make_printable(struct faults *faults, size_t first)
{
	for (size_t i = first; i < faults->count; i++)
		for (char *c = faults->list[i].text; *c; c++)
			if ((unsigned char)*c < 0x20 || *c == 0x7f)
				*c = '?';
}

struct config *config_parse(const char *path, const char *bytes, size_t len, const char *fqdn,
			    struct faults *faults, struct faults *warnings)
{
	struct config *config = mem_alloc(sizeof *config);
	struct arena tree = ARENA_INIT;
	size_t faults_before = faults->count, warnings_before = warnings->count;

	config->path = arena_strdup(&config->arena, path);
	const struct yaml *root = yaml_parse(bytes, len, path, &tree, faults);
	if (root) {
		struct check check = {
			.reader = { path, &config->arena, faults }, .warnings = warnings,
			.root = root, .fqdn = fqdn, .config = config,
		};
		reader_section(&check.reader, keys_config, "", root, config);
		check_config(&check);
	}
	arena_clear(&tree);
	sort(faults, faults_before);
	sort(warnings, warnings_before);
	make_printable(faults, faults_before);
	make_printable(warnings, warnings_before);
	if (faults->count == faults_before)
		return config;
	config_free(config);
	return NULL;
}

struct config *config_load(const char *path, struct faults *faults, struct faults *warnings)
{
	struct config *config = NULL;
	struct error error = ERROR_INIT;
	struct buf bytes = BUF_INIT;

	if (file_read(path, FILE_MAX, &bytes, &error) < 0)
		faults_take(faults, &error);
	else
		config = config_parse(path, buf_str(&bytes), bytes.len, NULL, faults, warnings);
	buf_clear(&bytes);
	return config;
}

void config_free(struct config *config)
{
	if (!config)
		return;
	mem_free_secret(config->redis.password);
	mem_free_secret(config->redis.sentinel_password);
	for (size_t i = 0; i < config->relay_count; i++)
		mem_free_secret(config->relays[i].password);
	arena_clear(&config->arena);
	free(config);
}
