/* The products of the first layer that skip the zeros of its input: 81 % of MNIST's pixels. An element that is skipped
 * would have added a zero to a chain, which changes at most the sign of a zero, and the chain's end takes that away.
 * (Times what is infinite or NaN it would have added NaN: a training that has diverged ends, but not with the same
 * NaN.)
 *
 *   forward           quad by quad of features: its rows of W stay in registers, and are added to the outputs of the
 *                     samples in which one of the four is not zero; the outputs of a group stay in the L1 cache
 *   backward_weight   quad by quad: its rows of dW stay in registers, and the errors of those samples are added
 *
 * Both take some vectors of columns at a time. */
#include "kernels/gradient.h"
#include "kernels/set.h"
#include "kernels/sums.h"

enum { QUAD_VECS = SUMS / QUAD }; /* of columns */

/* Samples of one group. */
typedef struct {
    size_t n;
    const size_t *begin; /* (quads) of each list in */
    const Quad *value;
    const uint32_t *sample;
    float *y; /* of the first sample */
} Section;

/* Sections that have together a group's samples at most, and some columns of their outputs. */
typedef struct {
    size_t sections;
    Section section[FORWARD_ITEMS];
    size_t features, leading;
    size_t column;  /* the first one */
    const float *w; /* of it, row 0 */
    size_t next;    /* floats from one panel of w to the next */
    bool relu;
} Sections;

/* y += x W for a quad of features, of which there are `rows`. */
ALWAYS_INLINE void forward_quad(const int vecs, size_t rows, size_t quad, const Sections *of)
{
    const float *w = of->w + quad * QUAD * PANEL;
    Vec weight[QUAD][QUAD_VECS];
    for (size_t k = 0; k < QUAD; k++)
        for (int v = 0; v < vecs; v++)
            weight[k][v] = k < rows ? vec_load(w + k * PANEL + panel_vec(0, v, of->next)) : vec_set1(0.0f);
    for (const Section *p = of->section; p < of->section + of->sections; p++) {
        const Quad *value = p->value + p->begin[quad];
        const uint32_t *sample = p->sample + p->begin[quad];
        float *first = p->y + of->column;
        const size_t leading = of->leading;
        for (size_t i = 0; sample[i] != NONZEROS_END; i++) {
            float *y = first + sample[i] * leading;
            Vec chain[QUAD_VECS];
            for (int v = 0; v < vecs; v++) chain[v] = vec_load(y + v * LANES);
#pragma GCC unroll 4
            for (size_t k = 0; k < QUAD; k++) {
                const Vec x = vec_set1(value[i][k]);
#pragma GCC unroll 4
                for (int v = 0; v < vecs; v++) chain[v] = vec_fma(x, weight[k][v], chain[v]);
            }
            for (int v = 0; v < vecs; v++) vec_store(y + v * LANES, chain[v]);
        }
    }
}

/* Begins or ends the chains of all samples. */
ALWAYS_INLINE void begin_chains(const int vecs, const Sections *of)
{
    for (size_t i = 0; i < of->sections; i++)
        for (size_t s = 0; s < of->section[i].n; s++)
            for (int v = 0; v < vecs; v++)
                vec_store(of->section[i].y + s * of->leading + of->column + v * LANES, vec_set1(0.0f));
}

ALWAYS_INLINE void end_chains(const int vecs, const Sections *of)
{
    const float *bias = of->w + of->features * PANEL;
    for (size_t i = 0; i < of->sections; i++)
        for (size_t s = 0; s < of->section[i].n; s++)
            for (int v = 0; v < vecs; v++) {
                float *y = of->section[i].y + s * of->leading + of->column + v * LANES;
                const Vec z = vec_add(vec_closed(vec_load(y)), vec_load(bias + panel_vec(0, v, of->next)));
                vec_store(y, of->relu ? vec_relu(z) : z);
            }
}

ALWAYS_INLINE void forward_columns(const int vecs, const Sections *of)
{
    const size_t whole = of->features / QUAD, rest = of->features % QUAD;
    begin_chains(vecs, of);
    for (size_t q = 0; q < whole; q++) forward_quad(vecs, QUAD, q, of);
    if (rest) forward_quad(vecs, rest, whole, of);
    end_chains(vecs, of);
}

