/* The sections of a report. */
#ifndef LOCKSTEP_OUTPUT_REPORT_SECTIONS_H
#define LOCKSTEP_OUTPUT_REPORT_SECTIONS_H

#include <stdio.h>

#include "output/report_starts.h"

/* Those that return a Status: STATUS_INTERNAL, out of memory. starts: of the run, or of each run; in
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

#endif
