/* The three matrix products of a dense layer, all by register-blocked tiles: some rows of the left operand, broadcast,
 * times some vectors of the right one.
 *
 *   forward           y (n,out) = x W          left x, right W's panels, inner dimension in
 *   backward_data     dx (n,in) = e W^T        into at most one panel of outputs: left e, right W^T in panels;
 *                                              else dx^T = W e^T: left W, right e^T in panels of PANEL samples
 *   backward_weight   dW (in,out) = x^T e      left x^T, right e, inner dimension the samples of an item */
#include <string.h>

#include "kernels/gradient.h"
#include "kernels/set.h"
#include "kernels/sums.h"

enum { MOST_CHAINS = TILE_ROWS * TILE_VECS > SUMS ? TILE_ROWS *TILE_VECS : SUMS };

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

/* What becomes of a product's elements. */
typedef struct {
    float *out; /* element (i, j) at out[i * leading + j] */
    size_t leading;
    const float *bias; /* (PANEL), added; or NULL */
    bool relu;
    const float *gate; /* like out; where it is not positive the element becomes 0; or NULL */
} Product;

/* out (m, vecs * LANES) = a b. */
ALWAYS_INLINE void product_columns(const int vecs, size_t m, size_t inner, Left a, Right b, Product p)
{
#define TILE(rows, i)                                                                                             \
    {                                                                                                             \
        Vec sum[TILE_ROWS * TILE_VECS];                                                                           \
        const Left ai = {a.at + (i)*a.row, a.row, a.inner, a.block};                                              \
        multiply(rows, vecs, inner, ai, b, sum);                                                                  \
        for (int r = 0; r < (rows); r++)                                                                          \
            for (int v = 0; v < vecs; v++) {                                                                      \
                Vec z = vec_closed(sum[r * vecs + v]);                                                            \
                if (p.bias) z = vec_add(z, vec_load(p.bias + v * LANES));                                         \
                if (p.relu) z = vec_relu(z);                                                                      \
                if (p.gate) z = vec_if_positive(vec_load(p.gate + ((i) + (size_t)r) * p.leading + v * LANES), z); \
                vec_store(p.out + ((i) + (size_t)r) * p.leading + v * LANES, z);                                  \
            }                                                                                                     \
    }
    FOR_TILES(m, TILE);
#undef TILE
}

/* out (m, columns <= PANEL), and what is left of the last vector. */
static void product_panel(size_t m, size_t columns, size_t inner, Left a, Right b, Product p)
{
    for (size_t j = 0; j < columns; j += TILE_VECS * LANES) {
        const Right bj = {b.at + j, b.inner};
        const Product pj = {p.out + j, p.leading, p.bias ? p.bias + j : NULL, p.relu, p.gate ? p.gate + j : NULL};
        if (columns - j <= LANES)
            product_columns(1, m, inner, a, bj, pj);
        else
            product_columns(TILE_VECS, m, inner, a, bj, pj);
    }
}

static size_t panel_columns(size_t columns, size_t panel)
{
    return columns - panel * PANEL < PANEL ? columns - panel * PANEL : PANEL;
}

void KERNEL(forward)(size_t n, size_t in, size_t out, size_t panel, size_t panel_end, const float *x, const float *w,
                     Activation activation, float *y)
{
    const Left a = {x, kernel_leading(in), 1, PANEL};
    for (size_t p = panel; p < panel_end; p++) {
        const float *weights = w + p * PANEL * (in + 1);
        const Right b = {weights, PANEL};
        product_panel(n, panel_columns(out, p), in, a, b,
                      (Product){.out = y + p * PANEL,
                                .leading = kernel_leading(out),
                                .bias = weights + in * PANEL,
                                .relu = activation == ACTIVATION_RELU});
    }
    if (panel == panel_end) return;
    const size_t columns = kernel_columns_end(out, panel_end) - panel * PANEL;
    KERNEL(activate)(n, columns, kernel_leading(out), activation, y + panel * PANEL);
}

/* dx = e W^T for few outputs: W^T (out, in) in panels of PANEL inputs stays in the L1 cache. gate (n,in): see Product.
 */
static void backward_data_narrow(size_t n, size_t in, size_t out, const float *e, const float *w, const float *gate,
                                 float *dx, float *scratch)
{
    const Left a = {e, kernel_leading(out), 1, PANEL};
    for (size_t k = 0; k < kernel_panels(in) * PANEL; k += PANEL) {
        for (size_t j = 0; j < out; j++)
            for (size_t i = 0; i < PANEL; i++) scratch[j * PANEL + i] = k + i < in ? w[(k + i) * PANEL + j] : 0.0f;
        const Right b = {scratch, PANEL};
        const Product p = {.out = dx + k, .leading = kernel_leading(in), .gate = gate ? gate + k : NULL};
        product_panel(n, PANEL, out, a, b, p);
    }
}

