/* Weights in panels. A layer of `in` inputs and `out` outputs is the matrix W' of in+1 rows (row `in` is the bias) and
 * out columns, held as kernel_panels(out) panels of PANEL columns, each (in+1, PANEL) row-major; the columns past out
 * are 0. Batches are row-major with a leading dimension of kernel_leading(columns) floats, so that a whole panel can be
 * loaded and stored at the end of a row; in errors the columns past the last true one are 0. Arrays of floats need not
 * be aligned beyond a float; aligned to a cache line they are faster. */
#ifndef LOCKSTEP_KERNELS_PANELS_H
#define LOCKSTEP_KERNELS_PANELS_H

#include <stddef.h>

enum { PANEL = 32 };

static inline size_t kernel_panels(size_t columns)
{
    return (columns + PANEL - 1) / PANEL;
}

/* The column after the last one of the panels before panel_end. */
static inline size_t kernel_columns_end(size_t columns, size_t panel_end)
{
    return panel_end * PANEL < columns ? panel_end * PANEL : columns;
}

/* Floats from one row of a batch to the next. The odd half panel keeps rows from falling on the same cache sets. */
static inline size_t kernel_leading(size_t columns)
{
    return kernel_panels(columns) * PANEL + PANEL / 2;
}

/* Floats of a layer's W'. */
static inline size_t kernel_weights(size_t in, size_t out)
{
    return kernel_panels(out) * PANEL * (in + 1);
}

/* Where element (row, column) of W' stands. */
static inline size_t kernel_weight_index(size_t in, size_t row, size_t column)
{
    return column / PANEL * PANEL * (in + 1) + row * PANEL + column % PANEL;
}

#endif
