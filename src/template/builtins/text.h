/*
 * text.h - what filters and methods of text have in common
 *
 * Bridges values and the plain functions of py/, which add to a struct buf.
 */
#ifndef POSTRIDER_TEMPLATE_TEXT_H
#define POSTRIDER_TEMPLATE_TEXT_H

#include "template/values/ops.h"

/* A part of a string's bytes, Markup as the string is; nothing is copied. */
struct value text_part(struct value string, struct span part);

/* The capture as a string that is Markup if `like` is. */
struct value text_captured(struct render *render, size_t capture, struct value like);

/* What `function` adds for the string; a result of up to `factor` times its
 * size is allowed for.  Markup stays Markup. */
struct value text_map(struct render *render, struct value string, void (*function)(struct span, struct buf *),
		      unsigned factor);

/* An argument of a Markup's method: strings are escaped, the rest stays. */
struct value text_escape_argument(struct render *render, struct value self, struct value argument);

/* "'int' object has no attribute 'splitlines'", or what Undefined says. */
struct value text_no_attribute(struct render *render, struct value v, const char *name);

/* s.replace(old, new, count), no escaping; Markup if `s` is. */
struct value text_replace(struct render *render, struct value s, struct value old, struct value new, int64_t count);

/* s.strip(chars) and its kin: `chars` None for white space. */
struct value text_strip(struct render *render, struct value s, struct value chars, int side);

/* What lines are indented by: a number of blanks, or a text of one's own. */
struct value text_indention(struct render *render, struct value width);

/* A bool as Python's own functions take it: an int. 1, 0, or -1. */
int text_flag(struct render *render, struct value v);

/* An int that only bounds something: beyond 64 bits the nearest.  0 or -1. */
int text_bound(struct render *render, struct value v, int64_t *out);

/* separator.join(items): str, or Markup with everything else escaped. */
struct value text_join(struct render *render, struct value separator, struct value items, bool markup);

#endif
