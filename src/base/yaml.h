/*
 * yaml.h - a YAML document as a tree that knows where everything stands
 *
 * The plain part of YAML that people write by hand: mappings with text keys,
 * sequences, scalars.  Anchors, aliases, tags and further documents are
 * refused with a sentence, as are duplicate keys and what is too deep or too
 * much to have been written by hand.
 */
#ifndef POSTRIDER_YAML_H
#define POSTRIDER_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/error.h"

enum { YAML_DEPTH_MAX = 32, YAML_NODES_MAX = 10000 };

enum yaml_kind { YAML_SCALAR, YAML_SEQUENCE, YAML_MAPPING };

struct yaml {
	enum yaml_kind kind;
	unsigned line, column;		/* from 1: where the value begins */
	const char *text;		/* scalar: UTF-8 without NUL; else NULL */
	bool empty;			/* scalar: nothing was written, or null or ~ */
	const struct yaml *first;	/* sequence, mapping: its first member */
	size_t count;			/* sequence, mapping: its members */
	/* As a member: */
	const struct yaml *next;
	const char *key;		/* of a mapping's member; else NULL */
	unsigned key_line, key_column;
};

/*
 * Reads one document.  The tree lives in `arena`.  `file` is the name that
 * faults carry.  An empty document is an empty scalar.  Returns the root, or
 * NULL when the text cannot be read to its end.  Faults that do not hinder
 * reading on (a duplicate key, an anchor) are added and the root is returned
 * all the same, so that the caller finds the others in the same run: look at
 * faults->count before the values are used.
 */
const struct yaml *yaml_parse(const char *bytes, size_t len, const char *file,
			      struct arena *arena, struct faults *faults);

/* The mapping's member of that key, or NULL. */
const struct yaml *yaml_get(const struct yaml *mapping, const char *key);

/* "a mapping", "a list", "nothing", "a single value": for messages. */
const char *yaml_describe(const struct yaml *node);

#endif
