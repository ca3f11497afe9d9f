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

static char *path_of(const char *locale)
{
	return mem_printf("locale/%s/LC_MESSAGES/messages.mo", locale);
}

/* NULL without an error: there is none. */
static struct catalogue *read_catalogue(struct templates *set, const char *locale, struct stamp *stamp,
					struct error *error)
{
	char *path = path_of(locale);
	struct error reason = ERROR_INIT;
	struct buf bytes = BUF_INIT;
	struct catalogue *catalogue = NULL;

	if (loader_read(set, path, &bytes, stamp, &reason) == 0)
		catalogue = catalogue_new(span_buf(&bytes), &reason);
	if (reason.text)
		error_set_at(error, path, 0, 0, "%s", reason.text);
	error_clear(&reason);
	buf_clear(&bytes);
	free(path);
	return catalogue;
}

/* What was good is kept while what replaced it is not. */
static void refresh(struct templates *set, struct catalogues *entry)
{
	struct error error = ERROR_INIT;
	struct buf text = BUF_INIT;

	entry->stamp = (struct stamp){ 0 };
	struct catalogue *fresh = read_catalogue(set, entry->locale, &entry->stamp, &error);
	if (error.text) {
		error_print(&error, &text);
		log_event(LOG_WARNING, "message catalogue cannot be used", log_str("error", buf_str(&text)));
		buf_clear(&text);
		error_clear(&error);
		return;
	}
	catalogue_free(entry->catalogue);
	entry->catalogue = fresh;
}

static bool is_current(struct templates *set, const struct catalogues *entry)
{
	char *path = path_of(entry->locale);
	struct stat st;
	bool exists = fstatat(set->directory, path, &st, 0) == 0;

	free(path);
	if (!exists)
		return !entry->stamp.is_file;
	return entry->stamp.is_file && loader_is_same(&st, &entry->stamp);
}

static struct catalogues *find_entry(struct templates *set, const char *locale)
{
	struct catalogues *entry = set->catalogues;

	for (; entry; entry = entry->next)
		if (!strcmp(entry->locale, locale))
			return entry;
	entry = mem_alloc(sizeof *entry);
	entry->locale = mem_strdup(locale);
	refresh(set, entry);
	entry->next = set->catalogues;
	set->catalogues = entry;
	return entry;
}

static const struct catalogue *find_one(struct templates *set, const char *locale)
{
	struct catalogues *entry = find_entry(set, locale);

	if (!is_current(set, entry))
		refresh(set, entry);
	return entry->catalogue;
}

/* "pt" of "pt_BR", owned; NULL when there is no more than that. */
static char *language_of(const char *locale)
{
	size_t len = strcspn(locale, "_-@");

	return len && locale[len] ? mem_dup(locale, len) : NULL;
}

void catalogues_find(struct templates *set, const char *locale, const struct catalogue *found[2])
{
	unsigned count = 0;

	if (set->directory < 0 || !is_locale(locale))
		return;
	for (const struct catalogues *entry = set->catalogues; entry; entry = entry->next)
		count++;
	if (count >= MOST_CATALOGUES)
		catalogues_free(set);
	char *language = language_of(locale);
	found[0] = find_one(set, locale);
	found[1] = language ? find_one(set, language) : NULL;
	free(language);
}

enum template_status templates_check_locale(struct templates *set, const char *locale, struct error *error)
{
	struct stamp stamp = { 0 };
	struct error reason = ERROR_INIT;

	if (!is_locale(locale) || set->directory < 0) {
		error_set(error, "\"%s\" is no locale, such as de or pt_BR", locale);
		return TEMPLATE_MISSING;
	}
	struct catalogue *catalogue = read_catalogue(set, locale, &stamp, &reason);
	char *language = language_of(locale);
	if (!catalogue && !reason.text && language)
		catalogue = read_catalogue(set, language, &stamp, &reason);
	free(language);
	bool found = catalogue != NULL;
	catalogue_free(catalogue);
	if (found)
		return TEMPLATE_OK;
	if (!reason.text) {
		error_set(error, "there is no catalogue locale/%s/LC_MESSAGES/messages.mo", locale);
		return TEMPLATE_MISSING;
	}
	*error = reason;
	return TEMPLATE_BROKEN;
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
