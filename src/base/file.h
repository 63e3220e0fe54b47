/* Whole files, and what makes them durable. */
#ifndef LOCKSTEP_BASE_FILE_H
#define LOCKSTEP_BASE_FILE_H

#include <dirent.h>
#include <errno.h>
#include <stddef.h>

#include "base/status.h"

/* A call, again for as long as it is interrupted by a signal, which network and user-space file systems let happen to
 * any call whatever SA_RESTART says. Every call on a file here and in the rundir floor is made so. */
#define FILE_RETRY(call)                                                 \
    __extension__({                                                      \
        __typeof__(call) file_result;                                    \
        while ((file_result = (call)) == -1 && errno == EINTR) continue; \
        file_result;                                                     \
    })

/* Deflate cannot make more bytes than this of one (zlib's technical notes): what a compressed file may hold at most. */
enum { FILE_DEFLATE_MOST = 1032 };

/* *bytes = the file's content (owned by the caller: memory_free), with a zero byte after it that *size does not count.
 * what names the kind of file in messages ("config"). STATUS_NO_INPUT: the name leads to no
 * regular file (to nothing, a directory, a pipe, in a circle ...); STATUS_IO: to one that cannot be read; too_large: it
 * has more than limit bytes. */
MUST_CHECK Status file_read(const char *path, const char *what, size_t limit, Status too_large, char **bytes,
                            size_t *size);

/* *fd = a regular file opened for reading (the caller closes it), *size its bytes. Fails as file_read. */
MUST_CHECK Status file_open(const char *path, const char *what, int *fd, size_t *size);

/* Up to *size bytes from where fd stands; *size = how many there were. path and what stand in the message of STATUS_IO.
 */
MUST_CHECK Status file_read_some(int fd, const char *path, const char *what, void *bytes, size_t *size);

/* Writes the bytes where fd stands. Returns how many were written; when fewer than size, errno says why. */
MUST_CHECK size_t file_write(int fd, const void *bytes, size_t size);

/* As close(2), but an interruption is none: Linux has closed the descriptor (close(2), "Dealing with error returns").
 */
int file_close(int fd);

/* A descriptor for a new file at path, to write and to read. What had the name goes, so that nothing is written through
 * a link or into a pipe that was left there. -1 with errno set. */
int file_create_new(const char *path);

/* opendir and readdir: errno is 0 when there are no more entries. */
DIR *file_open_directory(const char *path);
struct dirent *file_next_entry(DIR *directory);

/* Syncs the directory that path is in to disk, so that a name made there outlasts a power failure. A file system that
 * cannot sync a directory, or a directory that may not be opened, is no error. STATUS_IO. */
MUST_CHECK Status file_sync_directory(const char *path);

#endif
