/* The command line of mpirun, with the parameters that Open MPI 4.1 was found to need. */
#ifndef LOCKSTEP_JOBS_MPIRUN_H
#define LOCKSTEP_JOBS_MPIRUN_H

#include <limits.h>

#include "launch_hosts.h"

typedef struct {
    const char **word; /* (room), the last of them NULL; owned; they point to the texts below and to the caller's */
    size_t count, room;
    char ranks[24], program[PATH_MAX], mark[JOB_NAME_SIZE + 24];
    char shared[JOB_NAME_SIZE + 16], files[JOB_NAME_SIZE + 16];
    char *hosts; /* owned */
} Mpirun;

/* *mpirun: the words that start so many ranks on the hosts that answer, up to the program's own; `more` can be added.
 * It may not be moved. talks: mpirun says what it finds. STATUS_INTERNAL. */
MUST_CHECK Status mpirun_open(const Hosts *hosts, size_t ranks, bool talks, size_t more, Mpirun *mpirun);
void mpirun_close(Mpirun *mpirun); /* accepts a zeroed struct */

/* One more word; borrowed. */
void mpirun_add(Mpirun *mpirun, const char *word);

/* The path of this program's own file. STATUS_INTERNAL. */
MUST_CHECK Status mpirun_program(char program[PATH_MAX]);

#endif
