/* What a network says of test samples: losses, confusion, predictions. */
#ifndef LOCKSTEP_TRAIN_EVALUATE_H
#define LOCKSTEP_TRAIN_EVALUATE_H

#include "data/inputs.h"
#include "data/order.h"
#include "model/network.h"
#include "output/predictions.h"
#include "train/confusion.h"

enum { EVALUATION_BLOCK = 256 }; /* samples taken at a time */

/* What an evaluation works in. */
typedef struct {
    Workspace workspace;
    float *slab;   /* the workspace's memory; owned */
    Inputs inputs; /* owned */
} EvaluationMemory;

/* Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status evaluation_memory_init(EvaluationMemory *memory, const Network *network, InputsKind kind);
void evaluation_memory_free(EvaluationMemory *memory); /* accepts a zeroed struct */
size_t evaluation_memory_bytes(const Network *network, InputsKind kind);

/* A network and the samples of some shards of a test set; everything borrowed. */
typedef struct {
    const Network *network;
    const Kernels *kernels;
    const float *parameter;
    const Scaling *scaling;
    const Samples *samples; /* the rows of shards [first_shard, first_shard + length) */
    uint32_t rows;          /* of the whole test set */
    size_t shards, first_shard, length;
    EvaluationMemory *memory;
    void (*beat)(void *context); /* called after each block; NULL: nothing */
    void *context;
} Evaluation;

/* Evaluates shard by shard, so that the sums do not depend on who evaluates which.
 *   shard_loss  (shards) out: the summed losses of each of these shards; the others are left alone
 *   confusion   counts are added
 *   prediction  (rows): those of these samples are written, at their rows; NULL: not wanted */
void evaluate_shards(const Evaluation *evaluation, double *shard_loss, Confusion *confusion, Prediction *prediction);

#endif
