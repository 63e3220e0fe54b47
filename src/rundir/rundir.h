/* A run on disk: its directory with config.cfg, log.txt, metrics.jsonl and checkpoints/. Used by rank 0 alone. */
#ifndef LOCKSTEP_RUNDIR_RUNDIR_H
#define LOCKSTEP_RUNDIR_RUNDIR_H

#include <stdbool.h>

#include "base/replacement.h"
#include "rundir/lock.h"
#include "rundir/record.h"

enum { RUNDIR_PATH_SIZE = 4096 };

typedef struct {
    char path[RUNDIR_PATH_SIZE];
    Lock *lock;       /* owned */
    int log;          /* descriptor of log.txt, 0 if none; owned */
    Records *records; /* metrics.jsonl; owned */
    char log_path[4096 + 16];
} RunDir;

/* Makes the directory (and those above it), durably, and takes its lock (lock.h). fresh   the directory must hold
 * nothing yet; else it may hold a run to go on with STATUS_CANT_CREATE: it cannot be made or written, is held by
 * another process (which is named), is not empty for a fresh run, or holds something that is no run; STATUS_IO: its
 * name cannot be synced to disk. Nothing is left behind by a failure but directories. */
MUST_CHECK Status rundir_open(const char *path, bool fresh, RunDir *run);

/* above = the lowest directory that exists of path and those above it. STATUS_CANT_CREATE: path's name is too long, or
 * what exists is no directory. */
MUST_CHECK Status rundir_existing(const char *path, char above[RUNDIR_PATH_SIZE]);

/* Is there a config.cfg? */
bool rundir_holds_run(const char *path);

/* Would rundir_open succeed, as far as can be seen without making anything? Fails as rundir_open. */
MUST_CHECK Status rundir_check(const char *path, bool fresh);

/* Cuts off metrics.jsonl what a kill or a power failure left behind the records that were synced: a torn last record,
 * and everything from the first record on that is damaged, if those of the steps up to `step`, which the run goes on
 * from, stand before it (else the damage is another, and is left to be seen). Both are told. STATUS_CANT_CREATE,
 * STATUS_IO. */
MUST_CHECK Status rundir_repair_records(const RunDir *run, uint64_t step);

/* Opens log.txt (which gets every message from here on: log_set_file) and metrics.jsonl, repaired, for appending. Fails
 * as rundir_repair_records. */
MUST_CHECK Status rundir_begin_records(RunDir *run, uint64_t step);

void rundir_close(RunDir *run); /* accepts a zeroed struct */

/* name (size of a path) = what the records call a file that is there: its path below the run directory if it is in it,
 * else the whole path from the root. */
void rundir_name(const RunDir *run, const char *path, char name[RUNDIR_PATH_SIZE]);

/* A file of the run takes the place of the one of that name (replacement_begin_sole), by replacement_end: then the
 * directory is synced, and with it the names of log.txt and metrics.jsonl. Fails as replacement_begin. */
MUST_CHECK Status rundir_replace(const RunDir *run, const char *name, Replacement *file);

/* Makes room for another file of that name and ending: what is there becomes NAME-1ENDING, that NAME-2ENDING, and so on
 * up to NAME-<kept>ENDING, whose file is gone then. Nothing where there is none. STATUS_CANT_CREATE. */
MUST_CHECK Status rundir_shift_files(const RunDir *run, const char *name, const char *ending, int kept);

#endif
