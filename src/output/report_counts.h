/* What each class was taken for, in the record of a run's last end. */
#ifndef LOCKSTEP_OUTPUT_REPORT_COUNTS_H
#define LOCKSTEP_OUTPUT_REPORT_COUNTS_H

#include "rundir/history.h"

/* Of a class: its samples, those of them found, all that were taken for it (0 and unknown without a matrix). */
typedef struct {
    uint64_t samples, right, taken;
} ClassCounts;

/* The last record with counts, of which predictions.csv is too; *classes of them, *is_matrix: what each was taken for
 * too. NULL: none. */
const Event *report_counts_find(const History *history, size_t *classes, bool *is_matrix);

ClassCounts report_counts_of(const Event *event, size_t classes, bool is_matrix, size_t c);

/* How many predictions they are of; 0 of NULL. */
uint64_t report_counts_sum(const Event *event, size_t classes, bool is_matrix);

#endif
