/* Every kernel set against the plain reference, bit for bit; the references against mathematics. */
#include <math.h>

#include "kernel_case.h"

static void check_forward(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    float *x_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *w = random_weights(stream, in, out, &w_panels);
    float *expected = floats_new(n * out), *y = floats_new(n * kernel_leading(out));
    const size_t panels = kernel_panels(out), middle = stream_below(stream, (uint32_t)panels + 1);
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        reference_forward_f32(n, in, out, x, w, w + in * out, a, expected);
        memset(y, 0xff, n * kernel_leading(out) * sizeof *y);
        kernels->forward(n, in, out, 0, middle, x_padded, w_panels, a, y);
        kernels->forward(n, in, out, middle, panels, x_padded, w_panels, a, y);
        CU_ASSERT(same_batch(n, out, expected, y));
    }
    floats_free(x), floats_free(x_padded), floats_free(w), floats_free(w_panels), floats_free(expected), floats_free(y);
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
    float *expected = floats_new(n * in), *dx = floats_new(n * kernel_leading(in));
    float *scratch = floats_new(kernel_scratch(out));
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        memset(dx, 0xff, n * kernel_leading(in) * sizeof *dx);
        reference_backward_data_f32(n, in, out, e, w, expected);
        reference_activation_backward_f32(n * in, x, a, expected);
        kernels->backward_data(n, in, out, e_padded, w_panels, x_padded, a, dx, scratch);
        CU_ASSERT(same_batch(n, in, expected, dx));
        bool zeros = true;
        for (size_t s = 0; s < n; s++)
            for (size_t j = in; j < kernel_panels(in) * PANEL; j++)
                zeros = zeros && dx[s * kernel_leading(in) + j] == 0.0f;
        CU_ASSERT(zeros);
    }
    floats_free(x), floats_free(x_padded), floats_free(e), floats_free(e_padded), floats_free(w), floats_free(w_panels),
        floats_free(expected), floats_free(dx), floats_free(scratch);
}

static void backward_data_equals_the_reference_in_every_bit(void)
{
    on_many_shapes(check_backward_data);
}

/* Infinite where the reference is, NaN where it is: a training that diverges does so everywhere. */
static void dense_products_keep_what_is_not_finite(void)
{
    spoiling = true;
    on_many_shapes(check_forward);
    on_many_shapes(check_backward_data);
    spoiling = false;
}

/* The two have the same lists. */
static bool same_nonzeros(const Nonzeros *a, const Nonzeros *b)
{
    for (size_t group = 0; group * NONZEROS_GROUP < a->n; group++)
        for (size_t q = 0; q < nonzeros_quads(a->features); q++) {
            const size_t list = group * nonzeros_quads(a->features) + q, at = a->begin[list], other = b->begin[list];
            for (size_t i = 0; i == 0 || a->sample[at + i - 1] != NONZEROS_END; i++) {
                if (a->sample[at + i] != b->sample[other + i]) return false;
                for (size_t c = 0; c < QUAD && a->sample[at + i] != NONZEROS_END; c++)
                    if (a->value[at + i][c] != b->value[other + i][c]) return false;
            }
        }
    return true;
}

/* Bytes of random density, and what they stand for. */
static void draw_bytes(Stream *stream, size_t count, uint8_t *bytes, float table[256])
{
    const uint32_t density = stream_below(stream, 41);
    table[0] = 0.0f;
    for (int v = 1; v < 256; v++) table[v] = stream_uniform(stream) + 0.5f;
    for (size_t i = 0; i < count; i++)
        bytes[i] = stream_below(stream, 40) < density ? (uint8_t)stream_below(stream, 256) : 0;
}

/* The lists of bytes against those of the floats that the first kernel set expands them to. */
static void compare_lists(const Kernels *kernels, Stream *stream, size_t n, size_t features, size_t width)
{
    float *x = floats_new(n * kernel_leading(features)), table[256];
    uint8_t *bytes = calloc(n * features, 1);
    void *memory[2];
    draw_bytes(stream, n * features, bytes, table);
    for (size_t s = 0; s < n; s++)
        kernels_all()[0]->expand(features, width, table, bytes + s * features, x + s * kernel_leading(features));
    const Nonzeros expected = list_nonzeros(kernels_all()[0], features, x, n, &memory[0]);
    Nonzeros got = open_nonzeros(features, width, n, &memory[1]);
    for (size_t s = 0, count; s < n; s += count) {
        const uint8_t *row[NONZEROS_TILE];
        for (count = 0; count < NONZEROS_TILE && s + count < n; count++) row[count] = bytes + (s + count) * features;
        kernels->nonzeros_add_uint8(&got, count, row, table);
    }
    kernels->nonzeros_end(&got, table);
    CU_ASSERT_EQUAL(got.n, n);
    CU_ASSERT(same_nonzeros(&expected, &got));
    floats_free(x), free(bytes), free(memory[0]), free(memory[1]);
}

static void check_lists_of_bytes(const Kernels *kernels, Stream *stream, size_t n, size_t height, size_t width)
{
    compare_lists(kernels, stream, n, height * width, 0);
    compare_lists(kernels, stream, n, 4 * height * width, 2 * width);
}

static void bytes_are_listed_as_the_floats_they_stand_for(void)
{
    on_many_shapes(check_lists_of_bytes);
}

