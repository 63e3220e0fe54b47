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

typedef struct {
    const char *directory; /* borrowed */
    const char *given;     /* the dataset's file, if it is not that of the settings; borrowed */
    FILE *out;             /* borrowed */
    Settings settings;
    History history;       /* owned */
    Dataset *dataset;      /* owned */
    Digest dataset_digest; /* of its values */
    uint32_t rows;         /* of the training set */
    uint64_t batch, steps_per_epoch;
    Gaps gaps;           /* in the records, as the checkpoints tell */
    uint64_t first_step; /* recorded from the one after it on: 0, or where a checkpoint from elsewhere stood */
    uint64_t last_step;  /* the largest that is recorded or in a gap, not below it */

    /* (last_step + 1) by step: 1 + the index of an event, 0 if there is none. */
    size_t *of_step;  /* the record of the step that counts, the last; owned */
    size_t *of_model; /* the last that has the digest of the model then; owned */
    size_t *of_score; /* the last that has an evaluation of it; owned */
    size_t *of_chain; /* the last that has the chain of the steps up to it; owned */

    uint32_t *times; /* (last_step + 1) how often the step is recorded; owned */
    Digest *chain;   /* (last_step + 1) of the steps up to this one (rundir/chain.h); owned */
    bool *chained;   /* (last_step + 1) is it known: from the records of all steps, or from one that tells it; owned */
    size_t links;    /* records and checkpoints that hold the same chain */
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

#endif
