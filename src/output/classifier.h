/* What a network says of samples, a block of them at a time: the probability of each class. */
#ifndef LOCKSTEP_OUTPUT_CLASSIFIER_H
#define LOCKSTEP_OUTPUT_CLASSIFIER_H

#include "data/inputs.h"
#include "model/network.h"
#include "rundir/checkpoint.h"

enum { CLASSIFIER_BLOCK = 256 }; /* samples taken at a time, at most */

/* A network in use; everything borrowed. */
typedef struct {
    const Network *network;
    const Kernels *kernels;
    const float *parameter;
    const Scaling *scaling;
} Classifier;

/* The network of a checkpoint as its run computed with it, which borrows the checkpoint and *network. *slab: parameters
 * with the copies that take part in that (model/network.h), to be given to memory_free; NULL where there are none, and
 * the checkpoint's own serve. Local. STATUS_USAGE: as kernels_choose; STATUS_INTERNAL: out of memory. */
MUST_CHECK Status classifier_load(const Checkpoint *checkpoint, Network *network, float **slab, Classifier *classifier);

/* What it works in. */
typedef struct {
    Workspace workspace;
    float *slab;   /* the workspace's memory; owned */
    Inputs inputs; /* owned */
} ClassifierMemory;

/* Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status classifier_memory_init(ClassifierMemory *memory, const Network *network, InputsKind kind);
void classifier_memory_free(ClassifierMemory *memory); /* accepts a zeroed struct */
size_t classifier_memory_bytes(const Network *network, InputsKind kind);

/* The same for the samples to come, in whatever kind is best for these (inputs_choose). */
MUST_CHECK Status classifier_memory_init_for(ClassifierMemory *memory, const Classifier *classifier,
                                             const Samples *samples);

size_t classifier_classes(const Classifier *classifier);

/* Classifies samples [first, first + n), n at most CLASSIFIER_BLOCK, whose classes are label (n). Returns the
 * probabilities (n, classes), kernel_leading(classes) from row to row: a view into memory, as are the samples' losses,
 * memory->workspace.loss (n), in nats. A sample's are the same in whatever block it is; where the network's finite
 * weights overflow they may be NaN, which is C's NAN then. Local, cannot fail. */
const float *classifier_block(const Classifier *classifier, const Samples *samples, size_t first, size_t n,
                              const uint32_t *label, ClassifierMemory *memory);

/* The class of the largest of probability (classes), the lowest of equals. */
uint32_t classifier_best(const float *probability, size_t classes);

#endif
