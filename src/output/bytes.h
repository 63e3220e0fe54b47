/* A file's bytes, while it is made in memory. Once memory has run out nothing is added any more, and the failure waits
 * in `st` to be looked at in the end. Local. */
#ifndef LOCKSTEP_OUTPUT_BYTES_H
#define LOCKSTEP_OUTPUT_BYTES_H

#include <stddef.h>

#include "base/status.h"

/* Begins as {0}. */
typedef struct {
    unsigned char *at; /* (size); owned */
    size_t size, room;
    Status st; /* STATUS_OK or STATUS_INTERNAL */
} Bytes;

/* So many zero bytes more, to be filled before the next call; NULL after a failure. */
unsigned char *bytes_add(Bytes *bytes, size_t size);

/* These bytes, at the end or before the byte at `place`. */
void bytes_append(Bytes *bytes, const void *data, size_t size);
void bytes_insert(Bytes *bytes, size_t place, const void *data, size_t size);

void bytes_free(Bytes *bytes); /* accepts a zeroed struct */

#endif
