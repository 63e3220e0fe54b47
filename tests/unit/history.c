/* src/rundir/history: members that are looked up by their keys. */
#include "rundir/history.h"

#include <math.h>

#include "scratch.h"
#include "unit.h"

/* The history of these lines, in the scratch directory. */
static History history_of(const char *lines)
{
    History history;
    FILE *file = fopen(scratch_path("metrics.jsonl"), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    fputs(lines, file);
    fclose(file);
    CU_ASSERT_EQUAL_FATAL(history_read(scratch_directory, &history), STATUS_OK);
    return history;
}

static void members_are_found_by_their_keys(void)
{
    History history = history_of(
        "{\"event\":\"start\",\"host\":\"a\",\"seconds\":0.5,\"seconds_hex\":\"0x1p-1\"}\n"
        "{\"event\":\"step\",\"host\":\"b\"}\n");
    CU_ASSERT_STRING_EQUAL(history_text(&history.event[0], "host"), "a");
    CU_ASSERT_STRING_EQUAL(history_text(&history.event[0], "seconds"), "");
    CU_ASSERT_STRING_EQUAL(history_text(&history.event[0], "none"), "");
    CU_ASSERT_EQUAL(history_float(&history.event[0], "seconds"), 0.5);
    CU_ASSERT(isnan(history_float(&history.event[0], "host")));
    CU_ASSERT_PTR_NULL(history.event[1].object);
    CU_ASSERT_STRING_EQUAL(history_text(&history.event[1], "host"), "");
    history_free(&history);
}

static void counts_have_the_shape_that_they_have(void)
{
    size_t rows, columns;
    History history = history_of(
        "{\"event\":\"end\",\"list\":[1,2,3],\"matrix\":[[1,2],[3,4]],\"ragged\":[[1,2],[3]],\"none\":[],"
        "\"odd\":[-1,\"x\",1.5]}\n");
    const Event *end = &history.event[0];
    CU_ASSERT(history_has_counts(end, "list", &rows, &columns) && rows == 0 && columns == 3);
    CU_ASSERT(history_has_counts(end, "matrix", &rows, &columns) && rows == 2 && columns == 2);
    CU_ASSERT_FALSE(history_has_counts(end, "ragged", &rows, &columns));
    CU_ASSERT_FALSE(history_has_counts(end, "none", &rows, &columns));
    CU_ASSERT_FALSE(history_has_counts(end, "absent", &rows, &columns));
    CU_ASSERT_EQUAL(history_count(end, "list", 0, 2), 3);
    CU_ASSERT_EQUAL(history_count(end, "matrix", 1, 0), 3);
    CU_ASSERT_EQUAL(history_count(end, "matrix", 2, 0), 0);
    CU_ASSERT_EQUAL(history_count(end, "list", 0, 3), 0);
    for (size_t i = 0; i < 3; i++) CU_ASSERT_EQUAL(history_count(end, "odd", 0, i), 0);
    history_free(&history);
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(members_are_found_by_their_keys), UNIT(counts_have_the_shape_that_they_have)};
    return UNIT_RUN("history", tests);
}
