/* The arithmetic of bf16.h element by element, padding included, with libm's fused multiply-add. */
#include <math.h>

#include "kernels/reference.h"

float reference_widen_bf16(Bf16 x)
{
    const uint32_t bits = (uint32_t)x << 16;
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

Bf16 reference_round_bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const Bf16 below = (Bf16)(bits >> 16); /* towards zero */
    if (isnan(x)) return below | 0x0040;
    if (fabsf(x) < 0x1p-126f) return below & 0x8000;
    if (isinf(x)) return below;
    /* Past the largest finite one comes 2^128. */
    const double low = fabs((double)reference_widen_bf16(below));
    const double high = (below & 0x7fff) == 0x7f7f ? 0x1p128 : fabs((double)reference_widen_bf16((Bf16)(below + 1)));
    const double size = fabs((double)x), to_low = size - low, to_high = high - size;
    const int up = to_high < to_low || (to_high == to_low && below % 2);
    return (Bf16)(below + up);
}

static float flushed(float x)
{
    return fabsf(x) < 0x1p-126f ? copysignf(0.0f, x) : x;
}

/* a b + c. What fmaf rounds to 2^-126 is tiny if, scaled into the range of normal numbers, it is rounded below. */
static float fma_flushed(float a, float b, float c)
{
    const float sum = fmaf(a, b, c);
    if (fabsf(sum) != 0x1p-126f) return flushed(sum);
    const float scaled = fabsf(a) < fabsf(b) ? fmaf(a * 0x1p64f, b, c * 0x1p64f) : fmaf(a, b * 0x1p64f, c * 0x1p64f);
    return fabsf(scaled) < 0x1p-62f ? copysignf(0.0f, sum) : sum;
}

void reference_add_block_bf16(size_t m, size_t n, const Bf16 *a, const Bf16 *b, float *c)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) {
            float chain[2] = {0.0f, 0.0f};
            for (size_t k = 0; k < PANEL; k++)
                chain[k % 2] = fma_flushed(reference_widen_bf16(a[i * PANEL + k]), reference_widen_bf16(b[k * n + j]),
                                           chain[k % 2]);
            c[i * n + j] = flushed(c[i * n + j] + flushed(chain[0] + chain[1]));
        }
}

static float element(size_t inner, const Bf16 *a, const Bf16 *b, size_t n)
{
    float c = 0.0f;
    for (size_t first = 0; first < inner; first += PANEL) {
        Bf16 row[PANEL] = {0}, column[PANEL] = {0};
        for (size_t k = first; k < first + PANEL && k < inner; k++) row[k - first] = a[k], column[k - first] = b[k * n];
        reference_add_block_bf16(1, 1, row, column, &c);
    }
    return c;
}

void reference_multiply_bf16(size_t m, size_t inner, size_t n, const Bf16 *a, const Bf16 *b, float *c)
{
    for (size_t i = 0; i < m; i++)
        for (size_t j = 0; j < n; j++) c[i * n + j] = element(inner, a + i * inner, b + j, n);
}
