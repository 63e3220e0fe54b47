/* What this machine allows, and how near Lockstep comes to it: the peak of fused multiply-adds and the bandwidth of
 * memory; each kernel at the shapes of one config; the reduction, fused with the update, against MPI_Allreduce and then
 * the update; the whole step with its phases. Every figure comes from medians over many blocks of calls; all ranks run
 * the same at the same time. */
#ifndef LOCKSTEP_TRAIN_BENCH_H
#define LOCKSTEP_TRAIN_BENCH_H

#include "comm/comm.h"
#include "config/settings.h"

typedef struct {
    const char *key;   /* its unit included: "microseconds" */
    const char *title; /* of its column in a table; NULL: not for tables */
    const char *text;  /* or NULL, and */
    double number;     /* finite; NaN: this measurement has none */
    int decimals;      /* that are worth printing */
} BenchField;

enum { BENCH_MOST_FIELDS = 20, BENCH_LABEL = 512 };

/* One measurement. Those of one kind have the same titles, in the same order. */
typedef struct {
    char label[BENCH_LABEL]; /* for people; of a row without titles, lines of text */
    size_t count;
    BenchField field[BENCH_MOST_FIELDS]; /* the first is "what" */
} BenchRow;

/* Takes a row, which is valid during the call. */
typedef void BenchSink(void *context, const BenchRow *row);

/* Measures for about so many seconds in all, with the shapes, batch and plan of the settings, on their dataset. If
 * data.file is "", on drawn digits; if there is no such file, too, with a warning. Everything is measured at least once
 * or twice, however long that takes. Writes no file. sink is called on rank 0 alone, as soon as there is a row.
 * Collective; agreed. Fails as trainer_open and trainer_step. */
MUST_CHECK Status bench_run(Comm *comm, const Settings *settings, double seconds, BenchSink *sink, void *context);

#endif
