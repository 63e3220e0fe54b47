/* A rank's share of the training set, and of every batch: the samples of its run of shards, in the order of the epoch.
 */
#ifndef LOCKSTEP_DATA_LOADER_H
#define LOCKSTEP_DATA_LOADER_H

#include "data/inputs.h"
#include "data/order.h"

/* A rank's rows of one batch: shard by shard, each in the order of its elements. */
typedef struct {
    Inputs *inputs;    /* where the samples are packed; borrowed, set by the caller */
    uint32_t *label;   /* (n); owned */
    size_t *first_row; /* (shards of the run + 1): rows [first_row[i], first_row[i+1]) are those of shard i; owned */
    uint64_t digest;   /* the sum of digest_sample(position, row) over the rows that were really packed */
} Batch;

typedef struct {
    uint64_t seed;
    uint32_t rows;           /* of the whole training set */
    size_t shards;           /* S */
    size_t first_shard, run; /* this rank's shards are [first_shard, first_shard + run) */
    const Kernels *kernels;
    Samples samples; /* the rows of the run; owned */
    Scaling scaling;

    uint32_t epoch;        /* of the permutation; UINT32_MAX before the first */
    uint32_t *permutation; /* (samples.count), shard after shard, each of its own rows; owned */
    uint32_t *scratch;     /* (rows of the run's largest shard) for loader_expected_digest; owned */
    uint8_t *seen;         /* the same */
} Loader;

/* Reads the rows of shards [first_shard, first_shard + run). The scaling is set by the caller before the first batch.
 * Local. */
MUST_CHECK Status loader_init(Loader *loader, Dataset *dataset, uint64_t seed, size_t shards, size_t first_shard,
                              size_t run, const Kernels *kernels);
void loader_free(Loader *loader); /* accepts a zeroed struct */

/* The most samples that a batch of batch_size has for a run of shards. */
size_t loader_share(size_t rows_of_run, size_t shards, size_t run, size_t batch_size);

/* A batch that holds up to capacity samples, as its inputs must. Local. */
MUST_CHECK Status batch_init(Batch *batch, const Loader *loader, size_t capacity);
void batch_free(Batch *batch); /* accepts a zeroed struct */

/* Fills the batch and its inputs with this run's share of the positions [begin, end) of an epoch (from 0). */
void loader_pack(Loader *loader, uint32_t epoch, uint32_t begin, uint32_t end, Batch *batch);

/* What the digests of all batches of this run in an epoch must add up to, if each row was packed exactly once, at the
 * position that the order's formula gives it: what loader_pack really packed is held against it. The order is computed
 * anew, not taken from what loader_pack used, and looked at row by row: STATUS_INTERNAL if it is no permutation. Local.
 */
MUST_CHECK Status loader_expected_digest(Loader *loader, uint32_t epoch, uint64_t *digest);

#endif
