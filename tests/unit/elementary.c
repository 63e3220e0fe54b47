/* The numbers under the kernels, against libm: the fused multiply-add of every set, exp, log, tanh, the logistic
 * function. */
#include <float.h>
#include <math.h>
#include <stdio.h>

#include "base/philox.h"
#include "kernels/reference.h"
#include "unit.h"

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* a b + c on a set: its update with learning rate -a, of the fewest parameters that it takes. */
static float multiply_add(const Kernels *kernels, float a, float b, float c)
{
    enum { COUNT = PANEL / 2 };
    const SgdStep step = {.rate = -a, .inverse_samples = 1.0f};
    float gradient[COUNT] = {b}, w[COUNT] = {c};
    (void)kernels->sgd(COUNT, &step, gradient, w, NULL);
    return w[0];
}

/* libm's, in every bit; of a NaN that it is one. */
static bool rounds_once(const Kernels *kernels, float a, float b, float c)
{
    const float got = multiply_add(kernels, a, b, c), expected = fmaf(a, b, c);
    if (isnan(expected)) return isnan(got);
    return memcmp(&got, &expected, sizeof got) == 0;
}

/* Any bits; of every second triple c is near the product, where the roundings of sum and product meet. */
static void a_multiply_add_of_any_numbers_rounds_once(void)
{
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        Stream stream;
        stream_init(&stream, 11, PURPOSE_SYNTHESIS, 0, 0);
        long wrong = 0;
        for (long i = 0; i < 1000000; i++) {
            uint32_t a = stream_next(&stream), b = stream_next(&stream), c = stream_next(&stream);
            if (i % 2) {
                const uint32_t exponent = ((a >> 23) & 255) + ((b >> 23) & 255) - 127 + c % 60 - 30;
                c = (c & 0x807fffffu) | (exponent & 255) << 23;
            }
            wrong += !rounds_once(*set, of_bits(a), of_bits(b), of_bits(c));
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

/* Every triple of numbers at which something changes: zeros, the least denormal and normal, neighbours of 1 and 2, the
 * largest, infinity, NaN, each of both signs. */
static void a_multiply_add_of_edges_rounds_once(void)
{
    static const float edge[] = {0.0f,
                                 0x1p-149f,
                                 0x1.8p-148f,
                                 0x1.fffffcp-127f,
                                 0x1p-126f,
                                 0x1p-75f,
                                 0x1.000002p-75f,
                                 0x1p-24f,
                                 0x1p-25f,
                                 0x1.fffffep-1f,
                                 1.0f,
                                 0x1.000002p0f,
                                 0x1.000004p0f,
                                 1.5f,
                                 0x1.fffffep0f,
                                 2.0f,
                                 0x1.000002p12f,
                                 0x1.002p12f,
                                 0x1p64f,
                                 0x1.fffffep126f,
                                 0x1p127f,
                                 FLT_MAX,
                                 INFINITY,
                                 NAN};
    enum { EDGES = 2 * sizeof edge / sizeof *edge };
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        long wrong = 0;
        for (size_t i = 0; i < (size_t)EDGES * EDGES * EDGES; i++) {
            const size_t at[3] = {i % EDGES, i / EDGES % EDGES, i / EDGES / EDGES};
            float x[3];
            for (int k = 0; k < 3; k++) x[k] = (at[k] % 2 ? -1.0f : 1.0f) * edge[at[k] / 2];
            wrong += !rounds_once(*set, x[0], x[1], x[2]);
        }
        CU_ASSERT_EQUAL(wrong, 0);
    }
}

/* Where rounding twice (to double, then to float) goes wrong: c is k units in its last place, the product half a unit
 * but for a tail of e^2 of it, (1 + e)(1 - e) = 1 - e^2, which the double of the sum has no room for if e is small.
 * With units from 2^-60 to 2^60, and among the denormals, whose unit is 2^-149. */
static void a_multiply_add_half_way_between_floats_rounds_once(void)
{
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        Stream stream;
        stream_init(&stream, 12, PURPOSE_SYNTHESIS, 0, 0);
        long wrong = 0, twice = 0;
        for (long i = 0; i < 300000; i++) {
            const bool denormal = i % 2;
            const int unit = denormal ? -149 : -60 + (int)stream_below(&stream, 121), half = (unit - 1) / 2;
            const uint32_t k = stream_below(&stream, 1u << 23) + (denormal ? 0 : 1u << 23),
                           signs = stream_next(&stream);
            const float e = ldexpf(1.0f, -1 - (int)stream_below(&stream, 23));
            const float a = ldexpf(signs & 1 ? -1.0f - e : 1.0f + e, half), b = ldexpf(1.0f - e, unit - 1 - half);
            const float c = ldexpf(signs & 2 ? -(float)k : (float)k, unit);
            wrong += !rounds_once(*set, a, b, c);
            twice += (float)((double)a * b + c) != fmaf(a, b, c);
        }
        CU_ASSERT_EQUAL(wrong, 0);
        CU_ASSERT(twice > 10000); /* so that rounding twice would be seen */
    }
}

