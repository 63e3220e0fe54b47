/* What TensorBoard shows of a training (log.tensorboard):
 *
 *   train/loss, train/learning_rate     of each step, or of every so many that a run has some 10000 points
 *   epoch/train_loss, test_loss, test_accuracy, samples_per_second
 *   parameters/layer<i>.weight, .bias   histograms at the end of each epoch
 *   mistakes/worst, mistakes/list       picture and list of an evaluation's worst mistakes (train/mistakes.h)
 *   config                              all settings, at the first step of each start; for the dashboard HParams those
 *                                       that belong to the result (RESUME_FREE ones do not)
 *
 * A step here is the number of steps that were completed, as in the records. Rank 0 writes; the files cannot stop a
 * training (output/events.h). */
#ifndef LOCKSTEP_TRAIN_BOARD_H
#define LOCKSTEP_TRAIN_BOARD_H

#include "output/events.h"
#include "rundir/chain.h"
#include "rundir/checkpoint.h"
#include "train/mistakes.h"

struct Trainer;

typedef struct {
    Events *events;       /* of rank 0 alone; owned */
    Histogram *histogram; /* owned */
    Mistakes mistakes;
} Board;

/* Takes the memory. Local. */
MUST_CHECK Status board_init(Board *board, int dimensions, const uint64_t *extent);
void board_free(Board *board); /* accepts a zeroed struct */

/* Begins the file of this start in the run directory. For rank 0. STATUS_CANT_CREATE, STATUS_INTERNAL. */
MUST_CHECK Status board_open(struct Trainer *trainer);

/* The step that was completed. Local. */
void board_step(struct Trainer *trainer, const ChainLink *link);

/* The epoch that was completed, before its losses are cleared. score: count 0 if it was not evaluated. Collective. */
void board_epoch(struct Trainer *trainer, const CheckpointScore *score, double samples_per_second);

#endif
