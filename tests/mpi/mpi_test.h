/* MPI tests: a failing assertion on one rank must not hang the others, so checks are counted and the count is summed
 * over the ranks at the end. */
#ifndef LOCKSTEP_TESTS_MPI_TEST_H
#define LOCKSTEP_TESTS_MPI_TEST_H

#include <stdio.h>

#include "comm/comm.h"

static uint64_t mpi_test_count[2]; /* checks made, checks failed */

#define CHECK(fact)                                                                  \
    do {                                                                             \
        mpi_test_count[0]++;                                                         \
        if (!(fact)) {                                                               \
            mpi_test_count[1]++;                                                     \
            fprintf(stderr, "%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, #fact); \
        }                                                                            \
    } while (0)

/* Main's result. Collective. */
static inline int mpi_test_end(Comm *comm)
{
    comm_sum_words(comm, mpi_test_count, 2);
    if (comm_rank(comm) == 0)
        printf("%llu checks, %llu failed\n", (unsigned long long)mpi_test_count[0],
               (unsigned long long)mpi_test_count[1]);
    const int failed = mpi_test_count[1] > 0 || mpi_test_count[0] == 0;
    comm_end(comm);
    return failed;
}

#endif
