/* The fixed binary tree over the shards, as a program for a stack.
 *
 * The tree: node j of depth d is the shards [floor(jS/2^d), floor((j+1)S/2^d)); its halves are nodes 2j and 2j+1 of
 * depth d+1; an empty half drops out. Its value is left + right; a leaf is one shard.
 *
 * A fold over items (shards, or parts of the tree that are summed already), taken in ascending order: push the item,
 * then merges[i] times replace the two topmost a, b by a + b, then, if closes[i], take the top away: it is the next
 * output. A rank that owns a run of shards folds it into the fewest subtrees that cover it; whoever has the subtrees of
 * neighbouring runs folds those into the fewest that cover all of them, and so on up to the root. Together that is the
 * whole tree, whatever the runs. */
#ifndef LOCKSTEP_KERNELS_FOLD_H
#define LOCKSTEP_KERNELS_FOLD_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    FOLD_MAX_SHARDS = 1024,
    FOLD_MAX_DEPTH = 12, /* items on the stack at once: log2 of FOLD_MAX_SHARDS, plus 2 */
};

typedef struct {
    size_t items, outputs;
    uint8_t *merges; /* (items); owned */
    uint8_t *closes; /* (items); view into merges */
} Fold;

/* Rank r's run of S shards among P ranks is [fold_run_begin(r), fold_run_begin(r + 1)). */
static inline size_t fold_run_begin(size_t shards, size_t ranks, size_t rank)
{
    return rank * shards / ranks;
}

/* The fold of the shards [first, end) of all, end > first: outputs are the maximal subtrees within the run, ascending.
 */
MUST_CHECK Status fold_init_run(Fold *fold, size_t shards, size_t first, size_t end);

/* The same where neighbouring runs are folded already: items are the outputs of the runs [begin[p], begin[p + 1]), part
 * by part, outputs the maximal subtrees within all of them together; one output, the root, if they are all shards.
 *   begin (parts + 1): ascending */
MUST_CHECK Status fold_init_parts(Fold *fold, size_t shards, size_t parts, const size_t *begin);

/* Nothing is added: each of the items is an output. */
MUST_CHECK Status fold_init_each(Fold *fold, size_t items);

void fold_free(Fold *fold); /* accepts a zeroed struct */

/* The value of the whole tree over value (shards). */
double fold_doubles(const Fold *whole, const double *value);

#endif
