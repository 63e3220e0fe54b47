/* bf16: rounding and products of every kernel set against the plain reference, bit for bit; the reference against
 * mathematics. */
#include "bf16_case.h"

/* A product's operands as the kernels read them, and as the reference does. */
typedef struct {
    size_t rows, inner;
    Bf16 *left, *right;             /* owned */
    Bf16 *left_plain, *right_plain; /* (rows,inner), (inner,PANEL); owned */
} ProductCase;

static ProductCase open_product(size_t rows, size_t inner)
{
    return (ProductCase){rows,
                         inner,
                         halves_new(bf16_rows(rows, inner)),
                         halves_new(bf16_weights(inner, PANEL)),
                         halves_new(rows * inner),
                         halves_new(inner * PANEL)};
}

static void close_product(ProductCase *c)
{
    free(c->left), free(c->right), free(c->left_plain), free(c->right_plain);
}

static void set_left(ProductCase *c, size_t row, size_t k, float x)
{
    c->left[row * bf16_leading(c->inner) + k] = c->left_plain[row * c->inner + k] = reference_round_bf16(x);
}

static void set_right(ProductCase *c, size_t k, size_t column, float x)
{
    c->right[k / 2 * 2 * PANEL + 2 * column + k % 2] = c->right_plain[k * PANEL + column] = reference_round_bf16(x);
}

static void multiply(const Kernels *kernels, const ProductCase *c, float *out)
{
    kernels->multiply_bf16(&(Bf16Product){.rows = c->rows,
                                          .inner = c->inner,
                                          .left = c->left,
                                          .row = bf16_leading(c->inner),
                                          .block = PANEL,
                                          .right = c->right,
                                          .right_block = BF16_BLOCK,
                                          .out = out});
}

/* The same bits once they are closed; NaN where the other is. */
static bool equals_reference(const Kernels *kernels, const ProductCase *c)
{
    _Alignas(64) float out[BF16_BLOCK];
    float expected[BF16_BLOCK];
    multiply(kernels, c, out);
    reference_multiply_bf16(c->rows, c->inner, PANEL, c->left_plain, c->right_plain, expected);
    for (size_t i = 0; i < c->rows * PANEL; i++)
        if (!same_float(out[i] + 0.0f, expected[i] + 0.0f)) return false;
    return true;
}

static void check_class(const Kernels *kernels, Class class, Stream *stream)
{
    ProductCase c = open_product(1 + stream_below(stream, PANEL), 1 + stream_below(stream, 3 * PANEL + 5));
    for (size_t i = 0; i < c.rows; i++)
        for (size_t k = 0; k < c.inner; k++) set_left(&c, i, k, of_class(class, stream));
    for (size_t k = 0; k < c.inner; k++)
        for (size_t j = 0; j < PANEL; j++) set_right(&c, k, j, of_class(class, stream));
    CU_ASSERT(equals_reference(kernels, &c));
    close_product(&c);
}

static void products_of_every_class_equal_the_reference_in_every_bit(void)
{
    enum { CASES = 60 };
    for (const Kernels *const *set = kernels_all(); *set; set++)
        for (Class class = 0; class < CLASSES; class ++) {
            Stream stream;
            stream_init(&stream, 3, PURPOSE_SYNTHESIS, class, 9);
            for (unsigned long long i = 0; i < CASES; i += unit_count("LOCKSTEP_SHAPES", 1))
                check_class(*set, class, &stream);
        }
}

/* Of the left operand one pair in three is not zero, and no row of the second block; zeros have both signs. */
static float sparse(size_t row, size_t k, Stream *stream)
{
    const float x = of_class(CLASS_ORDINARY, stream);
    return k / 2 % 3 == 0 && k / PANEL != 1 ? x : copysignf(0.0f, row % 5 ? x : -1.0f);
}

/* Whether pairs of zeros are left out or not: but times infinity or NaN they are NaN. */
static void check_sparse(const Kernels *kernels, size_t rows, float spoilt, size_t at, Stream *stream)
{
    ProductCase c = open_product(rows, 3 * PANEL);
    for (size_t i = 0; i < c.rows; i++)
        for (size_t k = 0; k < c.inner; k++) set_left(&c, i, k, sparse(i, k, stream));
    for (size_t k = 0; k < c.inner; k++)
        for (size_t j = 0; j < PANEL; j++) set_right(&c, k, j, of_class(CLASS_ORDINARY, stream));
    if (!isfinite(spoilt)) set_right(&c, at, at % PANEL, spoilt);
    CU_ASSERT(equals_reference(kernels, &c));
    close_product(&c);
}

static void zeros_count_where_the_other_operand_is_not_finite(void)
{
    static const float spoilt[] = {0.0f, INFINITY, -INFINITY, NAN};
    for (const Kernels *const *set = kernels_all(); *set; set++)
        for (int i = 0; i < 4; i++)
            for (size_t at = 0; at < 3 * PANEL; at += 5) {
                Stream stream;
                stream_init(&stream, 5, PURPOSE_SYNTHESIS, (uint32_t)at, 0);
                check_sparse(*set, 1 + stream_below(&stream, PANEL), spoilt[i], at, &stream);
            }
}

