/* A run on disk: its directory with config.cfg, log.txt and metrics.jsonl. Used by rank 0 alone. */
#ifndef LOCKSTEP_RUNDIR_RUNDIR_H
#define LOCKSTEP_RUNDIR_RUNDIR_H

#include <stdio.h>

#include "rundir/record.h"

typedef struct {
    char path[4096];
    FILE *log;        /* log.txt; owned */
    Records *records; /* metrics.jsonl; owned */
} RunDir;

/* Makes the directory (and those above it) and opens its files; the log gets every message from here on (log_set_file).
 * STATUS_CANT_CREATE: it cannot be made or written, or it is not empty. */
MUST_CHECK Status rundir_open(const char *path, RunDir *run);
void rundir_close(RunDir *run); /* accepts a zeroed struct */

/* A file of the run, made anew: STATUS_CANT_CREATE. The caller closes it with rundir_finish_file, which tells of a
 * failed write: STATUS_IO. */
MUST_CHECK Status rundir_create_file(const RunDir *run, const char *name, FILE **file);
MUST_CHECK Status rundir_finish_file(const RunDir *run, const char *name, FILE *file);

#endif
