/* TDPBF16PS (bf16.h) without the instruction. A tile of rows at a time; of a block the left operand is widened once,
 * and pairs in which it is zero in all rows of the tile are left out: of images most. VDPBF16PS (AVX512_BF16) is of no
 * use here: it adds both products of a pair to one chain (Intel SDM volume 2). */
#include "kernels/flushed.h"
#include "kernels/halves.h"
#include "kernels/set.h"

enum { PAIRS = PANEL / 2, TILES = PANEL / BF16_TILE_ROWS, CHAINS = BF16_TILE_ROWS * BF16_TILE_VECS };

/* A tile's rows of a block of the left operand, and the pairs that count. */
typedef struct {
    _Alignas(64) float even[BF16_TILE_ROWS][PAIRS], odd[BF16_TILE_ROWS][PAIRS];
    uint32_t pairs, pair[PAIRS];
} Widened;

/* sparse: pairs of zeros are left out. */
static void widen(const Bf16 *left, size_t row, bool sparse, Widened *to)
{
    to->pairs = 0;
    for (size_t k = 0; k < PAIRS; k += LANES) {
        uint32_t any[LANES], unused[LANES];
        Words bits = {0};
        for (size_t i = 0; i < BF16_TILE_ROWS; i++) {
            Words pairs;
            memcpy(&pairs, left + i * row + 2 * k, sizeof pairs);
            bits |= pairs;
            vec_store(to->even[i] + k, halves_even(left + i * row + 2 * k));
            vec_store(to->odd[i] + k, halves_odd(left + i * row + 2 * k));
        }
        bits = (bits & 0x7fff7fffu) | (sparse ? 0 : 1);
        memcpy(any, &bits, sizeof any);
        to->pairs += vec_compress(any, (uint32_t)k, unused, to->pair + to->pairs);
    }
}

/* Is a block of the right operand finite? */
static bool is_finite(const Bf16 *right)
{
    Words full = {0};
    for (size_t at = 0; at < BF16_BLOCK; at += 2 * LANES) {
        Words pairs;
        memcpy(&pairs, right + at, sizeof pairs);
        full |= (pairs & 0x7f807f80u) + 0x00800080u; /* reaches the sign where the exponent is all ones */
    }
    uint32_t any = 0;
    for (int i = 0; i < LANES; i++) any |= full[i];
    return (any & 0x80008000u) == 0;
}

ALWAYS_INLINE Vec fma_of(const bool again, Vec a, Vec b, Vec c, Doubts *doubts)
{
    return again ? vec_fma_flushed(a, b, c) : vec_fma_doubtful(a, b, c, doubts);
}

/* even, odd (rows of a tile, vecs): the chains over the pairs that count. again is a constant at every call. */
ALWAYS_INLINE Doubts run_chains(const bool again, const Widened *left, const Bf16 *right, Vec *even, Vec *odd)
{
    Doubts doubts = {0};
    for (int i = 0; i < CHAINS; i++) even[i] = odd[i] = vec_set1(0.0f);
    for (size_t n = 0; n < left->pairs; n++) {
        const size_t k = left->pair[n];
        const Bf16 *at = right + k * 2 * PANEL;
        Vec right_even[BF16_TILE_VECS], right_odd[BF16_TILE_VECS];
        for (size_t v = 0; v < BF16_TILE_VECS; v++) {
            right_even[v] = halves_even(at + 2 * LANES * v);
            right_odd[v] = halves_odd(at + 2 * LANES * v);
        }
#pragma GCC unroll 4
        for (size_t i = 0; i < BF16_TILE_ROWS; i++) {
            const Vec left_even = vec_set1(left->even[i][k]), left_odd = vec_set1(left->odd[i][k]);
#pragma GCC unroll 2
            for (size_t v = 0; v < BF16_TILE_VECS; v++) {
                Vec *e = &even[i * BF16_TILE_VECS + v], *o = &odd[i * BF16_TILE_VECS + v];
                *e = fma_of(again, left_even, right_even[v], *e, &doubts);
                *o = fma_of(again, left_odd, right_odd[v], *o, &doubts);
            }
        }
    }
    return doubts;
}

/* out (rows of a tile, PANEL) += a block's product. */
static void add_block(const Widened *left, const Bf16 *right, float *out)
{
    for (size_t j = 0; j < PANEL; j += BF16_TILE_VECS * LANES) {
        Vec even[CHAINS], odd[CHAINS];
        const Doubts doubts = run_chains(false, left, right + 2 * j, even, odd);
        if (vec_doubtful(doubts)) run_chains(true, left, right + 2 * j, even, odd);
        for (size_t i = 0; i < BF16_TILE_ROWS; i++)
            for (size_t v = 0; v < BF16_TILE_VECS; v++) {
                float *c = out + i * PANEL + j + v * LANES;
                const size_t chain = i * BF16_TILE_VECS + v;
                vec_store(c, vec_add_flushed(vec_load(c), vec_add_flushed(even[chain], odd[chain])));
            }
    }
}

/* A block of the right operand, which the processor itself would begin to fetch when it is looked at. */
static void prefetch(const Bf16 *block)
{
    enum { LINE = 64 / sizeof *block }; /* elements */
    for (size_t at = 0; at < BF16_BLOCK; at += LINE) __builtin_prefetch(block + at);
}

/* What to multiply is known of all tiles before the first: the processor need not wait for it at the end of each. */
static __attribute__((noinline)) void multiply(const Bf16Product *p)
{
    const size_t blocks = kernel_panels(p->inner), tiles = (p->rows + BF16_TILE_ROWS - 1) / BF16_TILE_ROWS;
    Widened tile[TILES];
    memset(p->out, 0, BF16_BLOCK * sizeof *p->out);
    for (size_t b = 0; b < blocks; b++) {
        const Bf16 *left = p->left + b * p->block, *right = p->right + b * p->right_block;
        const bool sparse = is_finite(right);
        if (b + 1 < blocks) prefetch(right + p->right_block);
        for (size_t t = 0; t < tiles; t++) widen(left + t * BF16_TILE_ROWS * p->row, p->row, sparse, &tile[t]);
        for (size_t t = 0; t < tiles; t++)
            if (tile[t].pairs > 0) add_block(&tile[t], right, p->out + t * BF16_TILE_ROWS * PANEL);
    }
}

void KERNEL(multiply_bf16)(const Bf16Product *p)
{
    const unsigned before = flush_begin();
    multiply(p);
    flush_end(before);
}
