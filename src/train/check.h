/* What a training would do, without doing it. */
#ifndef LOCKSTEP_TRAIN_CHECK_H
#define LOCKSTEP_TRAIN_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "train/setup.h"

/* Validates settings and dataset, every label and pixel included, for this number of ranks, the scaling, and the run
 * directory as rundir_check does; prints the model, the steps and the memory of the rank that needs the most. Local,
 * creates nothing. The failures of trainer_open. */
MUST_CHECK Status train_check(const Settings *settings, size_t ranks, const char *run_path, bool fresh, FILE *out);

/* Does HDF5 survive the dataset? A child opens it and reads some of it, as trainer_open does on every rank before any
 * loads its share. Local, before MPI begins. The failures of apart_run alone: what else is wrong with the dataset is
 * found by whoever opens it. */
MUST_CHECK Status train_try_dataset(Settings *settings);

typedef struct {
    size_t bytes, largest; /* what the rank takes that takes the most (RankPlan), and which one that is */
    size_t shared;         /* the most that a rank takes of its node's shared memory */
    size_t checkpoint;     /* bytes of a checkpoint, at most */
} TrainNeeds;

/* Of a training on so many ranks. Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status train_needs(const Settings *settings, const Dataset *dataset, const Network *network, size_t ranks,
                              TrainNeeds *needs);

#endif
