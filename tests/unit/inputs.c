/* Whether zeros of the inputs are skipped. */
#include "data/inputs.h"

#include <stdlib.h>

#include "unit.h"

enum { FEATURES = 7, ROWS = 2000 };

/* One pixel of each image is set, another of every second. */
static uint64_t count_of(ScalingKind kind, size_t rows, uint64_t count[2])
{
    static uint8_t pixels[ROWS * FEATURES];
    for (size_t i = 0; i < ROWS; i++) {
        pixels[i * FEATURES + i % FEATURES] = 200;
        if (i % 2) pixels[i * FEATURES + (i + 1) % FEATURES] = 1;
    }
    const Samples samples = {.count = rows, .features = FEATURES, .kind = ELEMENT_UINT8, .pixels = pixels};
    uint64_t sums[2] = {0, 0};
    scaling_add_integers(&samples, sums);
    Scaling scaling;
    CU_ASSERT_EQUAL(scaling_init_uint8(&scaling, kind, sums, rows * FEATURES), STATUS_OK);
    CU_ASSERT_EQUAL(inputs_count(&scaling, kernels_all()[0], &samples, count), STATUS_OK);
    return count[0];
}

static void what_is_not_zero_after_scaling_is_counted(void)
{
    uint64_t count[2] = {0, 0};
    CU_ASSERT_EQUAL(count_of(SCALING_UNIT, 10, count), 15);
    CU_ASSERT_EQUAL(count[1], 10 * FEATURES);
    CU_ASSERT_EQUAL(count_of(SCALING_UNIT, 10, count), 30); /* added */
    count[0] = count[1] = 0;
    CU_ASSERT_EQUAL(count_of(SCALING_STANDARD, 10, count), 10 * FEATURES);
}

/* Not all of many images, but of their whole length: the even ones alone have one pixel. */
static void some_of_many_images_stand_for_all(void)
{
    uint64_t count[2] = {0, 0};
    count_of(SCALING_UNIT, ROWS, count);
    CU_ASSERT(count[1] < ROWS * FEATURES && count[1] >= 100 * FEATURES);
    CU_ASSERT(count[0] > count[1] / FEATURES && count[0] < 2 * count[1] / FEATURES);
}

static bool is_skipped(uint64_t nonzero, uint64_t all)
{
    const uint64_t count[2] = {nonzero, all};
    bool skip = nonzero % 2;
    CU_ASSERT_EQUAL(inputs_choose(count, &skip), STATUS_OK);
    return skip;
}

static void zeros_are_skipped_where_they_are_the_most_or_as_the_environment_has_it(void)
{
    unsetenv("LOCKSTEP_ZEROS");
    CU_ASSERT(is_skipped(0, 100) && is_skipped(49, 100));
    CU_ASSERT(!is_skipped(51, 100) && !is_skipped(100, 100));
    setenv("LOCKSTEP_ZEROS", "", 1);
    CU_ASSERT(is_skipped(49, 100) && !is_skipped(51, 100));
    setenv("LOCKSTEP_ZEROS", "skip", 1);
    CU_ASSERT(is_skipped(0, 100) && is_skipped(100, 100));
    setenv("LOCKSTEP_ZEROS", "multiply", 1);
    CU_ASSERT(!is_skipped(0, 100) && !is_skipped(100, 100));
    unsetenv("LOCKSTEP_ZEROS");
}

static void another_word_is_refused(void)
{
    const uint64_t count[2] = {1, 2};
    bool skip;
    setenv("LOCKSTEP_ZEROS", "Skip", 1);
    CU_ASSERT_EQUAL(inputs_choose(count, &skip), STATUS_USAGE);
    CU_ASSERT_MESSAGE_HAS("LOCKSTEP_ZEROS=Skip");
    status_clear();
    unsetenv("LOCKSTEP_ZEROS");
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(what_is_not_zero_after_scaling_is_counted),
        UNIT(some_of_many_images_stand_for_all),
        UNIT(zeros_are_skipped_where_they_are_the_most_or_as_the_environment_has_it),
        UNIT(another_word_is_refused),
    };
    return UNIT_RUN("inputs", tests);
}
