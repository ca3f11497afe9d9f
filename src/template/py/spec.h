/*
 * spec.h - the format mini-language: [[fill]align][sign][z][#][0][width][,_][.precision][type]
 */
#ifndef POSTRIDER_TEMPLATE_PY_SPEC_H
#define POSTRIDER_TEMPLATE_PY_SPEC_H

#include "template/py/pyint.h"

struct spec {
	uint32_t fill;
	char align;		/* < > ^ = */
	char sign;		/* + - space, or 0 */
	bool no_negative_zero, alternate;
	int64_t width;		/* -1: none */
	char group;		/* , _ or 0 */
	int64_t precision;	/* -1: none */
	uint32_t type;		/* 0: none */
};

/*
 * Reads what stands behind the colon.  `type_name` is Python's name of what
 * is formatted, for messages; `text` whether that is a str.
 */
int spec_parse(struct span s, const char *type_name, bool text, struct spec *spec, struct error *error);

/* Adds the formatted value to `out`: 0, or -1 with Python's message (and
 * `out` as it was).  Width and precision are the caller's to bound. */
int spec_format_text(const struct spec *spec, struct span s, const char *type_name, struct buf *out,
		     struct error *error);
int spec_format_int(const struct spec *spec, struct pyint n, const char *type_name, struct buf *out,
		    struct error *error);
int spec_format_float(const struct spec *spec, double d, const char *type_name, struct buf *out,
		      struct error *error);

#endif
