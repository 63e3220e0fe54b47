/* The products of a dense layer that give its output and its input's error, by tiles (tiles.h):
 *
 *   forward           y (n,out) = x W          left x, right W's panels, inner dimension in
 *   backward_data     dx (n,in) = e W^T        into at most one panel of outputs: left e, right W^T in panels;
 *                                              else dx^T = W e^T: left W, right e^T in panels of PANEL samples */
#include <string.h>

#include "kernels/set.h"
#include "kernels/tiles.h"

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
