/* The three matrix products of a dense layer, all by one register-blocked tile: TILE_ROWS rows of the left operand,
 * broadcast, times TILE_VECS vectors of the right one.
 *
 *   forward           y (n,out) = x W          left x, right W's panels, inner dimension in
 *   backward_data     dx^T (in,n) = W e^T      left W, right e^T in panels of PANEL samples, inner dimension out
 *   backward_weight   dW (in,out) = x^T e      left x^T, right e, inner dimension the samples of a shard */
#include <string.h>

#include "kernels/set.h"

/* Element (i, k) is at[i * row + k / PANEL * block + k % PANEL * inner]. */
typedef struct {
    const float *at;
    size_t row, inner, block;
} Left;

/* Element (k, j) of a panel is at[k * inner + j]. */
typedef struct {
    const float *at;
    size_t inner;
} Right;

typedef Vec Tile[TILE_ROWS][TILE_VECS];

/* c (rows, TILE_VECS * LANES) = the chains over k < inner, closed. rows is a constant at every call. */
ALWAYS_INLINE void multiply(const int rows, size_t inner, Left a, Right b, Tile c)
{
    Vec sum[TILE_ROWS][TILE_VECS];
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < TILE_VECS; v++) sum[i][v] = vec_set1(0.0f);
    for (size_t done = 0; done < inner; done += PANEL) {
        const float *x = a.at + done / PANEL * a.block;
        const size_t end = inner - done < PANEL ? inner - done : PANEL;
        for (size_t k = 0; k < end; k++, b.at += b.inner) {
            Vec right[TILE_VECS];
            for (int v = 0; v < TILE_VECS; v++) right[v] = vec_load(b.at + v * LANES);
#pragma GCC unroll 16
            for (int i = 0; i < rows; i++) {
                const Vec left = vec_set1(x[(size_t)i * a.row + k * a.inner]);
#pragma GCC unroll 4
                for (int v = 0; v < TILE_VECS; v++) sum[i][v] = vec_fma(left, right[v], sum[i][v]);
            }
        }
    }
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < TILE_VECS; v++) c[i][v] = vec_add(sum[i][v], vec_set1(0.0f));
}

