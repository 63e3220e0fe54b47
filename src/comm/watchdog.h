/* A job whose ranks wait for each other for ever is ended, and who is late is named. Open MPI itself waits silently
 * when a rank is stopped, lost in a loop or in another collective. Each rank has a thread that makes no MPI call; the
 * main threads say where they are in a window that the ranks of a host share. A rank that has waited past the deadline
 * has the lowest waiting rank of its host print who waits where and who is late, and ends the job with 70. A host with
 * nobody late waits 2 s more, so that the culprit's host speaks first. Time is counted in the thread's own ticks: a job
 * suspended and continued as a whole lives on.
 *
 * A late rank whose beats go on is busy, not lost: the others of its host wait for it. Beats are not seen from another
 * host, so on several hosts the deadline must exceed the longest evaluation, and everywhere the longest checkpoint. */
#ifndef LOCKSTEP_COMM_WATCHDOG_H
#define LOCKSTEP_COMM_WATCHDOG_H

#include "comm/comm.h"

typedef struct Watchdog Watchdog;

/* place (places): what the main thread can be doing, for people ("the reduction"); borrowed. Without a deadline (0) and
 * in a job of size 1 *watchdog is NULL, which all calls accept. Collective; agreed. */
MUST_CHECK Status watchdog_open(Comm *comm, double deadline, const char *const *place, Watchdog **watchdog);
void watchdog_close(Watchdog *watchdog); /* collective */

/* The main thread is now at `place` of step, or still there, and alive. Not collective. */
void watchdog_beat(Watchdog *watchdog, uint64_t step, int place);

/* The main thread waits for other ranks, or does no longer, where the last beat was. For the collective calls of
 * src/comm, which all say so. Not collective. */
void watchdog_wait(Watchdog *watchdog, bool waiting);

#endif
