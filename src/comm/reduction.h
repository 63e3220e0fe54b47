/* The sum of the gradient over all ranks, in the order of the tree (kernels/fold.h), and beside it the words by which
 * the ranks tell each other what happened in the step.
 *
 * A step of every rank:   reduction_begin    from now on its pieces may be written
 *                         ...                the gradient of its shards goes into reduction_pieces
 *                         reduction_words    everybody's words; nothing has been done with a gradient yet
 *                         reduction_finish   the summed gradient, block by block, straight to its consumer
 *
 * The pieces lie where the ranks of a node see them (node.h). Within a node nothing is copied; between nodes go the
 * subtree sums of whole nodes, slice by slice to the slice's owner, and its sum back. */
#ifndef LOCKSTEP_COMM_REDUCTION_H
#define LOCKSTEP_COMM_REDUCTION_H

#include "comm/node.h"
#include "kernels/kernels.h"

typedef enum {
    REDUCTION_TREE, /* the fixed tree: the same bits on any number of ranks */
    REDUCTION_MPI   /* MPI_Allreduce, in whatever order it adds: outside the promise */
} ReductionKind;

/* Which part of the summed gradient a rank is given. */
typedef enum {
    REDUCTION_ALL, /* all of it */
    REDUCTION_MINE /* its share among the ranks of its node, which together are given each float once */
} ReductionShare;

enum { REDUCTION_LINE = 16 }; /* floats: the gradient's length is a multiple of it */

typedef struct Reduction Reduction;

/* Takes gradient (count): floats [begin, begin + count) of the sum, valid during the call; begin and count are
 * multiples of REDUCTION_LINE. */
typedef void ReductionConsumer(void *context, size_t begin, size_t count, const float *gradient);

/* Sets up the reduction of gradients of count floats, a multiple of REDUCTION_LINE, over shards.
 *   count    0: words alone, for a job of one node
 *   words    length of the words' vector
 * Takes reduction_bytes' shared of the node. Collective; agreed. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status reduction_open(Comm *comm, Node *node, ReductionKind kind, const Kernels *kernels, size_t shards,
                                 size_t count, size_t words, Reduction **reduction);
void reduction_close(Reduction *reduction); /* not collective; accepts NULL; before its node is closed */

typedef struct {
    size_t shared; /* of node_share */
    size_t own;    /* the most beside it: what a rank has that is alone on its node */
} ReductionBytes;

/* What it takes on one of so many ranks. Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status reduction_bytes(ReductionKind kind, size_t shards, size_t count, size_t words, size_t ranks,
                                  size_t rank, ReductionBytes *bytes);

/* This rank's subtree sums, (count) each, as many as the fold of its run of shards has outputs: views into the
 * reduction, valid until it is closed. Not collective. */
float *const *reduction_pieces(const Reduction *reduction);

/* The pieces may be written from here on: every rank of the node has returned from the last reduction_finish, and what
 * its consumer wrote where the node shares memory can be read. Collective on the node. */
void reduction_begin(Reduction *reduction);

/* This rank's pieces are complete. word (words): becomes the sum mod 2^64 over the ranks. Collective. */
void reduction_words(Reduction *reduction, uint64_t *word);

/* Gives this rank its share of the sum of all ranks' pieces, each float once, in any order. The pieces are used up. A
 * step that ends with its words may go without, if no other follows. Collective; the same share on every rank of a
 * node. */
void reduction_finish(Reduction *reduction, ReductionShare share, ReductionConsumer *consume, void *context);

#endif
