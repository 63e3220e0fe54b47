/* The weight gradient of every kernel set against the plain reference, bit for bit: the fold over shards, the update
 * made within it, any part of it, with and without the zeros of the input, and of bf16. */
#include "bf16_case.h"

/* A weight gradient's case: the shards [first, end) of so many, the samples of each, and the expected sums. */
enum { MOST_ITEMS = 13 };
typedef struct {
    size_t n, in, out;
    bool bf16;
    float *x, *x_padded, *e, *e_padded; /* owned */
    Fold fold;                          /* owned */
    size_t first_row[MOST_ITEMS + 1];
    float *expected[MOST_ITEMS]; /* (in + 1, out) of each output; owned */
} GradientCase;

/* dw (in + 1, out) of an item. */
static void expect_item(const GradientCase *c, size_t row, size_t count, float *dw)
{
    const float *x = c->x + row * c->in, *e = c->e + row * c->out;
    reference_backward_weight_f32(count, c->in, c->out, x, e, dw, dw + c->in * c->out);
    if (!c->bf16) return;
    float *xt = floats_new(c->in * count);
    transpose_plain(count, c->in, x, xt);
    reference_product(c->in, count, c->out, xt, e, dw);
    floats_free(xt);
}

/* The fold of the items' gradients, by the plain reference and a stack of whole arrays. */
static void expect_sums(GradientCase *c)
{
    const size_t size = (c->in + 1) * c->out;
    float *stack[MOST_ITEMS];
    size_t depth = 0, output = 0;
    for (size_t i = 0; i < c->fold.items; i++) {
        const size_t row = c->first_row[i];
        float *dw = stack[depth++] = floats_new(size);
        expect_item(c, row, c->first_row[i + 1] - row, dw);
        for (unsigned m = 0; m < c->fold.merges[i]; m++, depth--) {
            for (size_t k = 0; k < size; k++) stack[depth - 2][k] += stack[depth - 1][k];
            floats_free(stack[depth - 1]);
        }
        if (c->fold.closes[i]) c->expected[output++] = stack[--depth];
    }
    CU_ASSERT_EQUAL(output, c->fold.outputs);
}

static void open_gradient(GradientCase *c, Stream *stream, size_t shards, size_t first, size_t end)
{
    c->x = random_batch(stream, c->n, c->in, &c->x_padded);
    c->e = random_batch(stream, c->n, c->out, &c->e_padded);
    if (stream_below(stream, 2)) thin_out(stream, c->n, c->in, c->x, c->x_padded);
    CU_ASSERT_EQUAL_FATAL(fold_init_run(&c->fold, shards, first, end), STATUS_OK);
    size_t *row = c->first_row;
    for (size_t i = 0; i <= c->fold.items; i++) row[i] = i * c->n / c->fold.items;
    if (c->fold.items > 2) row[1] = row[2]; /* an empty share */
    /* Empty ones at the end: of all samples, which may end a group, or of none. */
    if (c->fold.items > 1 && stream_below(stream, 3) == 0)
        for (size_t i = 1 + stream_below(stream, (uint32_t)c->fold.items - 1); i < c->fold.items; i++) row[i] = c->n;
    expect_sums(c);
}

static void close_gradient(GradientCase *c)
{
    for (size_t o = 0; o < c->fold.outputs; o++) floats_free(c->expected[o]);
    fold_free(&c->fold);
    floats_free(c->x), floats_free(c->x_padded), floats_free(c->e), floats_free(c->e_padded);
}

static bool same_sum(const GradientCase *c, const float *plain, const float *panels)
{
    for (size_t k = 0; k <= c->in; k++)
        for (size_t j = 0; j < c->out; j++)
            if (!same_float(plain[k * c->out + j], panels[kernel_weight_index(c->in, k, j)])) return false;
    return true;
}

