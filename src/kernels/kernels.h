/* The training arithmetic: pure functions on float arrays, in several sets of the same functions, one for each kind of
 * processor, chosen at run time. Every set gives the same bits: each output element of a product is one chain of fused
 * multiply-adds over the inner dimension in ascending order, closed by adding +0.0f; every other sum is one ascending
 * chain too. No MPI, no files, no allocation; nothing here can fail. reference.h has each in plain loops. */
#ifndef LOCKSTEP_KERNELS_KERNELS_H
#define LOCKSTEP_KERNELS_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "kernels/bf16.h"
#include "kernels/fold.h"
#include "kernels/panels.h"
#include "kernels/patches.h"

enum { KERNEL_ROWS = 112 }; /* inputs that backward_data takes at a time */

/* Floats of scratch that backward_data needs for a layer of so many outputs. */
static inline size_t kernel_scratch(size_t out)
{
    return (KERNEL_ROWS + out) * PANEL;
}

typedef enum { ACTIVATION_NONE, ACTIVATION_RELU, ACTIVATION_TANH, ACTIVATION_SIGMOID } Activation;

/* One update; see sgd below. */
typedef struct {
    float rate, momentum, weight_decay;
    float inverse_samples; /* 1/n rounded to float; multiplying by it is 4 times as fast as dividing by n */
    bool nesterov;
} SgdStep;

enum {
    QUAD = 4,            /* features */
    NONZEROS_TILE = 16,  /* samples that are added at once */
    NONZEROS_GROUP = 128 /* samples of which a kernel's share of y or e fits the L1 cache */
};

#define NONZEROS_END UINT32_MAX

typedef float Quad[QUAD];

/* Samples by their elements that are not zero, for kernels that skip zeros. Feature by feature the samples in which it
 * is not zero would do for all products; but neighbouring pixels are zero together, so the lists are by quads of
 * features, (4q .. 4q+3): four times as long a run of multiply-adds an entry, at a third as many again (of MNIST's
 * single pixels 0.19 are not zero, of patches of 2x2 0.26).
 *
 * The lists follow each other without gaps in memory that other processes may share: to them each line costs the way
 * from this processor's cache. They are collected in memory of their own and go there group by group. */
typedef struct {
    size_t features, capacity;
    size_t width;     /* of images (patches.h) */
    Quad *value;      /* of each entry; features past the last are 0 */
    uint32_t *sample; /* in which of the group's samples, ascending; NONZEROS_END after each list */
    size_t *begin;    /* (groups, quads): of each list in value and sample */

    /* The group that is being filled; NULL where none is. */
    size_t room;      /* of each list: a group's samples or fewer, and a tile: no power of 2, whose lists would
                         share cache sets */
    Quad *collected;  /* (quads, room): values, or of uint8 bytes, a quad in a word, in the front of each list */
    uint32_t *number; /* (quads, room): samples */
    uint32_t *count;  /* (quads): entries */

    size_t n;       /* samples so far */
    size_t entries; /* used of value and sample */
} Nonzeros;

static inline size_t nonzeros_quads(size_t features)
{
    return (features + QUAD - 1) / QUAD;
}

/* For capacity samples: of the lists, and of what collects them. */
size_t nonzeros_bytes(size_t features, size_t capacity);
size_t nonzeros_scratch_bytes(size_t features, size_t capacity);

/* memory, scratch: of that many bytes, aligned to 64; scratch NULL: another process fills them. */
void nonzeros_place(Nonzeros *nonzeros, size_t features, size_t width, size_t capacity, void *memory, void *scratch);

/* No samples. */
void nonzeros_clear(Nonzeros *nonzeros);

/* The samples of a batch as the first layer reads them. */
typedef struct {
    size_t n;
    const float *x;           /* (n, features); or NULL and */
    const Nonzeros *nonzeros; /* their elements that are not zero; or NULL too and */
    const Bf16 *rounded;      /* their rows (bf16_rows), for a bf16 layer */
} BatchInput;

/* n samples, and the first layer's output. */
typedef struct {
    size_t n;
    const Nonzeros *x;
    float *y; /* (n, out) out */
} ForwardItem;

enum { FORWARD_ITEMS = 16 }; /* whose weights are read together */

/* The samples of one item of a weight gradient's fold: rows [first, end) of x or nonzeros, and of the errors. With
 * nonzeros, first is 0 or the item before ends there. */
typedef struct {
    const float *x;           /* (.., in); or NULL and */
    const Nonzeros *nonzeros; /* the same */
    const float *e;           /* (.., out) */
    size_t first, end;
    const Bf16 *inputs, *errors; /* of a bf16 layer, instead of x: the item's blocks, as lay_inputs and lay_errors made
                                    them; e is the bias's */
} Operands;

/* A layer's weight gradient X'^T E over the items of a fold, or a part of it, and what becomes of it. */
typedef struct {
    size_t in, out;
    const Fold *fold;
    const Operands *item;    /* (fold->items), all with x or all with nonzeros */
    size_t panel, panel_end; /* which panels of W' */
    size_t row, row_end;     /* which rows of W', row in being the bias: multiples of QUAD with nonzeros, of PANEL with
                                bf16; or in; or in + 1 */
    float *const *sum;       /* (fold->outputs) panels, out; or NULL: the update is made with the only output at once */
    const SgdStep *step;     /* of */
    float *w, *v;            /* panels; v NULL without momentum */
    Bf16Multiply *multiply;  /* of a bf16 layer; and the rounded copies that are made with the update: */
    Bf16 *copy, *transpose;  /* of W, NULL: of neither, and of W^T, or NULL (bf16.h) */
} WeightGradient;

