/* Every kernel set against the plain reference, bit for bit; the references against mathematics. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/philox.h"
#include "kernels/reference.h"
#include "unit.h"

/* Values that make trouble: zeros of both signs, denormals, large and small numbers among ordinary ones. */
static float awkward(Stream *stream)
{
    const uint32_t kind = stream_below(stream, 16);
    const float sign = stream_next(stream) & 1 ? -1.0f : 1.0f;
    if (kind < 3) return sign * 0.0f;
    if (kind == 3) return sign * 0x1p-140f * (1.0f + (float)stream_below(stream, 100));
    if (kind == 4) return sign * 0x1p-70f * stream_uniform(stream);
    if (kind == 5) return sign * 0x1p40f * stream_uniform(stream);
    return sign * stream_uniform(stream);
}

static float *random_batch(Stream *stream, size_t n, size_t columns, float **padded)
{
    const size_t leading = kernel_leading(columns);
    float *plain = calloc(n * columns + 1, sizeof *plain);
    *padded = calloc(n * leading + 1, sizeof **padded);
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < columns; j++) plain[s * columns + j] = (*padded)[s * leading + j] = awkward(stream);
    return plain;
}

static float *random_weights(Stream *stream, size_t in, size_t out, float **panels)
{
    float *plain = calloc((in + 1) * out, sizeof *plain);
    *panels = calloc(kernel_weights(in, out), sizeof **panels);
    for (size_t k = 0; k <= in; k++)
        for (size_t j = 0; j < out; j++)
            (*panels)[kernel_weight_index(in, k, j)] = plain[k * out + j] = awkward(stream);
    return plain;
}

static bool same_batch(size_t n, size_t columns, const float *plain, const float *padded)
{
    for (size_t s = 0; s < n; s++)
        if (memcmp(plain + s * columns, padded + s * kernel_leading(columns), columns * sizeof *plain) != 0)
            return false;
    return true;
}

typedef void Check(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out);

/* Random shapes, and every edge 1..70 of each dimension. */
static void on_many_shapes(Check *check)
{
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        Stream stream;
        stream_init(&stream, 7, PURPOSE_SYNTHESIS, 1, 2);
        for (size_t edge = 1; edge <= 70; edge++) {
            check(*set, &stream, edge, 1 + stream_below(&stream, 40), 1 + stream_below(&stream, 40));
            check(*set, &stream, 1 + stream_below(&stream, 40), edge, 1 + stream_below(&stream, 40));
            check(*set, &stream, 1 + stream_below(&stream, 40), 1 + stream_below(&stream, 40), edge);
        }
    }
}

static void check_forward(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    float *x_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *w = random_weights(stream, in, out, &w_panels);
    float *expected = calloc(n * out, sizeof *expected), *y = calloc(n * kernel_leading(out), sizeof *y);
    const size_t panels = kernel_panels(out), middle = stream_below(stream, (uint32_t)panels + 1);
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        reference_forward_f32(n, in, out, x, w, w + in * out, a, expected);
        kernels->forward(n, in, out, 0, middle, x_padded, w_panels, a, y);
        kernels->forward(n, in, out, middle, panels, x_padded, w_panels, a, y);
        CU_ASSERT(same_batch(n, out, expected, y));
    }
    free(x), free(x_padded), free(w), free(w_panels), free(expected), free(y);
}

static void forward_equals_the_reference_in_every_bit(void)
{
    on_many_shapes(check_forward);
}

static void check_backward_data(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    float *x_padded, *e_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *e = random_batch(stream, n, out, &e_padded);
    float *w = random_weights(stream, in, out, &w_panels);
    float *expected = calloc(n * in, sizeof *expected), *dx = calloc(n * kernel_leading(in), sizeof *dx);
    float *scratch = calloc(kernel_scratch(out), sizeof *scratch);
    memset(dx, 0xff, n * kernel_leading(in) * sizeof *dx);
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        reference_backward_data_f32(n, in, out, e, w, expected);
        reference_activation_backward_f32(n * in, x, a, expected);
        kernels->backward_data(n, in, out, e_padded, w_panels, x_padded, a, dx, scratch);
        CU_ASSERT(same_batch(n, in, expected, dx));
        for (size_t j = in; j < kernel_panels(in) * PANEL; j++) CU_ASSERT_EQUAL(dx[j], 0.0f);
    }
    free(x), free(x_padded), free(e), free(e_padded), free(w), free(w_panels), free(expected), free(dx), free(scratch);
}

