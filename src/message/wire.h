/*
 * wire.h - JSON from strangers, bounded before it is parsed
 *
 * jansson turns three bytes ("{},") into some 300 bytes of memory and reads
 * nested values by recursion.  So the bytes are looked through first.
 */
#ifndef POSTRIDER_WIRE_H
#define POSTRIDER_WIRE_H

#include <stddef.h>

#include <jansson.h>

#include "base/error.h"

enum {
	WIRE_CONTAINERS_MAX = 100000,	/* arrays and objects: about 30 MB parsed */
	WIRE_VALUES_MAX = 1000000,	/* of any kind: about 60 MB parsed */
};

/* jansson's json_loadb(), or what stands in for it. */
typedef json_t *wire_load(const char *bytes, size_t len, size_t flags, json_error_t *error);

/*
 * One JSON object, UTF-8, without a duplicate key or a NUL in any string.
 * `max_depth` counts nested arrays and objects, the outermost too.  Returns a
 * new reference, or NULL with the reason (and the offset) in `error`.
 */
json_t *wire_read_object(const char *bytes, size_t len, size_t max_depth, wire_load *load,
			 struct error *error);

/* "a string", "an array", "true or false", ...: for messages. */
const char *wire_describe(const json_t *value);

#endif
