#include "train/obstacles.h"

#include "kernels/fold.h"
#include "train/binding.h"
#include "unit.h"

/* The ranks without a sample, counted position by position over as many steps as there are shards. */
static double counted(size_t shards, size_t ranks, size_t batch)
{
    size_t idle = 0;
    for (size_t step = 0; step < shards; step++)
        for (size_t r = 0; r < ranks; r++) {
            size_t samples = 0;
            for (size_t g = step * batch; g < (step + 1) * batch; g++)
                samples +=
                    g % shards >= fold_run_begin(shards, ranks, r) && g % shards < fold_run_begin(shards, ranks, r + 1);
            idle += samples == 0;
        }
    return (double)idle / (double)shards;
}

static void idle_ranks_are_those_without_a_sample(void)
{
    for (size_t shards = 1; shards <= 12; shards++)
        for (size_t ranks = 1; ranks <= shards; ranks++)
            for (size_t batch = 1; batch <= 2 * shards; batch++)
                CU_ASSERT_EQUAL(obstacles_idle_ranks(shards, ranks, batch), counted(shards, ranks, batch));
}

/* Ranks that may use the processors whose bits are set in a mask each. */
static BindingKind judged(const unsigned *mask, size_t ranks)
{
    cpu_set_t own[8];
    Binding binding = {0};
    for (size_t r = 0; r < ranks; r++) {
        CPU_ZERO(&own[r]);
        for (size_t cpu = 0; cpu < 8; cpu++)
            if (mask[r] >> cpu & 1) CPU_SET(cpu, &own[r]);
        binding_add(&binding, &own[r]);
    }
    for (size_t r = 0; r < ranks; r++) binding_count_free(&binding, &own[r]);
    return binding_judge(&binding);
}

static void ranks_in_each_others_way_are_found(void)
{
    CU_ASSERT_EQUAL(judged((unsigned[]){1, 2}, 2), BINDING_GOOD);
    CU_ASSERT_EQUAL(judged((unsigned[]){3}, 1), BINDING_GOOD);
    CU_ASSERT_EQUAL(judged((unsigned[]){3, 12, 48, 192}, 4), BINDING_GOOD);
    CU_ASSERT_EQUAL(judged((unsigned[]){1, 1}, 2), BINDING_CROWDED);
    CU_ASSERT_EQUAL(judged((unsigned[]){3, 3, 3}, 3), BINDING_CROWDED);
    CU_ASSERT_EQUAL(judged((unsigned[]){3, 3}, 2), BINDING_NONE);
    CU_ASSERT_EQUAL(judged((unsigned[]){255, 255, 255}, 3), BINDING_NONE);
    CU_ASSERT_EQUAL(judged((unsigned[]){3, 3, 12, 12}, 4), BINDING_OVERLAP);
    CU_ASSERT_EQUAL(judged((unsigned[]){1, 1, 2, 12}, 4), BINDING_OVERLAP);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(idle_ranks_are_those_without_a_sample),
        UNIT(ranks_in_each_others_way_are_found),
    };
    return UNIT_RUN("obstacles", tests);
}
