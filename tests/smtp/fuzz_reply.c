/*
 * fuzz_reply.c - whatever a server sends: replies, EHLO's lines, the mask
 *
 * The first byte is the size of the pieces in which the rest arrives.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "smtp/ehlo.h"
#include "smtp/reply.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void read_all(const char *bytes, size_t len, size_t piece)
{
	struct reply_reader reader;
	struct arena arena = ARENA_INIT;
	enum reply_state state = REPLY_PART;

	reply_reader_init(&reader);
	for (size_t at = 0, used; at < len && state != REPLY_BROKEN; at += used) {
		state = reply_read(&reader, bytes + at, len - at < piece ? len - at : piece, &used);
		assert(used || state == REPLY_BROKEN);
		if (state != REPLY_WHOLE)
			continue;
		struct session_reply reply = reply_make(reader.code, buf_str(&reader.text),
							reader.text.len, &arena);
		struct ehlo ehlo;

		assert(reply.code >= 200 && reply.code < 600);
		assert(strlen(reply.text) <= 1000);
		ehlo_parse(&ehlo, buf_str(&reader.text), reader.text.len);
		assert(strlen(ehlo.mechanisms) < sizeof ehlo.mechanisms);
	}
	reply_reader_clear(&reader);
	arena_clear(&arena);
}

/* In whatever pieces: the same result, the same length, no line end touched. */
static void mask_both_ways(const char *bytes, size_t len, size_t piece)
{
	char *once = mem_dup(bytes, len), *cut = mem_dup(bytes, len);
	struct ehlo_mask mask;

	ehlo_mask_init(&mask, EHLO_PLAIN | EHLO_CRAM_MD5);
	ehlo_mask_bytes(&mask, once, len);
	ehlo_mask_init(&mask, EHLO_PLAIN | EHLO_CRAM_MD5);
	for (size_t at = 0; at < len; at += piece)
		ehlo_mask_bytes(&mask, cut + at, len - at < piece ? len - at : piece);
	assert(!memcmp(once, cut, len));
	for (size_t i = 0; i < len; i++)
		assert((bytes[i] == '\n') == (once[i] == '\n'));
	free(once);
	free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	if (!len)
		return 0;
	size_t piece = bytes[0] ? bytes[0] : 256;

	read_all((const char *)bytes + 1, len - 1, piece);
	mask_both_ways((const char *)bytes + 1, len - 1, piece);
	return 0;
}
