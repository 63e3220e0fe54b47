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
    EVENT_SHARDS,
    EVENT_EPOCH,
    EVENT_CHECKPOINT,
    EVENT_END,
    EVENT_LOST,
    EVENT_OTHER
} EventKind;

struct json_t;

/* An image_width that is not told: records of starts did not have it at first. */
#define HISTORY_NO_WIDTH UINT64_MAX

/* One record; what an event of its kind does not have is 0. */
typedef struct {
    EventKind kind;
    uint64_t line;                 /* in the file, from 1 */
    uint64_t step;                 /* completed steps */
    uint64_t epoch;                /* step, epoch */
    uint64_t samples;              /* step */
    uint64_t rows;                 /* step: the sum of digest_sample over the rows that were packed */
    uint64_t ranks, nodes, shards; /* start, resume */
    uint64_t train_samples, test_samples, parameters; /* start, resume */
    uint64_t image_width;            /* start, resume: the network's (model/network.h), or HISTORY_NO_WIDTH */
    uint64_t steps;                  /* start, resume: of the whole training */
    uint64_t counted, right;         /* end: samples in the counts of predictions, those of them that were right */
    uint64_t listed;                 /* end: of these counts, in their order, history_count_after; shards: of digests */
    double loss;                     /* step: mean loss; epoch: train loss; NaN where null */
    double test_loss, test_accuracy; /* epoch, end; NaN where null */
    double learning_rate;            /* step */
    double samples_per_second;       /* epoch, end; NaN where null */
    double target_accuracy;          /* start, resume */
    char digest[33];                 /* epoch, checkpoint, resume, end: the model's */
    char optimizer[33];              /* checkpoint, resume, end: of its state, "" without any */
    char chain[33];                  /* checkpoint, resume, end: of the steps so far (chain.h) */
    char dataset[33];                /* start, resume: the digest of the values */
    char settings[33];               /* start, resume: settings_digest */
    char reason[64];                 /* end */
    char stopped_by[32];             /* end: of a stop */
    char file[64];                   /* checkpoint, resume: the begin of the checkpoint's path */
    struct json_t *object;           /* all of it, for the functions below; NULL of steps and shards; owned */
} Event;

typedef struct {
    Event *event; /* (count); owned */
    size_t count;
    bool torn; /* the last line has no end, and is left out */
} History;

/* Reads DIRECTORY/metrics.jsonl. Local. STATUS_NO_INPUT: there is none; STATUS_DATA: a line that is no record of ours,
 * or has a number that is not its twin's, named by its number. A torn last line is left out. */
MUST_CHECK Status history_read(const char *directory, History *history);
/* The same of the file's first bytes alone. */
MUST_CHECK Status history_read_first(const char *directory, size_t first, History *history);
/* As history_read, and strictly: each line has all members that one of its kind must have, each written in full, no
 * others, and the link to the line before (record_link.h). STATUS_DATA names the first that has not. */
MUST_CHECK Status history_read_linked(const char *directory, History *history);

/* Event.listed with one count more; 0 before the first. */
uint64_t history_count_after(uint64_t listed, uint64_t count);

/* Any member of an event that has its object, by its key. A text of the history's, "" where there is none; a float, NaN
 * where there is none. */
const char *history_text(const Event *event, const char *key);
double history_float(const Event *event, const char *key);

/* Is the member an array of counts (*rows is 0), or of arrays of them that are all as long as the first? *columns: how
 * many they have. */
bool history_has_counts(const Event *event, const char *key, size_t *rows, size_t *columns);
/* One of them, 0 where there is none. row: 0 if *rows is. */
uint64_t history_count(const Event *event, const char *key, size_t row, size_t column);

/* Is it the record of a start: EVENT_START or EVENT_RESUME? */
bool history_is_start(const Event *event);

void history_free(History *history); /* accepts a zeroed struct */

#endif
