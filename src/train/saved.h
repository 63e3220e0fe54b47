/* A trained network from a checkpoint, in use without a training. One process, no MPI. */
#ifndef LOCKSTEP_TRAIN_SAVED_H
#define LOCKSTEP_TRAIN_SAVED_H

#include "config/settings.h"
#include "rundir/checkpoint.h"
#include "train/evaluate.h"

typedef struct {
    Checkpoint checkpoint; /* owned */
    Settings settings;     /* those that it was trained with */
    Network network;       /* the checkpoint's, which computes as the settings say, */
    float *parameter;      /* and its parameters (network_vector()); owned */
    const Kernels *kernels;
} Saved;

/* Failures of checkpoint_read. */
MUST_CHECK Status saved_open(const char *path, Saved *saved);
void saved_close(Saved *saved); /* accepts a zeroed struct */

size_t saved_classes(const Saved *saved);

/* Evaluates on the test part of the dataset in `file`, or, if that is NULL, of the file it was trained with, at the
 * paths of the settings. The loss is the training's own, in every bit. confusion and prediction (rows) are
 * allocated here; owned by the caller (confusion_free, memory_free). Failures of dataset_open; STATUS_DATA also: images
 * of another shape or type. */
MUST_CHECK Status saved_evaluate(Saved *saved, const char *file, CheckpointScore *score, Confusion *confusion,
                                 Prediction **prediction);

/* Classifies all images of one dataset in an HDF5 file. prediction (*rows, labels 0) as above. STATUS_DATA: images of
 * another shape or type, or a value that is not finite. */
MUST_CHECK Status saved_predict(Saved *saved, const char *file, const char *images, Prediction **prediction,
                                uint32_t *rows);

#endif
