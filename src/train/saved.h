/* A trained network from a checkpoint, in use without a training. One process, no MPI. */
#ifndef LOCKSTEP_TRAIN_SAVED_H
#define LOCKSTEP_TRAIN_SAVED_H

#include "config/settings.h"
#include "data/dataset.h"
#include "rundir/checkpoint.h"
#include "train/evaluate.h"

typedef struct {
    Checkpoint checkpoint; /* owned */
    Settings settings;     /* those that it was trained with */
    Network network;       /* the checkpoint's, which computes as the settings say */
    float *slab;           /* of the classifier; owned */
    Classifier classifier; /* views into the others */
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

/* All images of one dataset in an HDF5 file, labels 0; images: its path, or NULL for the training's test images.
 * *samples, on failure too, is the caller's (samples_free). STATUS_DATA: no HDF5 file, images of another shape or type,
 * or a value that is not finite; failures of h5file_open. */
MUST_CHECK Status saved_read_images(const Saved *saved, const char *file, const char *images, Samples *samples);

/* The same from a picture's file (data/picture.h): one image, by fit_image what the network was trained on, or, as_is,
 * the picture's own levels. STATUS_DATA: a network that was trained on float32 images; for fit_image one on images
 * without height and width, or a picture without ink; as_is, one of another shape; failures of picture_read. */
MUST_CHECK Status saved_read_picture(const Saved *saved, const char *file, bool as_is, Samples *samples);

/* Classifies what one of these has read. prediction (samples->count) as above. STATUS_INTERNAL. */
MUST_CHECK Status saved_predict(const Saved *saved, const Samples *samples, Prediction **prediction);

#endif
