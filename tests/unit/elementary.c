/* The functions under the kernels, against libm: exp, log, tanh, the logistic function. */
#include <math.h>
#include <stdio.h>

#include "kernels/reference.h"
#include "unit.h"

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
        UNIT(what_is_not_finite_stays_so),
        UNIT(elementary_functions_are_accurate),
    };
    return UNIT_RUN("elementary", tests);
}
