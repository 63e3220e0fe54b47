/* src/output/axis: places, ticks and their labels. */
#include "output/axis.h"

#include <float.h>
#include <math.h>

#include "unit.h"

static void values_stand_in_proportion(void)
{
    const Axis axis = axis_of(10.0, 20.0, false, 100.0, 300.0);
    CU_ASSERT_EQUAL(axis_place(&axis, 10.0), 100.0);
    CU_ASSERT_EQUAL(axis_place(&axis, 15.0), 200.0);
    CU_ASSERT_EQUAL(axis_place(&axis, 20.0), 300.0);
    CU_ASSERT_EQUAL(axis_place(&axis, -1e30), 100.0);
    CU_ASSERT_EQUAL(axis_place(&axis, 1e30), 300.0);
    CU_ASSERT_EQUAL(axis_place(&axis, (double)NAN), 100.0);
}

/* Over a page's 1000 units, 1e-9 of a decade cannot be seen; axis_log10 promises it, and the division rounds once. */
static void decades_are_equally_wide(void)
{
    const Axis axis = axis_of(1e-4, 1e2, true, 600.0, 0.0);
    for (int decade = 0; decade <= 6; decade++) {
        double value = 1e-4;
        for (int i = 0; i < decade; i++) value *= 10.0;
        CU_ASSERT_DOUBLE_EQUAL(axis_place(&axis, value), 600.0 - 100.0 * decade, 1e-6);
    }
}

static void logarithms_hold_to_what_is_promised(void)
{
    CU_ASSERT_DOUBLE_EQUAL(axis_log10(2.0), 0.3010299956639812, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(axis_log10(3.1622), 0.4999893343341838, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(axis_log10(3.1623), 0.50000306805169314, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(axis_log10(9.9999), 0.99999565703346605, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(axis_log10(DBL_MIN), -307.65265556858878, 1e-9);
    CU_ASSERT_DOUBLE_EQUAL(axis_log10(DBL_MAX), 308.25471555991675, 1e-9);
}

/* Whatever the range: in it, ascending, equally far apart, from end to end, not too many, at least two. */
static void linear_ticks_are_regular(void)
{
    static const double scales[] = {1e-25, 3e-7, 0.02, 1.0, 7.0, 512.0, 6e9, 1e29};
    for (size_t s = 0; s < sizeof scales / sizeof *scales; s++)
        for (int i = -3; i < 40; i++) {
            double tick[AXIS_MOST_TICKS];
            const Axis axis = axis_of(scales[s] * i, scales[s] * (i + 1.37), false, 0.0, 1.0);
            const size_t count = axis_ticks(&axis, 6, tick);
            CU_ASSERT(count >= 2 && count <= 6);
            const double step = tick[1] - tick[0];
            CU_ASSERT(tick[0] - step < axis.low && tick[count - 1] + step > axis.high);
            for (size_t t = 0; t < count; t++) {
                CU_ASSERT(tick[t] >= axis.low - 1e-6 * step && tick[t] <= axis.high + 1e-6 * step);
                CU_ASSERT_DOUBLE_EQUAL(tick[t], tick[0] + (double)t * step, 1e-6 * step);
            }
        }
}

static void ticks_are_the_round_values_expected(void)
{
    double tick[AXIS_MOST_TICKS];
    char label[AXIS_LABEL_SIZE];
    const Axis accuracy = axis_of(95.7, 98.36, false, 0.0, 1.0);
    CU_ASSERT_EQUAL(axis_ticks(&accuracy, 7, tick), 5);
    CU_ASSERT_EQUAL(tick[0], 96.0);
    CU_ASSERT_EQUAL(tick[4], 98.0);
    const Axis loss = axis_of(0.0009, 2.4, true, 0.0, 1.0);
    CU_ASSERT_EQUAL(axis_ticks(&loss, 7, tick), 4);
    CU_ASSERT_STRING_EQUAL(axis_label(tick[0], label), "0.001");
    CU_ASSERT_STRING_EQUAL(axis_label(tick[3], label), "1");
    const Axis short_loss = axis_of(0.09, 2.4, true, 0.0, 1.0);
    CU_ASSERT_EQUAL(axis_ticks(&short_loss, 7, tick), 5);
    CU_ASSERT_STRING_EQUAL(axis_label(tick[1], label), "0.2");
    const Axis decades = axis_of(1e-12, 1.0, true, 0.0, 1.0);
    CU_ASSERT(axis_ticks(&decades, 7, tick) <= 7);
    CU_ASSERT_DOUBLE_EQUAL(tick[1] / tick[0], 100.0, 1e-6);
}

static void whole_axes_have_whole_ticks(void)
{
    double tick[AXIS_MOST_TICKS];
    Axis epochs = axis_of(0.5, 1.5, false, 0.0, 1.0);
    CU_ASSERT(axis_ticks(&epochs, 8, tick) > 1);
    epochs.is_whole = true;
    CU_ASSERT_EQUAL(axis_ticks(&epochs, 8, tick), 1);
    CU_ASSERT_EQUAL(tick[0], 1.0);
}

static void one_value_has_an_axis_too(void)
{
    double tick[AXIS_MOST_TICKS];
    static const double values[] = {0.0, 1.0, -3.5, 1e-300, 9.9e29};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const Axis axis = axis_of(values[i], values[i], false, 0.0, 1.0);
        CU_ASSERT(axis.low < values[i] && values[i] < axis.high);
        CU_ASSERT(axis_ticks(&axis, 6, tick) >= 2);
    }
    const Axis same = axis_of(5.0, 5.0, true, 0.0, 1.0), wide = axis_of(DBL_TRUE_MIN, 9.9e29, true, 0.0, 1.0);
    CU_ASSERT(same.low < 5.0 && same.high > 5.0);
    CU_ASSERT(axis_ticks(&wide, 6, tick) >= 2);
    CU_ASSERT(axis_takes(-9.9e29) && !axis_takes(1e31) && !axis_takes(-1e31));
    CU_ASSERT(!axis_takes((double)INFINITY) && !axis_takes((double)NAN));
}

static void labels_are_short(void)
{
    char label[AXIS_LABEL_SIZE];
    CU_ASSERT_STRING_EQUAL(axis_label(8000.0, label), "8000");
    CU_ASSERT_STRING_EQUAL(axis_label(12000.0, label), "12k");
    CU_ASSERT_STRING_EQUAL(axis_label(-2500000.0, label), "-2.5M");
    CU_ASSERT_STRING_EQUAL(axis_label(0.1 + 0.2, label), "0.3");
    CU_ASSERT(strlen(axis_label(-1.23456789e-300, label)) < AXIS_LABEL_SIZE);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(values_stand_in_proportion),          UNIT(decades_are_equally_wide),
        UNIT(logarithms_hold_to_what_is_promised), UNIT(linear_ticks_are_regular),
        UNIT(ticks_are_the_round_values_expected), UNIT(whole_axes_have_whole_ticks),
        UNIT(one_value_has_an_axis_too),           UNIT(labels_are_short),
    };
    return UNIT_RUN("axis", tests);
}