static void backward_data_equals_the_reference_in_every_bit(void)
{
    on_many_shapes(check_backward_data);
}

/* The lists of a batch's elements that are not zero; parts: rows [first_row[i], first_row[i+1]) are part i. */
static Nonzeros list_nonzeros(const Kernels *kernels, size_t features, const float *x_padded, size_t parts,
                              const size_t *first_row, void **memory)
{
    Nonzeros nonzeros;
    const size_t n = first_row[parts], size = nonzeros_bytes(features, n, parts);
    *memory = aligned_alloc(64, size);
    memset(*memory, 0xff, size);
    nonzeros_place(&nonzeros, features, n, parts, *memory);
    nonzeros_clear(&nonzeros);
    for (size_t i = 0; i < parts; i++, nonzeros_end_part(&nonzeros))
        for (size_t s = first_row[i]; s < first_row[i + 1]; s++)
            kernels->nonzeros_add(&nonzeros, x_padded + s * kernel_leading(features));
    CU_ASSERT_EQUAL(nonzeros.n, n);
    return nonzeros;
}

/* Most inputs are zeros, of both signs. */
static void thin_out(Stream *stream, size_t n, size_t columns, float *plain, float *padded)
{
    for (size_t s = 0; s < n; s++)
        for (size_t j = 0; j < columns; j++)
            if (stream_below(stream, 4))
                plain[s * columns + j] = padded[s * kernel_leading(columns) + j] =
                    stream_below(stream, 2) ? 0.0f : -0.0f;
}

static void check_forward_nonzeros(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    float *x_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *w = random_weights(stream, in, out, &w_panels);
    float *expected = calloc(n * out, sizeof *expected), *y = calloc(n * kernel_leading(out), sizeof *y);
    thin_out(stream, n, in, x, x_padded);
    const size_t rows[] = {0, n}, panels = kernel_panels(out), middle = stream_below(stream, (uint32_t)panels + 1);
    void *memory;
    const Nonzeros nonzeros = list_nonzeros(kernels, in, x_padded, 1, rows, &memory);
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        reference_forward_f32(n, in, out, x, w, w + in * out, a, expected);
        memset(y, 0xff, n * kernel_leading(out) * sizeof *y);
        kernels->forward_nonzeros(n, out, 0, middle, &nonzeros, w_panels, a, y);
        kernels->forward_nonzeros(n, out, middle, panels, &nonzeros, w_panels, a, y);
        CU_ASSERT(same_batch(n, out, expected, y));
    }
    free(x), free(x_padded), free(w), free(w_panels), free(expected), free(y), free(memory);
}

static void forward_without_zeros_equals_the_reference_in_every_bit(void)
{
    on_many_shapes(check_forward_nonzeros);
}

/* A weight gradient's case: the shards [first, end) of so many, the samples of each, and the expected sums. */
enum { MOST_ITEMS = 13 };
typedef struct {
    size_t n, in, out;
    float *x, *x_padded, *e, *e_padded; /* owned */
    Fold fold;                          /* owned */
    size_t first_row[MOST_ITEMS + 1];
    float *expected[MOST_ITEMS]; /* (in + 1, out) of each output; owned */
} GradientCase;

