/* Whole files. */
#ifndef LOCKSTEP_BASE_FILE_H
#define LOCKSTEP_BASE_FILE_H

#include <stddef.h>

#include "base/status.h"

/* *bytes = the file's content (owned by the caller: memory_free), with a zero byte after it that *size does not count.
 * what names the kind of file in messages ("config"). STATUS_NO_INPUT: no such file, or not a regular one;
 * STATUS_IO: it cannot be read; too_large: it has more than limit bytes. */
MUST_CHECK Status file_read(const char *path, const char *what, size_t limit, Status too_large, char **bytes,
                            size_t *size);

#endif
