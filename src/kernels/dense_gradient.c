/* The weight gradient of a dense layer, by tiles (tiles.h):
 *
 *   backward_weight   dW (in,out) = x^T e      left x^T, right e, inner dimension the samples of an item
 *
 * The items' products are added by the tree tile by tile (sums.h). */
#include "kernels/gradient.h"
#include "kernels/set.h"
#include "kernels/sums.h"
#include "kernels/tiles.h"

/* An item's samples, as a block reads them. */
typedef struct {
    const float *x; /* from feature 0 on */
    const float *e; /* from the block's first column on */
    size_t count;
} DenseItem;

/* A block of dW: some rows and vectors of columns. */
typedef struct {
    const WeightGradient *gradient;
    const DenseItem *items;
    size_t ldx, lde; /* floats from one sample to the next */
    size_t row;
    size_t at; /* of the block's first element in panels */
    Target target;
} DenseBlock;

/* rows x vecs chains over an item's samples. */
ALWAYS_INLINE void block_chains(const int rows, const int vecs, const DenseBlock *block, size_t item, Vec *sum)
{
    const DenseItem *samples = &block->items[item];
    const Left x = {samples->x + block->row, 1, block->ldx, PANEL * block->ldx};
    multiply(rows, vecs, samples->count, x, (Right){samples->e, block->lde}, sum);
}

ALWAYS_INLINE void block_put(const int rows, const int vecs, const bool updates, DenseBlock *block, size_t output,
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
    static void name(const Fold *fold, DenseBlock *block, size_t end)                                 \
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

static void run_folded(bool narrow, DenseBlock *block, size_t end)
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
ALWAYS_INLINE void whole_columns(const int vecs, const bool updates, DenseBlock *block, size_t end)
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

static void run_whole(bool narrow, DenseBlock *block, size_t end)
{
    if (block->gradient->sum)
        narrow ? whole_columns(1, false, block, end) : whole_columns(TILE_VECS, false, block, end);
    else
        narrow ? whole_columns(1, true, block, end) : whole_columns(TILE_VECS, true, block, end);
}

/* The items' samples for the columns from `column` on. */
static void find_items(const WeightGradient *g, size_t column, DenseItem *items)
{
    const size_t ldx = kernel_leading(g->in), lde = kernel_leading(g->out);
    for (size_t i = 0; i < g->fold->items; i++) {
        const Operands *o = &g->item[i];
        items[i] = (DenseItem){o->x + o->first * ldx, o->e + o->first * lde + column, o->end - o->first};
    }
}

void KERNEL(bias_gradient)(const WeightGradient *g, Vec *bad)
{
    static const float one = 1.0f; /* X' has a column of ones */
    DenseItem items[FOLD_MAX_SHARDS];
    /* ldx 0: the same for all samples */
    DenseBlock block = {.gradient = g, .items = items, .lde = kernel_leading(g->out), .target = target_of(g)};
    for (size_t j = g->panel * PANEL; j < kernel_columns_end(g->out, g->panel_end); j += TILE_VECS * LANES) {
        find_items(g, j, items);
        for (size_t i = 0; i < g->fold->items; i++) items[i].x = &one;
        block.row = 0;
        block.at = kernel_weight_index(g->in, g->in, j);
        g->sum ? folded_row(g->fold, &block, 1) : folded_row_update(g->fold, &block, 1);
    }
    *bad = vec_or(*bad, block.target.bad);
}

bool KERNEL(backward_weight)(const WeightGradient *g)
{
    if (g->item[0].nonzeros) return KERNEL(backward_weight_nonzeros)(g);
    if (g->item[0].inputs) return KERNEL(backward_weight_bf16)(g);
    DenseItem items[FOLD_MAX_SHARDS];
    DenseBlock block = {.gradient = g,
                        .items = items,
                        .ldx = kernel_leading(g->in),
                        .lde = kernel_leading(g->out),
                        .target = target_of(g)};
    const size_t rows = feature_rows_end(g);
    for (size_t j = g->panel * PANEL; j < kernel_columns_end(g->out, g->panel_end); j += TILE_VECS * LANES) {
        const bool narrow = kernel_columns_end(g->out, g->panel_end) - j <= LANES;
        find_items(g, j, items);
        block.row = g->row;
        block.at = kernel_weight_index(g->in, g->row, j);
        g->fold->items > 1 ? run_folded(narrow, &block, rows) : run_whole(narrow, &block, rows);
    }
    return gradient_end(g, &block.target);
}
