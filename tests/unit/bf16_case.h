/* Operands of bf16 products: of several classes, rounded and laid, and what the reference makes of them. */
#ifndef LOCKSTEP_TESTS_BF16_CASE_H
#define LOCKSTEP_TESTS_BF16_CASE_H

#include "kernel_case.h"

/* Zeroed, and aligned to a cache line. */
static inline Bf16 *halves_new(size_t count)
{
    const size_t bytes = (count * sizeof(Bf16) + 63) / 64 * 64;
    Bf16 *halves = aligned_alloc(64, bytes ? bytes : 64);
    memset(halves, 0, bytes);
    return halves;
}

/* The rows of a batch, rounded. */
static inline Bf16 *round_batch(const Kernels *kernels, size_t n, size_t columns, const float *padded)
{
    Bf16 *rounded = halves_new(bf16_rows(n, columns));
    kernels->round_rows(n, columns, padded, rounded);
    return rounded;
}

/* c = a (m,inner) b (inner,n), of floats that are rounded first, closed. */
static inline void reference_product(size_t m, size_t inner, size_t n, const float *a, const float *b, float *c)
{
    Bf16 *left = halves_new(m * inner), *right = halves_new(inner * n);
    for (size_t i = 0; i < m * inner; i++) left[i] = reference_round_bf16(a[i]);
    for (size_t i = 0; i < inner * n; i++) right[i] = reference_round_bf16(b[i]);
    reference_multiply_bf16(m, inner, n, left, right, c);
    for (size_t i = 0; i < m * n; i++) c[i] += 0.0f;
    free(left), free(right);
}

/* to (columns,rows) = the transpose of from. */
static inline void transpose_plain(size_t rows, size_t columns, const float *from, float *to)
{
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < columns; j++) to[j * rows + i] = from[i * columns + j];
}

typedef enum {
    CLASS_ORDINARY,
    CLASS_UNDERFLOW, /* products are near 2^-126 */
    CLASS_TINY,      /* many are subnormal, and so zeros */
    CLASS_FINITE,    /* any */
    CLASS_OVERFLOW,  /* sums are near 2^128 */
    CLASS_INFINITE,  /* some are */
    CLASS_ANY,       /* NaN too */
    CLASS_NAN,       /* some are */
    CLASS_ZEROS,     /* most are, of both signs */
    CLASSES
} Class;

/* A float with this sign and mantissa, and an exponent in [low, low + range). */
static inline float with_exponent(uint32_t bits, int low, uint32_t range, uint32_t random)
{
    const uint32_t exponent = (uint32_t)(low + 127) + random % range;
    bits = (bits & 0x807fffff) | exponent << 23;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static inline float of_class(Class class, Stream *stream)
{
    const uint32_t bits = stream_next(stream), random = stream_next(stream);
    float any;
    memcpy(&any, &bits, sizeof any);
    const float ordinary = 4.0f * stream_uniform(stream) - 2.0f;
    switch (class) {
        case CLASS_UNDERFLOW: return with_exponent(bits, -75, 24, random);
        case CLASS_TINY: return with_exponent(bits, -127, 3, random);
        case CLASS_FINITE: return isfinite(any) ? any : ordinary;
        case CLASS_OVERFLOW: return with_exponent(bits, 56, 16, random);
        case CLASS_INFINITE: return random % 40 ? ordinary : copysignf(INFINITY, any);
        case CLASS_ANY: return any;
        case CLASS_NAN: return random % 200 ? ordinary : copysignf(NAN, any);
        case CLASS_ZEROS: return random % 3 ? copysignf(0.0f, any) : with_exponent(bits, -64, 3, random);
        case CLASS_ORDINARY:
        case CLASSES: break;
    }
    return ordinary;
}

#endif
