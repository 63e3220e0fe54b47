/* The tree over a fold's items (fold.h), taken within the weight gradient for a block of SUMS vectors at a time: an
 * item's chains stay in registers, sums that wait for another lie in the L1 cache. */
#ifndef LOCKSTEP_KERNELS_SUMS_H
#define LOCKSTEP_KERNELS_SUMS_H

#include "kernels/fold.h"
#include "kernels/simd.h"

typedef struct {
    Vec v[SUMS];
} Sums;

/* An item's value, asked for in ascending order, and what takes the fold's outputs: their chains are not closed yet
 * (kernels.h). */
typedef Sums SumsLeaf(void *block, size_t item);
typedef void SumsPut(void *block, size_t output, Sums sum);

/* The fold of a block. Chains may be added before they are closed: the sums differ from those of closed ones in the
 * sign of a zero at most, and put closes them. leaf and put are constants at every call, and so inlined, in one place
 * alone: the compiler keeps the chains in registers then. */
ALWAYS_INLINE void sums_fold(const Fold *fold, SumsLeaf *leaf, SumsPut *put, void *block)
{
    Sums stack[FOLD_MAX_DEPTH];
    size_t depth = 0, output = 0;
    for (size_t item = 0; item < fold->items; item++) {
        Sums sum = leaf(block, item);
        for (unsigned m = 0; m < fold->merges[item]; m++) {
            depth--;
#pragma GCC unroll 16
            for (int i = 0; i < SUMS; i++) sum.v[i] = vec_add(stack[depth].v[i], sum.v[i]);
        }
        if (fold->closes[item])
            put(block, output++, sum);
        else
            stack[depth++] = sum;
    }
}

#endif
