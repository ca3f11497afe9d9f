/*
 * reader.h - puts a YAML mapping into a structure, as a table of keys says
 */
#ifndef POSTRIDER_READER_H
#define POSTRIDER_READER_H

#include "base/arena.h"
#include "base/error.h"
#include "base/yaml.h"
#include "config/keys.h"

struct reader {
	const char *file;	/* the name that faults carry */
	struct arena *arena;	/* where the texts and lists of the structure live */
	struct faults *faults;
};

/*
 * Fills the structure at `base`: with the table's defaults, then with what
 * `mapping` (NULL or an empty scalar: nothing) says.  `path` names the
 * section in faults ("" at the top, else "relays.main").  What is faulty
 * keeps its default, so that every other fault is found as well.
 */
void reader_section(struct reader *reader, const struct key *keys, const char *path,
		    const struct yaml *mapping, void *base);

/* A fault at the value's place. */
__attribute__((format(printf, 3, 4)))
void reader_fault(struct reader *reader, const struct yaml *node, const char *format, ...);

/* Whether `name` may be a relay's or queue's: letters, digits, - _ . , at most 64. */
int reader_name_check(const char *name);

#endif
