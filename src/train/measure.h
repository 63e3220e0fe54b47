/* The scaling that a training will set up, in one process. */
#ifndef LOCKSTEP_TRAIN_MEASURE_H
#define LOCKSTEP_TRAIN_MEASURE_H

#include "config/settings.h"
#include "data/scaling.h"

/* *scaling = what trainer_open makes of these settings and this dataset, in every bit: the training images are read
 * shard by shard, as ranks do it. Local. Failures as scaling_init_uint8, scaling_init_float and samples_init. */
MUST_CHECK Status measure_scaling(const Settings *settings, Dataset *dataset, Scaling *scaling);

#endif
