/* Private to the verify*.c: a run's records, and what follows from them step by step. */
#ifndef LOCKSTEP_TRAIN_VERIFY_INTERNAL_H
#define LOCKSTEP_TRAIN_VERIFY_INTERNAL_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "config/settings.h"
#include "data/dataset.h"
#include "rundir/gaps.h"
#include "rundir/history.h"

enum { VERIFY_FILES = 3, VERIFY_NAME = 64 };

typedef struct {
    const char *directory; /* borrowed */
    const char *given;     /* the dataset's file, if it is not that of the settings; borrowed */
    FILE *out;             /* borrowed */
    Settings settings;
    History history;       /* owned */
    Dataset *dataset;      /* owned */
    Digest dataset_digest; /* of its values */
    uint32_t rows;         /* of the training set */
    uint32_t test_rows;
    uint64_t parameters, image_width; /* of the network */
    uint64_t batch, steps_per_epoch, total_steps;
    Gaps gaps;           /* in the records, as the checkpoints tell */
    uint64_t first_step; /* recorded from the one after it on: 0, or where a checkpoint from elsewhere stood */
    bool adopted;        /* what it stands on is a checkpoint from elsewhere; of step 0, its weights may be imported */
    uint64_t last_step;  /* the largest that is recorded or in a gap, not below it */

    /* (last_step + 1) by step: 1 + the index of an event, 0 if there is none. */
    size_t *of_step;      /* the record of the step that counts, the last; owned */
    size_t *of_model;     /* the last that has the digest of the model then; owned */
    size_t *of_optimizer; /* that has the digest of the optimizer's state; owned */
    size_t *of_shards;    /* that has those of the shards' gradients in it; owned */
    size_t *of_score;     /* the last that has an evaluation of it; owned */
    size_t *of_chain;     /* the last that has the chain of the steps up to it; owned */

    uint32_t *times; /* (last_step + 1) how often the step is recorded; owned */
    Digest *chain;   /* (last_step + 1) of the steps up to this one (rundir/chain.h); owned */
    bool *chained;   /* (last_step + 1) is it known: from the records of all steps, or from one that tells it; owned */
    size_t links;    /* records and checkpoints that hold the same chain */

    char missing[VERIFY_FILES][VERIFY_NAME]; /* (misses) files that are told of and not there */
    size_t misses;
    bool unrecorded; /* the newest checkpoint has no record */
} Verification;

/* The event at an index of the arrays above; NULL for 0. */
static inline const Event *verify_event(const Verification *v, size_t index)
{
    return index ? &v->history.event[index - 1] : NULL;
}

/* Equal in every bit, or both NaN. */
static inline bool verify_same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

/* All of these are local, and return STATUS_DATA with what contradicts what, at which line or step. */

/* Fills gaps. */
MUST_CHECK Status verify_gaps(Verification *v);

bool verify_finished(const Event *event); /* an end: nothing was left to train */
bool verify_failed(const Event *event);   /* an end: neither finished nor stopped on request */
bool verify_ended(const Verification *v); /* the end of the training after its last step is recorded */

/* The records of starts against the config and the dataset: before anything is sized by what they say. */
MUST_CHECK Status verify_starts(const Verification *v);

/* The records of ends against their starts and themselves. */
MUST_CHECK Status verify_ends(const Verification *v);

/* Each start's records follow each other without a gap, and what was recorded twice is the same. Fills the arrays but
 * for those of the chain. */
MUST_CHECK Status verify_sequence(Verification *v);

/* The records of the rows really packed against the order, replayed. */
MUST_CHECK Status verify_order(const Verification *v);

/* Are all the steps (first, last] recorded, none of them lost? */
bool verify_recorded(const Verification *v, uint64_t first, uint64_t last);

/* Fills chain, and holds it against all records that have one. */
MUST_CHECK Status verify_chain(Verification *v);

/* A chain that is said to cover the steps up to `step`; who: what says so, for the message. */
MUST_CHECK Status verify_link(Verification *v, const char *who, uint64_t step, Digest chain);

/* The records of epochs against those of their steps. */
MUST_CHECK Status verify_epochs(const Verification *v);

/* The losses of the steps (first, last], of one epoch and all recorded, against a sum of them (rundir/checkpoint.h:
 * epoch_loss). */
bool verify_losses(const Verification *v, uint64_t first, uint64_t last, double sum);

/* All numbered checkpoints, and best.h5 where there is one; *count: the numbered ones that are there. */
MUST_CHECK Status verify_checkpoints(Verification *v, size_t *count);

/* The newest recorded checkpoint and the recorded best one are there, or noted as missing; is best.h5 the recorded one?
 * newest, best_step: the largest step of the numbered ones that are there, and that of best.h5; 0: none. */
MUST_CHECK Status verify_files(Verification *v, uint64_t newest, uint64_t best_step);

/* predictions.csv of a finished training against the test set and its end's counts. */
MUST_CHECK Status verify_predictions(Verification *v);

/* Notes that a file of the run directory is missing. */
void verify_miss(Verification *v, const char *name);

#endif
