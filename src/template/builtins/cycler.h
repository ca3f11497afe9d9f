/*
 * cycler.h - cycler() and joiner(), objects that give something else each time
 */
#ifndef POSTRIDER_TEMPLATE_CYCLER_H
#define POSTRIDER_TEMPLATE_CYCLER_H

#include "template/values/native.h"

/* `items` is a tuple, not empty. */
struct value cycler_new(struct render *render, struct list *items);

/* Called, it gives nothing the first time and then `separator`. */
struct value joiner_new(struct render *render, struct value separator);

#endif
