/* What a training would do, without doing it. */
#ifndef LOCKSTEP_TRAIN_CHECK_H
#define LOCKSTEP_TRAIN_CHECK_H

#include <stdio.h>

#include "config/settings.h"

/* Validates settings and dataset, every label and pixel included, for this number of ranks, and prints the model, the
 * steps and the memory of each rank. Local, creates nothing. The failures of trainer_open. */
MUST_CHECK Status train_check(const Settings *settings, size_t ranks, const char *run_path, FILE *out);

#endif
