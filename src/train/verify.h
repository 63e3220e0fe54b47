/* The proof, from the run directory and the dataset alone, that every sample was used exactly once in every epoch,
 * across all kills and resumes; and that the checkpoints belong to it. */
#ifndef LOCKSTEP_TRAIN_VERIFY_H
#define LOCKSTEP_TRAIN_VERIFY_H

#include <stdio.h>

#include "base/status.h"

/* Replays the order of samples from (seed, epoch, shard) and holds it against the records of the rows that were really
 * packed; a step that was done twice must have been the same both times; every checkpoint must be valid, of this run,
 * and have the model that the records tell. Prints what it found to out. Local. STATUS_NO_INPUT: no run; STATUS_DATA:
 * the run cannot be proven: what contradicts what, at which line or step. */
MUST_CHECK Status verify_run(const char *directory, FILE *out);

#endif
