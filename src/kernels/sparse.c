/* The products of the first layer that skip the zeros of its input: 81 % of MNIST's pixels. An element that is skipped
 * would have added a zero to a chain, which changes at most the sign of a zero, and the chain's end takes that away.
 *
 *   forward           sample by sample: its elements that are not zero times their rows of W
 *   backward_weight   pair of features by pair: the samples in which one of the two is not zero, times their errors
 *
 * Pairs, since neighbouring pixels are zero together: for MNIST the union's share is 0.22 where that of single pixels
 * is 0.19, and two rows of dW share each load of an error. */
#include "kernels/gradient.h"
#include "kernels/set.h"
#include "kernels/sums.h"

enum {
    WIDE = 8 * LANES / PANEL > 1 ? 8 * LANES / PANEL : 1, /* panels of W at a time in the forward product */
    PAIR_VECS = SUMS / 2                                  /* vectors of dW's columns at a time */
};

void KERNEL(nonzeros_add)(Nonzeros *z, const float *x)
{
    const size_t pairs = nonzeros_pairs(z->features), stride = nonzeros_stride(z->capacity);
    uint32_t *block = z->block + z->n * (nonzeros_blocks(z->features) + 1);
    uint32_t *end = z->pair_end + (z->part + 1) * pairs;
    for (size_t k = 0; k < z->features; k += LANES) {
        if (k % NONZEROS_BLOCK == 0) *block++ = (uint32_t)z->entries;
        const Vec v = vec_load(x + k);
        z->entries += vec_compress(v, (uint32_t)k * PANEL, PANEL, z->value + z->entries, z->weight + z->entries);
        if (!z->parts) continue;
        float value[LANES / 2][2];
        uint32_t pair[LANES / 2];
        const size_t count = vec_compress_pairs(v, (uint32_t)k / 2, value, pair);
        for (size_t i = 0; i < count; i++) {
            const size_t at = pair[i] * stride + end[pair[i]]++;
            memcpy(z->pair_value[at], value[i], sizeof value[i]);
            z->pair_sample[at] = (uint32_t)z->n;
        }
    }
    *block = (uint32_t)z->entries;
    z->n++;
}

/* chain (panels, PANEL_VECS) += the entries [begin, end) times their rows of panels that are `next` floats apart. */
ALWAYS_INLINE void add_entries(const int panels, const Nonzeros *x, size_t begin, size_t end, const float *w,
                               size_t next, Vec *chain)
{
    for (size_t i = begin; i < end; i++) {
        const float *row = w + x->weight[i];
        const Vec value = vec_set1(x->value[i]);
#pragma GCC unroll 16
        for (int p = 0; p < panels; p++)
#pragma GCC unroll 8
            for (int v = 0; v < PANEL_VECS; v++) {
                Vec *c = &chain[p * PANEL_VECS + v];
                *c = vec_fma(value, vec_load(row + (size_t)p * next + v * LANES), *c);
            }
    }
}

/* Some panels of y: block by block of features, so that their weights stay in the cache for all samples. */
ALWAYS_INLINE void forward_panels(const int panels, size_t n, const Nonzeros *x, const float *w, size_t leading,
                                  bool relu, float *y)
{
    enum { VECS = WIDE * PANEL_VECS };
    const size_t blocks = nonzeros_blocks(x->features), next = PANEL * (x->features + 1);
    for (size_t b = 0; b < blocks; b++)
        for (size_t s = 0; s < n; s++) {
            const uint32_t *block = x->block + s * (blocks + 1) + b;
            float *out = y + s * leading;
            Vec chain[VECS];
            for (int v = 0; v < panels * PANEL_VECS; v++)
                chain[v] = b == 0 ? vec_set1(0.0f) : vec_load(out + v * LANES);
            add_entries(panels, x, block[0], block[1], w, next, chain);
            for (int v = 0; v < panels * PANEL_VECS; v++) {
                if (b == blocks - 1) {
                    const float *bias = w + (size_t)(v / PANEL_VECS) * next + x->features * PANEL;
                    chain[v] = vec_add(vec_closed(chain[v]), vec_load(bias + v % PANEL_VECS * LANES));
                    if (relu) chain[v] = vec_relu(chain[v]);
                }
                vec_store(out + v * LANES, chain[v]);
            }
        }
}

void KERNEL(forward_nonzeros)(size_t n, size_t out, size_t panel, size_t panel_end, const Nonzeros *x, const float *w,
                              Activation activation, float *y)
{
    const size_t leading = kernel_leading(out), size = PANEL * (x->features + 1);
    const bool relu = activation == ACTIVATION_RELU;
    size_t p = panel;
    for (; p + WIDE <= panel_end; p += WIDE) forward_panels(WIDE, n, x, w + p * size, leading, relu, y + p * PANEL);
    for (; p < panel_end; p++) forward_panels(1, n, x, w + p * size, leading, relu, y + p * PANEL);
    if (panel == panel_end) return;
    const size_t columns = (panel_end * PANEL < out ? panel_end * PANEL : out) - panel * PANEL;
    KERNEL(activate)(n, columns, leading, activation, y + panel * PANEL);
}

/* An item's samples, as a block reads them. */
typedef struct {
    const float (*value)[2];
    const uint32_t *sample;
    const uint32_t *begin, *end; /* (pairs) of each pair's list */
    const float *e;              /* from the block's first column on */
} Source;

