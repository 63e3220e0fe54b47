/* The register-blocked tile of the dense products: some rows of the left operand, broadcast, times some vectors of the
 * right one. */
#ifndef LOCKSTEP_KERNELS_TILES_H
#define LOCKSTEP_KERNELS_TILES_H

#include "kernels/kernels.h"
#include "kernels/simd.h"

enum { MOST_CHAINS = TILE_ROWS * TILE_VECS > SUMS ? TILE_ROWS *TILE_VECS : SUMS };

/* Element (i, k) is at[i * row + k / PANEL * block + k % PANEL * inner]: the inner dimension goes by blocks of PANEL,
 * so that panels can be a left operand. With ld the floats from one row to the next,
 *
 *                                       row     inner   block
 *   a matrix, row-major: x of forward   ld      1       PANEL             k / PANEL * PANEL + k % PANEL = k
 *   its transpose: x^T of the gradient  1       ld      PANEL * ld        element (i, k) is x[k * ld + i]
 *   panels of W (in + 1 rows each)      PANEL   1       PANEL * (in + 1)  row i of W begins at i * PANEL in each panel
 */
typedef struct {
    const float *at;
    size_t row, inner, block;
} Left;

/* Element (k, j) of a panel is at[k * inner + j]. */
typedef struct {
    const float *at;
    size_t inner;
} Right;

/* sum (rows, vecs) = the chains over k < inner, not closed. rows and vecs are constants at every call. */
ALWAYS_INLINE void multiply(const int rows, const int vecs, size_t inner, Left a, Right b, Vec *sum)
{
    enum { LINE = 16 }; /* floats */
    Vec chain[MOST_CHAINS];
    for (int i = 0; i < rows * vecs; i++) chain[i] = vec_set1(0.0f);
    for (size_t done = 0; done < inner; done += PANEL) {
        const float *x = a.at + done / PANEL * a.block;
        const size_t end = inner - done < PANEL ? inner - done : PANEL;
        /* The next block is far away for the processor's own prefetching. */
        if (inner - done > PANEL && a.inner == 1)
            for (int i = 0; i < rows; i++)
                for (int line = 0; line < PANEL; line += LINE)
                    __builtin_prefetch(x + a.block + (size_t)i * a.row + (size_t)line);
        for (size_t k = 0; k < end; k++, b.at += b.inner) {
            Vec right[TILE_VECS];
            for (int v = 0; v < vecs; v++) right[v] = vec_load(b.at + v * LANES);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                const Vec left = vec_set1(x[(size_t)i * a.row + k * a.inner]);
#pragma GCC unroll 4
                for (int v = 0; v < vecs; v++) chain[i * vecs + v] = vec_fma(left, right[v], chain[i * vecs + v]);
            }
        }
    }
    for (int i = 0; i < rows * vecs; i++) sum[i] = chain[i];
}

/* Calls MACRO(rows, i) with constant rows for tiles that cover m rows: full ones, then 8, 4, 2, 1. */
#define FOR_TILES(m, MACRO)                                                 \
    do {                                                                    \
        size_t i_ = 0;                                                      \
        for (; i_ + TILE_ROWS <= (m); i_ += TILE_ROWS) MACRO(TILE_ROWS, i_) \
        if (TILE_ROWS > 8 && i_ + 8 <= (m)) {                               \
            MACRO((TILE_ROWS > 8 ? 8 : 1), i_) i_ += 8;                     \
        }                                                                   \
        if (TILE_ROWS > 4 && i_ + 4 <= (m)) {                               \
            MACRO((TILE_ROWS > 4 ? 4 : 1), i_) i_ += 4;                     \
        }                                                                   \
        if (TILE_ROWS > 2 && i_ + 2 <= (m)) {                               \
            MACRO((TILE_ROWS > 2 ? 2 : 1), i_) i_ += 2;                     \
        }                                                                   \
        for (; i_ < (m); i_++) MACRO(1, i_)                                 \
    } while (0)

#endif
