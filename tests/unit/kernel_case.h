/* Random operands for kernels, and the shapes on which they are tried. */
#ifndef LOCKSTEP_TESTS_KERNEL_CASE_H
#define LOCKSTEP_TESTS_KERNEL_CASE_H

#include <math.h>
#include <stdlib.h>

#include "base/philox.h"
#include "kernels/reference.h"
#include "unit.h"

/* Values that make trouble: zeros of both signs, denormals, large and small numbers among ordinary ones. */
static inline float awkward(Stream *stream)
{
    const uint32_t kind = stream_below(stream, 16);
    const float sign = stream_next(stream) & 1 ? -1.0f : 1.0f;
    if (kind < 3) return sign * 0.0f;
    if (kind == 3) return sign * 0x1p-140f * (1.0f + (float)stream_below(stream, 100));
    if (kind == 4) return sign * 0x1p-70f * stream_uniform(stream);
    if (kind == 5) return sign * 0x1p40f * stream_uniform(stream);
    return sign * stream_uniform(stream);
}

/* Zeroed, and aligned to a float and no more. */
static inline float *floats_new(size_t count)
{
    float *base = calloc(count + 1, sizeof *base);
    return base + 1;
}

static inline void floats_free(float *array)
{
    free(array - 1);
}

/* While it is set each batch and each matrix has an element that is infinite or NaN. */
static bool spoiling;

static inline float spoilt(Stream *stream)
{
    const uint32_t kind = stream_below(stream, 3);
    return kind == 0 ? INFINITY : kind == 1 ? -INFINITY : NAN;
}

static inline float *random_batch(Stream *stream, size_t n, size_t columns, float **padded)
{
    const size_t leading = kernel_leading(columns);
    float *plain = floats_new(n * columns);
    *padded = floats_new(n * leading);
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < columns; j++) plain[s * columns + j] = (*padded)[s * leading + j] = awkward(stream);
    if (spoiling) {
        const size_t s = stream_below(stream, (uint32_t)n), j = stream_below(stream, (uint32_t)columns);
        plain[s * columns + j] = (*padded)[s * leading + j] = spoilt(stream);
    }
    return plain;
}

static inline float *random_weights(Stream *stream, size_t in, size_t out, float **panels)
{
    float *plain = floats_new((in + 1) * out);
    *panels = floats_new(kernel_weights(in, out));
    for (size_t k = 0; k <= in; k++)
        for (size_t j = 0; j < out; j++)
            (*panels)[kernel_weight_index(in, k, j)] = plain[k * out + j] = awkward(stream);
    if (spoiling) {
        const size_t k = stream_below(stream, (uint32_t)in + 1), j = stream_below(stream, (uint32_t)out);
        (*panels)[kernel_weight_index(in, k, j)] = plain[k * out + j] = spoilt(stream);
    }
    return plain;
}

/* The same bits, or both NaN: which of several NaNs goes on is the processor's matter. */
static inline bool same_float(float a, float b)
{
    return memcmp(&a, &b, sizeof a) == 0 || (isnan(a) && isnan(b));
}

static inline bool same_batch(size_t n, size_t columns, const float *plain, const float *padded)
{
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < columns; j++)
            if (!same_float(plain[s * columns + j], padded[s * kernel_leading(columns) + j])) return false;
    return true;
}

typedef void Check(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out);

/* Random shapes, and every edge 1..70 of each dimension; and more samples than a group of them. LOCKSTEP_SHAPES=k:
 * every k-th of these. */
static inline void on_many_shapes(Check *check)
{
    const size_t stride = unit_count("LOCKSTEP_SHAPES", 1);
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        Stream stream;
        stream_init(&stream, 7, PURPOSE_SYNTHESIS, 1, 2);
        for (size_t edge = 1; edge <= 70; edge += stride) {
            check(*set, &stream, edge, 1 + stream_below(&stream, 40), 1 + stream_below(&stream, 40));
            check(*set, &stream, 1 + stream_below(&stream, 40), edge, 1 + stream_below(&stream, 40));
            check(*set, &stream, 1 + stream_below(&stream, 40), 1 + stream_below(&stream, 40), edge);
        }
        for (size_t n = NONZEROS_GROUP - 1; n <= 3 * NONZEROS_GROUP; n += 43 * stride) check(*set, &stream, n, 11, 35);
        for (size_t i = 0; i < 6; i += stride)
            check(*set, &stream, NONZEROS_GROUP, 32, 35); /* a group ends with the batch */
    }
}

/* Most inputs are zeros, of both signs. */
static inline void thin_out(Stream *stream, size_t n, size_t columns, float *plain, float *padded)
{
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < columns; j++)
            if (stream_below(stream, 4))
                plain[s * columns + j] = padded[s * kernel_leading(columns) + j] =
                    stream_below(stream, 2) ? 0.0f : -0.0f;
}

static inline Nonzeros open_nonzeros(size_t features, size_t width, size_t capacity, void **memory)
{
    Nonzeros nonzeros;
    const size_t size = nonzeros_bytes(features, capacity), all = size + nonzeros_scratch_bytes(features, capacity);
    *memory = aligned_alloc(64, all);
    memset(*memory, 0xff, all);
    nonzeros_place(&nonzeros, features, width, capacity, *memory, (char *)*memory + size);
    nonzeros_clear(&nonzeros);
    return nonzeros;
}

/* The lists of a batch's elements that are not zero. */
static inline Nonzeros list_nonzeros(const Kernels *kernels, size_t features, const float *x_padded, size_t n,
                                     void **memory)
{
    Nonzeros nonzeros = open_nonzeros(features, 0, n, memory);
    for (size_t s = 0; s < n; s += NONZEROS_TILE)
        kernels->nonzeros_add(&nonzeros, n - s < NONZEROS_TILE ? n - s : NONZEROS_TILE,
                              x_padded + s * kernel_leading(features));
    kernels->nonzeros_end(&nonzeros, NULL);
    CU_ASSERT_EQUAL(nonzeros.n, n);
    return nonzeros;
}

#endif
