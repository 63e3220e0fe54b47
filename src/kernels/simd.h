/* One vector of floats for each kernel set. A source that includes this is compiled once a set, with KERNEL_ISA_...
 * defined and KERNEL(name) giving the set's own name of a function. Every operation is IEEE binary32, round to nearest
 * even. Each set has of its own, lane by lane:
 *
 *   vec_load(p), vec_store(p, v)   LANES floats, however aligned
 *   vec_set1(x)                    x in all lanes
 *   vec_add, vec_sub, vec_mul
 *   vec_fma(a, b, c)               a b + c, rounded once
 *   vec_relu(z)                    z < 0 ? +0 : z, so that -0 and NaN stay what they are
 *   vec_if_positive(x, z)          x > 0 ? z : +0, so that it is +0 where x is NaN
 *   vec_or(a, b)                   of the bits
 *
 * vec_compress, vec_join, vec_transpose and vec_lookup have a plain form and their contract at the end; a set that is
 * faster with its own says so by HAVE_... */
#ifndef LOCKSTEP_KERNELS_SIMD_H
#define LOCKSTEP_KERNELS_SIMD_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define ALWAYS_INLINE static inline __attribute__((always_inline))

#if defined(KERNEL_ISA_AVX512)

#include <immintrin.h>
#define KERNEL(name) name##_avx512
typedef __m512 Vec;
/* TILE_ROWS x TILE_VECS accumulators, TILE_VECS operands: 30 of 32 registers. SUMS (sums.h): half of them. A tile of
 * bf16, whose rows divide PANEL, has two accumulators and two operands for each element. */
enum { LANES = 16, TILE_ROWS = 14, TILE_VECS = 2, SUMS = 16, BF16_TILE_ROWS = 4, BF16_TILE_VECS = 2 };

ALWAYS_INLINE Vec vec_relu(Vec z)
{
    return _mm512_max_ps(_mm512_setzero_ps(), z); /* which is the second of a NaN and of equals */
}
ALWAYS_INLINE Vec vec_mul(Vec a, Vec b)
{
    return _mm512_mul_ps(a, b);
}
ALWAYS_INLINE Vec vec_if_positive(Vec x, Vec z)
{
    return _mm512_maskz_mov_ps(_mm512_cmp_ps_mask(x, _mm512_setzero_ps(), _CMP_GT_OQ), z);
}
ALWAYS_INLINE Vec vec_sub(Vec a, Vec b)
{
    return _mm512_sub_ps(a, b);
}
ALWAYS_INLINE Vec vec_or(Vec a, Vec b)
{
    return _mm512_or_ps(a, b);
}

#define HAVE_VEC_COMPRESS

ALWAYS_INLINE uint32_t vec_compress(const uint32_t *in, uint32_t first, uint32_t *out, uint32_t *number)
{
    const __m512i lane = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    const __m512i v = _mm512_loadu_si512(in);
    const __mmask16 some = _mm512_test_epi32_mask(v, v);
    _mm512_storeu_si512(out, _mm512_maskz_compress_epi32(some, v));
    _mm512_storeu_si512(number,
                        _mm512_maskz_compress_epi32(some, _mm512_add_epi32(_mm512_set1_epi32((int)first), lane)));
    return (uint32_t)__builtin_popcount(some);
}

#define HAVE_VEC_JOIN

ALWAYS_INLINE void vec_join(const uint8_t *low, const uint8_t *high, size_t count, uint32_t *word)
{
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 some = (__mmask16)(count - i < 16 ? (1u << (count - i)) - 1 : 0xffff);
        const __m512i l = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, low + 2 * i));
        const __m512i h = _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(some, high + 2 * i));
        _mm512_mask_storeu_epi32(word + i, some, _mm512_or_si512(l, _mm512_slli_epi32(h, 16)));
    }
}

#define HAVE_VEC_TRANSPOSE

ALWAYS_INLINE void vec_transpose(const uint32_t *from, size_t leading, uint32_t *to)
{
    __m512i a[16], b[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; i++) a[i] = _mm512_loadu_si512(from + (size_t)i * leading);
        /* Within each 128 bits: words, then pairs of words. */
#pragma GCC unroll 8
    for (int i = 0; i < 16; i += 2) {
        b[i] = _mm512_unpacklo_epi32(a[i], a[i + 1]);
        b[i + 1] = _mm512_unpackhi_epi32(a[i], a[i + 1]);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 16; i += 4) {
        a[i] = _mm512_unpacklo_epi64(b[i], b[i + 2]);
        a[i + 1] = _mm512_unpackhi_epi64(b[i], b[i + 2]);
        a[i + 2] = _mm512_unpacklo_epi64(b[i + 1], b[i + 3]);
        a[i + 3] = _mm512_unpackhi_epi64(b[i + 1], b[i + 3]);
    }
    /* The 4x4 blocks of 128 bits. */
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        b[i] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0x88);
        b[i + 4] = _mm512_shuffle_i32x4(a[i], a[i + 4], 0xdd);
        b[i + 8] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0x88);
        b[i + 12] = _mm512_shuffle_i32x4(a[i + 8], a[i + 12], 0xdd);
    }