static void forward_sections(Sections *of, const float *w, size_t first, size_t end)
{
    for (size_t j = first; j < end; j += QUAD_VECS * LANES) {
        of->column = j;
        of->w = w + kernel_weight_index(of->features, 0, j);
        if (end - j <= LANES)
            forward_columns(1, of);
        else if (end - j <= QUAD_VECS / 2 * LANES)
            forward_columns(QUAD_VECS / 2, of);
        else
            forward_columns(QUAD_VECS, of);
    }
}

/* Adds the next group's samples of an item, after the first `done` of them, if there is room. */
static bool add_section(Sections *of, const ForwardItem *item, size_t done, size_t *samples)
{
    const size_t n = item->n - done < NONZEROS_GROUP ? item->n - done : NONZEROS_GROUP;
    if (*samples + n > NONZEROS_GROUP || of->sections == FORWARD_ITEMS) return false;
    of->section[of->sections++] =
        (Section){.n = n,
                  .begin = item->x->begin + done / NONZEROS_GROUP * nonzeros_quads(item->x->features),
                  .value = item->x->value,
                  .sample = item->x->sample,
                  .y = item->y + done * of->leading};
    *samples += n;
    return true;
}

void KERNEL(forward_nonzeros)(size_t items, const ForwardItem *item, size_t out, size_t panel, size_t panel_end,
                              const float *w, Activation activation)
{
    const size_t first = panel * PANEL, end = kernel_columns_end(out, panel_end);
    if (items == 0 || panel == panel_end) return;
    Sections of = {.features = item->x->features,
                   .leading = kernel_leading(out),
                   .next = PANEL * (item->x->features + 1),
                   .relu = activation == ACTIVATION_RELU};
    size_t samples = 0;
    for (size_t i = 0; i < items; i++)
        for (size_t done = 0; done < item[i].n; done += of.section[of.sections - 1].n) {
            if (add_section(&of, &item[i], done, &samples)) continue;
            forward_sections(&of, w, first, end);
            of.sections = samples = 0;
            add_section(&of, &item[i], done, &samples);
        }
    forward_sections(&of, w, first, end);
    for (size_t i = 0; i < items; i++)
        KERNEL(activate)(item[i].n, end - first, of.leading, activation, item[i].y + first);
}

/* An item's samples, as a block reads them. */
typedef struct {
    const size_t *begin; /* (quads) of the group where the item begins, then of those that follow: of each list in */
    const Quad *value;
    const uint32_t *sample;
    const float *e;    /* of this group's first sample, from the block's first column on */
    size_t first, end; /* from this group's first sample */
} Lists;

/* A block of dW: the rows of a quad, some vectors of columns. */
typedef struct {
    const WeightGradient *gradient;
    const Lists *lists; /* (items) */
    size_t leading, quads, quad;
    size_t at;     /* of the block's first element in panels */
    size_t cursor; /* in the quad's list of the current group: the entries of the items so far */
    Target target;
} QuadBlock;

/* The chains of a quad over an item's samples: (QUAD, vecs). */
ALWAYS_INLINE Sums quad_chains(const int vecs, QuadBlock *block, size_t item)
{
    const Lists *lists = &block->lists[item];
    const size_t *begin = lists->begin + block->quad;
    const Quad *value = lists->value + *begin;
    const uint32_t *sample = lists->sample + *begin;
    const float *errors = lists->e;
    const size_t leading = block->leading;
    size_t end = lists->end, i = lists->first ? block->cursor : 0;
    Sums sum;
    for (int k = 0; k < SUMS; k++) sum.v[k] = vec_set1(0.0f);
    while (end > 0) {
        const size_t stop = end < NONZEROS_GROUP ? end : NONZEROS_GROUP;
        for (; sample[i] < stop; i++) {
            const float *e = errors + sample[i] * leading;
            Vec right[QUAD_VECS];
            for (int v = 0; v < vecs; v++) right[v] = vec_load(e + v * LANES);
#pragma GCC unroll 4
            for (int k = 0; k < QUAD; k++) {
                const Vec x = vec_set1(value[i][k]);
#pragma GCC unroll 4
                for (int v = 0; v < vecs; v++) sum.v[k * vecs + v] = vec_fma(x, right[v], sum.v[k * vecs + v]);
            }
        }
        if (end <= NONZEROS_GROUP) break;
        end -= NONZEROS_GROUP;
        begin += block->quads;
        value = lists->value + *begin;
        sample = lists->sample + *begin;
        errors += NONZEROS_GROUP * leading;
        i = 0;
    }
    block->cursor = i;
    return sum;
}

