/* What a rank's watchdog sees, and how it comes and goes; for src/comm alone. */
#ifndef LOCKSTEP_COMM_WATCHDOG_INTERNAL_H
#define LOCKSTEP_COMM_WATCHDOG_INTERNAL_H

#include <mpi.h>
#include <pthread.h>
#include <stdatomic.h>

#include "comm/comm.h"
#include "comm/watchdog.h"

/* Before the first beat and after the last. */
enum { PLACE_START = -1, PLACE_END = -2 };

/* Where a rank's main thread is; a cache line of the window that the ranks of a host share. */
typedef struct {
    _Alignas(64) atomic_uint_least64_t beats; /* changes at every beat */
    atomic_uint_least64_t ticks;              /* of this rank's watchdog: a stopped process has none */
    atomic_uint_least64_t step;
    atomic_int place, waiting, told; /* told: it has spoken for its host */
    int rank;                        /* in the job */
} Slot;

/* What a watchdog has seen of one rank of its host. */
typedef struct {
    uint64_t ticks, beats; /* a tick ago */
    double silent;         /* for how long its ticks have not changed, in own seconds */
} Sight;

struct Watchdog {
    Slot alone; /* before there is a window, and after it */
    int size;   /* of the job */
    MPI_Win window;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t closed;     /* on the monotonic clock */
    double wait_began, waited; /* the main thread's own */

    /* Guarded by mutex. */
    bool closing;
    double deadline, tick;    /* seconds */
    const char *setting;      /* what has set the deadline */
    const char *const *place; /* borrowed; NULL until set */
    int ranks, mine;          /* of the host */
    Slot *slot;               /* (ranks); in the window, or alone */
    Sight *sight;             /* (size); owned */
};

/* One tick: this process runs; which others do? True if this rank, or one that is late, has gone on. */
bool watchdog_look(Watchdog *w);

/* This rank has waited past the deadline. */
bool watchdog_speaks(const Watchdog *w); /* is it the one of its host that does? */
bool watchdog_sees_late(const Watchdog *w);
void watchdog_tell(const Watchdog *w); /* who waits where on this host, and who is late; but once on a host */

/* The thread of this rank, alone at first: before MPI_Init. size: the ranks of the job. STATUS_USAGE:
 * LOCKSTEP_START_SECONDS. */
MUST_CHECK Status watchdog_start(int rank, int size, Watchdog **watchdog);

/* From the start to the window that the ranks of the host share, and from there to the end. Collective on the host. */
void watchdog_join(Watchdog *w, const Comm *comm);
void watchdog_part(Watchdog *w);

void watchdog_stop(Watchdog *w); /* after MPI_Finalize; accepts NULL */

#endif
