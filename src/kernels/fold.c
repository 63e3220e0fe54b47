#include "kernels/fold.h"

#include <assert.h>
#include <stdbool.h>

#include "base/memory.h"

/* The walk over the tree that builds a fold; all arrays by shard. */
typedef struct {
    size_t shards, first, end; /* of the fold */
    size_t *part_end;          /* the end of the part that holds this shard; 0 outside the fold */
    uint8_t *at_end;           /* out: the fold's additions after this shard */
    uint8_t *item, *output;    /* out: one of the fold's items, outputs ends with this shard */
} Walk;

/* in_fold, in_part: the node above lies within the fold, within one part of it, so that this one is no maximal subtree
 * there. */
static void visit(const Walk *walk, unsigned depth, size_t node, bool in_fold, bool in_part)
{
    const size_t begin = (node * walk->shards) >> depth, end = ((node + 1) * walk->shards) >> depth;
    if (begin == end) return;
    const bool folds = begin >= walk->first && end <= walk->end, within = end <= walk->part_end[begin];
    if (folds && !in_fold) walk->output[end - 1] = 1;
    if (within && !in_part) walk->item[end - 1] = 1;
    if (end - begin == 1) return;
    visit(walk, depth + 1, 2 * node, folds, within);
    visit(walk, depth + 1, 2 * node + 1, folds, within);
    const size_t middle = ((2 * node + 1) * walk->shards) >> (depth + 1);
    const bool two_halves = middle > begin && middle < end;
    if (two_halves && folds && !within) walk->at_end[end - 1]++;
}

/* The fold that the walk has found. */
static Status fold_new(Fold *fold, const Walk *walk)
{
    for (size_t s = walk->first; s < walk->end; s++) fold->items += walk->item[s];
    Status st = memory_new(&fold->merges, 2 * fold->items, "the reduction tree");
    if (st != STATUS_OK) return st;
    fold->closes = fold->merges + fold->items;
    size_t i = 0;
    for (size_t s = walk->first; s < walk->end; s++) {
        if (!walk->item[s]) continue;
        fold->merges[i] = walk->at_end[s];
        fold->closes[i] = walk->output[s];
        fold->outputs += fold->closes[i++];
    }
    return STATUS_OK;
}

Status fold_init_parts(Fold *fold, size_t shards, size_t parts, const size_t *begin)
{
    assert(parts >= 1 && begin[parts] <= shards && shards <= FOLD_MAX_SHARDS);
    *fold = (Fold){0};
    size_t part_end[FOLD_MAX_SHARDS] = {0};
    uint8_t at_end[FOLD_MAX_SHARDS] = {0}, item[FOLD_MAX_SHARDS] = {0}, output[FOLD_MAX_SHARDS] = {0};
    for (size_t p = 0; p < parts; p++) {
        assert(begin[p] < begin[p + 1]);
        for (size_t s = begin[p]; s < begin[p + 1]; s++) part_end[s] = begin[p + 1];
    }
    const Walk walk = {shards, begin[0], begin[parts], part_end, at_end, item, output};
    visit(&walk, 0, 0, false, false);
    return fold_new(fold, &walk);
}

Status fold_init_run(Fold *fold, size_t shards, size_t first, size_t end)
{
    assert(first < end && end <= shards && shards <= FOLD_MAX_SHARDS);
    size_t begin[FOLD_MAX_SHARDS + 1];
    for (size_t s = first; s <= end; s++) begin[s - first] = s;
    return fold_init_parts(fold, shards, end - first, begin);
}

Status fold_init_each(Fold *fold, size_t items)
{
    *fold = (Fold){0};
    Status st = memory_new(&fold->merges, 2 * items, "the reduction tree");
    if (st != STATUS_OK) return st;
    fold->items = fold->outputs = items;
    fold->closes = fold->merges + items;
    for (size_t i = 0; i < items; i++) fold->closes[i] = 1;
    return STATUS_OK;
}

void fold_free(Fold *fold)
{
    memory_free(fold->merges);
    *fold = (Fold){0};
}

double fold_doubles(const Fold *whole, const double *value)
{
    assert(whole->outputs == 1);
    double stack[FOLD_MAX_DEPTH];
    size_t depth = 0;
    for (size_t i = 0; i < whole->items; i++) {
        stack[depth++] = value[i];
        for (unsigned m = 0; m < whole->merges[i]; m++, depth--) stack[depth - 2] += stack[depth - 1];
    }
    return stack[0];
}
