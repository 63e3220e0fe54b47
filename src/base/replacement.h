/* A file that takes the place of another whole or not at all: it is written under a temporary name beside it, synced to
 * disk and renamed. Local. */
#ifndef LOCKSTEP_BASE_REPLACEMENT_H
#define LOCKSTEP_BASE_REPLACEMENT_H

#include <stddef.h>
#include <stdio.h>

#include "base/status.h"

typedef struct {
    char *path;      /* the final one; owned */
    char *temporary; /* the name until then, beside it; owned */
    int fd;          /* of the temporary file, to write and to read; owned */
    FILE *stream;    /* to print to it; replacement_end tells its errors; owned; NULL: there is no such file */
} Replacement;

/* Could a file take that place? A rename would put one in the place of a device such as /dev/null, too.
 * STATUS_CANT_CREATE: something that is no regular file is there. */
MUST_CHECK Status replacement_check(const char *path);

/* Makes the temporary file, path.tmp-<process>-<count>, after the check above: any number of writers may be at one
 * path. STATUS_CANT_CREATE: it cannot be made; STATUS_INTERNAL: out of memory. On failure *replacement is zeroed. */
MUST_CHECK Status replacement_begin(const char *path, Replacement *replacement);

/* The same where the caller sees to it that there is one writer at a time: the temporary file is .<name>.tmp, so that
 * it takes the place of one that a killed writer left. */
MUST_CHECK Status replacement_begin_sole(const char *path, Replacement *replacement);

/* What was written is on disk under its final name, and the directory with it; *replacement is zeroed, after a failure
 * too, which leaves nothing: only if the directory's fsync failed is the new file already there. STATUS_IO. */
MUST_CHECK Status replacement_end(Replacement *replacement);

/* Removes the temporary file; accepts a zeroed struct, and zeroes it. */
void replacement_discard(Replacement *replacement);

/* All of it, for a file of these bytes. */
MUST_CHECK Status replacement_write(const char *path, const void *bytes, size_t size);

#endif
