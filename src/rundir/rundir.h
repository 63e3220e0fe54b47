/* A run on disk: its directory with config.cfg, log.txt, metrics.jsonl and checkpoints/. Used by rank 0 alone. */
#ifndef LOCKSTEP_RUNDIR_RUNDIR_H
#define LOCKSTEP_RUNDIR_RUNDIR_H

#include <stdbool.h>
#include <stdio.h>

#include "rundir/record.h"

enum { RUNDIR_PATH_SIZE = 4096 };

typedef struct {
    char path[RUNDIR_PATH_SIZE];
    int lock;         /* descriptor of the locked file `lock`, 0 if none; owned */
    FILE *log;        /* log.txt; owned */
    Records *records; /* metrics.jsonl; owned */
} RunDir;

/* Makes the directory (and those above it) and takes its lock, an open-file-description lock, which dies with the
 * process. fresh   the directory must hold nothing yet; else it may hold a run to go on with STATUS_CANT_CREATE: it
 * cannot be made or written, is held by another process (which is named), is not empty for a fresh run, or holds
 * something that is no run. Nothing is left behind by a failure but directories. */
MUST_CHECK Status rundir_open(const char *path, bool fresh, RunDir *run);

/* above = the lowest directory that exists of path and those above it. STATUS_CANT_CREATE: path's name is too long, or
 * what exists is no directory. */
MUST_CHECK Status rundir_existing(const char *path, char above[RUNDIR_PATH_SIZE]);

/* Would rundir_open succeed, as far as can be seen without making anything? Fails as rundir_open. */
MUST_CHECK Status rundir_check(const char *path, bool fresh);

/* Opens log.txt (which gets every message from here on: log_set_file) and metrics.jsonl for appending. A torn last
 * record of a killed process is cut off, and told. STATUS_CANT_CREATE. */
MUST_CHECK Status rundir_begin_records(RunDir *run);

void rundir_close(RunDir *run); /* accepts a zeroed struct */

/* Who holds the lock of a run directory, as text: "host, process 123"; "" if nobody does or there is no such directory;
 * "unknown: ..." if the lock cannot be looked at. */
void rundir_holder(const char *path, char *holder, size_t size);

/* A file of the run, written under a temporary name and renamed when it is complete and on disk; then the directory is
 * synced, and with it the names of log.txt and metrics.jsonl: STATUS_CANT_CREATE, STATUS_IO. */
MUST_CHECK Status rundir_create_file(const RunDir *run, const char *name, FILE **file);
MUST_CHECK Status rundir_finish_file(const RunDir *run, const char *name, FILE *file);

#endif
