/*
 * buf.h - bytes that grow
 *
 * Holds any bytes, NUL among them; behind the last one there is always a NUL
 * that does not count, so that `data` is also a C string once something was
 * added.  Grows by doubling; running out of memory is fatal (base/mem.h).
 */
#ifndef POSTRIDER_BUF_H
#define POSTRIDER_BUF_H

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

struct buf {
	char *data;	/* owned; NULL until the first byte */
	size_t len;	/* bytes in use */
	size_t room;	/* bytes allocated */
};

#define BUF_INIT { NULL, 0, 0 }

void buf_init(struct buf *buf);
void buf_clear(struct buf *buf);	/* frees; may be used again */
void buf_reset(struct buf *buf);	/* empties, keeps the memory */

void buf_reserve(struct buf *buf, size_t more);	/* room for `more` bytes behind the last */
void buf_add(struct buf *buf, const void *bytes, size_t len);
void buf_puts(struct buf *buf, const char *s);

/* Where there is room for `len` bytes and the NUL: without a call if they are few. */
static inline void buf_put_in_room(struct buf *buf, const char *bytes, size_t len)
{
	char *to = buf->data + buf->len;

	if (len > 16) {
		memcpy(to, bytes, len);
	} else if (len >= 8) {	/* the second half may overlap the first */
		memcpy(to, bytes, 8);
		memcpy(to + len - 8, bytes + len - 8, 8);
	} else if (len >= 4) {
		memcpy(to, bytes, 4);
		memcpy(to + len - 4, bytes + len - 4, 4);
	} else if (len) {
		to[0] = bytes[0];
		to[len / 2] = bytes[len / 2];
		to[len - 1] = bytes[len - 1];
	}
	to[len] = '\0';
	buf->len += len;
}

/* buf_add() for what is short and many. */
static inline void buf_put(struct buf *buf, const char *bytes, size_t len)
{
	if (__builtin_expect(buf->room - buf->len <= len, 0))
		buf_add(buf, bytes, len);
	else
		buf_put_in_room(buf, bytes, len);
}

void buf_putc(struct buf *buf, char c);

__attribute__((format(printf, 2, 3)))
void buf_printf(struct buf *buf, const char *format, ...);
__attribute__((format(printf, 2, 0)))
void buf_vprintf(struct buf *buf, const char *format, va_list ap);

/* Cuts the end off; `len` must not be above the present length. */
void buf_truncate(struct buf *buf, size_t len);

/* The bytes as a C string, "" when empty; borrowed until the next change. */
const char *buf_str(const struct buf *buf);

/* The bytes themselves, owned by the caller now; the buffer is empty again. */
char *buf_take(struct buf *buf);

#endif