/* The whole gradient in four parts: some panels, and of the other panels some rows, the others, and the bias. */
static bool run_in_parts(const Kernels *kernels, Stream *stream, WeightGradient g)
{
    const size_t panels = kernel_panels(g.out), panel = stream_below(stream, (uint32_t)panels + 1);
    const size_t unit = g.multiply ? PANEL : QUAD;
    const size_t row = stream_below(stream, (uint32_t)g.in + 1) / unit * unit;
    const size_t part[4][4] = {
        {0, panel, 0, g.in + 1}, {panel, panels, 0, row}, {panel, panels, row, g.in}, {panel, panels, g.in, g.in + 1}};
    bool bad = false;
    for (int i = 0; i < 4; i++) {
        g.panel = part[i][0], g.panel_end = part[i][1], g.row = part[i][2], g.row_end = part[i][3];
        bad = kernels->backward_weight(&g) || bad;
    }
    return bad;
}

static void check_sums(const Kernels *kernels, Stream *stream, const GradientCase *c, WeightGradient g)
{
    float *got[MOST_ITEMS];
    for (size_t o = 0; o < c->fold.outputs; o++) {
        got[o] = floats_new(kernel_weights(c->in, c->out));
        memset(got[o], 0xff, kernel_weights(c->in, c->out) * sizeof(float));
    }
    g.sum = got;
    CU_ASSERT_FALSE(run_in_parts(kernels, stream, g));
    for (size_t o = 0; o < c->fold.outputs; o++) {
        CU_ASSERT(same_sum(c, c->expected[o], got[o]));
        floats_free(got[o]);
    }
}

static bool all_finite(size_t count, const float *value)
{
    for (size_t i = 0; i < count; i++)
        if (!isfinite(value[i])) return false;
    return true;
}

/* copies: of W and its transpose, and room for them again. */
static bool copies_are_those_of(const Kernels *kernels, const GradientCase *c, const float *w, Bf16 *copies)
{
    const size_t size = bf16_weights(c->in, c->out);
    kernels->round_weights(c->in, c->out, 0, kernel_weights(c->in, c->out), w, copies + 2 * size, copies + 3 * size);
    return memcmp(copies, copies + 2 * size, 2 * size * sizeof *copies) == 0;
}

/* The update made within the gradient equals the update made after it. */
static void check_update_within(const Kernels *kernels, Stream *stream, const GradientCase *c, WeightGradient g)
{
    const bool momentum = stream_below(stream, 2);
    const SgdStep step = {.rate = 0.1f,
                          .momentum = momentum ? 0.9f : 0.0f,
                          .weight_decay = stream_below(stream, 2) ? 1e-2f : 0.0f,
                          .inverse_samples = 1.0f / 7,
                          .nesterov = momentum && stream_below(stream, 2)};
    float *w, *v, *plain_w = random_weights(stream, c->in, c->out, &w),
                  *plain_v = random_weights(stream, c->in, c->out, &v);
    reference_sgd_f32((c->in + 1) * c->out, step.rate, step.momentum, step.weight_decay, step.nesterov,
                      step.inverse_samples, c->expected[0], plain_w, momentum ? plain_v : NULL);
    Bf16 *copies = halves_new(4 * bf16_weights(c->in, c->out));
    g.step = &step, g.w = w, g.v = momentum ? v : NULL;
    if (c->bf16) g.copy = copies, g.transpose = copies + bf16_weights(c->in, c->out);
    CU_ASSERT_EQUAL(run_in_parts(kernels, stream, g), !all_finite((c->in + 1) * c->out, plain_w));
    CU_ASSERT(same_sum(c, plain_w, w));
    CU_ASSERT(same_sum(c, plain_v, v));
    CU_ASSERT(!c->bf16 || copies_are_those_of(kernels, c, w, copies));
    free(copies);
    g.copy = g.transpose = NULL;
    w[kernel_weight_index(c->in, stream_below(stream, (uint32_t)c->in + 1), stream_below(stream, (uint32_t)c->out))] =
        stream_below(stream, 2) ? INFINITY : -NAN;
    CU_ASSERT(run_in_parts(kernels, stream, g));
    floats_free(w), floats_free(v), floats_free(plain_w), floats_free(plain_v);
}

