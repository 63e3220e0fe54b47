/* Multiply-adds and additions that flush: a result that is tiny after rounding (bf16.h) becomes the zero of its sign.
 * No operand is subnormal.
 *
 *   x86-64    the processor does it where it is told to, and judges after rounding, as TDPBF16PS does: Intel SDM volume
 *             1, section 11.5.2.4
 *   Arm       its flush judges before rounding (Arm ARM, FPUnderflow): so there is none, but results below 2^-126 are
 *             made zeros. What is 2^-126 may be tiny and rounded up: vec_doubtful tells, and all is done again as by
 *   portable  the rounding to odd of wide.h: of that the tiny ones are those below 2^-126 - 2^-151, from where on 24
 *             bits round to 2^-126
 */
#ifndef LOCKSTEP_KERNELS_FLUSHED_H
#define LOCKSTEP_KERNELS_FLUSHED_H

#include <stdbool.h>

#include "kernels/simd.h"

#if defined(KERNEL_ISA_AVX512) || defined(KERNEL_ISA_AVX2)

/* Between the two the processor flushes. The compiler knows nothing of it: what is to be flushed stands in a function
 * of its own, which is not inlined. */
ALWAYS_INLINE unsigned flush_begin(void)
{
    enum { FLUSH_TO_ZERO = 0x8000 };
    const unsigned before = _mm_getcsr();
    _mm_setcsr(before | FLUSH_TO_ZERO);
    return before;
}
ALWAYS_INLINE void flush_end(unsigned before)
{
    _mm_setcsr(before);
}

ALWAYS_INLINE Vec vec_fma_flushed(Vec a, Vec b, Vec c)
{
    return vec_fma(a, b, c);
}
ALWAYS_INLINE Vec vec_add_flushed(Vec a, Vec b)
{
    return vec_add(a, b);
}

#else

#include "kernels/wide.h"

ALWAYS_INLINE unsigned flush_begin(void)
{
    return 0;
}
ALWAYS_INLINE void flush_end(unsigned before)
{
    (void)before;
}

typedef int32_t FourBits __attribute__((vector_size(16)));

/* Zeros of their signs for what is below 2^-126. */
ALWAYS_INLINE Four four_flushed(Four x)
{
    const FourBits tiny = (x < 0x1p-126f) & (x > -0x1p-126f);
    return (Four)((FourBits)x & (~tiny | INT32_MIN));
}

ALWAYS_INLINE Four four_fma_flushed(Four a, Four b, Four c)
{
    const double least = 0x1p-126 - 0x1p-151;
    const Wide sum = wide_fma(a, b, c);
    const WideBits tiny = (sum < least) & (sum > -least);
    return __builtin_convertvector((Wide)((WideBits)sum & (~tiny | INT64_MIN)), Four);
}

/* An inexact sum of floats is never subnormal, so that nothing is rounded up to 2^-126. */
ALWAYS_INLINE Vec vec_add_flushed(Vec a, Vec b)
{
    return (Vec)four_flushed((Four)vec_add(a, b));
}

ALWAYS_INLINE Vec vec_fma_flushed(Vec a, Vec b, Vec c)
{
    return (Vec)four_fma_flushed((Four)a, (Four)b, (Four)c);
}

#endif

/* Faster where the processor can not flush: right, unless the doubts say that it may be wrong. */
#if defined(KERNEL_ISA_NEON)

typedef FourBits Doubts;

ALWAYS_INLINE Vec vec_fma_doubtful(Vec a, Vec b, Vec c, Doubts *doubts)
{
    const Four sum = (Four)vec_fma(a, b, c);
    *doubts |= (sum == 0x1p-126f) | (sum == -0x1p-126f);
    return (Vec)four_flushed(sum);
}

ALWAYS_INLINE bool vec_doubtful(Doubts doubts)
{
    return vmaxvq_u32((uint32x4_t)doubts) != 0;
}

#else

typedef char Doubts;

ALWAYS_INLINE Vec vec_fma_doubtful(Vec a, Vec b, Vec c, Doubts *doubts)
{
    (void)doubts;
    return vec_fma_flushed(a, b, c);
}

ALWAYS_INLINE bool vec_doubtful(Doubts doubts)
{
    (void)doubts;
    return false;
}

#endif

#endif
