/* bf16: the upper half of a float, and the products of such halves, in the arithmetic and the layouts of the
 * instruction TDPBF16PS (Intel AMX), so that a processor that has it and all others give the same bits.
 *
 * Rounding of a float: to nearest even; a subnormal one becomes the zero of its sign; a NaN a quiet NaN. So no operand
 * is ever subnormal.
 *
 * The product of a block of PANEL along the inner dimension, of one output element c:
 *
 *   even = +0, odd = +0
 *   for each pair k: even = fma(a[2k], b[2k], even), odd = fma(a[2k + 1], b[2k + 1], odd)
 *   c = c + (even + odd)
 *
 * Each result is rounded to nearest even, and is the zero of its sign where it is tiny: where its size, rounded as if
 * exponents had no end, is below 2^-126. Of NaN it is promised only that it is one. c begins as +0, blocks come in
 * ascending order, and at the end c is closed by adding +0.0f as all chains are (kernels.h). The inner dimension is
 * padded with zeros to whole blocks.
 *
 * Pairs of which one operand's are zeros and the other's finite may be left out. They add a zero to even and to odd,
 * which changes at most the sign of a zero; a sum with a zero is the same for both signs, unless it is a zero itself:
 * so in even + odd, in c, and in each c that follows nothing but the sign of a zero can differ, and closing c takes
 * that away.
 *
 * Source of the arithmetic: experiments on the instruction; Intel's manual has the same (Intel 64 and IA-32
 * Architectures Software Developer's Manual, volume 2, TDPBF16PS). */
#ifndef LOCKSTEP_KERNELS_BF16_H
#define LOCKSTEP_KERNELS_BF16_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "kernels/panels.h"

typedef uint16_t Bf16;

enum { BF16_BLOCK = PANEL * PANEL }; /* elements */

/* Elements from one row of so many columns to the next: whole cache lines, an odd number of them, so that rows do not
 * fall on the same cache sets. Columns past the last are 0. */
static inline size_t bf16_leading(size_t columns)
{
    return (kernel_panels(columns) | 1) * PANEL;
}

/* Elements of a batch of n such rows. A product reads PANEL rows at a time. */
static inline size_t bf16_rows(size_t n, size_t columns)
{
    return kernel_panels(n) * PANEL * bf16_leading(columns);
}

/* Elements of the rounded copy of a weight matrix (in, out), and of its transpose: for each panel of columns blocks of
 * PANEL rows in pairs, element (k, j) of a block at k / 2 * 2 PANEL + 2 j + k % 2. There is no bias in it; what is past
 * the last row and column is 0. */
static inline size_t bf16_weights(size_t in, size_t out)
{
    return kernel_panels(in) * kernel_panels(out) * BF16_BLOCK;
}

/* Elements of one block of PANEL samples as the weight gradient reads it: of the inputs transposed,
 * (kernel_panels(columns) PANEL, PANEL), or of the errors in pairs, panel by panel, each as above. */
static inline size_t bf16_block(size_t columns)
{
    return kernel_panels(columns) * BF16_BLOCK;
}

static inline Bf16 bf16_round(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint32_t magnitude = bits & 0x7fffffff;
    if (magnitude > 0x7f800000) return (Bf16)((bits | 0x00400000) >> 16);
    if (magnitude < 0x00800000) return (Bf16)(bits >> 16 & 0x8000);
    return (Bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* A product of at most PANEL rows with a panel. */
typedef struct {
    size_t rows;        /* wanted */
    size_t inner;       /* operands are 0 beyond it, up to a whole block */
    const Bf16 *left;   /* element (i, k) at i * row + k / PANEL * block + k % PANEL; PANEL rows */
    size_t row, block;  /* elements */
    const Bf16 *right;  /* blocks of (PANEL, PANEL) in pairs, */
    size_t right_block; /* elements from one to the next */
    float *out;         /* (PANEL, PANEL) out, not closed; rows past the wanted ones may be anything */
} Bf16Product;

typedef void Bf16Multiply(const Bf16Product *product);

#endif
