/* Weights from elsewhere as a checkpoint. Local, one process, no MPI. */
#ifndef LOCKSTEP_TRAIN_IMPORTED_H
#define LOCKSTEP_TRAIN_IMPORTED_H

#include "config/settings.h"
#include "rundir/checkpoint.h"

/* Writes the checkpoint that a training with these settings would have before its first step, had it drawn the weights
 * in a safetensors file: step 0, velocity 0, an empty chain, the config's scaling, measured on its dataset, all of
 * which is read. So evaluate and predict take it, and a training with the same settings goes on from it.
 *
 *   file, layer  as in safetensors_read; what its metadata say is not looked at
 *   out          the checkpoint's path; one that is there is replaced
 *   made         the checkpoint; freed by the caller (checkpoint_free), zeroed on failure
 *
 * Failures of safetensors_read, dataset_open, measure_scaling and checkpoint_write. */
MUST_CHECK Status imported_write(const Settings *settings, const char *file, const char *const *layer, const char *out,
                                 Checkpoint *made);

#endif
