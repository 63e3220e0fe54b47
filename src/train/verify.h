/* The proof, from the run directory and the dataset alone, that every sample was used exactly once in every epoch,
 * across all kills and resumes; and that the checkpoints belong to it. */
#ifndef LOCKSTEP_TRAIN_VERIFY_H
#define LOCKSTEP_TRAIN_VERIFY_H

#include <stdio.h>

#include "base/status.h"

/* Each record must be whole and linked to the one before (rundir/record_link.h); the records of each start must follow
 * each other without a gap, and what was done twice be the same; the order of samples, replayed from (seed, epoch,
 * shard), must be that of the rows that were really packed; settings, counts, learning rates, sums of losses,
 * evaluations, predictions, the dataset's, the models' and the optimizer's digests and the chain of steps
 * (rundir/chain.h) must agree between records, config, dataset, predictions.csv and checkpoints, each of which must be
 * valid. Prints what it found to out, and which of the records of a step that was done twice counts. What it cannot
 * see: weights that were computed wrongly and recorded as they are, records that were cut off at the end behind the
 * newest checkpoint or together with it, what of the last line follows from nothing else, and whatever was altered
 * everywhere at once. Steps whose records the newest checkpoint says to be lost may be missing. dataset: the file that
 * has it; NULL: the one that it was trained with. Local. STATUS_NO_INPUT: no run; or nothing contradicts anything, but
 * a file is missing that the records tell of; STATUS_DATA: the run cannot be proven: what contradicts what, at which
 * line or step; STATUS_IO: nothing does, but records are missing that were lost when the disk was full or failed. */
MUST_CHECK Status verify_run(const char *directory, const char *dataset, FILE *out);

#endif
