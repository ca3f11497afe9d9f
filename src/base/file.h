/*
 * file.h - a whole file in memory
 */
#ifndef POSTRIDER_FILE_H
#define POSTRIDER_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

/*
 * Adds the file's bytes to `out`.  More than `most` bytes is an error, as is
 * anything but a regular file (a FIFO would block).  Returns 0, or -1 with
 * the reason, the path in it, in `error`, and in errno where the system refused it.
 */
int file_read(const char *path, size_t most, struct buf *out, struct error *error);

/*
 * Whether a value of errno says that memory or descriptors have run out: then
 * nothing is known of the file, and it is not to blame.
 */
bool file_is_shortage(int cause);

/*
 * The first line of a file that holds one secret, without its line end.
 * A path that does not begin with '/' is looked for in the directory that
 * $CREDENTIALS_DIRECTORY names (systemd.exec(5), LoadCredential=).
 * Returns text for mem_free_secret(), or NULL with the reason; an empty
 * secret, one with a NUL and one above 255 bytes are refused (libesmtp
 * copies user and password into 255 bytes).
 */
char *file_read_secret(const char *path, struct error *error);

#endif