ALWAYS_INLINE void quad_put(const int vecs, const bool updates, QuadBlock *block, size_t output, Sums sum)
{
    const size_t rows = block->gradient->in - block->quad * QUAD;
    target_put(&block->target, updates, output, rows, QUAD, vecs, block->at, sum.v);
}

/* The blocks of quads [quad, end). */
#define DEFINE_QUADS(name, vecs, updates)                                           \
    ALWAYS_INLINE Sums name##_leaf(void *block, size_t item)                        \
    {                                                                               \
        return quad_chains(vecs, block, item);                                      \
    }                                                                               \
    ALWAYS_INLINE void name##_put(void *block, size_t output, Sums sum)             \
    {                                                                               \
        quad_put(vecs, updates, block, output, sum);                                \
    }                                                                               \
    static void name(const Fold *fold, QuadBlock *block, size_t end)                \
    {                                                                               \
        for (; block->quad < end; block->quad++, block->at += QUAD * (size_t)PANEL) \
            sums_fold(fold, name##_leaf, name##_put, block);                        \
    }

DEFINE_QUADS(quads_wide, QUAD_VECS, false)
DEFINE_QUADS(quads_half, QUAD_VECS / 2, false)
DEFINE_QUADS(quads_one, 1, false)
DEFINE_QUADS(quads_wide_update, QUAD_VECS, true)
DEFINE_QUADS(quads_half_update, QUAD_VECS / 2, true)
DEFINE_QUADS(quads_one_update, 1, true)

static void run_quads(size_t columns, QuadBlock *block, size_t end)
{
    const Fold *fold = block->gradient->fold;
    const bool update = !block->gradient->sum;
    if (columns <= LANES)
        update ? quads_one_update(fold, block, end) : quads_one(fold, block, end);
    else if (columns <= QUAD_VECS / 2 * LANES)
        update ? quads_half_update(fold, block, end) : quads_half(fold, block, end);
    else
        update ? quads_wide_update(fold, block, end) : quads_wide(fold, block, end);
}

/* The items' samples for the columns from `column` on. An empty one may stand where no group is any more: it reads no
 * list, and leaves the cursor as it is. */
static void find_lists(const WeightGradient *g, size_t column, Lists *lists)
{
    for (size_t i = 0; i < g->fold->items; i++) {
        const Operands *o = &g->item[i];
        const bool empty = o->first == o->end;
        const size_t group = empty ? 0 : o->first / NONZEROS_GROUP, base = group * NONZEROS_GROUP;
        lists[i] = (Lists){.begin = o->nonzeros->begin + group * nonzeros_quads(g->in),
                           .value = o->nonzeros->value,
                           .sample = o->nonzeros->sample,
                           .e = o->e + base * kernel_leading(g->out) + column,
                           .first = empty ? 1 : o->first - base,
                           .end = empty ? 0 : o->end - base};
    }
}

bool KERNEL(backward_weight_nonzeros)(const WeightGradient *g)
{
    Lists lists[FOLD_MAX_SHARDS];
    QuadBlock block = {.gradient = g,
                       .lists = lists,
                       .leading = kernel_leading(g->out),
                       .quads = nonzeros_quads(g->in),
                       .target = target_of(g)};
    const size_t rows = feature_rows_end(g), end = kernel_columns_end(g->out, g->panel_end);
    const size_t first = g->panel * PANEL, step = QUAD_VECS * LANES;
    /* From the last columns to the first: the forward product went the other way and left those in the cache. */
    for (size_t left = (end - first + step - 1) / step; end > first && left > 0; left--) {
        const size_t j = first + (left - 1) * step;
        find_lists(g, j, lists);
        block.quad = nonzeros_quads(g->row);
        block.at = kernel_weight_index(g->in, g->row, j);
        run_quads(end - j, &block, nonzeros_quads(rows));
    }
    return gradient_end(g, &block.target);
}
