/* The starts of a run. */
#ifndef LOCKSTEP_OUTPUT_REPORT_STARTS_H
#define LOCKSTEP_OUTPUT_REPORT_STARTS_H

#include "output/report_run.h"

/* One start of a run, in the order of the records. */
typedef struct {
    const Event *begin; /* its record */
    const Event *end;   /* how it ended; NULL: it was killed, or goes on */
    const Event *timed; /* the last record of it that has times (times.h); NULL: none */
    double seconds;     /* that it took, as far as it recorded them; NaN: it did not */
    uint64_t reached;   /* the last step that it recorded */
    uint64_t again;     /* of its steps those that the next one did again */
    bool is_last;
} ReportStart;

typedef struct {
    ReportStart *start; /* (count), owned */
    size_t count;
} ReportStarts;

/* STATUS_INTERNAL: out of memory. */
MUST_CHECK Status report_starts_init(ReportStarts *starts, const History *history);
void report_starts_free(ReportStarts *starts); /* accepts a zeroed struct */

/* How a start ended: "killed", "stopped by signal"; of the last one the run's state. */
const char *report_start_end(const ReportRun *run, const ReportStart *start, char *text, size_t size);

/* Seconds of all starts, as far as they are recorded; NaN: none are. */
double report_seconds(const ReportStarts *starts);

#endif
