/* What the files of the bench share. */
#ifndef LOCKSTEP_TRAIN_BENCH_INTERNAL_H
#define LOCKSTEP_TRAIN_BENCH_INTERNAL_H

#include "train/bench.h"
#include "train/trainer.h"

typedef struct {
    Comm *comm;        /* borrowed */
    Settings settings; /* the caller's, but for what the bench does not need or has made itself */
    Trainer trainer;   /* owned */
    const char *data;  /* where the samples are from, for people */
    BenchSink *sink;
    void *context;

    double peak; /* floating-point operations a second, of a rank while all run, mean; once bench_machine has run */
} Bench;

enum { BENCH_MOST_BLOCKS = 201 };

/* Something to be timed. */
typedef struct {
    void (*run)(void *context);
    void (*prepare)(void *context); /* before each call, not timed; NULL: the calls of a block follow each other */
    void *context;

    size_t calls, blocks;            /* calls in a block; the same on all ranks */
    double seconds;                  /* out: of a call, the median over the blocks on this rank */
    double least;                    /* out: of a call, in the fastest block */
    double block[BENCH_MOST_BLOCKS]; /* of a call, in each block */
} BenchCase;

/* Measures the cases in turn, block by block, so that whatever disturbs the machine disturbs them all, for about so
 * many seconds, but each at least once after a call that warms it up. A block is calls for as long as a clock needs.
 * Each begins on all ranks at once. Collective: the cases may be. */
void bench_measure(Bench *bench, BenchCase *cases, size_t count, double seconds);

/* When what is to take so many seconds must come to its end, be it after one block: on a busy machine there is no
 * telling beforehand how long a block will take. Has rank 0's clock passed it? Collective. */
double bench_end(double seconds); /* local */
bool bench_is_late(Bench *bench, double end);

/* The median of value (count), which is sorted. */
double bench_median(double *value, size_t count);

/* A value of every rank. */
typedef struct {
    double sum, mean, least, most;
} BenchSpread;

BenchSpread bench_spread(Bench *bench, double mine); /* collective */

/* A row: its kind and label, then its fields, then to the sink. Local. */
PRINTF_LIKE(3, 4) void bench_row(BenchRow *row, const char *what, const char *label, ...);
void bench_text(BenchRow *row, const char *key, const char *text);
void bench_number(BenchRow *row, const char *key, const char *title, int decimals, double number);
void bench_emit(const Bench *bench, const BenchRow *row);

/* A dataset of drawn digits, of so many training samples, in memory: no signal at whatever moment can leave it behind.
 * The settings are made those of it. *image (*size): the bytes of its HDF5 file, the caller's (memory_free). Local.
 * STATUS_INTERNAL (memory). */
MUST_CHECK Status bench_draw(Settings *settings, uint32_t rows, unsigned char **image, size_t *size);

/* The parts. Collective; agreed. */
MUST_CHECK Status bench_machine(Bench *bench, double seconds);
MUST_CHECK Status bench_kernels(Bench *bench, double seconds);
MUST_CHECK Status bench_reduction(Bench *bench, double seconds);
MUST_CHECK Status bench_step(Bench *bench, double seconds);

#endif
