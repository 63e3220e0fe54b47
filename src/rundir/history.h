/* A run's records read back: metrics.jsonl in memory. */
#ifndef LOCKSTEP_RUNDIR_HISTORY_H
#define LOCKSTEP_RUNDIR_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef enum {
    EVENT_START,
    EVENT_RESUME,
    EVENT_STEP,
    EVENT_EPOCH,
    EVENT_CHECKPOINT,
    EVENT_END,
    EVENT_LOST,
    EVENT_OTHER
} EventKind;

/* One record; what an event of its kind does not have is 0. */
typedef struct {
    EventKind kind;
    uint64_t line;                   /* in the file, from 1 */
    uint64_t step;                   /* completed steps */
    uint64_t epoch;                  /* step, epoch */
    uint64_t samples;                /* step */
    uint64_t rows;                   /* step: the sum of digest_sample over the rows that were packed */
    uint64_t ranks;                  /* start, resume */
    uint64_t steps;                  /* start, resume: of the whole training */
    double loss;                     /* step: mean loss; epoch: train loss; NaN where null */
    double test_loss, test_accuracy; /* epoch, end; NaN where null */
    double learning_rate;            /* step */
    double samples_per_second;       /* epoch */
    char digest[33];                 /* epoch, checkpoint, resume, end: the model's */
    char chain[33];                  /* checkpoint, resume, end: of the steps so far (chain.h) */
    char dataset[33];                /* start, resume: the digest of the values */
    char reason[64];                 /* end */
    char stopped_by[32];             /* end: of a stop */
} Event;

typedef struct {
    Event *event; /* (count); owned */
    size_t count;
    bool torn; /* the last line has no end */
} History;

/* Reads DIRECTORY/metrics.jsonl. Local. STATUS_NO_INPUT: there is none; STATUS_DATA: a line that is no record of ours,
 * or has a number that is not its twin's, named by its number. A torn last line is left out. */
MUST_CHECK Status history_read(const char *directory, History *history);
/* The same of the file's first bytes alone. */
MUST_CHECK Status history_read_first(const char *directory, size_t first, History *history);
void history_free(History *history); /* accepts a zeroed struct */

#endif
