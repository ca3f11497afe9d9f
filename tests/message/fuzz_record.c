/*
 * fuzz_record.c - any bytes as a record.  What is taken is written again, and
 * that is read as the same.
 */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "message/record.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static void check_again(const struct record *record, struct arena *arena)
{
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct record *back;

	record_to_json(record, &once);
	assert(record_from_json(once.data, once.len, arena, &back, NULL) == RECORD_OK);
	record_to_json(back, &twice);
	assert(once.len == twice.len && !memcmp(once.data, twice.data, once.len));
	buf_clear(&once);
	buf_clear(&twice);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
	struct arena arena = ARENA_INIT;
	struct error error = ERROR_INIT;
	struct record *record;
	enum record_status status = record_from_json((const char *)bytes, len, &arena, &record, &error);

	assert((record != NULL) == (status == RECORD_OK));
	assert((error.text != NULL) == (status != RECORD_OK));
	if (record) {
		check_again(record, &arena);
		record_note_error(record, &(struct record_error){ .class = RECORD_LOST, .reply.text = "x" });
		check_again(record, &arena);
	}
	error_clear(&error);
	arena_clear(&arena);
	return 0;
}
