/* A run, as the sections of its report get it. */
#ifndef LOCKSTEP_OUTPUT_REPORT_RUN_H
#define LOCKSTEP_OUTPUT_REPORT_RUN_H

#include "data/dataset.h"
#include "rundir/history.h"

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

#endif
