/* What the processor can do at best with this set's vectors: see kernels.h. */
#include <assert.h>

#include "kernels/set.h"
#include "kernels/simd.h"

enum { CHAINS = TILE_ROWS * TILE_VECS, READERS = 8 };

static float sum_of(const Vec *v, int count)
{
    Vec sum = v[0];
    for (int i = 1; i < count; i++) sum = vec_add(sum, v[i]);
    float all = 0.0f;
    for (int i = 0; i < LANES; i++) all += sum[i];
    return all;
}

size_t KERNEL(spin)(size_t rounds, float *sink)
{
    const Vec factor = vec_set1(0.999f), addend = vec_set1(0.001f);
    Vec chain[CHAINS];
#pragma GCC unroll 32
    for (int i = 0; i < CHAINS; i++) chain[i] = vec_set1((float)i); /* else the compiler sees one chain */
    for (size_t r = 0; r < rounds; r++) {
#pragma GCC unroll 32
        for (int i = 0; i < CHAINS; i++) chain[i] = vec_fma(chain[i], factor, addend);
    }
    *sink = sum_of(chain, CHAINS);
    return rounds * CHAINS * LANES;
}

void KERNEL(scan)(size_t count, const float *x, float *sink)
{
    Vec sum[READERS];
    assert(count % (READERS * LANES) == 0);
#pragma GCC unroll 8
    for (int i = 0; i < READERS; i++) sum[i] = vec_set1(0.0f);
    for (size_t k = 0; k < count; k += READERS * LANES) {
#pragma GCC unroll 8
        for (int i = 0; i < READERS; i++) sum[i] = vec_add(sum[i], vec_load(x + k + (size_t)(i * LANES)));
    }
    *sink = sum_of(sum, READERS);
}
