/* src/rundir/gaps: the gaps in a run's records. */
#include "rundir/gaps.h"
#include "unit.h"

static void a_gap_holds_its_steps_alone(void)
{
    Gaps gaps = {0};
    CU_ASSERT_EQUAL(gaps_last(&gaps), 0);
    CU_ASSERT_FALSE(gaps_hold(&gaps, 0));
    gaps_add(&gaps, 5, 7);
    gaps_add(&gaps, 10, 10);
    for (uint64_t step = 0; step < 12; step++)
        CU_ASSERT_EQUAL(gaps_hold(&gaps, step), (step >= 5 && step <= 7) || step == 10);
    CU_ASSERT_EQUAL(gaps_last(&gaps), 10);
}

static void gaps_side_by_side_are_one(void)
{
    Gaps gaps = {0};
    gaps_add(&gaps, 5, 7);
    gaps_add(&gaps, 8, 9);
    CU_ASSERT(gaps.count == 1 && gaps.gap[0].first == 5 && gaps.gap[0].last == 9);
}

static void no_steps_are_no_gap(void)
{
    Gaps gaps = {0};
    gaps_add(&gaps, 8, 7);
    CU_ASSERT_EQUAL(gaps.count, 0);
}

/* Nothing that is lost is forgotten. */
static void without_room_the_last_gap_grows(void)
{
    Gaps gaps = {0};
    for (uint64_t i = 0; i < GAPS_MOST + 3; i++) gaps_add(&gaps, 2 * i + 1, 2 * i + 1);
    CU_ASSERT_EQUAL(gaps.count, GAPS_MOST);
    for (uint64_t i = 0; i < GAPS_MOST + 3; i++) CU_ASSERT(gaps_hold(&gaps, 2 * i + 1));
    CU_ASSERT_FALSE(gaps_hold(&gaps, 2));
    CU_ASSERT(gaps_valid(&gaps, gaps_last(&gaps)));
}

static void what_contradicts_itself_is_not_valid(void)
{
    CU_ASSERT(gaps_valid(&(Gaps){0}, 0));
    CU_ASSERT(gaps_valid(&(Gaps){.gap = {{1, 2}, {3, 3}}, .count = 2}, 3));
    CU_ASSERT_FALSE(gaps_valid(&(Gaps){.gap = {{1, 2}, {3, 3}}, .count = 2}, 2));
    CU_ASSERT_FALSE(gaps_valid(&(Gaps){.gap = {{1, 2}, {2, 3}}, .count = 2}, 3));
    CU_ASSERT_FALSE(gaps_valid(&(Gaps){.gap = {{2, 1}}, .count = 1}, 3));
    CU_ASSERT_FALSE(gaps_valid(&(Gaps){.gap = {{0, 1}}, .count = 1}, 3));
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(a_gap_holds_its_steps_alone),
        UNIT(gaps_side_by_side_are_one),
        UNIT(no_steps_are_no_gap),
        UNIT(without_room_the_last_gap_grows),
        UNIT(what_contradicts_itself_is_not_valid),
    };
    return UNIT_RUN("gaps", tests);
}