/* sign (2^-126 - 2^-small) in the even chain of one element. */
static void check_tininess(const Kernels *kernels, float sign, int small, bool tiny)
{
    _Alignas(64) float out[BF16_BLOCK];
    ProductCase c = open_product(1, PANEL);
    set_left(&c, 0, 0, 0x1p-63f), set_right(&c, 0, 0, sign * 0x1p-63f);
    set_left(&c, 0, 2, ldexpf(1.0f, -(small / 2))), set_right(&c, 2, 0, -sign * ldexpf(1.0f, small / 2 - small));
    multiply(kernels, &c, out);
    CU_ASSERT_EQUAL(out[0], tiny ? 0.0f : sign * 0x1p-126f);
    CU_ASSERT(equals_reference(kernels, &c));
    close_product(&c);
}

/* 2^-126 - 2^-150 has 24 bits, and is tiny. 2^-126 - 2^-151 lies in the middle and is rounded to 2^-126, which is even
 * and not tiny, although the exact value is below it. */
static void tininess_is_judged_after_rounding(void)
{
    for (const Kernels *const *set = kernels_all(); *set; set++)
        for (int small = 148; small <= 153; small++) {
            check_tininess(*set, 1.0f, small, small <= 150);
            check_tininess(*set, -1.0f, small, small <= 150);
        }
}

/* Each of the n <= inner + blocks roundings of a chain or of a sum errs by 2^-24 of a value that is at most S = sum
 * |a||b| (1 + 2^-24)^n, or flushes less than 2^-126. */
static void a_product_is_near_the_exact_one(void)
{
    const Kernels *kernels = kernels_all()[0];
    Stream stream;
    stream_init(&stream, 4, PURPOSE_SYNTHESIS, 0, 0);
    ProductCase c = open_product(PANEL, 100);
    for (size_t i = 0; i < c.rows; i++)
        for (size_t k = 0; k < c.inner; k++) set_left(&c, i, k, of_class(CLASS_ORDINARY, &stream));
    for (size_t k = 0; k < c.inner; k++)
        for (size_t j = 0; j < PANEL; j++) set_right(&c, k, j, of_class(CLASS_ORDINARY, &stream));
    _Alignas(64) float out[BF16_BLOCK];
    multiply(kernels, &c, out);
    for (size_t i = 0; i < BF16_BLOCK; i++) {
        double exact = 0.0, size = 0.0;
        for (size_t k = 0; k < c.inner; k++) {
            const double product = (double)reference_widen_bf16(c.left_plain[i / PANEL * c.inner + k]) *
                                   (double)reference_widen_bf16(c.right_plain[k * PANEL + i % PANEL]);
            exact += product, size += fabs(product);
        }
        const double roundings = (double)(c.inner + 2 * kernel_panels(c.inner));
        CU_ASSERT(fabs((double)out[i] - exact) <= roundings * (1.001 * 0x1p-24 * size + 0x1p-126));
    }
    close_product(&c);
}

/* Every upper half with the lower ones that decide. */
static void rounding_is_to_the_nearest_even_and_never_subnormal(void)
{
    static const uint32_t lower[] = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
    enum { LOWER = sizeof lower / sizeof *lower, COUNT = (1 << 16) * LOWER };
    float *x = floats_new(kernel_leading(COUNT));
    for (uint32_t i = 0; i < COUNT; i++) {
        const uint32_t bits = i / LOWER << 16 | lower[i % LOWER];
        memcpy(x + i, &bits, sizeof bits);
    }
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        Bf16 *rounded = round_batch(*set, 1, COUNT, x);
        bool same = true;
        for (size_t i = 0; i < COUNT; i++)
            same = same && rounded[i] == reference_round_bf16(x[i]) && rounded[i] == bf16_round(x[i]);
        CU_ASSERT(same);
        free(rounded);
    }
    CU_ASSERT_EQUAL(bf16_round(-0x1.fffffcp-127f), 0x8000);
    floats_free(x);
}

static void check_forward(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    float *x_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *w = random_weights(stream, in, out, &w_panels);
    float *z = floats_new(n * out), *expected = floats_new(n * out), *y = floats_new(n * kernel_leading(out));
    Bf16 *rounded = round_batch(kernels, n, in, x_padded), *copy = halves_new(bf16_weights(in, out));
    const size_t panels = kernel_panels(out), middle = stream_below(stream, (uint32_t)panels + 1);
    kernels->round_weights(in, out, 0, kernel_weights(in, out), w_panels, copy, NULL);
    reference_product(n, in, out, x, w, z);
    for (size_t i = 0; i < n * out; i++) z[i] += w[in * out + i % out];
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        reference_forward_f32(1, 0, n * out, NULL, NULL, z, a, expected);
        memset(y, 0xff, n * kernel_leading(out) * sizeof *y);
        kernels->forward_bf16(kernels->multiply_bf16, n, in, out, 0, middle, rounded, w_panels, copy, a, y);
        kernels->forward_bf16(kernels->multiply_bf16, n, in, out, middle, panels, rounded, w_panels, copy, a, y);
        CU_ASSERT(same_batch(n, out, expected, y));
    }
    floats_free(x), floats_free(x_padded), floats_free(w), floats_free(w_panels), floats_free(z), floats_free(expected),
        floats_free(y), free(rounded), free(copy);
}

