/* The fused multiply-add of four floats without the instruction, in double. */
#ifndef LOCKSTEP_KERNELS_WIDE_H
#define LOCKSTEP_KERNELS_WIDE_H

#include <stdint.h>

typedef float Four __attribute__((vector_size(16)));
typedef double Wide __attribute__((vector_size(32)));
typedef int64_t WideBits __attribute__((vector_size(32)));

/* a b + c rounded to odd, which rounds to float as the exact value does. The product of two floats is exact in double.
 * Its sum with c is rounded to odd (the inexact sum's last bit is made 1, using the error that Knuth's TwoSum finds);
 * rounding that to float gives what one rounding of the exact value gives, since 53 >= 24 + 2 bits (Boldo and
 * Melquiond, Emulation of FMA and correctly rounded sums: proved algorithms using rounding to odd, IEEE TC 57(4),
 * 2008). */
static inline __attribute__((always_inline)) Wide wide_fma(Four a, Four b, Four c)
{
    const Wide product = __builtin_convertvector(a, Wide) * __builtin_convertvector(b, Wide);
    const Wide addend = __builtin_convertvector(c, Wide);
    const Wide sum = product + addend;
    const Wide part = sum - product;
    const Wide error = (product - (sum - part)) + (addend - part);
    /* Comparisons give 0 or -1; with an infinite or NaN sum the error is NaN and no bit is touched. */
    const WideBits bits = (WideBits)sum;
    const WideBits inexact = (error > 0) | (error < 0);
    const WideBits outward = (error > 0) ^ (sum < 0);
    const WideBits step = (outward & 2) - 1; /* one unit outward or inward */
    return (Wide)(bits + (step & inexact & ~-(bits & 1)));
}

#endif
