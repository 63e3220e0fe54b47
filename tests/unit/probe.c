/* The probes of each kernel set do the work that is measured. */
#include "kernels/kernels.h"
#include "unit.h"

enum { FLOATS = 3 * 4 * PANEL };

/* Small integers: sums are exact in any order. */
static void scan_reads_every_float(void)
{
    static float x[FLOATS];
    for (const Kernels *const *k = kernels_all(); *k; k++)
        for (size_t i = 0; i < FLOATS; i++) {
            float sink = -1.0f;
            x[i] = 3.0f;
            (*k)->scan(FLOATS, x, &sink);
            x[i] = 0.0f;
            CU_ASSERT_EQUAL(sink, 3.0f);
        }
}

static void spin_counts_its_rounds(void)
{
    for (const Kernels *const *k = kernels_all(); *k; k++) {
        float none, some;
        CU_ASSERT_EQUAL((*k)->spin(0, &none), 0);
        const size_t one = (*k)->spin(1, &some);
        CU_ASSERT(one > 0);
        CU_ASSERT_EQUAL((*k)->spin(1000, &some), 1000 * one);
    }
}

/* The chains begin at 0, 1, 2 ... and go to 0.001 / (1 - 0.999) = 1: after 30000 rounds 0.999^30000 < 1e-12 of where
 * they began is left. A round is off by at most half a unit, 2^-24, and the offs add up to it times 1 / (1 - 0.999):
 * 6e-5. The sum of hundreds of ones is off by less than 2^-24 * 500 = 3e-5 of it. */
static void spin_makes_the_multiply_adds(void)
{
    for (const Kernels *const *k = kernels_all(); *k; k++) {
        float first, end;
        const double chains = (double)(*k)->spin(1, &first);
        (*k)->spin(30000, &end);
        CU_ASSERT_DOUBLE_EQUAL((double)end, chains, 1e-4 * chains);
    }
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(scan_reads_every_float),
        UNIT(spin_counts_its_rounds),
        UNIT(spin_makes_the_multiply_adds),
    };
    return UNIT_RUN("probe", tests);
}
