/*
 * pyfloat.h - Python's float: text, rounding, division
 */
#ifndef POSTRIDER_TEMPLATE_PY_PYFLOAT_H
#define POSTRIDER_TEMPLATE_PY_PYFLOAT_H

#include <stdint.h>

#include "base/error.h"
#include "template/py/span.h"

/* repr(d): the shortest digits that read back as d, "1e+16", "2.0", "nan". */
void pyfloat_repr(double d, struct buf *out);

/* float(text): white space around, underscores between digits, "inf",
 * "nan", any Unicode decimal digits.  -1 with Python's message. */
int pyfloat_parse(struct span text, double *out, struct error *error);

/* round(d, digits): half to even on the binary value. */
int pyfloat_round(double d, int64_t digits, double *out, struct error *error);

/* d // e, d % e, d ** e: -1 with Python's message. */
int pyfloat_floordiv(double d, double e, double *out, struct error *error);
int pyfloat_mod(double d, double e, double *out, struct error *error);
int pyfloat_pow(double d, double e, double *out, struct error *error);

enum pyfloat_flag {
	PYFLOAT_ALTERNATE = 1,	/* '#': the point stays, and the zeros of 'g' */
	PYFLOAT_DOT_ZERO = 2,	/* ".0" behind what looks like an int */
};

/* The text of d in the manner of one of e E f F g G; `precision` is what the
 * caller has checked.  No '+'. */
void pyfloat_format(double d, char type, unsigned precision, unsigned flags, struct buf *out);

#endif
