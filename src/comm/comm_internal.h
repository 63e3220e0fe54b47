/* What the files of src/comm share. */
#ifndef LOCKSTEP_COMM_COMM_INTERNAL_H
#define LOCKSTEP_COMM_COMM_INTERNAL_H

#include <mpi.h>

#include "comm/watchdog.h"

struct Comm {
    int rank, size;
    bool mpi;           /* MPI was initialised */
    MPI_Comm world;     /* a duplicate of our own; the ranks of a host are neighbours in it */
    MPI_Comm host;      /* the ranks of this host, in the order of world; MPI_COMM_NULL without MPI */
    Watchdog *watchdog; /* the job's, told of every wait; NULL: none; borrowed */
};

/* The narrowing to MPI's int, in one place. */
int comm_int(size_t n);

#endif