#pragma GCC unroll 4
    for (int i = 0; i < 4; i++) {
        _mm512_storeu_si512(to + 16 * i, _mm512_shuffle_i32x4(b[i], b[i + 8], 0x88));
        _mm512_storeu_si512(to + 16 * (i + 4), _mm512_shuffle_i32x4(b[i + 4], b[i + 12], 0x88));
        _mm512_storeu_si512(to + 16 * (i + 8), _mm512_shuffle_i32x4(b[i], b[i + 8], 0xdd));
        _mm512_storeu_si512(to + 16 * (i + 12), _mm512_shuffle_i32x4(b[i + 4], b[i + 12], 0xdd));
    }
}

#define HAVE_VEC_LOOKUP

ALWAYS_INLINE Vec vec_lookup(const float *table, const uint8_t *bytes)
{
    const __m512i index = _mm512_cvtepu8_epi32(_mm_loadu_si128((const __m128i *)bytes));
    return _mm512_i32gather_ps(index, table, sizeof *table);
}

ALWAYS_INLINE Vec vec_load(const float *p)
{
    return _mm512_loadu_ps(p);
}
ALWAYS_INLINE void vec_store(float *p, Vec v)
{
    _mm512_storeu_ps(p, v);
}
ALWAYS_INLINE Vec vec_set1(float x)
{
    return _mm512_set1_ps(x);
}
ALWAYS_INLINE Vec vec_add(Vec a, Vec b)
{
    return _mm512_add_ps(a, b);
}
ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    return _mm512_fmadd_ps(a, b, c);
}

#elif defined(KERNEL_ISA_AVX2)

#include <immintrin.h>
#define KERNEL(name) name##_avx2
typedef __m256 Vec;
/* 14 of 16 registers */
enum { LANES = 8, TILE_ROWS = 6, TILE_VECS = 2, SUMS = 8, BF16_TILE_ROWS = 4, BF16_TILE_VECS = 1 };

ALWAYS_INLINE Vec vec_relu(Vec z)
{
    return _mm256_max_ps(_mm256_setzero_ps(), z);
}
ALWAYS_INLINE Vec vec_mul(Vec a, Vec b)
{
    return _mm256_mul_ps(a, b);
}
ALWAYS_INLINE Vec vec_if_positive(Vec x, Vec z)
{
    return _mm256_and_ps(_mm256_cmp_ps(x, _mm256_setzero_ps(), _CMP_GT_OQ), z);
}
ALWAYS_INLINE Vec vec_sub(Vec a, Vec b)
{
    return _mm256_sub_ps(a, b);
}
ALWAYS_INLINE Vec vec_or(Vec a, Vec b)
{
    return _mm256_or_ps(a, b);
}

ALWAYS_INLINE Vec vec_load(const float *p)
{
    return _mm256_loadu_ps(p);
}
ALWAYS_INLINE void vec_store(float *p, Vec v)
{
    _mm256_storeu_ps(p, v);
}
ALWAYS_INLINE Vec vec_set1(float x)
{
    return _mm256_set1_ps(x);
}
ALWAYS_INLINE Vec vec_add(Vec a, Vec b)
{
    return _mm256_add_ps(a, b);
}
ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    return _mm256_fmadd_ps(a, b, c);
}

#elif defined(KERNEL_ISA_NEON)

#include <arm_neon.h>
#define KERNEL(name) name##_neon
typedef float32x4_t Vec;
/* 28 of 32 registers */
enum { LANES = 4, TILE_ROWS = 6, TILE_VECS = 4, SUMS = 16, BF16_TILE_ROWS = 4, BF16_TILE_VECS = 2 };

ALWAYS_INLINE Vec vec_relu(Vec z)
{
    return vbslq_f32(vcltq_f32(z, vdupq_n_f32(0.0f)), vdupq_n_f32(0.0f), z);
}
ALWAYS_INLINE Vec vec_mul(Vec a, Vec b)
{
    return vmulq_f32(a, b);
}
ALWAYS_INLINE Vec vec_if_positive(Vec x, Vec z)
{
    return vbslq_f32(vcgtq_f32(x, vdupq_n_f32(0.0f)), z, vdupq_n_f32(0.0f));
}
ALWAYS_INLINE Vec vec_sub(Vec a, Vec b)
{
    return vsubq_f32(a, b);
}
ALWAYS_INLINE Vec vec_or(Vec a, Vec b)
{
    return vreinterpretq_f32_u32(vorrq_u32(vreinterpretq_u32_f32(a), vreinterpretq_u32_f32(b)));
}

