/* How inputs are packed: as lists, where zeros are skipped, or rows, or rows of bf16. */
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
    InputsKind kind = INPUTS_BF16, bf16 = INPUTS_LISTS;
    CU_ASSERT_EQUAL(inputs_choose(count, false, &kind), STATUS_OK);
    CU_ASSERT_EQUAL(inputs_choose(count, true, &bf16), STATUS_OK);
    CU_ASSERT_EQUAL(bf16, INPUTS_BF16);
    CU_ASSERT(kind == INPUTS_LISTS || kind == INPUTS_ROWS);
    return kind == INPUTS_LISTS;
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
    InputsKind kind;
    setenv("LOCKSTEP_ZEROS", "Skip", 1);
    CU_ASSERT_EQUAL(inputs_choose(count, true, &kind), STATUS_USAGE);
    CU_ASSERT_MESSAGE_HAS("LOCKSTEP_ZEROS=Skip");
    status_clear();
    unsetenv("LOCKSTEP_ZEROS");
}

/* Bytes in patches of 2x2, into rows whose end is 0. */
static void samples_of_a_bf16_layer_are_packed_rounded(void)
{
    enum { WIDTH = 6, PIXELS = 4 * WIDTH, COUNT = 3 };
    uint8_t pixels[COUNT * PIXELS];
    for (int i = 0; i < COUNT * PIXELS; i++) pixels[i] = (uint8_t)(i * 53);
    const Samples samples = {.count = COUNT, .features = PIXELS, .kind = ELEMENT_UINT8, .pixels = pixels};
    Scaling scaling;
    CU_ASSERT_EQUAL(scaling_init_uint8(&scaling, SCALING_UNIT, NULL, 1), STATUS_OK);
    for (const Kernels *const *set = kernels_all(); *set; set++) {
        Inputs inputs;
        CU_ASSERT_EQUAL_FATAL(inputs_init(&inputs, PIXELS, WIDTH, COUNT, INPUTS_BF16, true, NULL), STATUS_OK);
        inputs_clear(&inputs);
        for (size_t s = COUNT; s-- > 0;) inputs_add(&inputs, &scaling, *set, &samples, s);
        inputs_end(&inputs, &scaling, *set);
        CU_ASSERT_EQUAL(inputs.input.n, COUNT);
        for (size_t s = 0; s < COUNT; s++) {
            const Bf16 *row = inputs.input.rounded + (COUNT - 1 - s) * bf16_leading(PIXELS);
            for (size_t i = 0; i < PIXELS; i++)
                CU_ASSERT_EQUAL(row[patches_place(WIDTH, i)], bf16_round((float)pixels[s * PIXELS + i] / 255.0f));
            for (size_t i = PIXELS; i < bf16_leading(PIXELS); i++) CU_ASSERT_EQUAL(row[i], 0);
        }
        inputs_free(&inputs);
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(what_is_not_zero_after_scaling_is_counted),
        UNIT(some_of_many_images_stand_for_all),
        UNIT(zeros_are_skipped_where_they_are_the_most_or_as_the_environment_has_it),
        UNIT(another_word_is_refused),
        UNIT(samples_of_a_bf16_layer_are_packed_rounded),
    };
    return UNIT_RUN("inputs", tests);
}
