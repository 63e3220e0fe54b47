/* Rows of the bench on stdout: JSON lines, or tables for people. */
#ifndef LOCKSTEP_JOBS_BENCH_OUTPUT_H
#define LOCKSTEP_JOBS_BENCH_OUTPUT_H

#include "train/bench.h"

/* A BenchSink: one object a line; what was not measured is left out. context: none. */
void bench_print_json(void *context, const BenchRow *row);

/* A BenchSink: a line a row, and a head line where other columns begin. context: a BenchRow, zeroed at first, that
 * keeps the last one. */
void bench_print_table(void *context, const BenchRow *row);

#endif
