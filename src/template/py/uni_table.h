/*
 * uni_table.h - the shape of the generated tables; only for uni.c
 */
#ifndef POSTRIDER_TEMPLATE_PY_UNI_TABLE_H
#define POSTRIDER_TEMPLATE_PY_UNI_TABLE_H

#include <stddef.h>
#include <stdint.h>

enum { UNI_BLOCK_BITS = 7, UNI_BLOCK = 1 << UNI_BLOCK_BITS };

/* What many code points have in common; case mappings as differences. */
struct uni_record {
	uint16_t flags;
	uint8_t decimal;
	int32_t lower, upper, title;
};

/* A mapping to several code points, or a folding that is not the lower case. */
struct uni_special {
	uint32_t c;
	unsigned char to;	/* enum uni_case */
	uint32_t out[3];	/* ends with 0 */
};

extern const struct uni_record uni_records[];
extern const uint16_t uni_blocks[][UNI_BLOCK];
extern const uint16_t uni_index[0x110000 >> UNI_BLOCK_BITS];
extern const struct uni_special uni_specials[];
extern const size_t uni_special_count;

#endif
