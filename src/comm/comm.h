/* The ranks of a job and what they agree on. With mpirun or srun the ranks are MPI's; started alone the job has size 1
 * and MPI is never initialised (that would cost a quarter of a second). MPI errors keep MPI's default handler, which
 * ends all ranks. *Collective*: every rank of the job must call it, in the same order (invariant I2).
 *
 * A build without MPI (CMake's LOCKSTEP_MPI=OFF) has the whole of src/comm for size 1 alone, in alone.c. */
#ifndef LOCKSTEP_COMM_COMM_H
#define LOCKSTEP_COMM_COMM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

typedef struct Comm Comm;

/* Collective. Takes main's arguments. The ranks of a host are neighbours in number, whatever order they were started
 * in; rank 0 is the first that was started. Rank 0 alone speaks from here on (log.h). A rank that waits too long for
 * the others has the job ended (watchdog.h). STATUS_INTERNAL: out of memory; STATUS_USAGE: LOCKSTEP_START_SECONDS, or
 * started as one of several ranks in a build without MPI. That only rank 0 returns: the others have left, with code 0,
 * so that mpirun lets it speak. */
MUST_CHECK Status comm_begin(int *argc, char ***argv, Comm **comm);
void comm_end(Comm *comm); /* collective; accepts NULL */

/* As which of how many ranks this process was started, as far as the launcher's environment tells; false, and 0 of 1,
 * without one. Never initialises MPI. Not collective. */
bool comm_launched(int *rank, int *size);

/* Not collective. */
int comm_rank(const Comm *comm);
int comm_size(const Comm *comm);

/* The job's watchdog (watchdog.h); NULL in a job of size 1. Borrowed. Not collective. */
struct Watchdog *comm_watchdog(const Comm *comm);

/* What the MPI library calls itself, in one line; the same whether the job runs under it or not; "none" in a build
 * without one. Not collective. */
const char *comm_library(void);

/* Agreement on the outcome of what each rank did alone: STATUS_OK if it is every rank's; else the status of the lowest
 * failing rank, on every rank, and rank 0 has that rank's message pending with the ranks that failed named. Collective:
 * one small reduction. */
MUST_CHECK Status comm_agree(Comm *comm, Status mine);

/* No rank returns before every rank has called. Collective. */
void comm_barrier(Comm *comm);

/* Rank 0's bytes, on every rank. Collective. */
void comm_broadcast(Comm *comm, void *bytes, size_t size);

enum { COMM_MOST_WORDS = 1 << 20 }; /* in one message */

/* word (count): the sum mod 2^64 over the ranks, element by element, on every rank. A word that all ranks but one leave
 * 0 is so passed on as it is. Collective. */
void comm_sum_words(Comm *comm, uint64_t *word, size_t count);

/* On rank 0: taken = the bytes that rank `from` has in mine. On the others taken is not looked at. Collective. */
void comm_take(Comm *comm, int from, const void *mine, size_t bytes, void *taken);

/* all (size of the job, bytes) = every rank's bytes, in the order of ranks. Collective. */
void comm_gather_all(Comm *comm, const void *mine, size_t bytes, void *all);

#endif
