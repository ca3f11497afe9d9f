/*
 * casing.h - case of text, and the predicates of str
 */
#ifndef POSTRIDER_TEMPLATE_PY_CASING_H
#define POSTRIDER_TEMPLATE_PY_CASING_H

#include "template/py/span.h"

/* str.upper() and its kin; the result may be up to three times as long. */
void casing_upper(struct span s, struct buf *out);
void casing_lower(struct span s, struct buf *out);
void casing_fold(struct span s, struct buf *out);
void casing_swap(struct span s, struct buf *out);
void casing_capitalize(struct span s, struct buf *out);
void casing_title(struct span s, struct buf *out);

/* Jinja's title filter: words begin behind blanks, '-' and opening brackets. */
void casing_title_words(struct span s, struct buf *out);

bool casing_is_upper(struct span s);
bool casing_is_lower(struct span s);
bool casing_is_title(struct span s);

/* Not empty and nothing but code points with one of the flags of uni.h. */
bool casing_all(struct span s, unsigned flags);
bool casing_is_identifier(struct span s);
bool casing_is_printable(struct span s);

#endif
