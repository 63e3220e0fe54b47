/* src/output/curve and times: however long a run was, its curves and times fit a page and mean what was recorded. */
#include "output/curve.h"

#include <math.h>
#include <string.h>

#include "base/memory.h"
#include "output/times.h"
#include "scratch.h"
#include "unit.h"

static double loss_of(const Event *event)
{
    return event->loss;
}

/* A history of steps [1, last], each of loss its own number; owned by the caller (history_free). */
static History steps_to(uint64_t last)
{
    History history = {.count = last};
    CU_ASSERT_EQUAL_FATAL(memory_new(&history.event, last, "events"), STATUS_OK);
    for (uint64_t i = 0; i < last; i++)
        history.event[i] = (Event){.kind = EVENT_STEP, .step = i + 1, .loss = (double)(i + 1)};
    return history;
}

static void few_steps_are_all_there(void)
{
    History history = steps_to(7);
    Curve curve;
    history.event[2].loss = (double)NAN;
    history.event[3].loss = (double)INFINITY;
    history.event[4].kind = EVENT_CHECKPOINT;
    curve_of(&history, EVENT_STEP, loss_of, 7, &curve);
    CU_ASSERT_EQUAL(curve.bin, 1);
    CU_ASSERT_EQUAL_FATAL(curve.count, 4);
    static const double expected[] = {1.0, 2.0, 6.0, 7.0};
    for (size_t i = 0; i < 4; i++) {
        CU_ASSERT_EQUAL(curve.point[i].step, expected[i]);
        CU_ASSERT_EQUAL(curve.point[i].mean, expected[i]);
    }
    CU_ASSERT_EQUAL(curve_last_step(&history), 7);
    history_free(&history);
}

/* Small whole numbers: every mean is exact. A step that was done again counts as before. */
static void many_steps_become_their_means(void)
{
    const uint64_t last = 10 * CURVE_MOST - 1;
    History history = steps_to(last);
    Curve curve;
    history.event[25].step = history.event[24].step;
    history.event[25].loss = history.event[24].loss;
    curve_of(&history, EVENT_STEP, loss_of, last, &curve);
    CU_ASSERT_EQUAL(curve.bin, 10);
    CU_ASSERT_EQUAL_FATAL(curve.count, CURVE_MOST);
    CU_ASSERT(curve.point[0].mean == 5.0 && curve.point[0].least == 1.0 && curve.point[0].most == 9.0);
    CU_ASSERT(curve.point[1].mean == 14.5 && curve.point[1].step == 14.5);
    CU_ASSERT(curve.point[2].mean == 24.4 && curve.point[2].least == 20.0 && curve.point[2].most == 29.0);
    CU_ASSERT(curve.point[CURVE_MOST - 1].most == (double)last);
    history_free(&history);
}

static void steps_may_be_as_large_as_they_can(void)
{
    History history = steps_to(2);
    Curve curve;
    history.event[1].step = UINT64_MAX;
    curve_of(&history, EVENT_STEP, loss_of, UINT64_MAX, &curve);
    CU_ASSERT_EQUAL(curve.count, 2);
    curve_of(&history, EVENT_STEP, loss_of, 1, &curve);
    CU_ASSERT_EQUAL(curve.count, 1);
    history_free(&history);
}

/* The times of a record of so many ranks: rank r computed for 1 + r seconds, waited for 10, checked for 1, saved for 2
 * and recorded for 4. */
static void put_times(FILE *file, int ranks)
{
    static const char *const other[] = {"check", "save", "record"};
    fputs(",\"compute_microseconds\":[", file);
    for (int r = 0; r < ranks; r++) fprintf(file, "%s%d", r ? "," : "", 1000000 * (1 + r));
    fputs("],\"waiting_microseconds\":[", file);
    for (int r = 0; r < ranks; r++) fprintf(file, "%s10000000", r ? "," : "");
    for (int phase = 0; phase < 3; phase++) {
        fprintf(file, "],\"%s_microseconds\":[", other[phase]);
        for (int r = 0; r < ranks; r++) fprintf(file, "%s%d", r ? "," : "", 1000000 << phase);
    }
    fputs("]", file);
}

/* "epoch 2" is the record of an event of step 2; those of epochs, checkpoints and ends have times of as many ranks. */
static void put_record(FILE *file, const char *record, int ranks)
{
    const char *step = strchr(record, ' ');
    fprintf(file, "{\"event\":\"%.*s\",\"step\":%s", (int)(step - record), record, step + 1);
    if (*record == 'e' || *record == 'c') put_times(file, ranks);
    fputs("}\n", file);
}

