/*
 * required.c - reads NAME.yaml beside a template NAME and keeps it until it
 * changes.  Names that have no such file are not kept, so that what strangers
 * ask for costs no memory.
 */
#include "message/required.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <glib.h>

#include "base/arena.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/yaml.h"

enum { FILE_MAX = 64 * 1024, TRIES = 3 };

struct entry {
	struct stat as_read;	/* what the file was when it was read */
	struct arena arena;	/* the paths */
	const char **paths;
	size_t count;
	struct error broken;	/* text NULL: it is good */
};

struct required {
	char *directory;
	GHashTable *entries;	/* template's name -> struct entry, both owned */
};

static void entry_free(void *p)
{
	struct entry *entry = p;

	arena_clear(&entry->arena);
	error_clear(&entry->broken);
	free(entry);
}

struct required *required_open(const char *directory)
{
	struct required *required = mem_alloc(sizeof *required);

	required->directory = mem_strdup(directory);
	required->entries = g_hash_table_new_full(g_str_hash, g_str_equal, free, entry_free);
	return required;
}

void required_close(struct required *required)
{
	if (!required)
		return;
	g_hash_table_destroy(required->entries);
	free(required->directory);
	free(required);
}

/* ---- reading ---- */

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
	       a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

/* "name" or "order.id": no part is empty. */
static bool is_path(const char *path)
{
	return *path && *path != '.' && !strstr(path, "..") && path[strlen(path) - 1] != '.';
}

static void read_paths(struct entry *entry, const char *file, const struct yaml *list, struct faults *faults)
{
	if (list->kind == YAML_SCALAR && list->empty)
		return;
	if (list->kind != YAML_SEQUENCE) {
		faults_add_at(faults, file, list->line, list->column,
			      "required takes a list of fields, such as [name, order.id], not %s",
			      yaml_describe(list));
		return;
	}
	entry->paths = arena_alloc(&entry->arena, (list->count + 1) * sizeof *entry->paths);
	for (const struct yaml *item = list->first; item; item = item->next) {
		if (item->kind == YAML_SCALAR && !item->empty && is_path(item->text))
			entry->paths[entry->count++] = arena_strdup(&entry->arena, item->text);
		else
			faults_add_at(faults, file, item->line, item->column,
				      "required takes fields of body, such as name or order.id, not %s%s%s",
				      item->kind == YAML_SCALAR ? "\"" : yaml_describe(item),
				      item->kind == YAML_SCALAR ? item->text : "",
				      item->kind == YAML_SCALAR ? "\"" : "");
	}
}

static void read_document(struct entry *entry, const char *file, const struct yaml *root,
			  struct faults *faults)
{
	if (root->kind == YAML_SCALAR && root->empty)
		return;
	if (root->kind != YAML_MAPPING) {
		faults_add_at(faults, file, root->line, root->column,
			      "`required: [...]` is expected here, not %s", yaml_describe(root));
		return;
	}
	for (const struct yaml *member = root->first; member; member = member->next) {
		if (!strcmp(member->key, "required"))
			read_paths(entry, file, member, faults);
		else
			faults_add_at(faults, file, member->key_line, member->key_column,
				      "%s is not a known key: the one that there is, is required", member->key);
	}
}

/* The file's text into `entry`; the first fault of it into entry->broken. */
static void parse(struct entry *entry, const char *file, const struct buf *text)
{
	struct arena tree = ARENA_INIT;
	struct faults faults = FAULTS_INIT;
	const struct yaml *root = yaml_parse(buf_str(text), text->len, file, &tree, &faults);

	if (root)
		read_document(entry, file, root, &faults);
	if (faults.count) {
		entry->broken = faults.list[0];
		error_init(&faults.list[0]);
	}
	faults_clear(&faults);
	arena_clear(&tree);
}

/* Reads until the file was the same before and after. */
static int read_whole(const char *path, struct stat *as_read, struct buf *text, struct error *error)
{
	for (int i = 0; i < TRIES; i++) {
		struct stat before;
		buf_reset(text);
		if (stat(path, &before) < 0)
			return error_set(error, "%s cannot be read: %s", path, strerror(errno));
		errno = 0;
		if (file_read(path, FILE_MAX, text, error) < 0) {
			if (file_is_shortage(errno))
				fatal("%s", error->text);
			return -1;
		}
		if (stat(path, as_read) == 0 && same_file(&before, as_read))
			return 0;
	}
	return error_set(error, "%s is being written: try again", path);
}

static struct entry *entry_read(const char *path, const char *file)
{
	struct entry *entry = mem_alloc(sizeof *entry);
	struct buf text = BUF_INIT;

	if (read_whole(path, &entry->as_read, &text, &entry->broken) == 0)
		parse(entry, file, &text);
	buf_clear(&text);
	return entry;
}

/* The entry of a template, as its file is now; NULL: there is no file. */
static const struct entry *find(struct required *required, const char *template_name)
{
	char *path = mem_printf("%s/%s.yaml", required->directory, template_name);
	struct entry *entry = g_hash_table_lookup(required->entries, template_name);
	struct stat now;

	if (stat(path, &now) < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ENAMETOOLONG)) {
		g_hash_table_remove(required->entries, template_name);
		free(path);
		return NULL;
	}
	if (!entry || !same_file(&now, &entry->as_read)) {
		char *file = mem_printf("%s.yaml", template_name);
		entry = entry_read(path, file);
		g_hash_table_replace(required->entries, mem_strdup(template_name), entry);
		free(file);
	}
	free(path);
	return entry;
}

/* ---- checking ---- */

static bool has_path(json_t *body, const char *path)
{
	for (;;) {
		size_t len = strcspn(path, ".");
		body = json_object_getn(body, path, len);
		if (!body || json_is_null(body))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

int required_check(struct required *required, const char *template_name, json_t *body,
		   struct faults *faults)
{
	const struct entry *entry = find(required, template_name);
	size_t before = faults->count;

	if (entry && entry->broken.text)
		faults_add_at(faults, entry->broken.file, entry->broken.line, entry->broken.column,
			      "%s", entry->broken.text);
	for (size_t i = 0; entry && !entry->broken.text && i < entry->count; i++)
		if (!has_path(body, entry->paths[i]))
			faults_add(faults, "body.%s is missing, which %s requires", entry->paths[i], template_name);
	return faults->count == before ? 0 : -1;
}

int required_list(struct required *required, const char *template_name,
		  const char *const **paths, size_t *count, struct error *error)
{
	const struct entry *entry = find(required, template_name);

	*paths = NULL;
	*count = 0;
	if (!entry)
		return 0;
	if (entry->broken.text)
		return error_set_at(error, entry->broken.file, entry->broken.line, entry->broken.column,
				    "%s", entry->broken.text);
	*paths = (const char *const *)entry->paths;
	*count = entry->count;
	return 0;
}
