/* catalogues.c - a set's message catalogues, read when a locale is first asked for. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "template/catalogue.h"
#include "template/loader.h"

enum { MOST_CATALOGUES = 64 };

struct catalogues {
	struct catalogues *next;
	char *locale;
	struct catalogue *catalogue;	/* NULL: there is none, or it is broken */
	struct stamp stamp;
};

/* A locale comes from messages: only what can be one becomes part of a path. */
static bool is_locale(const char *locale)
{
	size_t len = strlen(locale);

	return len && len < 32 && strspn(locale, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					 "0123456789_-@") == len;
}

static struct catalogue *read_catalogue(struct templates *set, const char *locale, struct stamp *stamp)
{
	char *path = mem_printf("locale/%s/LC_MESSAGES/messages.mo", locale);
	struct error error = ERROR_INIT;
	struct buf bytes = BUF_INIT;
	struct catalogue *catalogue = NULL;
	int rc = set->directory < 0 ? 1 : loader_read(set, path, &bytes, stamp, &error);

	if (rc == 0)
		catalogue = catalogue_new(span_buf(&bytes), &error);
	if (error.text)
		log_event(LOG_WARNING, "message catalogue cannot be used", log_str("file", path),
			  log_str("error", error.text));
	error_clear(&error);
	buf_clear(&bytes);
	free(path);
	return catalogue;
}

static bool is_current(struct templates *set, const struct catalogues *entry)
{
	char *path = mem_printf("locale/%s/LC_MESSAGES/messages.mo", entry->locale);
	struct stat st;
	bool exists = fstatat(set->directory, path, &st, 0) == 0;

	free(path);
	if (!exists)
		return !entry->stamp.is_file;
	return entry->stamp.is_file && st.st_ino == entry->stamp.ino && st.st_size == entry->stamp.size &&
	       st.st_mtim.tv_sec == entry->stamp.modified.tv_sec &&
	       st.st_mtim.tv_nsec == entry->stamp.modified.tv_nsec;
}

static struct catalogues *find_entry(struct templates *set, const char *locale)
{
	struct catalogues *entry = set->catalogues;
	unsigned count = 0;

	for (; entry; entry = entry->next, count++)
		if (!strcmp(entry->locale, locale))
			return entry;
	if (count >= MOST_CATALOGUES)
		catalogues_free(set);
	entry = mem_alloc(sizeof *entry);
	entry->locale = mem_strdup(locale);
	entry->catalogue = read_catalogue(set, locale, &entry->stamp);
	entry->next = set->catalogues;
	set->catalogues = entry;
	return entry;
}

static const struct catalogue *find_one(struct templates *set, const char *locale)
{
	struct catalogues *entry = find_entry(set, locale);

	if (!is_current(set, entry)) {
		catalogue_free(entry->catalogue);
		entry->stamp = (struct stamp){ 0 };
		entry->catalogue = read_catalogue(set, locale, &entry->stamp);
	}
	return entry->catalogue;
}

const struct catalogue *catalogues_find(struct templates *set, const char *locale)
{
	if (set->directory < 0 || !is_locale(locale))
		return NULL;
	const struct catalogue *found = find_one(set, locale);
	const char *rest = strpbrk(locale, "_-@");
	if (found || !rest)
		return found;
	char *language = mem_dup(locale, (size_t)(rest - locale));
	found = *language ? find_one(set, language) : NULL;
	free(language);
	return found;
}

void catalogues_free(struct templates *set)
{
	while (set->catalogues) {
		struct catalogues *next = set->catalogues->next;
		catalogue_free(set->catalogues->catalogue);
		free(set->catalogues->locale);
		free(set->catalogues);
		set->catalogues = next;
	}
}
