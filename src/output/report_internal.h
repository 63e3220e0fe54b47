/* Private to the report*.c: the sections of the page. */
#ifndef LOCKSTEP_OUTPUT_REPORT_INTERNAL_H
#define LOCKSTEP_OUTPUT_REPORT_INTERNAL_H

#include "output/markup.h"
#include "output/report.h"

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

/* The last event of a kind, or the last that has an evaluation; NULL: none. */
const Event *report_last(const History *history, EventKind kind);
const Event *report_last_evaluation(const History *history);
/* The highest accuracy of an evaluation; NaN: none. */
double report_best_accuracy(const History *history);

/* The last part of the directory's path. */
const char *report_name(const ReportRun *run);

/* The last end with counts of predictions, which predictions.csv is of too, and how many these are; NULL: none. */
const Event *report_last_counted(const History *history, uint64_t *samples);

/* Says after which step the evaluation was that a section is about, if the run has gone on since. */
void report_evaluated(FILE *out, const History *history, const Event *end);

/* The sections. Those that return a Status: STATUS_INTERNAL, out of memory. starts: of the run, or of each run; in
 * report_curves those to be marked, or NULL. */
void report_summary(FILE *out, const ReportRun *run, const ReportStarts *starts);
MUST_CHECK Status report_curves(FILE *out, const ReportRun *run, size_t count, const ReportStarts *starts);
void report_starts_table(FILE *out, const ReportRun *run, const ReportStarts *starts);
void report_classes(FILE *out, const ReportRun *run);
MUST_CHECK Status report_mistakes(FILE *out, const ReportRun *run);
MUST_CHECK Status report_weights(FILE *out, const ReportRun *run);
MUST_CHECK Status report_times(FILE *out, const ReportRun *run, const ReportStarts *starts);
void report_settings(FILE *out, const ReportRun *run);
void report_machine(FILE *out, const ReportRun *run, const ReportStarts *starts);
void report_comparison(FILE *out, const ReportRun *run, size_t count, const ReportStarts *starts);

/* The pending message of a failure that the page tells in its place; STATUS_OK, unless memory ran out. */
MUST_CHECK Status report_absent(FILE *out, Status st, const char *what);

#endif
