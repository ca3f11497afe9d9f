/*
 * dict.c - the hashed dict in order of insertion
 *
 * Entries stand in one array; removed ones keep their place with a MISSING
 * key until the array is rebuilt.  Up to DICT_SMALL entries are found by their
 * tags, compared side by side in one word; above that `index` maps a hash to
 * its entry by open addressing.
 */
#include "template/values/dict.h"

#include <math.h>
#include <sys/random.h>

#include "base/arena.h"

/* Of this process; chosen at the first use and never changed. */
static uint64_t hash_seed;

static uint64_t mix(uint64_t a, uint64_t b)
{
	__uint128_t product = (__uint128_t)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t load64(const char *at)
{
	uint64_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

static uint32_t load32(const char *at)
{
	uint32_t word;

	memcpy(&word, at, sizeof word);
	return word;
}

/* All of 0 to 8 bytes; one word has no two texts of the same length. */
static inline __attribute__((always_inline)) uint64_t read_tail(const char *bytes, size_t len)
{
	const unsigned char *s = (const unsigned char *)bytes;

	if (len >= 4)
		return load32(bytes) | (uint64_t)load32(bytes + len - 4) << 32;
	return len ? s[0] | (uint64_t)s[len / 2] << 8 | (uint64_t)s[len - 1] << 16 : 0;
}

/* memcmp() for names, which are short: without a call.  The last word may
 * overlap the one before. */
static inline __attribute__((always_inline)) bool same_bytes(const char *a, const char *b, size_t len)
{
	if (len >= 8) {
		for (size_t i = 0; i + 8 < len; i += 8)
			if (load64(a + i) != load64(b + i))
				return false;
		return load64(a + len - 8) == load64(b + len - 8);
	}
	return read_tail(a, len) == read_tail(b, len);
}

uint32_t dict_hash_bytes(const char *bytes, size_t len)
{
	const uint64_t odd = 0x9e3779b97f4a7c15u;
	uint64_t hash;

	while (__builtin_expect(!hash_seed, 0))
		if (getrandom(&hash_seed, sizeof hash_seed, GRND_NONBLOCK) != sizeof hash_seed)
			hash_seed = odd ^ (uintptr_t)&hash;
	hash = hash_seed ^ (len * odd);
	for (; len > 8; bytes += 8, len -= 8)
		hash = mix(hash ^ load64(bytes), odd);
	hash = mix(hash ^ read_tail(bytes, len), odd ^ hash_seed);
	return (uint32_t)(hash ^ (hash >> 32));
}

/* Numbers that are equal hash alike, whatever their type. */
static uint32_t hash_number(struct value key)
{
	int64_t small;

	if (key.kind == VALUE_FLOAT) {
		double whole = floor(key.real);
		if (whole != key.real || whole < -9.2e18 || whole > 9.2e18)
			return dict_hash_bytes((const char *)&key.real, sizeof key.real);
		small = (int64_t)whole;
	} else if (key.flags & VALUE_BIG) {
		double real;
		struct error error = ERROR_INIT;
		if (pyint_to_double(value_to_pyint(key), &real, &error) < 0) {
			error_clear(&error);
			return 1;
		}
		return dict_hash_bytes((const char *)&real, sizeof real);
	} else {
		small = key.number;
	}
	return dict_hash_bytes((const char *)&small, sizeof small);
}

static bool hash_tuple(const struct list *tuple, uint32_t *hash)
{
	uint32_t sum = 0x345678u, item;

	for (size_t i = 0; i < tuple->count; i++) {
		if (!dict_hash(tuple->items[i], &item))
			return false;
		sum = (sum ^ item) * 1000003u;
	}
	*hash = sum;
	return true;
}

bool dict_hash_other(struct value key, uint32_t *hash)
{
	switch ((enum value_kind)key.kind) {
	case VALUE_STRING:
		*hash = dict_hash_bytes(key.text, key.len);
		return true;
	case VALUE_BOOL:
	case VALUE_INT:
	case VALUE_FLOAT:
		*hash = hash_number(key);
		return true;
	case VALUE_TUPLE:
		return hash_tuple(key.list, hash);
	case VALUE_RANGE:
		*hash = (uint32_t)(key.range->start * 31 + key.range->stop);
		return true;
	case VALUE_NONE:
	case VALUE_UNDEFINED:
		*hash = key.kind;
		return true;
	case VALUE_ITERATOR:
	case VALUE_OBJECT:
		*hash = dict_hash_bytes((const char *)&key.object, sizeof key.object);
		return true;
	case VALUE_MISSING:
	case VALUE_ERROR:
	case VALUE_LIST:
	case VALUE_DICT:
	case VALUE_VIEW:
	case VALUE_KINDS:
		break;
	}
	return false;
}

static bool same_number(struct value a, struct value b)
{
	if (a.kind == VALUE_FLOAT && b.kind == VALUE_FLOAT)
		return a.real == b.real;
	if (a.kind == VALUE_FLOAT)
		return pyint_compare_double(value_to_pyint(b), a.real) == 0;
	if (b.kind == VALUE_FLOAT)
		return pyint_compare_double(value_to_pyint(a), b.real) == 0;
	return pyint_compare(value_to_pyint(a), value_to_pyint(b)) == 0;
}

static bool same_items(const struct list *a, const struct list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!dict_same_key(a->items[i], b->items[i]))
			return false;
	return true;
}

bool dict_same_key(struct value a, struct value b)
{
	if (a.kind == VALUE_STRING && b.kind == VALUE_STRING)
		return a.len == b.len && !memcmp(a.text, b.text, a.len);
	if (value_is_number(a) && value_is_number(b))
		return same_number(a, b);
	if (a.kind != b.kind)
		return false;
	switch ((enum value_kind)a.kind) {
	case VALUE_NONE:
	case VALUE_UNDEFINED:
		return true;
	case VALUE_TUPLE:
		return same_items(a.list, b.list);
	case VALUE_RANGE:
		return a.range->count == b.range->count &&
		       (!a.range->count || (a.range->start == b.range->start &&
					    (a.range->count == 1 || a.range->step == b.range->step)));
	default:
		return a.object == b.object;
	}
}

struct dict *dict_new(struct arena *arena, size_t room)
{
	struct dict *dict = arena_alloc(arena, sizeof *dict);

	if (room) {
		dict->room = (uint32_t)room;
		dict->entries = arena_alloc_raw(arena, room * sizeof *dict->entries);
	}
	return dict;
}

static inline __attribute__((always_inline))
bool entry_is(const struct dict_entry *entry, struct value key, uint32_t hash)
{
	if (entry->hash != hash)
		return false;
	if (key.kind != VALUE_STRING)
		return entry->key.kind != VALUE_MISSING && dict_same_key(entry->key, key);
	return entry->key.kind == VALUE_STRING && entry->key.len == key.len &&
	       same_bytes(entry->key.text, key.text, key.len);
}

static inline __attribute__((always_inline))
struct dict_entry *find_small(const struct dict *dict, struct value key, uint32_t hash)
{
	const uint64_t ones = 0x0101010101010101u;
	uint64_t differing = dict->tags ^ ones * dict_tag(hash);

	/* The highest bit of each byte that is 0, and of some others, which do no harm. */
	for (uint64_t equal = (differing - ones) & ~differing & ones << 7; equal; equal &= equal - 1) {
		struct dict_entry *entry = &dict->entries[__builtin_ctzll(equal) / 8];
		if (entry_is(entry, key, hash))
			return entry;
	}
	return NULL;
}

static inline __attribute__((always_inline))
struct dict_entry *find_indexed(const struct dict *dict, struct value key, uint32_t hash)
{
	for (uint32_t at = hash & dict->mask; dict->index[at]; at = (at + 1) & dict->mask) {
		struct dict_entry *entry = &dict->entries[dict->index[at] - 1];
		if (entry_is(entry, key, hash))
			return entry;
	}
	return NULL;
}

static struct dict_entry *find_other(const struct dict *dict, struct value key, uint32_t hash)
{
	return dict->index ? find_indexed(dict, key, hash) : find_small(dict, key, hash);
}

/* Nearly all keys are texts, which are found without a call. */
static inline __attribute__((always_inline))
struct dict_entry *find_text(const struct dict *dict, struct value key, uint32_t hash)
{
	struct value text = { .kind = VALUE_STRING, .len = key.len, .text = key.text };

	return dict->index ? find_indexed(dict, text, hash) : find_small(dict, text, hash);
}

static struct dict_entry *find(const struct dict *dict, struct value key, uint32_t hash)
{
	return key.kind == VALUE_STRING ? find_text(dict, key, hash) : find_other(dict, key, hash);
}

static __attribute__((noinline))
struct value get_other(const struct dict *dict, struct value key, uint32_t hash)
{
	const struct dict_entry *entry = find_other(dict, key, hash);

	return entry ? entry->value : value_missing();
}

struct value dict_get_hashed(const struct dict *dict, struct value key, uint32_t hash)
{
	if (key.kind != VALUE_STRING)
		return get_other(dict, key, hash);
	const struct dict_entry *entry = find_text(dict, key, hash);
	return entry ? entry->value : value_missing();
}

struct value dict_get(const struct dict *dict, struct value key)
{
	uint32_t hash;

	return dict_hash(key, &hash) ? dict_get_hashed(dict, key, hash) : value_missing();
}

struct value dict_get_text(const struct dict *dict, const char *key)
{
	return dict_get(dict, value_literal(key));
}

static void put_in_index(struct dict *dict, uint32_t position)
{
	uint32_t at = dict->entries[position].hash & dict->mask;

	while (dict->index[at])
		at = (at + 1) & dict->mask;
	dict->index[at] = position + 1;
}

/* Makes room for more entries, dropping removed ones. */
static void rebuild(struct arena *arena, struct dict *dict)
{
	uint32_t room = dict->count < DICT_SMALL / 2 ? DICT_SMALL / 2 : dict->count * 2;
	struct dict_entry *entries = arena_alloc_raw(arena, room * sizeof *entries);
	uint32_t used = 0;

	for (uint32_t i = 0; i < dict->used; i++)
		if (dict->entries[i].key.kind != VALUE_MISSING)
			entries[used++] = dict->entries[i];
	dict->tags = 0;
	for (uint32_t i = 0; i < used && i < DICT_SMALL; i++)
		dict->tags |= dict_tag(entries[i].hash) << 8 * i;
	dict->entries = entries;
	dict->used = used;
	dict->room = room;
	dict->index = NULL;
}

static void make_index(struct arena *arena, struct dict *dict)
{
	uint32_t size = DICT_SMALL * 2;

	while (size < dict->room * 2)
		size *= 2;
	dict->mask = size - 1;
	dict->index = arena_alloc(arena, size * sizeof *dict->index);
	for (uint32_t i = 0; i < dict->used; i++)
		if (dict->entries[i].key.kind != VALUE_MISSING)
			put_in_index(dict, i);
}

void dict_set_hashed(struct arena *arena, struct dict *dict, struct value key, uint32_t hash,
		     struct value value)
{
	struct dict_entry *entry = find(dict, key, hash);

	if (entry)
		entry->value = value;
	else
		dict_add(arena, dict, key, hash, value);
}

void dict_grow(struct arena *arena, struct dict *dict, struct value key, uint32_t hash, struct value value)
{
	if (dict->used == dict->room)
		rebuild(arena, dict);
	dict->entries[dict->used] = (struct dict_entry){ key, value, hash };
	if (dict->used < DICT_SMALL)
		dict->tags |= dict_tag(hash) << 8 * dict->used;
	dict->used++;
	dict->count++;
	if (dict->index)
		put_in_index(dict, dict->used - 1);
	else if (dict->used > DICT_SMALL)
		make_index(arena, dict);
}

void dict_set(struct arena *arena, struct dict *dict, struct value key, struct value value)
{
	uint32_t hash;

	if (dict_hash(key, &hash))
		dict_set_hashed(arena, dict, key, hash, value);
}

void dict_set_text(struct arena *arena, struct dict *dict, const char *key, struct value value)
{
	dict_set(arena, dict, value_literal(key), value);
}

struct value dict_remove(struct dict *dict, struct value key)
{
	uint32_t hash;
	struct dict_entry *entry = dict_hash(key, &hash) ? find(dict, key, hash) : NULL;

	if (!entry)
		return value_missing();
	struct value value = entry->value;
	entry->key = value_missing();
	entry->value = value_missing();
	dict->count--;
	while (!dict->index && dict->used && dict->entries[dict->used - 1].key.kind == VALUE_MISSING)
		dict->tags &= ~(UINT64_C(0xff) << 8 * --dict->used);
	return value;
}

void dict_clear(struct dict *dict)
{
	dict->used = dict->count = 0;
	dict->tags = 0;
	dict->index = NULL;
}

struct dict *dict_copy(struct arena *arena, const struct dict *dict)
{
	struct dict *copy = dict_new(arena, dict->count);
	uint32_t at = 0;

	for (const struct dict_entry *e; (e = dict_next(dict, &at));)
		dict_set_hashed(arena, copy, e->key, e->hash, e->value);
	return copy;
}

const struct dict_entry *dict_next(const struct dict *dict, uint32_t *at)
{
	while (*at < dict->used) {
		const struct dict_entry *entry = &dict->entries[(*at)++];
		if (entry->key.kind != VALUE_MISSING)
			return entry;
	}
	return NULL;
}
