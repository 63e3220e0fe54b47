/* The report: one page about a run, or about several beside each other, from what their directories hold. */
#ifndef LOCKSTEP_OUTPUT_REPORT_H
#define LOCKSTEP_OUTPUT_REPORT_H

#include <stdio.h>

#include "output/report_run.h"

enum { REPORT_MOST_RUNS = 8 }; /* as many colours are told apart */

/* Writes the page: of one run with its checkpoint, predictions and dataset; of several (at most REPORT_MOST_RUNS) what
 * can be compared. What a run does not have, or what cannot be read, the page says in its place. The caller sees to the
 * file's errors. Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status report_write(FILE *out, const ReportRun *run, size_t count);

#endif
