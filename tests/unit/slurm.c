/* src/train/slurm: what squeue's answers mean. How a training takes them is the matter of tests/faults/time_limit.sh.
 */
#include "train/slurm.h"

#include <math.h>

#include "unit.h"

static void times_are_seconds(void)
{
    CU_ASSERT_EQUAL(slurm_parse_time("0:00\n"), 0.0);
    CU_ASSERT_EQUAL(slurm_parse_time("0:07\n"), 7.0);
    CU_ASSERT_EQUAL(slurm_parse_time("59:59\n"), 3599.0);
    CU_ASSERT_EQUAL(slurm_parse_time("2:03:04\n"), 7384.0);
    CU_ASSERT_EQUAL(slurm_parse_time("13-02:03:04\n"), 13.0 * 86400.0 + 7384.0);
}

static void no_limit_is_infinite(void)
{
    CU_ASSERT_EQUAL(slurm_parse_time("UNLIMITED\n"), INFINITY);
}

/* The last: of a whole array. */
static void all_else_is_no_answer(void)
{
    static const char *const answers[] = {"",      "\n",      "INVALID\n", "NOT_SET\n", "5:00",        "5:\n",
                                          ":05\n", "-5:00\n", "5 00\n",    "UNLIMITED", "5:00\n6:00\n"};
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) CU_ASSERT_EQUAL(slurm_parse_time(answers[i]), -1.0);
}

static void outside_slurm_there_is_no_limit(void)
{
    Slurm slurm = {0};
    CU_ASSERT_FALSE(slurm_time_is_up(&slurm, 1e9));
    slurm_end(&slurm);
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(times_are_seconds), UNIT(no_limit_is_infinite), UNIT(all_else_is_no_answer),
                                     UNIT(outside_slurm_there_is_no_limit)};
    return UNIT_RUN("slurm", tests);
}
