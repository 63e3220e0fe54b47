/* Programs that are started at the same time and listened to, for no longer than a patience lasts. */
#ifndef LOCKSTEP_JOBS_TALK_H
#define LOCKSTEP_JOBS_TALK_H

#include <stddef.h>
#include <sys/types.h>

#include "base/status.h"

typedef struct {
    char *said;  /* (size) what it printed, cut, a zero byte after it; view into the memory of talks_open */
    size_t size; /* bytes */
    int code;    /* its exit code, 128 + the signal that ended it; -1: not started, or its time was up */

    pid_t child; /* 0: none */
    int out;
    size_t used;
} Talk;

/* *talk (count), each with room for a text of `size` bytes, its closing zero included. Owned by the caller
 * (talks_close). STATUS_INTERNAL: out of memory. */
MUST_CHECK Status talks_open(size_t count, size_t size, Talk **talk);
void talks_close(Talk *talk); /* accepts NULL */

/* Starts a program of the PATH (program_start). STATUS_INTERNAL: it cannot be started. */
MUST_CHECK Status talk_start(char *const *argv, Talk *talk);

/* Listens to those of talk (count) that were started until all have ended. After `patience` seconds the rest are
 * killed; what they have said by then is kept. */
void talks_hear(Talk *talk, size_t count, double patience);

#endif