static History history_of(size_t records, const char *const *record, int ranks)
{
    History history;
    FILE *file = fopen(scratch_path("metrics.jsonl"), "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    for (size_t i = 0; i < records; i++) put_record(file, record[i], ranks);
    fclose(file);
    CU_ASSERT_EQUAL_FATAL(history_read(scratch_directory, &history), STATUS_OK);
    return history;
}

/* So many epochs of one step. */
static History epochs_of(int epochs, int ranks)
{
    static char text[256][16];
    const char *record[256];
    CU_ASSERT_FATAL(epochs < 256);
    record[0] = "start 0";
    for (int e = 1; e <= epochs; e++) {
        snprintf(text[e], sizeof text[e], "epoch %d", e);
        record[e] = text[e];
    }
    return history_of((size_t)epochs + 1, record, ranks);
}

enum { COMPUTE = 2, CHECKS = 6 };

/* 1e-6 is no float: so many of them and their sums are off by some units in the last place. */
static const double rounding = 1e-9;

static void times_are_those_of_the_records(void)
{
    static Times times;
    History history = epochs_of(3, 2);
    times_of(&history, &times);
    CU_ASSERT(times.all_parts == 3 && times.all_ranks == 2 && times.parts == 3 && times.ranks == 2);
    for (int e = 0; e < 3; e++) {
        CU_ASSERT_DOUBLE_EQUAL(times.part[e][COMPUTE], 1.5, rounding);
        CU_ASSERT_DOUBLE_EQUAL(times.part[e][TIMES_WAITING], 10.0, rounding);
        CU_ASSERT_DOUBLE_EQUAL(times.part[e][CHECKS], 7.0, rounding);
        CU_ASSERT_DOUBLE_EQUAL(times.cell[1][e][0], 10.0, rounding);
        CU_ASSERT_DOUBLE_EQUAL(times.cell[1][e][1], 19.0, rounding);
    }
    CU_ASSERT_DOUBLE_EQUAL(times.rank[1][COMPUTE], 6.0, rounding);
    history_free(&history);
}

/* 161 epochs in cells of three, the last of two; 130 ranks in cells of three, the last of one. */
static void many_epochs_and_ranks_become_their_means(void)
{
    static Times times;
    History history = epochs_of(161, 130);
    times_of(&history, &times);
    CU_ASSERT(times.parts_each == 3 && times.parts == 54 && times.ranks_each == 3 && times.ranks == 44);
    CU_ASSERT_DOUBLE_EQUAL(times.part[0][COMPUTE], 65.5, rounding * 65.5);
    CU_ASSERT_DOUBLE_EQUAL(times.part[53][COMPUTE], 65.5, rounding * 65.5);
    CU_ASSERT_DOUBLE_EQUAL(times.rank[0][COMPUTE], 161 * 2.0, rounding * 322.0);
    CU_ASSERT_DOUBLE_EQUAL(times.rank[43][COMPUTE], 161 * 130.0, rounding * 20930.0);
    history_free(&history);
}

/* What checkpoints and ends tell belongs to their epoch, whether within it or right behind it; another start begins
 * anew. */
static void checkpoints_are_of_their_epoch(void)
{
    static const char *const record[] = {"start 0",      "checkpoint 3", "epoch 4",  "checkpoint 4", "checkpoint 4",
                                         "step 5",       "checkpoint 6", "resume 6", "checkpoint 7", "epoch 8",
                                         "checkpoint 8", "end 8",        "resume 8", "checkpoint 9", "end 9"};
    static const double records[] = {4.0, 1.0, 4.0, 2.0};
    static Times times;
    History history = history_of(sizeof record / sizeof *record, record, 1);
    times_of(&history, &times);
    CU_ASSERT_EQUAL_FATAL(times.all_parts, 4);
    for (size_t p = 0; p < 4; p++) CU_ASSERT_DOUBLE_EQUAL(times.part[p][COMPUTE], records[p], rounding);
    CU_ASSERT_DOUBLE_EQUAL(times.rank[0][COMPUTE], 11.0, rounding);
    history_free(&history);
}

static void without_times_there_is_nothing(void)
{
    static Times times;
    History history = epochs_of(0, 0);
    times_of(&history, &times);
    CU_ASSERT(times.all_parts == 0 && times.parts == 0 && times.ranks == 0);
    history_free(&history);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(few_steps_are_all_there),
        UNIT(many_steps_become_their_means),
        UNIT(steps_may_be_as_large_as_they_can),
        UNIT(times_are_those_of_the_records),
        UNIT(many_epochs_and_ranks_become_their_means),
        UNIT(checkpoints_are_of_their_epoch),
        UNIT(without_times_there_is_nothing),
    };
    return UNIT_RUN("curve", tests);
}
