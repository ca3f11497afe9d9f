/*
 * keys.h - every key of the configuration: its kind, default and bounds
 *
 * The one place where a key is declared.  The reader (config/reader.h) fills
 * the structure of config.h from it; the tests hold the man page and the
 * sample against it.
 */
#ifndef POSTRIDER_KEYS_H
#define POSTRIDER_KEYS_H

#include <stddef.h>
#include <stdint.h>

enum key_kind {
	KEY_TEXT,	/* char *; `allowed`: the characters beyond letters and digits, NULL: any */
	KEY_PATH,	/* char *; begins with '/' */
	KEY_BOOL,	/* bool; `words`: what false and true are called, NULL: false and true */
	KEY_WORD,	/* an enum; `words`: its names in their order */
	KEY_INT,	/* int */
	KEY_COUNT,	/* int64_t */
	KEY_NUMBER,	/* double */
	KEY_DURATION,	/* int64_t, milliseconds */
	KEY_SIZE,	/* int64_t, bytes */
	KEY_SECTION,	/* a mapping of further keys: `section` */
	KEY_MAP,	/* names of the administrator's choice, each with a `section` */
	KEY_NAMES,	/* a list of such names; resolved by config.c */
};

struct key {
	const char *name;	/* NULL ends a table */
	enum key_kind kind;
	size_t offset;		/* of the field in the section's structure */
	const char *fallback;	/* the default, as one would write it; NULL: none, or it depends */
	double least, most;	/* bounds, of a text those of its length; both 0: none */
	const char *const *words;
	const char *allowed;
	const struct key *section;
	size_t size;		/* KEY_MAP: of one element, which begins with `char *name` ... */
	size_t count_offset;	/* ... and where the number of elements is kept */
};

/* The top level; its structure is struct config. */
extern const struct key keys_config[];

/* Parts of it, for those who look at one section. */
extern const struct key keys_relay[], keys_queue[];

#endif