/* to (columns, PANEL) = the transpose of from (rows <= PANEL, columns), 0 past the last row. */
static void transpose_in(size_t rows, size_t columns, const float *from, size_t leading, float *to)
{
    if (rows < PANEL) memset(to, 0, columns * PANEL * sizeof *to);
    for (size_t s = 0; s < rows; s++)
        for (size_t j = 0; j < columns; j++) to[j * PANEL + s] = from[s * leading + j];
}

/* to (rows <= PANEL, columns) = the transpose of from (columns, PANEL). */
static void transpose_out(size_t rows, size_t columns, const float *from, float *to, size_t leading)
{
    enum { BLOCK = 16 }; /* floats of a cache line */
    for (size_t k = 0; k < columns; k += BLOCK) {
        const size_t end = columns - k < BLOCK ? columns - k : BLOCK;
        for (size_t s = 0; s < rows; s++)
            for (size_t i = 0; i < end; i++) to[s * leading + k + i] = from[(k + i) * PANEL + s];
    }
}

/* dx^T = W e^T, for PANEL samples and KERNEL_ROWS inputs at a time: a block of dx^T stays in the L1 cache. */
static void backward_data_wide(size_t n, size_t in, size_t out, const float *e, const float *w, float *dx,
                               float *scratch)
{
    const size_t lde = kernel_leading(out), ldx = kernel_leading(in);
    float *et = scratch + KERNEL_ROWS * PANEL, *dxt = scratch;
    const Right b = {et, PANEL};
    for (size_t s = 0; s < n; s += PANEL) {
        const size_t samples = n - s < PANEL ? n - s : PANEL;
        transpose_in(samples, out, e + s * lde, lde, et);
        for (size_t k = 0; k < in; k += KERNEL_ROWS) {
            const size_t rows = in - k < KERNEL_ROWS ? in - k : KERNEL_ROWS;
            const Left a = {w + k * PANEL, PANEL, 1, PANEL * (in + 1)};
            product_panel(rows, PANEL, out, a, b, (Product){.out = dxt, .leading = PANEL});
            transpose_out(samples, rows, dxt, dx + s * ldx + k, ldx);
        }
    }
}

void KERNEL(backward_data)(size_t n, size_t in, size_t out, const float *e, const float *w, const float *x,
                           Activation activation, float *dx, float *scratch)
{
    const size_t ldx = kernel_leading(in), padded = kernel_panels(in) * PANEL;
    const bool gated = out <= PANEL && activation == ACTIVATION_RELU;
    if (out <= PANEL)
        backward_data_narrow(n, in, out, e, w, gated ? x : NULL, dx, scratch);
    else
        backward_data_wide(n, in, out, e, w, dx, scratch);
    for (size_t s = 0; s < n; s++) {
        if (!gated) KERNEL(activation_backward)(in, x + s * ldx, activation, dx + s * ldx);
        memset(dx + s * ldx + in, 0, (padded - in) * sizeof *dx);
    }
}

/* An item's samples, as a block reads them. */
typedef struct {
    const float *x; /* from feature 0 on */
    const float *e; /* from the block's first column on */
    size_t samples;
} Source;

/* A block of dW: some rows and vectors of columns. */
typedef struct {
    const WeightGradient *gradient;
    const Source *source; /* (items) */
    size_t ldx, lde;      /* floats from one sample to the next */
    size_t row;
    size_t at; /* of the block's first element in panels */
    Target target;
} Block;

/* rows x vecs chains over an item's samples. */
ALWAYS_INLINE void block_chains(const int rows, const int vecs, const Block *block, size_t item, Vec *sum)
{
    const Source *source = &block->source[item];
    const Left x = {source->x + block->row, 1, block->ldx, PANEL * block->ldx};
    multiply(rows, vecs, source->samples, x, (Right){source->e, block->lde}, sum);
}

ALWAYS_INLINE void block_put(const int rows, const int vecs, const bool updates, Block *block, size_t output,
                             const Vec *sum)
{
    target_put(&block->target, updates, output, (size_t)rows, rows, vecs, block->at, sum);
}

