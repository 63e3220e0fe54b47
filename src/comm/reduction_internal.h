/* What the reduction's files share: reduction.c runs it, reduction_open.c sets it up, reduction_bytes.c knows
 * its lengths. */
#ifndef LOCKSTEP_COMM_REDUCTION_INTERNAL_H
#define LOCKSTEP_COMM_REDUCTION_INTERNAL_H

#include "comm/messages.h"
#include "comm/reduction_bytes.h"

enum { WORDS_PER_LINE = MESSAGES_LINE / (int)sizeof(uint64_t) };
_Static_assert(MESSAGES_LINE == REDUCTION_LINE * sizeof(float), "one unit of length");

/* An array over the gradient, or over one slice of it. */
typedef struct {
    float *at;    /* borrowed */
    size_t begin; /* the float that at[0] is */
} Item;

/* A fold and what it adds. */
typedef struct {
    Fold fold;  /* owned */
    Item *item; /* (fold.items) owned */
} Addends;

struct Reduction {
    Comm *comm;
    Node *node;
    ReductionKind kind;
    const Kernels *kernels;
    size_t shards, count, words, pieces;
    size_t word_lines; /* of the words' vector */
    float **piece;     /* (pieces) views into segment or alone; owned */
    float *alone;      /* the pieces where nobody else reads them: kind MPI; owned */
    void **segment;    /* (node_size) what each rank shares: its pieces, then its words; array owned */
    uint64_t **posted; /* (node_size) the words in there; array owned */
    size_t *keeper;    /* (ranks of the job) of each slice on this node; owned */
    Addends all;       /* the other nodes' subtrees and the pieces of this node's ranks, into the root */
    Addends here;      /* the pieces of this node's ranks into its subtrees; of several nodes */
    Item *subtree;     /* (here.fold.outputs) where these go: over the first item of each; owned */
    float *scratch;    /* (FOLD_MAX_DEPTH, REDUCTION_BLOCK) owned */
    bool direct;       /* every rank adds everything itself; of one node */
    float *received;   /* this rank's slice of the other nodes' subtrees; owned */
    uint64_t *word;    /* (nodes, words in whole lines) first of this node, then of the others; owned */
    Messages items_in, items_out, sums_in, sums_out;

    uint64_t finished; /* sums so far */
};

/* The first rank of this rank's node. */
static inline size_t reduction_first_here(const Reduction *r)
{
    return (size_t)r->comm->rank - (size_t)node_rank(r->node);
}

static inline bool reduction_is_here(const Reduction *r, size_t rank)
{
    const size_t first = reduction_first_here(r);
    return rank >= first && rank < first + (size_t)node_size(r->node);
}

/* The floats of rank's slice, first and number. */
size_t reduction_slice_begin(const Reduction *reduction, size_t rank);
size_t reduction_slice_floats(const Reduction *reduction, size_t rank);

#endif
