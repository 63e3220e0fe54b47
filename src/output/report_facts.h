/* What several sections of a report say of a run. */
#ifndef LOCKSTEP_OUTPUT_REPORT_FACTS_H
#define LOCKSTEP_OUTPUT_REPORT_FACTS_H

#include <stdio.h>

#include "output/report_run.h"

/* The last event of a kind, or the last that has an evaluation; NULL: none. */
const Event *report_last(const History *history, EventKind kind);
const Event *report_last_evaluation(const History *history);
/* The highest accuracy of an evaluation; NaN: none. */
double report_best_accuracy(const History *history);

/* The last part of the directory's path. */
const char *report_name(const ReportRun *run);

/* Says after which step the evaluation was that a section is about, if the run has gone on since. */
void report_evaluated(FILE *out, const History *history, const Event *end);

/* The pending message of a failure that the page tells in its place; STATUS_OK, unless memory ran out. */
MUST_CHECK Status report_absent(FILE *out, Status st, const char *what);

#endif
