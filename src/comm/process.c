#include "comm/process.h"

#include <stdlib.h>
#include <unistd.h>

#include "comm/comm.h"

/* The value of the first of these variables that is set, or fallback. */
static int launched_number(const char *const *names, int fallback)
{
    for (; *names; names++) {
        const char *value = getenv(*names);
        if (value) return atoi(value);
    }
    return fallback;
}

/* Open MPI's mpirun and srun --mpi=pmix set these. */
bool comm_launched(int *rank, int *size)
{
    static const char *const ranks[] = {"OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK", NULL};
    static const char *const sizes[] = {"OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "SLURM_STEP_NUM_TASKS", NULL};
    const bool launched = getenv("OMPI_COMM_WORLD_SIZE") || getenv("PMIX_RANK") || getenv("PMI_RANK");
    *rank = launched ? launched_number(ranks, 0) : 0;
    *size = launched ? launched_number(sizes, 1) : 1;
    return launched;
}

void comm_leave(int code)
{
    _exit(code);
}
