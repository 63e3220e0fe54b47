/* The bytes of a file in order, be it plain or compressed by gzip (RFC 1952; told apart by its first two bytes). Of a
 * compressed file every byte belongs to a gzip member, and every member's check sum is compared: zlib's gzread would
 * pass over what follows the last member. Local. */
#ifndef LOCKSTEP_DATA_SOURCE_H
#define LOCKSTEP_DATA_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct Source Source;

/* what names the kind of file in messages ("IDX file"); path and what are borrowed until source_close. STATUS_NO_INPUT:
 * no such file, or not a regular one; STATUS_DATA: it is empty; STATUS_IO. */
MUST_CHECK Status source_open(const char *path, const char *what, Source **source);
void source_close(Source *source); /* accepts NULL */

/* How many bytes there can be at most, judged by the file's size; *exact: that many there are. */
uint64_t source_most(const Source *source, bool *exact);

/* The next size bytes. STATUS_DATA: there are fewer, or the gzip file is damaged; STATUS_IO. */
MUST_CHECK Status source_read(Source *source, void *bytes, uint64_t size);

/* STATUS_DATA: there are more bytes, or the last check sum is wrong. */
MUST_CHECK Status source_end(Source *source);

#endif
