/*
 * dict.h - Python's dict: hashed, in order of insertion
 *
 * Keys are any hashable values: strings, numbers, None, tuples, objects;
 * 1, 1.0 and True are one key.  Small dicts are searched without an index,
 * all entries at once.  String hashes are seeded per process, so that input cannot be
 * made to collide.
 */
#ifndef POSTRIDER_TEMPLATE_DICT_H
#define POSTRIDER_TEMPLATE_DICT_H

#include "template/values/value.h"

struct dict_entry {
	struct value key;	/* MISSING: the entry was removed */
	struct value value;
	uint32_t hash;
};

struct dict {
	struct dict_entry *entries;	/* in order of insertion; removed ones among them */
	uint32_t *index;		/* NULL while small; else position + 1 by hash, 0 is free */
	uint64_t tags;			/* while small: a byte of each entry's hash, see dict_tag() */
	uint32_t used;			/* entries in use, removed ones too */
	uint32_t count;			/* living entries */
	uint32_t room, mask;
};

enum { DICT_SMALL = 8 };		/* entries that are searched without an index */

/* Never 0, which is the tag of where there is no entry. */
static inline uint64_t dict_tag(uint32_t hash)
{
	return hash >> 24 | 0x80;
}

struct dict *dict_new(struct arena *arena, size_t room);

/* The hash of bytes as the dict uses it for a string key. */
uint32_t dict_hash_bytes(const char *bytes, size_t len);

/* What dict_hash() does but for texts. */
bool dict_hash_other(struct value key, uint32_t *hash);

/* False for what Python cannot hash: list, dict, view of items. */
static inline bool dict_hash(struct value key, uint32_t *hash)
{
	if (key.kind != VALUE_STRING)
		return dict_hash_other(key, hash);
	*hash = dict_hash_bytes(key.text, key.len);
	return true;
}

/* The value of a key, or MISSING.  An unhashable key is not found. */
struct value dict_get(const struct dict *dict, struct value key);
struct value dict_get_hashed(const struct dict *dict, struct value key, uint32_t hash);
struct value dict_get_text(const struct dict *dict, const char *key);

/* Sets or replaces (the old place in the order stays).  The key must be
 * hashable: ask dict_hash() first where it comes from a template. */
void dict_set(struct arena *arena, struct dict *dict, struct value key, struct value value);
void dict_set_hashed(struct arena *arena, struct dict *dict, struct value key, uint32_t hash,
		     struct value value);
void dict_set_text(struct arena *arena, struct dict *dict, const char *key, struct value value);

/* What dict_add() does where there is no room, or an index. */
void dict_grow(struct arena *arena, struct dict *dict, struct value key, uint32_t hash, struct value value);

/* The same for a key that is known not to be there: does not look for it. */
static inline void dict_add(struct arena *arena, struct dict *dict, struct value key, uint32_t hash,
			    struct value value)
{
	if (dict->used == dict->room || dict->used >= DICT_SMALL) {
		dict_grow(arena, dict, key, hash, value);
		return;
	}
	dict->tags |= dict_tag(hash) << 8 * dict->used;
	dict->entries[dict->used++] = (struct dict_entry){ key, value, hash };
	dict->count++;
}

/* Removes a key and gives its value, or MISSING. */
struct value dict_remove(struct dict *dict, struct value key);
void dict_clear(struct dict *dict);
struct dict *dict_copy(struct arena *arena, const struct dict *dict);

/* Goes through living entries in order: `*at` begins at 0; NULL at the end. */
const struct dict_entry *dict_next(const struct dict *dict, uint32_t *at);

/* Whether two keys are the same key: Python's == between hashables, where
 * Markup equals str and numbers compare across their types. */
bool dict_same_key(struct value a, struct value b);

#endif
