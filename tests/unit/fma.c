/* The fused multiply-add of every kernel set, the instruction's and the portable one, against libm's, in every bit; of
 * a NaN that it is one. LOCKSTEP_FMA_TRIPLES: on so many random triples. Exit code 77: this processor has no set with
 * the instruction; the portable one was held against libm's alone. */
#include <float.h>
#include <math.h>

#include "base/philox.h"
#include "kernels/kernels.h"
#include "unit.h"

/* Products with one factor in common, as many as the fewest parameters that an update takes. */
enum { COUNT = PANEL / 2 };

typedef struct {
    float a, b[COUNT], c[COUNT];
} Triples;

static float of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

static float signed_by(uint32_t bit, float x)
{
    return bit & 1 ? -x : x;
}

/* How many of a b + c this set has wrong: its update with the learning rate -a. */
static unsigned wrong_triples(const Kernels *kernels, const Triples *t)
{
    const SgdStep step = {.rate = -t->a, .inverse_samples = 1.0f};
    float w[COUNT];
    unsigned wrong = 0;
    memcpy(w, t->c, sizeof w);
    (void)kernels->sgd(COUNT, &step, t->b, w, NULL);
    for (int i = 0; i < COUNT; i++) {
        const float expected = fmaf(t->a, t->b[i], t->c[i]);
        const bool same = isnan(expected) ? isnan(w[i]) : memcmp(&w[i], &expected, sizeof expected) == 0;
        wrong += !same;
    }
    return wrong;
}

static unsigned long wrong_anywhere(const Triples *t)
{
    unsigned long wrong = 0;
    for (const Kernels *const *set = kernels_all(); *set; set++) wrong += wrong_triples(*set, t);
    return wrong;
}

/* Every triple of numbers at which something changes: zeros, the least denormal and normal, neighbours of 1 and 2, the
 * largest, infinity, NaN, each of both signs. */
