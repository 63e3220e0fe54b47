/* src/kernels/fold: whoever adds, it is the tree of the definition. */
#include "kernels/fold.h"

#include "base/philox.h"
#include "unit.h"

/* The tree by its definition, on one number a shard. */
#define TREE(Real, tree)                                                                                \
    static Real tree(const Real *value, size_t shards, unsigned depth, size_t node)                     \
    {                                                                                                   \
        const size_t begin = (node * shards) >> depth, end = ((node + 1) * shards) >> depth;            \
        if (end - begin == 1) return value[begin];                                                      \
        const size_t middle = ((2 * node + 1) * shards) >> (depth + 1);                                 \
        if (middle == begin) return tree(value, shards, depth + 1, 2 * node + 1);                       \
        if (middle == end) return tree(value, shards, depth + 1, 2 * node);                             \
        return tree(value, shards, depth + 1, 2 * node) + tree(value, shards, depth + 1, 2 * node + 1); \
    }

TREE(float, tree_f32)
TREE(double, tree_f64)

/* Runs a fold on one float an item. */
static size_t run_fold(const Fold *fold, const float *item, float *output)
{
    float stack[FOLD_MAX_DEPTH];
    size_t depth = 0, outputs = 0;
    for (size_t i = 0; i < fold->items; i++) {
        stack[depth++] = item[i];
        for (unsigned m = 0; m < fold->merges[i]; m++, depth--) stack[depth - 2] += stack[depth - 1];
        CU_ASSERT_FATAL(depth <= FOLD_MAX_DEPTH);
        if (fold->closes[i]) output[outputs++] = stack[--depth];
    }
    CU_ASSERT_EQUAL(depth, 0);
    CU_ASSERT_EQUAL(outputs, fold->outputs);
    return outputs;
}

/* One level of a hierarchy: folds the parts [begin[p], begin[p + 1]), whose outputs are the items. */
static void fold_parts(size_t shards, size_t parts, const size_t *begin, const float *item, size_t items, float *output,
                       size_t *outputs)
{
    Fold fold;
    CU_ASSERT_EQUAL_FATAL(fold_init_parts(&fold, shards, parts, begin), STATUS_OK);
    CU_ASSERT_EQUAL(fold.items, items);
    *outputs = run_fold(&fold, item, output);
    fold_free(&fold);
}

/* Shards into ranks, ranks into nodes, nodes into the root. Random floats of many magnitudes: any other order of adding
 * shows. */
static void check_hierarchy(const float *value, size_t shards, size_t ranks, size_t nodes)
{
    float of_rank[FOLD_MAX_DEPTH * 80], of_node[FOLD_MAX_DEPTH * 80], root;
    size_t rank_begin[41], node_begin[41], shard[41], at_node = 0, outputs;
    for (size_t s = 0; s <= shards; s++) shard[s] = s;
    for (size_t r = 0; r <= ranks; r++) rank_begin[r] = fold_run_begin(shards, ranks, r);
    for (size_t n = 0; n < nodes; n++) {
        const size_t first = fold_run_begin(ranks, nodes, n), end = fold_run_begin(ranks, nodes, n + 1);
        size_t at_rank = 0;
        for (size_t r = first; r < end; r++) {
            const size_t run = rank_begin[r + 1] - rank_begin[r];
            fold_parts(shards, run, shard + rank_begin[r], value + rank_begin[r], run, of_rank + at_rank, &outputs);
            at_rank += outputs;
        }
        fold_parts(shards, end - first, rank_begin + first, of_rank, at_rank, of_node + at_node, &outputs);
        at_node += outputs;
        node_begin[n] = rank_begin[first];
    }
    node_begin[nodes] = shards;
    fold_parts(shards, nodes, node_begin, of_node, at_node, &root, &outputs);
    CU_ASSERT_EQUAL(outputs, 1);
    CU_ASSERT_EQUAL(root, tree_f32(value, shards, 0, 0));
}

static void runs_folded_by_any_ranks_and_nodes_make_the_same_tree(void)
{
    Stream stream;
    stream_init(&stream, 3, PURPOSE_SYNTHESIS, 0, 0);
    for (size_t shards = 1; shards <= 40; shards++) {
        float value[40];
        for (size_t s = 0; s < shards; s++) value[s] = (stream_uniform(&stream) - 0.5f) * (float)(1u << (s % 24));
        for (size_t ranks = 1; ranks <= shards; ranks++)
            for (size_t nodes = 1; nodes <= ranks; nodes++) check_hierarchy(value, shards, ranks, nodes);
    }
}

static void doubles_are_added_in_the_order_of_the_tree(void)
{
    Stream stream;
    stream_init(&stream, 4, PURPOSE_SYNTHESIS, 0, 0);
    for (size_t shards = 1; shards <= 200; shards++) {
        double value[200];
        Fold whole;
        for (size_t s = 0; s < shards; s++) {
            value[s] = ((double)stream_uniform(&stream) + 0x1p-30 * (double)stream_uniform(&stream) - 0.5);
            value[s] *= (double)(1u << stream_below(&stream, 24));
        }
        const double expected = tree_f64(value, shards, 0, 0);
        CU_ASSERT_EQUAL_FATAL(fold_init_run(&whole, shards, 0, shards), STATUS_OK);
        CU_ASSERT_EQUAL(fold_doubles(&whole, value), expected);
        fold_free(&whole);
    }
}

/* A power of two of ranks and shards leaves one subtree a rank: the reduction then moves the least bytes. */
static void a_rank_of_a_balanced_run_has_one_subtree(void)
{
    Fold fold;
    CU_ASSERT_EQUAL_FATAL(fold_init_run(&fold, 8, 4, 8), STATUS_OK);
    CU_ASSERT_EQUAL(fold.outputs, 1);
    fold_free(&fold);
    CU_ASSERT_EQUAL_FATAL(fold_init_run(&fold, 8, 2, 5), STATUS_OK);
    CU_ASSERT_EQUAL(fold.outputs, 2);
    fold_free(&fold);
}

static void items_may_be_left_apart(void)
{
    Fold fold;
    CU_ASSERT_EQUAL_FATAL(fold_init_each(&fold, 5), STATUS_OK);
    CU_ASSERT(fold.items == 5 && fold.outputs == 5);
    for (size_t i = 0; i < 5; i++) CU_ASSERT(fold.merges[i] == 0 && fold.closes[i] == 1);
    fold_free(&fold);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(runs_folded_by_any_ranks_and_nodes_make_the_same_tree),
        UNIT(doubles_are_added_in_the_order_of_the_tree),
        UNIT(a_rank_of_a_balanced_run_has_one_subtree),
        UNIT(items_may_be_left_apart),
    };
    return UNIT_RUN("fold", tests);
}