typedef struct {
    const char *name; /* "amx" (avx512 with bf16 products by AMX), "avx512", "avx2", "neon", "portable" */

    /* Sets up the calling thread for what follows; NULL: there is nothing to set up. kernels_choose has done so for its
     * thread; another one, or one in which a library may have set up something else since, does it again. */
    void (*set_up)(void);

    /* y = activation(x W + b), of which the panels [panel, panel_end).   x (n,in)   w panels   y (n,out) out */
    void (*forward)(size_t n, size_t in, size_t out, size_t panel, size_t panel_end, const float *x, const float *w,
                    Activation activation, float *y);

    /* The same for the samples of some items: the weights are read once for as many as a group has. */
    void (*forward_nonzeros)(size_t items, const ForwardItem *item, size_t out, size_t panel, size_t panel_end,
                             const float *w, Activation activation);

    /* dx = (e W^T) * activation'(x), where x is the activation's output.
     *   e (n,out)   w panels   x (n,in)   dx (n,in) out   scratch (kernel_scratch) */
    void (*backward_data)(size_t n, size_t in, size_t out, const float *e, const float *w, const float *x,
                          Activation activation, float *dx, float *scratch);

    /* The weight gradient X'^T E, item by item and added in the fold's order, tile by tile. Elements past column `out`
     * are left as they are, or are 0. Returns whether a new w is infinite or NaN. */
    bool (*backward_weight)(const WeightGradient *gradient);

    /* The product of bf16.h, and with it those of a layer's batch.
     *   x (n,in), e (n,out) rounded rows (bf16_rows)   w panels, for the bias   copy, transpose: of w (bf16_weights)
     *   y, dx: as above */
    Bf16Multiply *multiply_bf16;
    void (*forward_bf16)(Bf16Multiply *multiply, size_t n, size_t in, size_t out, size_t panel, size_t panel_end,
                         const Bf16 *x, const float *w, const Bf16 *copy, Activation activation, float *y);
    void (*backward_data_bf16)(Bf16Multiply *multiply, size_t n, size_t in, size_t out, const Bf16 *e,
                               const Bf16 *transpose, const float *x, Activation activation, float *dx);

    /* rounded (n, columns) rows = x (n, columns), rounded; what is past the last column stays as it is: 0. */
    void (*round_rows)(size_t n, size_t columns, const float *x, Bf16 *rounded);

    /* The elements [begin, end) of panels w, multiples of PANEL / 2, rounded into the copy, and the transpose unless it
     * is NULL. Nothing else of these is written, so that others may be at work beside it. */
    void (*round_weights)(size_t in, size_t out, size_t begin, size_t end, const float *w, Bf16 *copy, Bf16 *transpose);

    /* The samples of an item, its `count` rows of inputs (count, columns) rounded and of errors (count, columns), into
     * kernel_panels(count) blocks (bf16_block). Samples past the last are 0. */
    void (*lay_inputs)(size_t count, size_t columns, const Bf16 *rows, Bf16 *blocks);
    void (*lay_errors)(size_t count, size_t columns, const float *e, Bf16 *blocks);

    /* Adds up to NONZEROS_TILE samples, as many but for the last ones of a batch.
     *   row (count): of each (features) uint8 in the order of the sample; v stands for table[v], and table[0] is 0
     *   x (count, features): the elements themselves, in the order of memory */
    void (*nonzeros_add_uint8)(Nonzeros *nonzeros, size_t count, const uint8_t *const *row, const float table[256]);
    void (*nonzeros_add)(Nonzeros *nonzeros, size_t count, const float *x);

    /* All samples are added. table: NULL if they were floats. */
    void (*nonzeros_end)(Nonzeros *nonzeros, const float table[256]);

    /* Softmax and cross-entropy, fused: z (n,classes) logits in, softmax(z) - onehot(label) out (not divided by n), or,
     * without gradient, softmax(z). loss (n) out: -log softmax(z)[label], in nats. The row's maximum is taken out
     * before exp, so that no logit overflows. label (n) in [0,classes). */
    void (*softmax_cross_entropy)(size_t n, size_t classes, const uint32_t *label, bool gradient, float *z,
                                  float *loss);

    /* SGD as PyTorch's: g = G/n + weight_decay w; v = momentum v + g; u = nesterov ? g + momentum v : v; w = w - rate
     * u, each product-sum one fma.   count: a multiple of PANEL / 2   gradient (count): G, the sum over the batch
     * w, v (count); v is NULL without momentum   Returns whether a new w is infinite or NaN. */
    bool (*sgd)(size_t count, const SgdStep *step, const float *gradient, float *w, float *v);

    /* sum = a + b, (count); sum may be a or b. */
    void (*add)(size_t count, const float *a, const float *b, float *sum);

    /* x (features), in the order of memory = table[in (features)], in the order of the sample (patches.h) */
    void (*expand)(size_t features, size_t width, const float table[256], const uint8_t *in, float *x);

    /* No part of training, but its limits, to be measured. spin: `rounds` multiply-adds in each lane of as many
     * registers as a product's tile has, and nothing in memory; returns how many multiply-adds these are. scan: reads
     * x (count), a multiple of 4 * PANEL. *sink: something of all of it, so that no compiler leaves it out. */
    size_t (*spin)(size_t rounds, float *sink);
    void (*scan)(size_t count, const float *x, float *sink);
} Kernels;

/* The fastest set that this processor runs, or the one that LOCKSTEP_ISA names. Without bf16 products "amx" is no
 * faster than "avx512": then the system is asked for what it needs only if it is named. STATUS_USAGE: no such set, or
 * this processor cannot run it. */
MUST_CHECK Status kernels_choose(bool bf16, const Kernels **kernels);

/* Every set that this processor runs; the last entry is NULL. */
const Kernels *const *kernels_all(void);

#endif