/* I4: shares, one of them empty, summed by the tree: of all shards, or of a run of some. */
static void check_backward_weight(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    const size_t shards = 1 + stream_below(stream, MOST_ITEMS), first = stream_below(stream, 2) ? 0 : shards / 3;
    const size_t end = first ? shards - shards / 4 : shards;
    GradientCase c = {.n = n, .in = in, .out = out};
    Operands item[MOST_ITEMS];
    void *memory;
    open_gradient(&c, stream, shards, first, end);
    const Nonzeros nonzeros = list_nonzeros(kernels, in, c.x_padded, n, &memory);
    for (int skip = 0; skip < (spoiling ? 1 : 2); skip++) { /* a zero times infinity can be skipped no more */
        for (size_t i = 0; i < c.fold.items; i++)
            item[i] = (Operands){.x = skip ? NULL : c.x_padded,
                                 .nonzeros = skip ? &nonzeros : NULL,
                                 .e = c.e_padded,
                                 .first = c.first_row[i],
                                 .end = c.first_row[i + 1]};
        const WeightGradient g = {.in = in, .out = out, .fold = &c.fold, .item = item};
        check_sums(kernels, stream, &c, g);
        if (c.fold.outputs == 1) check_update_within(kernels, stream, &c, g);
    }
    free(memory);
    close_gradient(&c);
}

/* The operands of the items of a bf16 layer, laid one after the other: blocks[0] and blocks[1], owned by the caller. */
static void lay_items(const Kernels *kernels, const GradientCase *c, Operands *item, Bf16 *blocks[2])
{
    Bf16 *rows = round_batch(kernels, c->n, c->in, c->x_padded);
    size_t done = 0, most = kernel_panels(c->n) + c->fold.items;
    blocks[0] = halves_new(most * bf16_block(c->in));
    blocks[1] = halves_new(most * bf16_block(c->out));
    memset(blocks[0], 0xff, most * bf16_block(c->in) * sizeof(Bf16));
    memset(blocks[1], 0xff, most * bf16_block(c->out) * sizeof(Bf16));
    for (size_t i = 0; i < c->fold.items; i++) {
        const size_t row = c->first_row[i], count = c->first_row[i + 1] - row;
        Bf16 *inputs = blocks[0] + done * bf16_block(c->in), *errors = blocks[1] + done * bf16_block(c->out);
        kernels->lay_inputs(count, c->in, rows + row * bf16_leading(c->in), inputs);
        kernels->lay_errors(count, c->out, c->e_padded + row * kernel_leading(c->out), errors);
        item[i] = (Operands){.e = c->e_padded, .first = row, .end = row + count, .inputs = inputs, .errors = errors};
        done += kernel_panels(count);
    }
    free(rows);
}

static void check_bf16(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    const size_t shards = 1 + stream_below(stream, MOST_ITEMS), first = stream_below(stream, 2) ? 0 : shards / 3;
    GradientCase c = {.n = n, .in = in, .out = out, .bf16 = true};
    Operands item[MOST_ITEMS];
    Bf16 *blocks[2];
    open_gradient(&c, stream, shards, first, first ? shards - shards / 4 : shards);
    lay_items(kernels, &c, item, blocks);
    const WeightGradient g = {.in = in, .out = out, .fold = &c.fold, .item = item, .multiply = kernels->multiply_bf16};
    check_sums(kernels, stream, &c, g);
    if (c.fold.outputs == 1) check_update_within(kernels, stream, &c, g);
    free(blocks[0]), free(blocks[1]);
    close_gradient(&c);
}

static void gradients_of_bf16_fold_shards_in_the_order_of_the_tree(void)
{
    on_many_shapes(check_bf16);
}

static void backward_weight_folds_shards_in_the_order_of_the_tree(void)
{
    on_many_shapes(check_backward_weight);
}

static void weight_gradients_keep_what_is_not_finite(void)
{
    spoiling = true;
    on_many_shapes(check_backward_weight);
    on_many_shapes(check_bf16);
    spoiling = false;
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(backward_weight_folds_shards_in_the_order_of_the_tree),
        UNIT(gradients_of_bf16_fold_shards_in_the_order_of_the_tree),
        UNIT(weight_gradients_keep_what_is_not_finite),
    };
    return UNIT_RUN("weight_gradient", tests);
}
