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

/* Ends this process at once, without a word to MPI; mpirun then ends the others. */
_Noreturn void comm_leave(int code);

/* Removes the names of the memory that Open MPI shares between the ranks of a host, so that a killed job leaves none
 * behind; gives them back for MPI_Finalize. Collective on the host. */
void segments_take_names(Comm *comm);
void segments_give_names(Comm *comm);

/* The narrowing to MPI's int, in one place. */
int comm_int(size_t n);

#endif
