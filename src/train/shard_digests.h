/* The gradient of each shard in each step, by digest (log.shard_digests). A rank that computes a wrong gradient makes
 * all replicas wrong alike, which no comparison of them can see; but a shard's own gradient is the same on any number
 * of ranks, by any plan and kernel set, so that its digest can be held against that of a recomputation elsewhere. */
#ifndef LOCKSTEP_TRAIN_SHARD_DIGESTS_H
#define LOCKSTEP_TRAIN_SHARD_DIGESTS_H

#include "base/digest.h"
#include "kernels/fold.h"

typedef struct {
    Fold each;        /* this rank's shards, none added to another; owned */
    float *memory;    /* (run, floats); owned */
    float **gradient; /* (run) the shards' gradients, views into memory; owned */
    Digest *digest;   /* (shards) of the current step, zero where the shard is another rank's; owned */
} ShardDigests;

/* For a rank with `run` of so many shards, and gradients of so many floats. Local. */
MUST_CHECK Status shard_digests_init(ShardDigests *digests, size_t shards, size_t run, size_t floats);
void shard_digests_free(ShardDigests *digests); /* accepts a zeroed struct */

/* The bytes that it takes. */
size_t shard_digests_bytes(size_t shards, size_t run, size_t floats);

struct Trainer;

/* After exchange_compute: computes the gradients of this rank's shards once more, each by itself. Local. */
void shard_digests_take(struct Trainer *trainer);

/* The digests of all shards into a record "shards" of the step that is completed. Collective. */
void shard_digests_record(struct Trainer *trainer);

#endif
