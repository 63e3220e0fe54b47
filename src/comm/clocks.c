#include "comm/clocks.h"

#include <limits.h>

#include "base/clock.h"
#include "comm/comm_internal.h"

enum { TRIPS = 20, TAG = 1 };

/* Rank 0's side. */
static void ask(Comm *comm, int rank, HostClock *clock)
{
    for (int trip = 0; trip < TRIPS; trip++) {
        double theirs;
        const double asked = clock_seconds();
        MPI_Send(NULL, 0, MPI_DOUBLE, rank, TAG, comm->world);
        MPI_Recv(&theirs, 1, MPI_DOUBLE, rank, TAG, comm->world, MPI_STATUS_IGNORE);
        const double error = (clock_seconds() - asked) / 2.0;
        if (trip > 0 && error >= clock->error) continue;
        clock->error = error;
        clock->ahead = theirs - (asked + error);
    }
}

static void answer(Comm *comm)
{
    for (int trip = 0; trip < TRIPS; trip++) {
        MPI_Recv(NULL, 0, MPI_DOUBLE, 0, TAG, comm->world, MPI_STATUS_IGNORE);
        const double mine = clock_seconds();
        MPI_Send(&mine, 1, MPI_DOUBLE, 0, TAG, comm->world);
    }
}

/* The first rank of the next host; INT_MAX: there is none. */
static int next_host(Comm *comm, int mine, int host)
{
    int next = mine > host ? mine : INT_MAX;
    MPI_Allreduce(MPI_IN_PLACE, &next, 1, MPI_INT, MPI_MIN, comm->world);
    return next;
}

HostClock clocks_compare(Comm *comm)
{
    HostClock mine = {.host = comm->rank};
    if (comm->size == 1) return mine;
    watchdog_wait(comm->watchdog, true);
    MPI_Bcast(&mine.host, 1, MPI_INT, 0, comm->host);
    for (int host = next_host(comm, mine.host, 0); host < INT_MAX; host = next_host(comm, mine.host, host)) {
        HostClock clock = {.host = host};
        if (comm->rank == 0) {
            ask(comm, host, &clock);
            MPI_Send(&clock, comm_int(sizeof clock), MPI_BYTE, host, TAG, comm->world);
        } else if (comm->rank == host) {
            answer(comm);
            MPI_Recv(&mine, comm_int(sizeof mine), MPI_BYTE, 0, TAG, comm->world, MPI_STATUS_IGNORE);
        }
    }
    MPI_Bcast(&mine, comm_int(sizeof mine), MPI_BYTE, 0, comm->host);
    watchdog_wait(comm->watchdog, false);
    return mine;
}