/* The fold of the items' gradients, by the plain reference and a stack of whole arrays. */
static void expect_sums(GradientCase *c)
{
    const size_t size = (c->in + 1) * c->out;
    float *stack[MOST_ITEMS];
    size_t depth = 0, output = 0;
    for (size_t i = 0; i < c->fold.items; i++) {
        const size_t row = c->first_row[i];
        float *dw = stack[depth++] = calloc(size, sizeof *dw);
        reference_backward_weight_f32(c->first_row[i + 1] - row, c->in, c->out, c->x + row * c->in, c->e + row * c->out,
                                      dw, dw + c->in * c->out);
        for (unsigned m = 0; m < c->fold.merges[i]; m++, depth--) {
            for (size_t k = 0; k < size; k++) stack[depth - 2][k] += stack[depth - 1][k];
            free(stack[depth - 1]);
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
    expect_sums(c);
}

static void close_gradient(GradientCase *c)
{
    for (size_t o = 0; o < c->fold.outputs; o++) free(c->expected[o]);
    fold_free(&c->fold);
    free(c->x), free(c->x_padded), free(c->e), free(c->e_padded);
}

static bool same_sum(const GradientCase *c, const float *plain, const float *panels)
{
    for (size_t k = 0; k <= c->in; k++)
        for (size_t j = 0; j < c->out; j++)
            if (memcmp(&plain[k * c->out + j], &panels[kernel_weight_index(c->in, k, j)], sizeof(float)) != 0)
                return false;
    return true;
}

/* The whole gradient in four parts: some panels, and of the other panels some rows, the others, and the bias. */
static bool run_in_parts(const Kernels *kernels, Stream *stream, WeightGradient g)
{
    const size_t panels = kernel_panels(g.out), panel = stream_below(stream, (uint32_t)panels + 1);
    const size_t row = stream_below(stream, (uint32_t)g.in + 1) / 2 * 2;
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
        got[o] = calloc(kernel_weights(c->in, c->out), sizeof(float));
        memset(got[o], 0xff, kernel_weights(c->in, c->out) * sizeof(float));
    }
    g.sum = got;
    CU_ASSERT_FALSE(run_in_parts(kernels, stream, g));
    for (size_t o = 0; o < c->fold.outputs; o++) {
        CU_ASSERT(same_sum(c, c->expected[o], got[o]));
        free(got[o]);
    }
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
    g.step = &step, g.w = w, g.v = momentum ? v : NULL;
    CU_ASSERT_FALSE(run_in_parts(kernels, stream, g));
    CU_ASSERT(same_sum(c, plain_w, w));
    CU_ASSERT(same_sum(c, plain_v, v));
    w[kernel_weight_index(c->in, stream_below(stream, (uint32_t)c->in + 1), stream_below(stream, (uint32_t)c->out))] =
        stream_below(stream, 2) ? INFINITY : -NAN;
    CU_ASSERT(run_in_parts(kernels, stream, g));
    free(w), free(v), free(plain_w), free(plain_v);
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
    const Nonzeros nonzeros = list_nonzeros(kernels, in, c.x_padded, c.fold.items, c.first_row, &memory);
    for (int skip = 0; skip < 2; skip++) {
        for (size_t i = 0; i < c.fold.items; i++)
            item[i] = (Operands){.x = skip ? NULL : c.x_padded,
                                 .nonzeros = skip ? &nonzeros : NULL,
                                 .part = i,
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

static void backward_weight_folds_shards_in_the_order_of_the_tree(void)
{
    on_many_shapes(check_backward_weight);
}

static void check_loss(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t classes)
{
    (void)in;
    float *z_padded, *z = random_batch(stream, n, classes, &z_padded);
    uint32_t *label = calloc(n, sizeof *label);
    for (size_t s = 0; s < n; s++) label[s] = stream_below(stream, (uint32_t)classes);
    float *dz = calloc(n * classes, sizeof *dz), *loss = calloc(n, sizeof *loss),
          *expected = calloc(n, sizeof *expected);
    reference_softmax_cross_entropy_f32(n, classes, z, label, dz, expected);
    kernels->softmax_cross_entropy(n, classes, label, true, z_padded, loss);
    CU_ASSERT(same_batch(n, classes, dz, z_padded));
    CU_ASSERT_EQUAL(memcmp(loss, expected, n * sizeof *loss), 0);
    free(z), free(z_padded), free(label), free(dz), free(loss), free(expected);
}

static void the_loss_equals_the_reference_in_every_bit(void)
{
    on_many_shapes(check_loss);
}

static void check_update(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    enum { LINE = PANEL / 2 };
    const size_t count = n * LINE;
    (void)in, (void)out;
    float *unused, *g = random_batch(stream, n, LINE, &unused);
    free(unused);
    float *w = random_batch(stream, n, LINE, &unused);
    free(unused);
    float *v = random_batch(stream, n, LINE, &unused);
    free(unused);
    float *w_expected = calloc(count, sizeof *w), *v_expected = calloc(count, sizeof *v);
    for (int form = 0; form < 6; form++) {
        const SgdStep step = {.rate = 0.1f,
                              .momentum = form < 2 ? 0.0f : 0.9f,
                              .weight_decay = form % 2 ? 1e-2f : 0.0f,
                              .inverse_samples = 1.0f / 7,
                              .nesterov = form >= 4};
        memcpy(w_expected, w, count * sizeof *w);
        memcpy(v_expected, v, count * sizeof *v);
        reference_sgd_f32(count, step.rate, step.momentum, step.weight_decay, step.nesterov, step.inverse_samples, g,
                          w_expected, form < 2 ? NULL : v_expected);
        CU_ASSERT_FALSE(kernels->sgd(count, &step, g, w, form < 2 ? NULL : v));
        CU_ASSERT_EQUAL(memcmp(w, w_expected, count * sizeof *w), 0);
        CU_ASSERT_EQUAL(memcmp(v, v_expected, count * sizeof *v), 0);
    }
    const SgdStep step = {.rate = 1.0f, .inverse_samples = 1.0f};
    g[stream_below(stream, (uint32_t)count)] = stream_next(stream) & 1 ? INFINITY : NAN;
    CU_ASSERT(kernels->sgd(count, &step, g, w, NULL));
    free(g), free(w), free(v), free(w_expected), free(v_expected);
}

static void the_update_equals_the_reference_and_sees_what_is_not_finite(void)
{
    on_many_shapes(check_update);
}

/* The fused form, and softmax and cross-entropy apart, in double: equal to rounding. */
static void the_fused_loss_equals_its_separate_parts(void)
{
    enum { N = 50, C = 11 };
    static double z[N * C], p[N * C], e[N * C], dz[N * C], fused[N * C], loss[N], fused_loss[N];
    uint32_t label[N];
    Stream stream;
    stream_init(&stream, 5, PURPOSE_SYNTHESIS, 0, 0);
    for (int i = 0; i < N * C; i++) z[i] = 10.0 * stream_uniform(&stream) - 5.0;
    for (int s = 0; s < N; s++) label[s] = stream_below(&stream, C);
    reference_softmax_f64(N, C, z, p);
    reference_cross_entropy_f64(N, C, p, label, loss, e);
    reference_softmax_backward_f64(N, C, p, e, dz);
    reference_softmax_cross_entropy_f64(N, C, z, label, fused, fused_loss);
    /* |1/p| <= e^10 C, each result below 1: 2^-53 * e^10 * 11 * a few operations. */
    for (int i = 0; i < N * C; i++) CU_ASSERT_DOUBLE_EQUAL(dz[i], fused[i], 1e-10);
    for (int s = 0; s < N; s++) CU_ASSERT_DOUBLE_EQUAL(loss[s], fused_loss[s], 1e-13 * (1 + loss[s]));
}

static void huge_logits_do_not_overflow(void)
{
    const Kernels *kernels = kernels_all()[0];
    const uint32_t label = 1;
    float z[PANEL + PANEL / 2] = {0}, loss;
    z[0] = 3e38f, z[1] = 2.9e38f, z[2] = -3e38f;
    kernels->softmax_cross_entropy(1, 3, &label, true, z, &loss);
    CU_ASSERT_EQUAL(z[0], 1.0f);
    CU_ASSERT_EQUAL(z[1], -1.0f);
    CU_ASSERT_EQUAL(z[2], 0.0f);
    CU_ASSERT_DOUBLE_EQUAL(loss, 1e37, 1e31);
}

/* What the sets share, seen through each: expand and add. */
static void tables_and_sums_are_exact(void)
{
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        float table[256], out[300], sum[300];
        uint8_t in[300];
        for (int i = 0; i < 256; i++) table[i] = (float)i / 255.0f;
        for (int i = 0; i < 300; i++) in[i] = (uint8_t)(i * 7);
        (*set)->expand(300, table, in, out);
        (*set)->add(300, out, out, sum);
        for (int i = 0; i < 300; i++) {
            CU_ASSERT_EQUAL(out[i], (float)in[i] / 255.0f);
            CU_ASSERT_EQUAL(sum[i], 2 * out[i]);
        }
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(forward_equals_the_reference_in_every_bit),
        UNIT(forward_without_zeros_equals_the_reference_in_every_bit),
        UNIT(backward_data_equals_the_reference_in_every_bit),
        UNIT(backward_weight_folds_shards_in_the_order_of_the_tree),
        UNIT(the_loss_equals_the_reference_in_every_bit),
        UNIT(the_update_equals_the_reference_and_sees_what_is_not_finite),
        UNIT(the_fused_loss_equals_its_separate_parts),
        UNIT(huge_logits_do_not_overflow),
        UNIT(tables_and_sums_are_exact),
    };
    return UNIT_RUN("kernels", tests);
}
