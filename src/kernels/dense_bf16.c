/* The products of a dense layer whose operands are bf16 (bf16.h), by blocks of PANEL by PANEL:
 *
 *   forward_bf16           y (n,out) = x W       left x, right W's copy, inner dimension in
 *   backward_data_bf16     dx (n,in) = e W^T     left e, right the copy of W^T, inner dimension out
 *   backward_weight_bf16   dW (in,out) = x^T e   left x^T, right e in pairs, inner dimension the samples of an item
 *
 * The items' products are added by the tree block by block; then the update is made and the weights are rounded while
 * they are in the L1 cache. */
#include "kernels/gradient.h"
#include "kernels/halves.h"
#include "kernels/set.h"

typedef struct {
    _Alignas(64) float c[BF16_BLOCK];
} Block;

static size_t rows_of(size_t n, size_t first)
{
    return n - first < PANEL ? n - first : PANEL;
}

void KERNEL(forward_bf16)(Bf16Multiply *multiply, size_t n, size_t in, size_t out, size_t panel, size_t panel_end,
                          const Bf16 *x, const float *w, const Bf16 *copy, Activation activation, float *y)
{
    const size_t ld = bf16_leading(in), ldy = kernel_leading(out);
    Block block;
    for (size_t p = panel; p < panel_end; p++) {
        const float *bias = w + kernel_weight_index(in, in, p * PANEL);
        for (size_t i = 0; i < n; i += PANEL) {
            const size_t rows = rows_of(n, i);
            multiply(&(Bf16Product){rows, in, x + i * ld, ld, PANEL, copy + p * bf16_block(in), BF16_BLOCK, block.c});
            for (size_t r = 0; r < rows; r++)
                for (size_t j = 0; j < PANEL; j += LANES) {
                    const Vec z = vec_add(vec_closed(vec_load(block.c + r * PANEL + j)), vec_load(bias + j));
                    vec_store(y + (i + r) * ldy + p * PANEL + j, activation == ACTIVATION_RELU ? vec_relu(z) : z);
                }
        }
    }
    if (panel == panel_end) return;
    const size_t columns = kernel_columns_end(out, panel_end) - panel * PANEL;
    KERNEL(activate)(n, columns, ldy, activation, y + panel * PANEL);
}

void KERNEL(backward_data_bf16)(Bf16Multiply *multiply, size_t n, size_t in, size_t out, const Bf16 *e,
                                const Bf16 *transpose, const float *x, Activation activation, float *dx)
{
    const size_t ld = bf16_leading(out), ldx = kernel_leading(in);
    Block block;
    for (size_t q = 0; q < kernel_panels(in); q++, transpose += bf16_block(out))
        for (size_t i = 0; i < n; i += PANEL) {
            const size_t rows = rows_of(n, i);
            multiply(&(Bf16Product){rows, out, e + i * ld, ld, PANEL, transpose, BF16_BLOCK, block.c});
            for (size_t r = 0; r < rows; r++)
                for (size_t j = 0; j < PANEL; j += LANES)
                    vec_store(dx + (i + r) * ldx + q * PANEL + j, vec_closed(vec_load(block.c + r * PANEL + j)));
        }
    for (size_t s = 0; s < n; s++) KERNEL(activation_backward)(in, x + s * ldx, activation, dx + s * ldx);
}

/* A block of dW. */
typedef struct {
    const WeightGradient *gradient;
    size_t panel, row, end;
    Target target;
} GradientBlock;

static void multiply_item(const GradientBlock *block, const Operands *item, float *c)
{
    const WeightGradient *g = block->gradient;
    g->multiply(&(Bf16Product){.rows = block->end - block->row,
                               .inner = item->end - item->first,
                               .left = item->inputs + block->row * PANEL,
                               .row = PANEL,
                               .block = bf16_block(g->in),
                               .right = item->errors + block->panel * BF16_BLOCK,
                               .right_block = bf16_block(g->out),
                               .out = c});
}

/* put is a constant at every call. */
ALWAYS_INLINE void put_block(const bool updates, GradientBlock *block, size_t output, const float *c)
{
    const WeightGradient *g = block->gradient;
    const size_t at = kernel_weight_index(g->in, block->row, block->panel * PANEL);
    const size_t end = kernel_weight_index(g->in, block->end, block->panel * PANEL);
    for (size_t row = block->row; row < block->end; row += QUAD) {
        Vec sum[QUAD * PANEL_VECS];
        const float *from = c + (row - block->row) * PANEL;
        for (int i = 0; i < QUAD * PANEL_VECS; i++) sum[i] = vec_load(from + i * LANES);
        target_put(&block->target, updates, output, block->end - row, QUAD, PANEL_VECS, at + (row - block->row) * PANEL,
                   sum);
    }
    if (updates && g->copy) KERNEL(round_weights)(g->in, g->out, at, end, g->w, g->copy, g->transpose);
}

/* The tree over the items; see sums.h. */
static void fold_block(GradientBlock *block)
{
    const WeightGradient *g = block->gradient;
    const Fold *fold = g->fold;
    const size_t count = (block->end - block->row) * PANEL;
    Block stack[FOLD_MAX_DEPTH];
    size_t depth = 0, output = 0;
    for (size_t item = 0; item < fold->items; item++) {
        multiply_item(block, &g->item[item], stack[depth++].c);
        for (unsigned m = 0; m < fold->merges[item]; m++, depth--)
            KERNEL(add)(count, stack[depth - 2].c, stack[depth - 1].c, stack[depth - 2].c);
        if (!fold->closes[item]) continue;
        depth--;
        g->sum ? put_block(false, block, output, stack[depth].c) : put_block(true, block, output, stack[depth].c);
        output++;
    }
}

bool KERNEL(backward_weight_bf16)(const WeightGradient *g)
{
    GradientBlock block = {.gradient = g, .target = target_of(g)};
    const size_t rows = feature_rows_end(g);
    for (block.panel = g->panel; block.panel < g->panel_end; block.panel++)
        for (block.row = g->row; block.row < rows; block.row += PANEL) {
            block.end = block.row + rows_of(rows, block.row);
            fold_block(&block);
        }
    return gradient_end(g, &block.target);
}
