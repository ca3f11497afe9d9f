/*
 * methods_split.h - the methods of str that cut it into pieces
 *
 * Rows of methods_str (methods_str.c).
 */
#ifndef POSTRIDER_TEMPLATE_METHODS_SPLIT_H
#define POSTRIDER_TEMPLATE_METHODS_SPLIT_H

#include "template/values/ops.h"

struct value str_partition(struct render *render, struct value self, const struct value *args);
struct value str_rpartition(struct render *render, struct value self, const struct value *args);
struct value str_split(struct render *render, struct value self, const struct value *args);
struct value str_rsplit(struct render *render, struct value self, const struct value *args);
struct value str_splitlines(struct render *render, struct value self, const struct value *args);

#endif