/* The blocks of the rows up to end that are whole, of several items. */
#define DEFINE_FOLDED(name, rows, vecs, updates)                                                      \
    ALWAYS_INLINE Sums name##_leaf(void *block, size_t item)                                          \
    {                                                                                                 \
        Sums sum;                                                                                     \
        for (int i = (rows) * (vecs); i < SUMS; i++) sum.v[i] = vec_set1(0.0f);                       \
        block_chains(rows, vecs, block, item, sum.v);                                                 \
        return sum;                                                                                   \
    }                                                                                                 \
    ALWAYS_INLINE void name##_put(void *block, size_t output, Sums sum)                               \
    {                                                                                                 \
        block_put(rows, vecs, updates, block, output, sum.v);                                         \
    }                                                                                                 \
    static void name(const Fold *fold, Block *block, size_t end)                                      \
    {                                                                                                 \
        for (; block->row + (rows) <= end; block->row += (rows), block->at += (rows) * (size_t)PANEL) \
            sums_fold(fold, name##_leaf, name##_put, block);                                          \
    }

enum { WIDE_ROWS = SUMS / TILE_VECS, NARROW_ROWS = SUMS };
DEFINE_FOLDED(folded_wide, WIDE_ROWS, TILE_VECS, false)
DEFINE_FOLDED(folded_narrow, NARROW_ROWS, 1, false)
DEFINE_FOLDED(folded_row, 1, TILE_VECS, false)
DEFINE_FOLDED(folded_wide_update, WIDE_ROWS, TILE_VECS, true)
DEFINE_FOLDED(folded_narrow_update, NARROW_ROWS, 1, true)
DEFINE_FOLDED(folded_row_update, 1, TILE_VECS, true)

static void run_folded(bool narrow, Block *block, size_t end)
{
    const Fold *fold = block->gradient->fold;
    if (block->gradient->sum) {
        narrow ? folded_narrow(fold, block, end) : folded_wide(fold, block, end);
        folded_row(fold, block, end);
    } else {
        narrow ? folded_narrow_update(fold, block, end) : folded_wide_update(fold, block, end);
        folded_row_update(fold, block, end);
    }
}

/* One item: nothing to fold, and tiles as large as the registers allow. */
ALWAYS_INLINE void whole_columns(const int vecs, const bool updates, Block *block, size_t end)
{
    const size_t row = block->row, at = block->at;
#define TILE(rows, i)                                  \
    {                                                  \
        Vec sum[TILE_ROWS * TILE_VECS];                \
        block->row = row + (i);                        \
        block->at = at + (i)*PANEL;                    \
        block_chains(rows, vecs, block, 0, sum);       \
        block_put(rows, vecs, updates, block, 0, sum); \
    }
    FOR_TILES(end - row, TILE);
#undef TILE
}

static void run_whole(bool narrow, Block *block, size_t end)
{
    if (block->gradient->sum)
        narrow ? whole_columns(1, false, block, end) : whole_columns(TILE_VECS, false, block, end);
    else
        narrow ? whole_columns(1, true, block, end) : whole_columns(TILE_VECS, true, block, end);
}

/* The items' samples for the columns from `column` on. */
static void find_sources(const WeightGradient *g, size_t column, Source *source)
{
    const size_t ldx = kernel_leading(g->in), lde = kernel_leading(g->out);
    for (size_t i = 0; i < g->fold->items; i++) {
        const Operands *o = &g->item[i];
        source[i] = (Source){o->x + o->first * ldx, o->e + o->first * lde + column, o->end - o->first};
    }
}

void KERNEL(bias_gradient)(const WeightGradient *g, Vec *bad)
{
    static const float one = 1.0f; /* X' has a column of ones */
    Source source[FOLD_MAX_SHARDS];
    /* ldx 0: the same for all samples */
    Block block = {.gradient = g, .source = source, .lde = kernel_leading(g->out), .target = target_of(g)};
    for (size_t j = g->panel * PANEL; j < kernel_columns_end(g->out, g->panel_end); j += TILE_VECS * LANES) {
        find_sources(g, j, source);
        for (size_t i = 0; i < g->fold->items; i++) source[i].x = &one;
        block.row = 0;
        block.at = kernel_weight_index(g->in, g->in, j);
        g->sum ? folded_row(g->fold, &block, 1) : folded_row_update(g->fold, &block, 1);
    }
    *bad = vec_or(*bad, block.target.bad);
}

bool KERNEL(backward_weight)(const WeightGradient *g)
{
    if (g->item[0].nonzeros) return KERNEL(backward_weight_nonzeros)(g);
    Source source[FOLD_MAX_SHARDS];
    Block block = {.gradient = g,
                   .source = source,
                   .ldx = kernel_leading(g->in),
                   .lde = kernel_leading(g->out),
                   .target = target_of(g)};
    const size_t rows = g->row_end < g->in ? g->row_end : g->in;
    for (size_t j = g->panel * PANEL; j < kernel_columns_end(g->out, g->panel_end); j += TILE_VECS * LANES) {
        const bool narrow = kernel_columns_end(g->out, g->panel_end) - j <= LANES;
        find_sources(g, j, source);
        block.row = g->row;
        block.at = kernel_weight_index(g->in, g->row, j);
        g->fold->items > 1 ? run_folded(narrow, &block, rows) : run_whole(narrow, &block, rows);
    }
    if (g->row_end > g->in) KERNEL(bias_gradient)(g, &block.target.bad);
    return update_is_bad(block.target.bad);
}
