/* The report: one page about a run, or about several beside each other, from what their directories hold. */
#ifndef LOCKSTEP_OUTPUT_REPORT_H
#define LOCKSTEP_OUTPUT_REPORT_H

#include <stdio.h>

#include "data/dataset.h"
#include "rundir/history.h"

enum { REPORT_MOST_RUNS = 8 }; /* as many colours are told apart */

/* A setting, as the config has it. */
typedef struct {
    const char *path; /* "group.member" */
    char *value;      /* libconfig's syntax */
} ReportSetting;

/* A run; everything borrowed. */
typedef struct {
    const char *directory;
    const char *state; /* "running", "finished", ..., for people */
    const History *history;
    const ReportSetting *setting; /* (settings), the same paths for every run; NULL: they are not known, and why */
    size_t settings;
    const char *settings_missing;
    DatasetSource source; /* the dataset it was trained with; file NULL: not known */
} ReportRun;

/* Writes the page: of one run with its checkpoint, predictions and dataset; of several (at most REPORT_MOST_RUNS) what
 * can be compared. What a run does not have, or what cannot be read, the page says in its place. The caller sees to the
 * file's errors. Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status report_write(FILE *out, const ReportRun *run, size_t count);

#endif
