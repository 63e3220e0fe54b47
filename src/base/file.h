/* Whole files, and what makes them durable. */
#ifndef LOCKSTEP_BASE_FILE_H
#define LOCKSTEP_BASE_FILE_H

#include <stddef.h>

#include "base/status.h"

/* Deflate cannot make more bytes than this of one (zlib's technical notes): what a compressed file may hold at most. */
enum { FILE_DEFLATE_MOST = 1032 };

/* *bytes = the file's content (owned by the caller: memory_free), with a zero byte after it that *size does not count.
 * what names the kind of file in messages ("config"). STATUS_NO_INPUT: no such file, or not a regular one;
 * STATUS_IO: it cannot be read; too_large: it has more than limit bytes. */
MUST_CHECK Status file_read(const char *path, const char *what, size_t limit, Status too_large, char **bytes,
                            size_t *size);

/* *fd = a regular file opened for reading (the caller closes it), *size its bytes. Fails as file_read. */
MUST_CHECK Status file_open(const char *path, const char *what, int *fd, size_t *size);

/* Up to *size bytes from where fd stands; *size = how many there were. path and what stand in the message of STATUS_IO.
 */
MUST_CHECK Status file_read_some(int fd, const char *path, const char *what, void *bytes, size_t *size);

/* Syncs the directory that path is in to disk, so that a name made there outlasts a power failure. A file system that
 * cannot sync a directory, or a directory that may not be opened, is no error. STATUS_IO. */
MUST_CHECK Status file_sync_directory(const char *path);

#endif
