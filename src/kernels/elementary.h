/* exp, log, tanh and the logistic function in fp32, from fused multiply-adds, IEEE additions and divisions alone, so
 * that every machine gives the same bits. Without branches: loops over them are vectorised. Polynomials: Cephes single
 * precision library (Moshier), expf, logf, tanhf. Errors, measured by tests/unit/elementary.c: at most 2 ulp, tanh 3.
 */
#ifndef LOCKSTEP_KERNELS_ELEMENTARY_H
#define LOCKSTEP_KERNELS_ELEMENTARY_H

#include "kernels/simd.h"

ALWAYS_INLINE float from_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

ALWAYS_INLINE int32_t to_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* e^x for any x; +0 where the result would be below 2^-126. */
ALWAYS_INLINE float exp_f32(float x)
{
    const float shift = 0x1.8p23f; /* adding it rounds to the nearest integer, held in the low bits */
    float y = x < -88.0f ? -88.0f : x;
    y = y > 89.0f ? 89.0f : y;
    const float shifted = fma_f32(y, 1.44269504f, shift);
    const float n = shifted - shift;
    float r = fma_f32(n, -0.693359375f, y);
    r = fma_f32(n, 2.12194440e-4f, r);
    float p = 1.9875691500e-4f;
    p = fma_f32(p, r, 1.3981999507e-3f);
    p = fma_f32(p, r, 8.3334519073e-3f);
    p = fma_f32(p, r, 4.1665795894e-2f);
    p = fma_f32(p, r, 1.6666665459e-1f);
    p = fma_f32(p, r, 5.0000001201e-1f);
    p = fma_f32(p, r * r, r) + 1.0f;
    /* 2^n in two factors, since n reaches 128. Of a NaN n is any number, and p is NaN already; hence the shift of
     * unsigned numbers, which loses what does not fit. */
    const int32_t exponent = to_bits(shifted) - to_bits(shift), half = exponent >> 1;
    p = p * from_bits((uint32_t)(half + 127) << 23) * from_bits((uint32_t)(exponent - half + 127) << 23);
    return p < 0x1p-126f ? 0.0f : p;
}

/* Natural logarithm of x >= 2^-126; infinity and NaN give themselves. */
ALWAYS_INLINE float log_f32(float x)
{
    /* From sqrt(1/2), so that the mantissa is in [sqrt(1/2), sqrt(2)). */
    const int32_t offset =
        (int32_t)((uint32_t)to_bits(x) - 0x3f3504f3u); /* of any x, though only some have a logarithm */
    const float e = (float)(offset >> 23);
    const float m = from_bits((uint32_t)(offset & 0x7fffff) + 0x3f3504f3u) - 1.0f;
    const float z = m * m;
    float p = 7.0376836292e-2f;
    p = fma_f32(p, m, -1.1514610310e-1f);
    p = fma_f32(p, m, 1.1676998740e-1f);
    p = fma_f32(p, m, -1.2420140846e-1f);
    p = fma_f32(p, m, 1.4249322787e-1f);
    p = fma_f32(p, m, -1.6668057665e-1f);
    p = fma_f32(p, m, 2.0000714765e-1f);
    p = fma_f32(p, m, -2.4999993993e-1f);
    p = fma_f32(p, m, 3.3333331174e-1f);
    p = p * m * z;
    p = fma_f32(e, -2.12194440e-4f, p);
    p = fma_f32(z, -0.5f, p);
    const float y = fma_f32(e, 0.693359375f, m + p);
    return to_bits(x) >= 0x7f800000 || x != x ? x : y;
}

ALWAYS_INLINE float tanh_f32(float x)
{
    const float size = x < 0.0f ? -x : x;
    const float z = x * x;
    float p = -5.70498872745e-3f;
    p = fma_f32(p, z, 2.06390887954e-2f);
    p = fma_f32(p, z, -5.37397155531e-2f);
    p = fma_f32(p, z, 1.33314422036e-1f);
    p = fma_f32(p, z, -3.33332819422e-1f);
    const float small = fma_f32(p * z, x, x);
    const float t = exp_f32(-2.0f * size);
    const float large = (1.0f - t) / (1.0f + t);
    return size < 0.625f ? small : x < 0.0f ? -large : large;
}

/* 1 / (1 + e^-x) */
ALWAYS_INLINE float sigmoid_f32(float x)
{
    const float t = exp_f32(x < 0.0f ? x : -x);
    return (x < 0.0f ? t : 1.0f) / (1.0f + t);
}

#endif
