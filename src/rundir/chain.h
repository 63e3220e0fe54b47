/* The chain of a run's steps: one digest of all that the step records tell, each step added to those before it. It is
 * the same on any number of ranks and whatever was done again, stands in every checkpoint and in the records of
 * checkpoints, resumes and ends, and so ties these to the steps that they cover. XXH3 keeps no secret: who alters
 * records and checkpoints together can make them agree. */
#ifndef LOCKSTEP_RUNDIR_CHAIN_H
#define LOCKSTEP_RUNDIR_CHAIN_H

#include "base/digest.h"

/* A step, as it is recorded. */
typedef struct {
    uint64_t step, samples, rows;
    double loss, learning_rate;
} ChainLink;

/* The chain after one more step: XXH3-128 of the chain before it (low, then high), step, samples, rows and the bits of
 * loss and learning rate, as little-endian words of 64 bits. Before the first step the chain is 0. */
Digest chain_after(Digest chain, const ChainLink *link);

#endif