/* NaN and infinity through the whole of the loss: a divergence is seen, never hidden (and preset asan finds no
 * undefined shift). */
static void what_is_not_finite_stays_so(void)
{
    static const float bad[] = {NAN, -NAN, INFINITY};
    for (const Kernels *const *set = kernels_all(); *set; set++)
        for (int i = 0; i < 3; i++)
            for (size_t at = 0; at < 3; at++) {
                const uint32_t label = 1;
                float z[2 * PANEL] = {1, 2, 3}, loss;
                z[at] = bad[i];
                (*set)->softmax_cross_entropy(1, 3, &label, true, z, &loss);
                CU_ASSERT_FALSE(isfinite(loss));
            }
}

static double ulps(float got, double exact)
{
    int exponent;
    frexp(exact, &exponent);
    return fabs((double)got - exact) / ldexp(1.0, exponent - 24 > -149 ? exponent - 24 : -149);
}

static void elementary_functions_are_accurate(void)
{
    double worst_exp = 0, worst_tanh = 0, worst_sigmoid = 0, worst_log = 0;
    for (int i = -88000; i <= 88000; i++) {
        const float x = (float)i * 1e-3f + 1e-5f;
        float y, zero = 0.0f; /* y = activation(0 * 0 + x) */
        reference_forward_f32(1, 1, 1, &zero, &zero, &x, ACTIVATION_TANH, &y);
        const double t = ulps(y, tanh(x));
        worst_tanh = t > worst_tanh ? t : worst_tanh;
        reference_forward_f32(1, 1, 1, &zero, &zero, &x, ACTIVATION_SIGMOID, &y);
        const double s = x > -80 ? ulps(y, 1 / (1 + exp(-(double)x))) : 0;
        worst_sigmoid = s > worst_sigmoid ? s : worst_sigmoid;
        if (x > -87.3f && x < 0) {
            /* Two classes, logits 0 and x: p1 = e^x / (1 + e^x), loss = log(1 + e^x) - x. */
            float z[2] = {0, x}, dz[2], loss;
            const uint32_t label = 0;
            reference_softmax_cross_entropy_f32(1, 2, z, &label, dz, &loss);
            const double l = log1p(exp(x));
            /* log of a sum rounded to float: half an ulp of 1 more. */
            const double error = fabs(loss - l) / (0x1p-24 * 2 + 0x1p-24 * l);
            worst_log = error > worst_log ? error : worst_log;
            const double e = ulps(dz[1], exp(x) / (1 + exp(x)));
            worst_exp = e > worst_exp ? e : worst_exp;
        }
    }
    printf("(ulp: exp through softmax %.2f, log through the loss %.2f, tanh %.2f, sigmoid %.2f) ", worst_exp, worst_log,
           worst_tanh, worst_sigmoid);
    CU_ASSERT(worst_exp < 3);
    CU_ASSERT(worst_log < 2);
    CU_ASSERT(worst_tanh < 3);
    CU_ASSERT(worst_sigmoid < 3);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_multiply_add_of_any_numbers_rounds_once),
        UNIT(a_multiply_add_of_edges_rounds_once),
        UNIT(a_multiply_add_half_way_between_floats_rounds_once),
        UNIT(what_is_not_finite_stays_so),
        UNIT(elementary_functions_are_accurate),
    };
    return UNIT_RUN("elementary", tests);
}