ALWAYS_INLINE Vec vec_load(const float *p)
{
    return vld1q_f32(p);
}
ALWAYS_INLINE void vec_store(float *p, Vec v)
{
    vst1q_f32(p, v);
}
ALWAYS_INLINE Vec vec_set1(float x)
{
    return vdupq_n_f32(x);
}
ALWAYS_INLINE Vec vec_add(Vec a, Vec b)
{
    return vaddq_f32(a, b);
}
ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    return vfmaq_f32(c, a, b);
}

#elif defined(KERNEL_ISA_PORTABLE)

#include "kernels/wide.h"
#define KERNEL(name) name##_portable
typedef Four Vec;
enum { LANES = 4, TILE_ROWS = 2, TILE_VECS = 2, SUMS = 8, BF16_TILE_ROWS = 2, BF16_TILE_VECS = 1 };

ALWAYS_INLINE Vec vec_relu(Vec z)
{
    const int32_t __attribute__((vector_size(16))) negative = z < 0.0f;
    return (Vec)((int32_t __attribute__((vector_size(16))))z & ~negative);
}
ALWAYS_INLINE Vec vec_mul(Vec a, Vec b)
{
    return a * b;
}
ALWAYS_INLINE Vec vec_if_positive(Vec x, Vec z)
{
    const int32_t __attribute__((vector_size(16))) positive = x > 0.0f;
    return (Vec)((int32_t __attribute__((vector_size(16))))z & positive);
}
ALWAYS_INLINE Vec vec_sub(Vec a, Vec b)
{
    return a - b;
}
ALWAYS_INLINE Vec vec_or(Vec a, Vec b)
{
    return (Vec)((int32_t __attribute__((vector_size(16))))a | (int32_t __attribute__((vector_size(16))))b);
}

ALWAYS_INLINE Vec vec_load(const float *p)
{
    Vec v;
    memcpy(&v, p, sizeof v);
    return v;
}
ALWAYS_INLINE void vec_store(float *p, Vec v)
{
    memcpy(p, &v, sizeof v);
}
ALWAYS_INLINE Vec vec_set1(float x)
{
    return (Vec){x, x, x, x};
}
ALWAYS_INLINE Vec vec_add(Vec a, Vec b)
{
    return a + b;
}

ALWAYS_INLINE Vec vec_fma(Vec a, Vec b, Vec c)
{
    return __builtin_convertvector(wide_fma(a, b, c), Vec);
}

#else
#error "no kernel set chosen"
#endif

/* A chain's end: -0 becomes +0. */
ALWAYS_INLINE Vec vec_closed(Vec chain)
{
    return vec_add(chain, vec_set1(0.0f));
}

/* The words of in (LANES) that are not 0, to the front of out, and beside each first + its lane; up to LANES
 * words of both are written. Returns how many they are. */
#if !defined(HAVE_VEC_COMPRESS)
ALWAYS_INLINE uint32_t vec_compress(const uint32_t *in, uint32_t first, uint32_t *out, uint32_t *number)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        out[count] = in[i];
        number[count] = first + i;
        count += in[i] != 0;
    }
    return count;
}
#endif

/* word (count) = two bytes of low and, above them, two of high. */
#if !defined(HAVE_VEC_JOIN)
ALWAYS_INLINE void vec_join(const uint8_t *low, const uint8_t *high, size_t count, uint32_t *word)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t pair[2];
        memcpy(&pair[0], low + 2 * i, sizeof pair[0]);
        memcpy(&pair[1], high + 2 * i, sizeof pair[1]);
        word[i] = (uint32_t)pair[0] | (uint32_t)pair[1] << 16;
    }
}
#endif

/* to (16,16) = the transpose of from, 16 rows of 16 words that are `leading` words apart. */
#if !defined(HAVE_VEC_TRANSPOSE)
ALWAYS_INLINE void vec_transpose(const uint32_t *from, size_t leading, uint32_t *to)
{
    for (size_t i = 0; i < 16; i++)
        for (size_t j = 0; j < 16; j++) to[j * 16 + i] = from[i * leading + j];
}
#endif

/* table[byte] of each of the bytes (LANES). */
#if !defined(HAVE_VEC_LOOKUP)
ALWAYS_INLINE Vec vec_lookup(const float *table, const uint8_t *bytes)
{
    float value[LANES];
    for (int i = 0; i < LANES; i++) value[i] = table[bytes[i]];
    return vec_load(value);
}
#endif

#if defined(KERNEL_ISA_PORTABLE)
ALWAYS_INLINE float fma_f32(float a, float b, float c)
{
    return vec_fma(vec_set1(a), vec_set1(b), vec_set1(c))[0];
}
#else
ALWAYS_INLINE float fma_f32(float a, float b, float c)
{
    return __builtin_fmaf(a, b, c);
}
#endif

#endif
