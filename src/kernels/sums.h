/* The tree over a rank's items (fold.h), taken within the weight gradient for a block of SUMS vectors at a time. Items
 * that are neighbours in the tree are added in registers, four at once where the tree allows: with few samples an item,
 * going through memory for each would cost as much as the products. */
#ifndef LOCKSTEP_KERNELS_SUMS_H
#define LOCKSTEP_KERNELS_SUMS_H

#include "kernels/fold.h"
#include "kernels/simd.h"

enum { SUMS = 8 }; /* vectors; three blocks of them fit 32 registers with room for operands */

typedef struct {
    Vec v[SUMS];
} Sums;

/* One step of a fold: `together` items, 4, 2 or 1, that are a whole subtree are added, then the stack's topmost
 * `merges` times to that; if closes, that is an output, else the stack's new top. */
typedef struct {
    uint8_t together, merges;
    bool closes;
} SumsStep;

typedef struct {
    size_t count;
    SumsStep step[FOLD_MAX_SHARDS];
} SumsPlan;

static inline uint8_t sums_together(const Fold *fold, size_t item)
{
    const uint8_t *merges = fold->merges + item, *closes = fold->closes + item;
    if (item + 1 >= fold->items || merges[0] || closes[0] || !merges[1]) return 1;
    if (item + 3 >= fold->items || merges[1] != 1 || closes[1] || merges[2] || closes[2] || merges[3] < 2) return 2;
    return 4;
}

static inline void sums_plan(const Fold *fold, SumsPlan *plan)
{
    plan->count = 0;
    for (size_t item = 0; item < fold->items;) {
        const uint8_t together = sums_together(fold, item);
        item += together;
        plan->step[plan->count++] =
            (SumsStep){together, (uint8_t)(fold->merges[item - 1] - together / 2), fold->closes[item - 1] != 0};
    }
}

/* An item's value, and what takes the fold's outputs: their chains are not closed yet (kernels.h). */
typedef Sums SumsLeaf(const void *block, size_t item);
typedef void SumsPut(void *block, size_t output, Sums sum);

ALWAYS_INLINE Sums sums_add(Sums left, Sums right)
{
    for (int i = 0; i < SUMS; i++) left.v[i] = vec_add(left.v[i], right.v[i]);
    return left;
}

ALWAYS_INLINE Sums sums_of(SumsLeaf *leaf, const void *block, size_t item, size_t together)
{
    const Sums a = leaf(block, item);
    if (together == 1) return a;
    const Sums ab = sums_add(a, leaf(block, item + 1));
    if (together == 2) return ab;
    const Sums c = leaf(block, item + 2);
    return sums_add(ab, sums_add(c, leaf(block, item + 3)));
}

/* The fold of a block. Chains may be added before they are closed: the sums differ from those of closed ones in the
 * sign of a zero at most, and put closes them. leaf and put are constants at every call, and so inlined. */
ALWAYS_INLINE void sums_fold(const SumsPlan *plan, SumsLeaf *leaf, SumsPut *put, void *block)
{
    if (plan->count == 1) {
        put(block, 0, sums_of(leaf, block, 0, plan->step[0].together));
        return;
    }
    Sums stack[FOLD_MAX_DEPTH];
    size_t depth = 0, output = 0, item = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const SumsStep step = plan->step[i];
        Sums sum = sums_of(leaf, block, item, step.together);
        item += step.together;
        for (uint8_t m = 0; m < step.merges; m++) sum = sums_add(stack[--depth], sum);
        if (step.closes)
            put(block, output++, sum);
        else
            stack[depth++] = sum;
    }
}

#endif