/* A block of dW: the rows 2 * pair and 2 * pair + 1, some vectors of columns. */
typedef struct {
    const WeightGradient *gradient;
    const Source *source; /* (items) */
    size_t stride, leading, pair;
    size_t at; /* of the block's first element in panels */
    Target target;
} Block;

/* The chains of a pair over an item's samples: its first row's vectors, then, PAIR_VECS on, its second's. */
ALWAYS_INLINE Sums pair_chains(const int vecs, const Block *block, size_t item)
{
    const Source *source = &block->source[item];
    const float(*value)[2] = source->value + block->pair * block->stride;
    const uint32_t *sample = source->sample + block->pair * block->stride;
    const uint32_t end = source->end[block->pair];
    Sums sum;
    for (int i = 0; i < SUMS; i++) sum.v[i] = vec_set1(0.0f);
    for (uint32_t i = source->begin[block->pair]; i < end; i++) {
        const float *error = source->e + sample[i] * block->leading;
        const Vec a = vec_set1(value[i][0]), b = vec_set1(value[i][1]);
#pragma GCC unroll 8
        for (int v = 0; v < vecs; v++) {
            const Vec right = vec_load(error + v * LANES);
            sum.v[v] = vec_fma(a, right, sum.v[v]);
            sum.v[PAIR_VECS + v] = vec_fma(b, right, sum.v[PAIR_VECS + v]);
        }
    }
    return sum;
}

ALWAYS_INLINE void pair_put(const int vecs, const bool updates, Block *block, size_t output, Sums sum)
{
    target_put(&block->target, updates, output, vecs, block->at, sum.v);
    if (2 * block->pair + 1 < block->gradient->in)
        target_put(&block->target, updates, output, vecs, block->at + PANEL, sum.v + PAIR_VECS);
}

/* The blocks of pairs [pair, end). */
#define DEFINE_PAIRS(name, vecs, updates)                                        \
    ALWAYS_INLINE Sums name##_leaf(const void *block, size_t item)               \
    {                                                                            \
        return pair_chains(vecs, block, item);                                   \
    }                                                                            \
    ALWAYS_INLINE void name##_put(void *block, size_t output, Sums sum)          \
    {                                                                            \
        pair_put(vecs, updates, block, output, sum);                             \
    }                                                                            \
    static void name(const SumsPlan *plan, Block *block, size_t end)             \
    {                                                                            \
        for (; block->pair < end; block->pair++, block->at += 2 * (size_t)PANEL) \
            sums_fold(plan, name##_leaf, name##_put, block);                     \
    }

DEFINE_PAIRS(pairs_wide, PAIR_VECS, false)
DEFINE_PAIRS(pairs_half, PAIR_VECS / 2, false)
DEFINE_PAIRS(pairs_one, 1, false)
DEFINE_PAIRS(pairs_wide_update, PAIR_VECS, true)
DEFINE_PAIRS(pairs_half_update, PAIR_VECS / 2, true)
DEFINE_PAIRS(pairs_one_update, 1, true)

static void run_pairs(const SumsPlan *plan, size_t columns, Block *block, size_t end)
{
    const bool update = !block->gradient->sum;
    if (columns <= LANES)
        update ? pairs_one_update(plan, block, end) : pairs_one(plan, block, end);
    else if (columns <= PAIR_VECS / 2 * LANES)
        update ? pairs_half_update(plan, block, end) : pairs_half(plan, block, end);
    else
        update ? pairs_wide_update(plan, block, end) : pairs_wide(plan, block, end);
}

/* The items' samples for the columns from `column` on. */
static void find_sources(const WeightGradient *g, size_t column, Source *source)
{
    const size_t pairs = nonzeros_pairs(g->in);
    for (size_t i = 0; i < g->fold->items; i++) {
        const Operands *o = &g->item[i];
        const uint32_t *begin = o->nonzeros->pair_end + o->part * pairs;
        source[i] = (Source){(const float(*)[2])o->nonzeros->pair_value, o->nonzeros->pair_sample, begin, begin + pairs,
                             o->e + column};
    }
}

bool KERNEL(backward_weight_nonzeros)(const WeightGradient *g)
{
    Source source[FOLD_MAX_SHARDS];
    SumsPlan plan;
    sums_plan(g->fold, &plan);
    Block block = {.gradient = g,
                   .source = source,
                   .stride = nonzeros_stride(g->item->nonzeros->capacity),
                   .leading = kernel_leading(g->out),
                   .target = target_of(g)};
    const size_t rows = g->row_end < g->in ? g->row_end : g->in;
    const size_t columns = g->panel_end * PANEL < g->out ? g->panel_end * PANEL : g->out;
    for (size_t j = g->panel * PANEL; j < columns; j += PAIR_VECS * LANES) {
        find_sources(g, j, source);
        block.pair = (g->row + 1) / 2;
        block.at = kernel_weight_index(g->in, g->row, j);
        run_pairs(&plan, columns - j, &block, nonzeros_pairs(rows));
    }
    if (g->row_end > g->in) KERNEL(bias_gradient)(g, &plan, &block.target.bad);
    return update_is_bad(block.target.bad);
}
