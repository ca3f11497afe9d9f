/*
 * pyint_bn.h - how struct pyint holds what exceeds 64 bits
 *
 * Only for pyint.c and pyint_text.c.
 */
#ifndef POSTRIDER_TEMPLATE_PY_PYINT_BN_H
#define POSTRIDER_TEMPLATE_PY_PYINT_BN_H

#include <openssl/bn.h>

#include "base/mem.h"
#include "template/py/pyint.h"

struct pyint_big {
	bool negative;
	size_t len;
	unsigned char bytes[];	/* the magnitude, most significant byte first and not 0 */
};

/* Owned by the caller; never NULL. */
BIGNUM *pyint_bn(struct pyint a);

/* Takes `n`. */
struct pyint pyint_take(struct arena *arena, BIGNUM *n);

#endif
