/*
 * plural.h - "nplurals=2; plural=(n != 1);": which form a number takes
 */
#ifndef POSTRIDER_TEMPLATE_PLURAL_H
#define POSTRIDER_TEMPLATE_PLURAL_H

#include "base/arena.h"
#include "template/py/span.h"

struct plural;

/* In the arena; NULL when it is no C expression of n as gettext allows it. */
struct plural *plural_parse(struct arena *arena, struct span text);

/* 0 to nplurals - 1; 0 for anything beyond. */
unsigned plural_form(const struct plural *plural, long long n);

#endif
