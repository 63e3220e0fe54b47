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

/* Random floats of many magnitudes: any other order of adding shows. */
static void runs_folded_by_any_number_of_ranks_make_the_same_tree(void)
{
    Stream stream;
    stream_init(&stream, 3, PURPOSE_SYNTHESIS, 0, 0);
    for (size_t shards = 1; shards <= 40; shards++) {
        float value[40], pieces[400], root;
        for (size_t s = 0; s < shards; s++) value[s] = (stream_uniform(&stream) - 0.5f) * (float)(1u << (s % 24));
        const float expected = tree_f32(value, shards, 0, 0);
        for (size_t ranks = 1; ranks <= shards; ranks++) {
            size_t count = 0;
            for (size_t r = 0; r < ranks; r++) {
                const size_t first = fold_run_begin(shards, ranks, r);
                Fold run;
                CU_ASSERT_EQUAL_FATAL(fold_init_run(&run, shards, first, fold_run_begin(shards, ranks, r + 1)),
                                      STATUS_OK);
                count += run_fold(&run, value + first, pieces + count);
                fold_free(&run);
            }
            Fold whole;
            CU_ASSERT_EQUAL_FATAL(fold_init_ranks(&whole, shards, ranks), STATUS_OK);
            CU_ASSERT_EQUAL(whole.items, count);
            CU_ASSERT_EQUAL(run_fold(&whole, pieces, &root), 1);
            CU_ASSERT_EQUAL(root, expected);
            fold_free(&whole);
        }
    }
}

/* The losses: one rank's run that is everything, or one shard a rank. */
static void doubles_are_added_in_the_order_of_the_tree(void)
{
    Stream stream;
    stream_init(&stream, 4, PURPOSE_SYNTHESIS, 0, 0);
    for (size_t shards = 1; shards <= 200; shards++) {
        double value[200];
        Fold whole[2];
        for (size_t s = 0; s < shards; s++) {
            value[s] = ((double)stream_uniform(&stream) + 0x1p-30 * (double)stream_uniform(&stream) - 0.5);
            value[s] *= (double)(1u << stream_below(&stream, 24));
        }
        const double expected = tree_f64(value, shards, 0, 0);
        CU_ASSERT_EQUAL_FATAL(fold_init_run(&whole[0], shards, 0, shards), STATUS_OK);
        CU_ASSERT_EQUAL_FATAL(fold_init_ranks(&whole[1], shards, shards), STATUS_OK);
        for (int i = 0; i < 2; i++) {
            CU_ASSERT_EQUAL(fold_doubles(&whole[i], value), expected);
            fold_free(&whole[i]);
        }
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

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(runs_folded_by_any_number_of_ranks_make_the_same_tree),
        UNIT(doubles_are_added_in_the_order_of_the_tree),
        UNIT(a_rank_of_a_balanced_run_has_one_subtree),
    };
    return UNIT_RUN("fold", tests);
}
