#include "kernels/fold.h"

#include <assert.h>
#include <stdbool.h>

#include "base/memory.h"

/* Which nodes' additions belong to the fold that is built: those within one of these runs, or those within none. */
typedef struct {
    size_t shards, ranks;
    size_t first, end;  /* a rank's own run */
    bool between_ranks; /* the additions within no run at all */
    uint8_t *at_end;    /* (shards) out: additions after each shard */
    uint8_t *output;    /* (shards) out: a maximal node of the fold ends with this shard */
} Walk;

static bool within_one_run(const Walk *walk, size_t begin, size_t end)
{
    if (!walk->between_ranks) return begin >= walk->first && end <= walk->end;
    /* The run that holds shard begin: the last that starts at or before it. */
    size_t rank = begin * walk->ranks / walk->shards;
    while (fold_run_begin(walk->shards, walk->ranks, rank + 1) <= begin) rank++;
    return end <= fold_run_begin(walk->shards, walk->ranks, rank + 1);
}

/* parent_within: the node above lies within one run already, so that this one is no maximal subtree. */
static void visit(const Walk *walk, unsigned depth, size_t node, bool parent_within)
{
    const size_t begin = (node * walk->shards) >> depth, end = ((node + 1) * walk->shards) >> depth;
    if (begin == end) return;
    const bool within = within_one_run(walk, begin, end);
    if (within && !parent_within) walk->output[end - 1] = 1;
    if (end - begin == 1) return;
    visit(walk, depth + 1, 2 * node, within);
    visit(walk, depth + 1, 2 * node + 1, within);
    const size_t middle = ((2 * node + 1) * walk->shards) >> (depth + 1);
    const bool two_halves = middle > begin && middle < end;
    if (two_halves && within != walk->between_ranks) walk->at_end[end - 1]++;
}

static Status fold_new(Fold *fold, size_t items)
{
    fold->items = items;
    Status st = memory_new(&fold->merges, 2 * items, "the reduction tree");
    if (st == STATUS_OK) fold->closes = fold->merges + items;
    return st;
}

Status fold_init_run(Fold *fold, size_t shards, size_t first, size_t end)
{
    assert(first < end && end <= shards && shards <= FOLD_MAX_SHARDS);
    *fold = (Fold){0};
    uint8_t at_end[FOLD_MAX_SHARDS] = {0}, output[FOLD_MAX_SHARDS] = {0};
    const Walk walk = {.shards = shards, .ranks = 1, .first = first, .end = end, .at_end = at_end, .output = output};
    visit(&walk, 0, 0, false);
    Status st = fold_new(fold, end - first);
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < fold->items; i++) {
        fold->merges[i] = at_end[first + i];
        fold->closes[i] = output[first + i];
        fold->outputs += output[first + i];
    }
    return STATUS_OK;
}

Status fold_init_ranks(Fold *fold, size_t shards, size_t ranks)
{
    assert(ranks >= 1 && ranks <= shards && shards <= FOLD_MAX_SHARDS);
    *fold = (Fold){0};
    uint8_t at_end[FOLD_MAX_SHARDS] = {0}, output[FOLD_MAX_SHARDS] = {0};
    const Walk walk = {.shards = shards, .ranks = ranks, .between_ranks = true, .at_end = at_end, .output = output};
    visit(&walk, 0, 0, false);
    size_t items = 0;
    for (size_t s = 0; s < shards; s++) items += output[s];
    Status st = fold_new(fold, items);
    if (st != STATUS_OK) return st;
    size_t i = 0;
    for (size_t s = 0; s < shards; s++)
        if (output[s]) fold->merges[i++] = at_end[s];
    fold->closes[items - 1] = 1;
    fold->outputs = 1;
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
