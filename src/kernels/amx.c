/* Four tiles of 16 by 16 sums, from two of the left operand and two of the right: each is used twice, which is what the
 * loads can keep up with. Intel 64 and IA-32 Architectures Optimization Reference Manual, chapter 20. */
#include "kernels/amx.h"

#include <immintrin.h>
#include <string.h>

enum { SIDE = PANEL / 2, LINE = 64 }; /* of a tile: rows; bytes of a row */

/* Intel SDM volume 2, LDTILECFG. A constant: of what the instruction reads the compiler is told the first bytes alone.
 */
static const struct {
    uint8_t palette, start_row, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
} config = {.palette = 1,
            .bytes = {LINE, LINE, LINE, LINE, LINE, LINE, LINE, LINE},
            .rows = {SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE, SIDE}};

void amx_configure(void)
{
    _tile_loadconfig(&config);
}

void multiply_bf16_amx(const Bf16Product *p)
{
    const size_t left_stride = p->row * sizeof(Bf16), right_stride = 2 * PANEL * sizeof(Bf16);
    const size_t out_stride = PANEL * sizeof(float), blocks = kernel_panels(p->inner);
    const Bf16 *left = p->left, *right = p->right;
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
    for (size_t b = 0; b < blocks; b++, left += p->block, right += p->right_block) {
        _tile_loadd(4, left, left_stride);
        _tile_loadd(5, left + SIDE * p->row, left_stride);
        _tile_loadd(6, right, right_stride);
        _tile_loadd(7, right + PANEL, right_stride);
        _tile_dpbf16ps(0, 4, 6);
        _tile_dpbf16ps(1, 4, 7);
        _tile_dpbf16ps(2, 5, 6);
        _tile_dpbf16ps(3, 5, 7);
    }
    _tile_stored(0, p->out, out_stride);
    _tile_stored(1, p->out + SIDE, out_stride);
    _tile_stored(2, p->out + SIDE * PANEL, out_stride);
    _tile_stored(3, p->out + SIDE * PANEL + SIDE, out_stride);
}

/* 2^exponent of a sign. */
static Bf16 power(int exponent, unsigned sign)
{
    return (Bf16)((unsigned)(exponent + 127) << 7 | sign << 15);
}

/* What stands at k in a row of the left operand: of both chains of the first block, to make +-(2^-126 - 2^-small); of
 * the second, to make sums of the chains that are tiny; and of the third, ones that are nothing. */
static Bf16 directed_left(size_t k, int small)
{
    switch (k) {
        case 0:
        case 1: return power(-63, 0);
        case 2:
        case 3: return power(63 - small, 0);
        case PANEL:
        case 2 * PANEL:
        case 2 * PANEL + 1: return power(-62, 0);
        case PANEL + 1: return (Bf16)(power(-62, 0) + (1 << 5)); /* and a quarter */
        default: return 0;
    }
}

/* The same of the right operand; other: where the left one has nothing directed. */
static Bf16 directed_right(size_t k, unsigned sign, Bf16 other)
{
    switch (k) {
        case 0:
        case 1:
        case PANEL: return power(-63, sign);
        case 2:
        case 3:
        case PANEL + 1: return power(-63, !sign);
        case 2 * PANEL: return power(-63, 0);
        case 2 * PANEL + 1: return power(-63, 1);
        default: return other;
    }
}

/* Rows 2i of the left operand are directed, small going by the row; rows 2i + 1 are numbers whose sums are rounded, in
 * both chains and from block to block. */
static void fill(size_t inner, Bf16 *left, Bf16 *right)
{
    for (size_t k = 0; k < inner; k++)
        for (size_t i = 0; i < PANEL; i++) {
            const Bf16 mixed = (Bf16)(power((int)((i * 7 + k * 5) % 9) - 4, (i + k) / 3 % 2) + (i * 37 + k * 11) % 128);
            left[i * inner + k] = i % 2 ? mixed : directed_left(k, 140 + (int)i / 2);
            right[k / 2 * 2 * PANEL + 2 * i + k % 2] =
                directed_right(k, i % 2, (Bf16)(power((int)((i + k) % 5) - 2, k % 2) + i * 3));
        }
}

bool amx_agrees(Bf16Multiply *multiply, Bf16Multiply *trusted)
{
    enum { INNER = 3 * PANEL };
    _Alignas(LINE) Bf16 left[PANEL * INNER], right[INNER * PANEL];
    _Alignas(LINE) float got[BF16_BLOCK], expected[BF16_BLOCK];
    fill(INNER, left, right);
    Bf16Product product = {.rows = PANEL, .inner = INNER, .left = left, .row = INNER, .block = PANEL, .right = right};
    product.right_block = BF16_BLOCK;
    product.out = got;
    multiply(&product);
    product.out = expected;
    trusted(&product);
    for (size_t i = 0; i < BF16_BLOCK; i++) got[i] += 0.0f, expected[i] += 0.0f;
    return memcmp(got, expected, sizeof got) == 0;
}
