/* TDPBF16PS (bf16.h) without the instruction. A tile of rows at a time; of a block the left operand is widened once. */
#include "kernels/flushed.h"
#include "kernels/halves.h"
#include "kernels/set.h"

enum { PAIRS = PANEL / 2, CHAINS = BF16_TILE_ROWS * BF16_TILE_VECS };

/* Some rows of a block of the left operand. */
typedef struct {
    float even[BF16_TILE_ROWS][PAIRS], odd[BF16_TILE_ROWS][PAIRS];
} Widened;

static void widen(const Bf16 *left, size_t row, Widened *to)
{
    for (size_t i = 0; i < BF16_TILE_ROWS; i++)
        for (size_t k = 0; k < PAIRS; k += LANES) {
            vec_store(to->even[i] + k, halves_even(left + i * row + 2 * k));
            vec_store(to->odd[i] + k, halves_odd(left + i * row + 2 * k));
        }
}

ALWAYS_INLINE Vec fma_of(const bool again, Vec a, Vec b, Vec c, Doubts *doubts)
{
    return again ? vec_fma_flushed(a, b, c) : vec_fma_doubtful(a, b, c, doubts);
}

/* even, odd (rows of a tile, vecs): the chains over so many pairs. again is a constant at every call. */
ALWAYS_INLINE Doubts run_chains(const bool again, size_t pairs, const Widened *left, const Bf16 *right, Vec *even,
                                Vec *odd)
{
    Doubts doubts = {0};
    for (int i = 0; i < CHAINS; i++) even[i] = odd[i] = vec_set1(0.0f);
    for (size_t k = 0; k < pairs; k++, right += 2 * (size_t)PANEL) {
        Vec right_even[BF16_TILE_VECS], right_odd[BF16_TILE_VECS];
        for (size_t v = 0; v < BF16_TILE_VECS; v++) {
            right_even[v] = halves_even(right + 2 * LANES * v);
            right_odd[v] = halves_odd(right + 2 * LANES * v);
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
static void add_block(size_t pairs, const Widened *left, const Bf16 *right, float *out)
{
    for (size_t j = 0; j < PANEL; j += BF16_TILE_VECS * LANES) {
        Vec even[CHAINS], odd[CHAINS];
        const Doubts doubts = run_chains(false, pairs, left, right + 2 * j, even, odd);
        if (vec_doubtful(doubts)) run_chains(true, pairs, left, right + 2 * j, even, odd);
        for (size_t i = 0; i < BF16_TILE_ROWS; i++)
            for (size_t v = 0; v < BF16_TILE_VECS; v++) {
                float *c = out + i * PANEL + j + v * LANES;
                const size_t chain = i * BF16_TILE_VECS + v;
                vec_store(c, vec_add_flushed(vec_load(c), vec_add_flushed(even[chain], odd[chain])));
            }
    }
}

static __attribute__((noinline)) void multiply(const Bf16Product *p)
{
    const size_t blocks = kernel_panels(p->inner);
    for (size_t i = 0; i < p->rows; i += BF16_TILE_ROWS) {
        float *out = p->out + i * PANEL;
        memset(out, 0, BF16_TILE_ROWS * PANEL * sizeof *out);
        for (size_t b = 0; b < blocks; b++) {
            const size_t left = p->inner - b * PANEL, pairs = left < PANEL ? (left + 1) / 2 : PAIRS;
            Widened rows;
            widen(p->left + i * p->row + b * p->block, p->row, &rows);
            add_block(pairs, &rows, p->right + b * p->right_block, out);
        }
    }
}

void KERNEL(multiply_bf16)(const Bf16Product *p)
{
    const unsigned before = flush_begin();
    multiply(p);
    flush_end(before);
}
