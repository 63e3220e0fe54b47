/* A job whose ranks wait for each other for ever is ended, and who is late is named. Open MPI itself waits silently
 * when a rank is stopped, lost in a loop or in another collective. Each rank has a thread that makes no MPI call, from
 * before MPI_Init to after MPI_Finalize; the main threads say where they are in a window that the ranks of a host
 * share. A rank that has waited past the deadline has the lowest waiting rank of its host print who waits where and who
 * is late, and ends the job with 70. A host with nobody late waits 2 s more, and 30 s if there are other hosts, so that
 * the culprit's host speaks first, and mpirun finds a host that is lost.
 * Before there is a window each rank speaks for itself. Time is counted in the thread's own ticks: a job suspended and
 * continued as a whole lives on.
 *
 * A late rank whose beats go on is busy, not lost: the others of its host wait for it. Beats are not seen from another
 * host, so on several hosts the deadline must exceed the longest evaluation, and everywhere the longest checkpoint.
 *
 * The job's watchdog is comm_watchdog (comm.h), NULL in a job that was started alone, which all calls accept. None of
 * them is collective. */
#ifndef LOCKSTEP_COMM_WATCHDOG_H
#define LOCKSTEP_COMM_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"

typedef struct Watchdog Watchdog;

/* How long a rank may wait before anything is known about the job, in seconds: more than files that are slow, or ranks
 * that start late, should ever need. The variable overrides it for the start. */
#define WATCHDOG_START_SECONDS  300.0
#define WATCHDOG_START_VARIABLE "LOCKSTEP_START_SECONDS"

/* *seconds: how long a rank may wait before training begins, as the environment has it; 0: for ever. STATUS_USAGE: it
 * has something else there. */
MUST_CHECK Status watchdog_start_seconds(double *seconds);

/* place (places): what the main thread can be doing, for people ("the reduction"); borrowed. */
void watchdog_set_places(Watchdog *watchdog, const char *const *place);

/* From now on, in seconds; 0: none. */
void watchdog_set_deadline(Watchdog *watchdog, double deadline);

/* The main thread is now at `place` of step, or still there, and alive. */
void watchdog_beat(Watchdog *watchdog, uint64_t step, int place);

/* The main thread waits for other ranks, or does no longer, where the last beat was. For the collective calls of
 * src/comm, which all say so. */
void watchdog_wait(Watchdog *watchdog, bool waiting);

/* For how many seconds the main thread has waited for other ranks so far; 0 without a watchdog. */
double watchdog_waited(const Watchdog *watchdog);

#endif