/* The batch in some items, one or another of them empty. */
static void check_forward_nonzeros(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    enum { MOST = FORWARD_ITEMS + 4 };
    float *x_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *w = random_weights(stream, in, out, &w_panels);
    float *expected = floats_new(n * out), *y = floats_new(n * kernel_leading(out));
    thin_out(stream, n, in, x, x_padded);
    const size_t panels = kernel_panels(out), middle = stream_below(stream, (uint32_t)panels + 1);
    const size_t items = 1 + stream_below(stream, MOST);
    void *memory[MOST];
    Nonzeros nonzeros[MOST];
    ForwardItem item[MOST];
    for (size_t i = 0; i < items; i++) {
        const size_t first = i * n / items, count = (i + 1) * n / items - first;
        nonzeros[i] = list_nonzeros(kernels, in, x_padded + first * kernel_leading(in), count, &memory[i]);
        item[i] = (ForwardItem){count, &nonzeros[i], y + first * kernel_leading(out)};
    }
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        reference_forward_f32(n, in, out, x, w, w + in * out, a, expected);
        memset(y, 0xff, n * kernel_leading(out) * sizeof *y);
        kernels->forward_nonzeros(items, item, out, 0, middle, w_panels, a);
        kernels->forward_nonzeros(items, item, out, middle, panels, w_panels, a);
        CU_ASSERT(same_batch(n, out, expected, y));
    }
    for (size_t i = 0; i < items; i++) free(memory[i]);
    floats_free(x), floats_free(x_padded), floats_free(w), floats_free(w_panels), floats_free(expected), floats_free(y);
}

static void forward_without_zeros_equals_the_reference_in_every_bit(void)
{
    on_many_shapes(check_forward_nonzeros);
}

static void check_loss(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t classes)
{
    (void)in;
    float *z_padded, *z = random_batch(stream, n, classes, &z_padded);
    uint32_t *label = calloc(n, sizeof *label);
    for (size_t s = 0; s < n; s++) label[s] = stream_below(stream, (uint32_t)classes);
    float *dz = floats_new(n * classes), *loss = floats_new(n), *expected = floats_new(n);
    reference_softmax_cross_entropy_f32(n, classes, z, label, dz, expected);
    kernels->softmax_cross_entropy(n, classes, label, true, z_padded, loss);
    CU_ASSERT(same_batch(n, classes, dz, z_padded));
    CU_ASSERT_EQUAL(memcmp(loss, expected, n * sizeof *loss), 0);
    floats_free(z), floats_free(z_padded), free(label), floats_free(dz), floats_free(loss), floats_free(expected);
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
    floats_free(unused);
    float *w = random_batch(stream, n, LINE, &unused);
    floats_free(unused);
    float *v = random_batch(stream, n, LINE, &unused);
    floats_free(unused);
    float *w_expected = floats_new(count), *v_expected = floats_new(count);
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
    floats_free(g), floats_free(w), floats_free(v), floats_free(w_expected), floats_free(v_expected);
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

/* Each feature has a place of its own, and four places are a patch of 2x2. */
static void patches_are_a_permutation(void)
{
    enum { HEIGHT = 6, WIDTH = 10 };
    int seen[HEIGHT * WIDTH] = {0};
    for (size_t f = 0; f < HEIGHT * WIDTH; f++) {
        const size_t place = patches_place(WIDTH, f), y = f / WIDTH, x = f % WIDTH;
        CU_ASSERT_FATAL(place < HEIGHT * WIDTH);
        seen[place]++;
        CU_ASSERT_EQUAL(place / 4, y / 2 * (WIDTH / 2) + x / 2);
        CU_ASSERT_EQUAL(patches_place(0, f), f);
    }
    for (size_t f = 0; f < HEIGHT * WIDTH; f++) CU_ASSERT_EQUAL(seen[f], 1);
    CU_ASSERT_EQUAL(patches_width(2, (const uint64_t[]){28, 28}), 28);
    CU_ASSERT_EQUAL(patches_width(3, (const uint64_t[]){3, 32, 30}), 30);
    CU_ASSERT_EQUAL(patches_width(2, (const uint64_t[]){27, 28}), 0);
    CU_ASSERT_EQUAL(patches_width(2, (const uint64_t[]){28, 27}), 0);
    CU_ASSERT_EQUAL(patches_width(1, (const uint64_t[]){784}), 0);
}

static void images_are_expanded_in_patches(void)
{
    enum { HEIGHT = 4, WIDTH = 6, PIXELS = HEIGHT * WIDTH };
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        float table[256], x[PIXELS];
        uint8_t in[PIXELS];
        for (int i = 0; i < 256; i++) table[i] = (float)i;
        for (int i = 0; i < PIXELS; i++) in[i] = (uint8_t)(3 * i + 1);
        (*set)->expand(PIXELS, WIDTH, table, in, x);
        for (size_t f = 0; f < PIXELS; f++) CU_ASSERT_EQUAL(x[patches_place(WIDTH, f)], (float)in[f]);
    }
}

/* What the sets share, seen through each: expand and add. */
static void tables_and_sums_are_exact(void)
{
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        float table[256], out[300], sum[300];
        uint8_t in[300];
        for (int i = 0; i < 256; i++) table[i] = (float)i / 255.0f;
        for (int i = 0; i < 300; i++) in[i] = (uint8_t)(i * 7);
        (*set)->expand(300, 0, table, in, out);
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
        UNIT(bytes_are_listed_as_the_floats_they_stand_for),
        UNIT(backward_data_equals_the_reference_in_every_bit),
        UNIT(dense_products_keep_what_is_not_finite),
        UNIT(the_loss_equals_the_reference_in_every_bit),
        UNIT(the_update_equals_the_reference_and_sees_what_is_not_finite),
        UNIT(the_fused_loss_equals_its_separate_parts),
        UNIT(huge_logits_do_not_overflow),
        UNIT(patches_are_a_permutation),
        UNIT(images_are_expanded_in_patches),
        UNIT(tables_and_sums_are_exact),
    };
    return UNIT_RUN("kernels", tests);
}