static void edges_round_once(void)
{
    static const float edge[] = {0.0f,
                                 0x1p-149f,
                                 0x1.8p-148f,
                                 0x1.fffffcp-127f,
                                 0x1p-126f,
                                 0x1.000002p-126f,
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
    enum { EDGES = 2 * sizeof edge / sizeof *edge, PAIRS = EDGES * EDGES };
    unsigned long wrong = 0;
    for (size_t a = 0; a < EDGES; a++)
        for (size_t pair = 0; pair < PAIRS; pair += COUNT) {
            Triples t = {.a = signed_by(a % 2, edge[a / 2])};
            for (size_t i = 0; i < COUNT; i++) {
                const size_t b = (pair + i) / EDGES % EDGES, c = (pair + i) % EDGES;
                t.b[i] = signed_by(b % 2, edge[b / 2]);
                t.c[i] = signed_by(c % 2, edge[c / 2]);
            }
            wrong += wrong_anywhere(&t);
        }
    CU_ASSERT_EQUAL(wrong, 0);
}

/* A number of any mantissa and sign, its exponent in [least, least + range). */
static float of_exponent(Stream *stream, int least, uint32_t range)
{
    const uint32_t bits = stream_next(stream);
    const float mantissa = of_bits((bits & 0x807fffffu) | 0x3f800000u);
    return ldexpf(mantissa, least + (int)stream_below(stream, range));
}

static void draw_any(Stream *stream, Triples *t)
{
    t->a = of_bits(stream_next(stream));
    for (int i = 0; i < COUNT; i++) t->b[i] = of_bits(stream_next(stream)), t->c[i] = of_bits(stream_next(stream));
}

/* c near the product: where the roundings of sum and product meet. */
static void draw_near(Stream *stream, Triples *t)
{
    t->a = of_exponent(stream, -60, 120);
    for (int i = 0; i < COUNT; i++) {
        t->b[i] = of_exponent(stream, -60, 120);
        t->c[i] = of_exponent(stream, ilogbf(t->a) + ilogbf(t->b[i]) - 30, 60);
    }
}

/* c is minus the product, rounded, or some units in its last place beside it: little is left of both. */
static void draw_cancelling(Stream *stream, Triples *t)
{
    t->a = of_exponent(stream, -70, 130);
    for (int i = 0; i < COUNT; i++) {
        t->b[i] = of_exponent(stream, -70, 130);
        uint32_t bits;
        const float product = -t->a * t->b[i];
        memcpy(&bits, &product, sizeof bits);
        t->c[i] = of_bits(bits + stream_below(stream, 9) - 4);
    }
}

/* Where rounding twice (to double, then to float) goes wrong: c is k units in its last place, the product half a unit
 * but for a tail of e^2 of it, (1 + e)(1 - e) = 1 - e^2, which the double of the sum has no room for if e is small.
 * least: of the unit's exponents, of which there are `range`; k is below 2^23, and 2^23 more if c is to be normal. */
static void draw_half_way(Stream *stream, Triples *t, int least, uint32_t range, uint32_t normal)
{
    const int unit = least + (int)stream_below(stream, range), half = (unit - 1) / 2;
    const float e = ldexpf(1.0f, -1 - (int)stream_below(stream, 23));
    t->a = signed_by(stream_next(stream), ldexpf(1.0f + e, half));
    for (int i = 0; i < COUNT; i++) {
        const uint32_t k = stream_below(stream, 1u << 23) + normal;
        t->b[i] = ldexpf(1.0f - e, unit - 1 - half);
        t->c[i] = signed_by(stream_next(stream), ldexpf((float)k, unit));
    }
}

static void draw_normal_half_way(Stream *stream, Triples *t)
{
    draw_half_way(stream, t, -60, 121, 1u << 23);
}

static void draw_denormal_half_way(Stream *stream, Triples *t)
{
    draw_half_way(stream, t, -149, 1, 0);
}

/* The product's exponent is `least` or more, in a range; c's too. */
static void draw_around(Stream *stream, Triples *t, int least, uint32_t range)
{
    t->a = of_exponent(stream, least / 2 - 20, 40);
    for (int i = 0; i < COUNT; i++) {
        t->b[i] = of_exponent(stream, least - ilogbf(t->a), range);
        t->c[i] = of_exponent(stream, least, range);
    }
}

/* From nothing of the least denormal to the least normal and beyond: the result has less than 24 bits, or begins to. */
static void draw_denormal(Stream *stream, Triples *t)
{
    draw_around(stream, t, -176, 54);
}

/* Below the largest and past it. */
static void draw_large(Stream *stream, Triples *t)
{
    draw_around(stream, t, 112, 16);
}

typedef void Draw(Stream *stream, Triples *t);

/* Of each kind as many; a round is one of each, and has numbers of its own. */
static void random_triples_round_once(void)
{
    static Draw *const draws[] = {
        draw_any, draw_near, draw_cancelling, draw_normal_half_way, draw_denormal_half_way, draw_denormal, draw_large,
    };
    enum { DRAWS = sizeof draws / sizeof *draws, ROUND = DRAWS * COUNT };
    const uint64_t rounds = (unit_count("LOCKSTEP_FMA_TRIPLES", 10000000) + ROUND - 1) / ROUND;
    unsigned long wrong = 0, twice = 0, denormal = 0, infinite = 0;
    for (uint64_t round = 0; round < rounds; round++) {
        Stream stream;
        stream_init(&stream, 11, PURPOSE_SYNTHESIS, (uint32_t)(round >> 32), (uint32_t)round);
        for (int d = 0; d < DRAWS; d++) {
            Triples t;
            draws[d](&stream, &t);
            wrong += wrong_anywhere(&t);
            for (int i = 0; i < COUNT; i++) {
                const float exact = fmaf(t.a, t.b[i], t.c[i]);
                twice += (float)((double)t.a * t.b[i] + t.c[i]) != exact && !isnan(exact);
                denormal += fpclassify(exact) == FP_SUBNORMAL;
                infinite += isinf(exact) != 0;
            }
        }
    }
    const double share = 1.0 / (double)(rounds * ROUND);
    printf("(%llu triples; twice rounded wrong %.1f %%, denormal %.1f %%, infinite %.1f %%) ",
           (unsigned long long)rounds * ROUND, 100.0 * (double)twice * share, 100.0 * (double)denormal * share,
           100.0 * (double)infinite * share);
    CU_ASSERT_EQUAL(wrong, 0);
    CU_ASSERT((double)twice * share > 0.05); /* so that rounding twice would be seen */
    CU_ASSERT((double)denormal * share > 0.1);
    CU_ASSERT((double)infinite * share > 0.02);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(edges_round_once),
        UNIT(random_triples_round_once),
    };
    const int failed = UNIT_RUN("fma", tests);
    if (failed || kernels_all()[1]) return failed;
    printf("SKIPPED: this processor has no fused multiply-add to compare with\n");
    return 77;
}
