/* What a network says of test samples: losses, confusion, predictions. */
#ifndef LOCKSTEP_TRAIN_EVALUATE_H
#define LOCKSTEP_TRAIN_EVALUATE_H

#include "data/order.h"
#include "output/classifier.h"
#include "output/predictions.h"
#include "train/confusion.h"

/* A network and the samples of some shards of a test set; everything borrowed. */
typedef struct {
    Classifier classifier;
    const Samples *samples; /* the rows of shards [first_shard, first_shard + length) */
    uint32_t rows;          /* of the whole test set */
    size_t shards, first_shard, length;
    ClassifierMemory *memory;
    void (*beat)(void *context); /* called after each block; NULL: nothing */
    void *context;
} Evaluation;

/* Evaluates shard by shard, so that the sums do not depend on who evaluates which.
 *   shard_loss  (shards) out: the summed losses of each of these shards; the others are left alone
 *   confusion   counts are added
 *   prediction  (rows): those of these samples are written, at their rows; NULL: not wanted */
void evaluate_shards(const Evaluation *evaluation, double *shard_loss, Confusion *confusion, Prediction *prediction);

#endif
