/* bf16 in vectors: from floats and back. The same for all sets: operations on integers alone. */
#ifndef LOCKSTEP_KERNELS_HALVES_H
#define LOCKSTEP_KERNELS_HALVES_H

#include "kernels/bf16.h"
#include "kernels/simd.h"

typedef uint32_t Words __attribute__((vector_size(LANES * 4)));
typedef Bf16 Halves __attribute__((vector_size(LANES * 2)));

/* bf16_round of each lane, in its upper half; the lower ones are 0. */
ALWAYS_INLINE Words halves_round(Vec x)
{
    const Words bits = (Words)x, magnitude = bits & 0x7fffffffu;
    const Words nan = (Words)(magnitude > 0x7f800000u), subnormal = (Words)(magnitude < 0x00800000u);
    const Words nearest = bits + 0x7fffu + (bits >> 16 & 1u);
    const Words rounded = (nearest & ~nan) | ((bits | 0x00400000u) & nan);
    return ((rounded & ~subnormal) | (bits & 0x80000000u)) & 0xffff0000u;
}

/* to (LANES) = x, rounded. */
ALWAYS_INLINE void halves_store(void *to, Vec x)
{
    const Halves halves = __builtin_convertvector(halves_round(x) >> 16, Halves);
    memcpy(to, &halves, sizeof halves);
}

/* to (2 LANES) = the lanes of the two in turns, rounded. */
ALWAYS_INLINE void halves_store_pairs(void *to, Vec even, Vec odd)
{
    const Words pairs = halves_round(even) >> 16 | halves_round(odd);
    memcpy(to, &pairs, sizeof pairs);
}

/* The even and the odd elements of (2 LANES). */
ALWAYS_INLINE Vec halves_even(const Bf16 *from)
{
    Words pairs;
    memcpy(&pairs, from, sizeof pairs);
    return (Vec)(pairs << 16);
}

ALWAYS_INLINE Vec halves_odd(const Bf16 *from)
{
    Words pairs;
    memcpy(&pairs, from, sizeof pairs);
    return (Vec)(pairs & 0xffff0000u);
}

#endif
