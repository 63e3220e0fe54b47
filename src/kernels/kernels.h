/* The training arithmetic: pure functions on float arrays, in several sets of the same functions, one for each kind of
 * processor, chosen at run time. Every set gives the same bits: each output element of a product is one chain of fused
 * multiply-adds over the inner dimension in ascending order, closed by adding +0.0f; every other sum is one ascending
 * chain too. No MPI, no files, no allocation; nothing here can fail. reference.h has each in plain loops.
 *
 * Weights in panels. A layer of `in` inputs and `out` outputs is the matrix W' of in+1 rows (row `in` is the bias) and
 * out columns, held as kernel_panels(out) panels of PANEL columns, each (in+1, PANEL) row-major; the columns past out
 * are 0. Batches are row-major with a leading dimension of kernel_leading(columns) floats, so that a whole panel can be
 * loaded and stored at the end of a row; in errors the columns past the last true one are 0. */
#ifndef LOCKSTEP_KERNELS_KERNELS_H
#define LOCKSTEP_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "kernels/fold.h"

enum { PANEL = 32 };

static inline size_t kernel_panels(size_t columns)
{
    return (columns + PANEL - 1) / PANEL;
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

/* Floats of scratch that backward_data needs. */
static inline size_t kernel_scratch(size_t in, size_t out)
{
    return (in + out) * PANEL;
}

typedef enum { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_TANH, ACTIVATION_SIGMOID } Activation;

/* One update; see sgd below. */
typedef struct {
    float rate, momentum, weight_decay;
    float inverse_samples; /* 1/n rounded to float; multiplying by it is 4 times as fast as dividing by n */
    bool nesterov;
} SgdStep;

typedef struct {
    const char *name; /* "avx512", "avx2", "neon", "portable" */

    /* y = activation(x W + b).   x (n,in)   w panels   y (n,out) out */
    void (*forward)(size_t n, size_t in, size_t out, const float *x, const float *w, Activation activation, float *y);

    /* dx = (e W^T) * activation'(x), where x is the activation's output.
     *   e (n,out)   w panels   x (n,in)   dx (n,in) out   scratch (kernel_scratch) */
    void (*backward_data)(size_t n, size_t in, size_t out, const float *e, const float *w, const float *x,
                          Activation activation, float *dx, float *scratch);

    /* The weight gradient X'^T E of a rank's run of shards, shard by shard and added in the fold's order, tile by tile.
     *   x (n,in)   e (n,out)   first_row (fold->items + 1): rows [first_row[i], first_row[i+1]) are item i, perhaps
     * none dw: fold->outputs arrays of panels, out */
    void (*backward_weight)(size_t in, size_t out, const float *x, const float *e, const Fold *fold,
                            const size_t *first_row, float *const *dw);

    /* Softmax and cross-entropy, fused: z (n,classes) logits in, softmax(z) - onehot(label) out (not divided by n), or,
     * without gradient, softmax(z). loss (n) out: -log softmax(z)[label], in nats. The row's maximum is taken out
     * before exp, so that no logit overflows. label (n) in [0,classes). */
    void (*softmax_cross_entropy)(size_t n, size_t classes, const uint32_t *label, bool gradient, float *z,
                                  float *loss);

    /* SGD as PyTorch's: g = G/n + weight_decay w; v = momentum v + g; u = nesterov ? g + momentum v : v; w = w - rate
     * u, each product-sum one fma.   gradient (count): G, the sum over the batch   w, v (count); v is NULL without
     * momentum Returns whether a new w is infinite or NaN. */
    bool (*sgd)(size_t count, const SgdStep *step, const float *gradient, float *w, float *v);

    /* sum = a + b, (count); sum may be a or b. */
    void (*add)(size_t count, const float *a, const float *b, float *sum);

    /* out (count) = table[in (count)] */
    void (*expand)(size_t count, const float table[256], const uint8_t *in, float *out);
} Kernels;

/* The fastest set that this processor runs, or the one that LOCKSTEP_ISA names. STATUS_USAGE: no such set, or this
 * processor cannot run it. */
MUST_CHECK Status kernels_choose(const Kernels **kernels);

/* Every set that this processor runs, for tests; the last entry is NULL. */
const Kernels *const *kernels_all(void);

#endif
