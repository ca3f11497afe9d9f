/* recorder.c - the flight recorder's ring; knows no secrets and no protocol */
#include "smtp/recorder.h"

#include <string.h>

#include "base/clock.h"
#include "smtp/reply.h"

void recorder_init(struct recorder *recorder)
{
	recorder->next = recorder->count = 0;
}

void recorder_add(struct recorder *recorder, char side, const char *line, size_t len)
{
	struct recorder_line *slot = &recorder->lines[recorder->next];
	struct buf clean = BUF_INIT;

	/* No more than can be shown: a byte becomes at least one byte. */
	reply_clean(&clean, line, len < sizeof slot->text ? len : sizeof slot->text);
	size_t shown = clean.len < sizeof slot->text ? clean.len : sizeof slot->text - 1;
	while (shown && shown < clean.len && ((unsigned char)clean.data[shown] & 0xc0) == 0x80)
		shown--;
	if (shown)
		memcpy(slot->text, clean.data, shown);
	slot->text[shown] = '\0';
	slot->unix_ms = clock_unix_ms();
	slot->side = side;
	buf_clear(&clean);
	recorder->next = (recorder->next + 1) % RECORDER_LINES;
	if (recorder->count < RECORDER_LINES)
		recorder->count++;
}

void recorder_print(const struct recorder *recorder, struct buf *out)
{
	char when[CLOCK_TEXT_SIZE];

	for (size_t i = 0; i < recorder->count; i++) {
		const struct recorder_line *line =
			&recorder->lines[(recorder->next + RECORDER_LINES - recorder->count + i) %
					 RECORDER_LINES];

		buf_printf(out, "%s %c: %s\n", clock_format_utc(line->unix_ms, when), line->side,
			   line->text);
	}
}