static void check_backward_data(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    float *x_padded, *e_padded, *w_panels;
    float *x = random_batch(stream, n, in, &x_padded), *e = random_batch(stream, n, out, &e_padded);
    float *w = random_weights(stream, in, out, &w_panels), *wt = floats_new(in * out);
    float *expected = floats_new(n * in), *dx = floats_new(n * kernel_leading(in));
    Bf16 *rounded = round_batch(kernels, n, out, e_padded), *copy = halves_new(bf16_weights(in, out)),
         *transpose = halves_new(bf16_weights(in, out));
    kernels->round_weights(in, out, 0, kernel_weights(in, out), w_panels, copy, transpose);
    transpose_plain(in, out, w, wt);
    for (Activation a = ACTIVATION_NONE; a <= ACTIVATION_SIGMOID; a++) {
        memset(dx, 0xff, n * kernel_leading(in) * sizeof *dx);
        reference_product(n, out, in, e, wt, expected);
        reference_activation_backward_f32(n * in, x, a, expected);
        kernels->backward_data_bf16(kernels->multiply_bf16, n, in, out, rounded, transpose, x_padded, a, dx);
        CU_ASSERT(same_batch(n, in, expected, dx));
        bool zeros = true;
        for (size_t s = 0; s < n; s++)
            for (size_t j = in; j < kernel_panels(in) * PANEL; j++)
                zeros = zeros && dx[s * kernel_leading(in) + j] == 0.0f;
        CU_ASSERT(zeros || spoiling); /* a zero weight times what is not finite */
    }
    floats_free(x), floats_free(x_padded), floats_free(e), floats_free(e_padded), floats_free(w), floats_free(w_panels),
        floats_free(wt), floats_free(expected), floats_free(dx), free(rounded), free(copy), free(transpose);
}

static void layers_equal_the_reference_in_every_bit(void)
{
    on_many_shapes(check_forward);
    on_many_shapes(check_backward_data);
}

static void layers_keep_what_is_not_finite(void)
{
    spoiling = true;
    on_many_shapes(check_forward);
    on_many_shapes(check_backward_data);
    spoiling = false;
}

/* Rounded in parts that end anywhere, the copies are what the layout's formula says. */
static void check_weights(const Kernels *kernels, Stream *stream, size_t n, size_t in, size_t out)
{
    (void)n;
    float *panels, *w = random_weights(stream, in, out, &panels);
    Bf16 *copy = halves_new(bf16_weights(in, out)), *transpose = halves_new(bf16_weights(in, out));
    const size_t lines = kernel_weights(in, out) / (PANEL / 2);
    for (size_t line = 0, end; line < lines; line = end) {
        end = line + 1 + stream_below(stream, (uint32_t)(lines - line));
        kernels->round_weights(in, out, line * (PANEL / 2), end * (PANEL / 2), panels, copy, transpose);
    }
    bool same = true;
    size_t seen = 0;
    for (size_t k = 0; k < in; k++)
        for (size_t j = 0; j < out; j++) {
            const Bf16 expected = reference_round_bf16(w[k * out + j]);
            const size_t at = j / PANEL * bf16_block(in) + k / 2 * 2 * PANEL + j % PANEL * 2 + k % 2;
            const size_t across = k / PANEL * bf16_block(out) + j / 2 * 2 * PANEL + k % PANEL * 2 + j % 2;
            same = same && copy[at] == expected && transpose[across] == expected;
            seen += expected != 0;
        }
    CU_ASSERT(same);
    for (size_t i = 0; i < bf16_weights(in, out); i++) seen -= copy[i] != 0;
    CU_ASSERT_EQUAL(seen, 0); /* all else is 0 */
    floats_free(w), floats_free(panels), free(copy), free(transpose);
}

static void weights_are_rounded_in_any_parts(void)
{
    on_many_shapes(check_weights);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(rounding_is_to_the_nearest_even_and_never_subnormal),
        UNIT(products_of_every_class_equal_the_reference_in_every_bit),
        UNIT(zeros_count_where_the_other_operand_is_not_finite),
        UNIT(tininess_is_judged_after_rounding),
        UNIT(a_product_is_near_the_exact_one),
        UNIT(layers_equal_the_reference_in_every_bit),
        UNIT(layers_keep_what_is_not_finite),
        UNIT(weights_are_rounded_in_any_parts),
    };
    return UNIT_RUN("bf16", tests);
}
