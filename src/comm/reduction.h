/* The sum of the gradient over all ranks, in the order of the tree (kernels/fold.h), and beside it the words by which
 * the ranks tell each other what happened in the step. */
#ifndef LOCKSTEP_COMM_REDUCTION_H
#define LOCKSTEP_COMM_REDUCTION_H

#include "comm/comm.h"
#include "kernels/kernels.h"

typedef enum {
    REDUCTION_TREE, /* the fixed tree: the same bits on any number of ranks */
    REDUCTION_MPI   /* MPI_Allreduce, in whatever order it adds: outside the promise */
} ReductionKind;

enum { REDUCTION_LINE = 16 }; /* floats: the gradient's length is a multiple of it */

typedef struct Reduction Reduction;

/* Sets up the reduction of gradients of count floats, a multiple of REDUCTION_LINE, over shards.
 *   piece    this rank's subtree sums, as many arrays (count) as the fold of its run of shards has outputs; borrowed
 *   words    length of the words' vector
 * Collective; agreed. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status reduction_open(Comm *comm, ReductionKind kind, const Kernels *kernels, size_t shards, size_t count,
                                 float *const *piece, size_t words, Reduction **reduction);
/* The floats that it allocates on a rank of `ranks` to receive the others' gradients. Local. STATUS_INTERNAL: out of
 * memory. */
MUST_CHECK Status reduction_floats(ReductionKind kind, size_t shards, size_t count, size_t ranks, size_t rank,
                                   size_t *floats);
void reduction_close(Reduction *reduction); /* collective; accepts NULL */

/* Adds up: piece[0] becomes the sum over all shards on every rank (the other pieces are used up), word (words) the sum
 * mod 2^64 over the ranks. Collective: each owner of a slice receives the subtree sums of every run, with the words in
 * the same message, adds them in the tree's order, and everyone gathers the slices. */
void reduction_run(Reduction *reduction, uint64_t *word);

#endif