ALWAYS_INLINE void store(const int rows, Tile c, float *out, size_t leading)
{
    for (int i = 0; i < rows; i++)
        for (int v = 0; v < TILE_VECS; v++) vec_store(out + (size_t)i * leading + v * LANES, c[i][v]);
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

/* out (m, PANEL), leading dimension `leading`, = a b. */
static void product_panel(size_t m, size_t inner, Left a, Right b, float *out, size_t leading)
{
    for (size_t j = 0; j < PANEL; j += TILE_VECS * LANES) {
        const Right bj = {b.at + j, b.inner};
#define TILE(rows, i)                                                \
    {                                                                \
        Tile c;                                                      \
        const Left ai = {a.at + (i)*a.row, a.row, a.inner, a.block}; \
        multiply(rows, inner, ai, bj, c);                            \
        store(rows, c, out + (i)*leading + j, leading);              \
    }
        FOR_TILES(m, TILE);
#undef TILE
    }
}

void KERNEL(forward)(size_t n, size_t in, size_t out, const float *x, const float *w, Activation activation, float *y)
{
    const Left a = {x, kernel_leading(in), 1, PANEL};
    for (size_t p = 0; p < kernel_panels(out); p++) {
        const Right b = {w + p * PANEL * (in + 1), PANEL};
        product_panel(n, in, a, b, y + p * PANEL, kernel_leading(out));
    }
    KERNEL(bias_activation)(n, in, out, w, activation, y);
}

/* to (columns, PANEL) = the transpose of from (rows <= PANEL, columns), 0 past the last row. */
static void transpose_in(size_t rows, size_t columns, const float *from, size_t leading, float *to)
{
    if (rows < PANEL) memset(to, 0, columns * PANEL * sizeof *to);
    for (size_t s = 0; s < rows; s++)
        for (size_t j = 0; j < columns; j++) to[j * PANEL + s] = from[s * leading + j];
}

/* to (rows <= PANEL, columns) = the transpose of from (columns, PANEL), 0 in the columns up to the panel's end. */
static void transpose_out(size_t rows, size_t columns, const float *from, float *to, size_t leading)
{
    enum { BLOCK = 16 }; /* floats of a cache line */
    for (size_t k = 0; k < columns; k += BLOCK) {
        const size_t end = columns - k < BLOCK ? columns - k : BLOCK;
        for (size_t s = 0; s < rows; s++)
            for (size_t i = 0; i < end; i++) to[s * leading + k + i] = from[(k + i) * PANEL + s];
    }
    for (size_t s = 0; s < rows; s++)
        for (size_t k = columns; k < kernel_panels(columns) * PANEL; k++) to[s * leading + k] = 0.0f;
}

void KERNEL(backward_data)(size_t n, size_t in, size_t out, const float *e, const float *w, const float *x,
                           Activation activation, float *dx, float *scratch)
{
    const size_t lde = kernel_leading(out), ldx = kernel_leading(in);
    float *et = scratch, *dxt = scratch + out * PANEL;
    const Left a = {w, PANEL, 1, PANEL * (in + 1)};
    const Right b = {et, PANEL};
    for (size_t s = 0; s < n; s += PANEL) {
        const size_t rows = n - s < PANEL ? n - s : PANEL;
        transpose_in(rows, out, e + s * lde, lde, et);
        product_panel(in, out, a, b, dxt, PANEL);
        transpose_out(rows, in, dxt, dx + s * ldx, ldx);
        for (size_t i = s; i < s + rows; i++) KERNEL(activation_backward)(in, x + i * ldx, activation, dx + i * ldx);
    }
}

/* One tile of dW, folded over the shards: left a and right b start at sample 0. */
ALWAYS_INLINE void fold_tile(const int rows, Left a, Right b, const Fold *fold, const size_t *first_row, size_t offset,
                             float *const *dw)
{
    Tile stack[FOLD_MAX_DEPTH];
    size_t depth = 0, output = 0;
    for (size_t item = 0; item < fold->items; item++) {
        const size_t first = first_row[item];
        const Left ai = {a.at + first * a.inner, a.row, a.inner, a.block};
        const Right bi = {b.at + first * b.inner, b.inner};
        multiply(rows, first_row[item + 1] - first, ai, bi, stack[depth++]);
        for (unsigned m = 0; m < fold->merges[item]; m++, depth--)
            for (int i = 0; i < rows; i++)
                for (int v = 0; v < TILE_VECS; v++)
                    stack[depth - 2][i][v] = vec_add(stack[depth - 2][i][v], stack[depth - 1][i][v]);
        if (fold->closes[item]) store(rows, stack[--depth], dw[output++] + offset, PANEL);
    }
}

void KERNEL(backward_weight)(size_t in, size_t out, const float *x, const float *e, const Fold *fold,
                             const size_t *first_row, float *const *dw)
{
    const size_t ldx = kernel_leading(in), lde = kernel_leading(out);
    static const float one = 1.0f; /* X' has a column of ones at its end: its row of dW is the bias's gradient */
    const Left ones = {&one, 0, 0, 0};
    for (size_t j = 0; j < kernel_panels(out) * PANEL; j += TILE_VECS * LANES) {
        const size_t column = kernel_weight_index(in, 0, j);
        const Right b = {e + j, lde};
#define TILE(rows, i)                                                   \
    {                                                                   \
        const Left a = {x + (i), 1, ldx, PANEL * ldx};                  \
        fold_tile(rows, a, b, fold, first_row, column + (i)*PANEL, dw); \
    }
        FOR_TILES(in, TILE);
#undef TILE
        fold_tile(1, ones, b, fold, first_row, column + in * PANEL, dw);
    }
}
