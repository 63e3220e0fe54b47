/* src/output/predictions: what is written is read back, and nothing else is. */
#include "output/predictions.h"

#include <math.h>

#include "base/memory.h"
#include "scratch.h"
#include "unit.h"

static const char *path_of(const char *text)
{
    const char *path = scratch_path("predictions.csv");
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(text, file);
    fclose(file);
    return path;
}

static void what_was_written_comes_back(void)
{
    const Prediction some[] = {{0, 7, 7, 1.0f}, {1, 4294967295u, 0, 0.1f}, {2, 0, 3, 0x1.fffffep-1f}};
    const char *path = scratch_path("predictions.csv");
    Prediction *read;
    size_t count;
    FILE *file = fopen(path, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    predictions_write(file, 3, some);
    fclose(file);
    CU_ASSERT_EQUAL_FATAL(predictions_read(path, 3, &read, &count), STATUS_OK);
    CU_ASSERT_EQUAL(count, 3);
    for (size_t i = 0; i < 3; i++) {
        CU_ASSERT(read[i].index == i && read[i].label == some[i].label && read[i].prediction == some[i].prediction);
        CU_ASSERT_EQUAL(read[i].confidence, some[i].confidence);
    }
    memory_free(read);
}

#define HEAD "index,label,prediction,confidence\n"

static void other_lines_are_named(void)
{
    static const struct {
        const char *text, *line;
    } bad[] = {
        {"", "line 2 "},
        {"index,label\n0,1,1,1\n", "line 2 "},
        {HEAD "0,1,1,0.5\n2,1,1,0.5\n", "line 3 "},
        {HEAD "0,1,1,1.5\n", "line 2 "},
        {HEAD "0,1,1,nan0\n", "line 2 "},
        {HEAD "0,1,1,inf\n", "line 2 "},
        {HEAD "0,1,-1,0.5\n", "line 2 "},
        {HEAD "0,1.5,1,0.5\n", "line 2 "},
        {HEAD "0,4294967296,1,0.5\n", "line 2 "},
        {HEAD "0,1,1,0.5", "line 2 "},
        {HEAD "0,1,1,0.5\n1,1,1,0.5\n2,1,1,0.5\n", "line 4 "},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        Prediction *read;
        size_t count;
        CU_ASSERT_EQUAL(predictions_read(path_of(bad[i].text), 2, &read, &count), STATUS_DATA);
        CU_ASSERT_PTR_NULL(read);
        CU_ASSERT_MESSAGE_HAS(bad[i].line);
    }
}

/* Which finite weights can make. */
static void a_confidence_may_be_no_number(void)
{
    Prediction *read;
    size_t count;
    CU_ASSERT_EQUAL_FATAL(predictions_read(path_of(HEAD "0,1,1,nan\n1,1,0,0.5\n2,1,0,-nan\n"), 3, &read, &count),
                          STATUS_OK);
    CU_ASSERT_EQUAL(count, 3);
    CU_ASSERT(isnan(read[0].confidence) && read[1].confidence == 0.5f && isnan(read[2].confidence));
    memory_free(read);
}

static void the_surest_mistakes_are_the_worst_and_no_number_is_less_than_any(void)
{
    const Prediction prediction[] = {{0, 1, 2, NAN}, {1, 1, 1, 0.9f}, {2, 1, 2, 0.5f}, {3, 1, 2, NAN}, {4, 1, 2, 0.5f}};
    Prediction worst[4];
    const uint32_t order[] = {2, 4, 0, 3};
    CU_ASSERT_EQUAL(predictions_worst(5, prediction, 4, worst), 4);
    for (int i = 0; i < 4; i++) CU_ASSERT_EQUAL(worst[i].index, order[i]);
    CU_ASSERT_EQUAL(predictions_worst(5, prediction, 1, worst), 1);
    CU_ASSERT_EQUAL(worst[0].index, 2);
}

static void none_is_no_input(void)
{
    Prediction *read;
    size_t count;
    CU_ASSERT_EQUAL(predictions_read(scratch_path("none.csv"), 2, &read, &count), STATUS_NO_INPUT);
    CU_ASSERT_EQUAL(predictions_read(path_of(HEAD), 2, &read, &count), STATUS_OK);
    CU_ASSERT_EQUAL(count, 0);
    memory_free(read);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(what_was_written_comes_back), UNIT(other_lines_are_named), UNIT(a_confidence_may_be_no_number),
        UNIT(the_surest_mistakes_are_the_worst_and_no_number_is_less_than_any), UNIT(none_is_no_input)};
    return UNIT_RUN("predictions", tests);
}
