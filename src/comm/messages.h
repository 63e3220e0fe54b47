/* Messages between fixed places of memory, described once and sent many times: persistent requests. For the files of
 * src/comm. */
#ifndef LOCKSTEP_COMM_MESSAGES_H
#define LOCKSTEP_COMM_MESSAGES_H

#include "comm/comm_internal.h"

enum { MESSAGES_LINE = 64 }; /* bytes: lengths are in lines, so that int suffices for 128 GB */

/* A run of memory. */
typedef struct {
    void *at; /* borrowed */
    size_t lines;
} Extent;

/* Messages that are started together; all sent, or all received. */
typedef struct {
    MPI_Request *request; /* (most) owned */
    size_t count, most;
    MPI_Datatype line; /* owned; none if most is 0 */
} Messages;

/* No messages yet, and room for so many extents. Local. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status messages_init(Messages *messages, size_t most);
void messages_free(Messages *messages); /* accepts a zeroed struct */

/* To or from a rank: extent (extents), each a message of its own, with the tags from `tag` on, so that the network can
 * take it from its place and put it there: as one message of several runs, 48 MB between 2 ranks took three times as
 * long, 16 kB a sixth less. Whoever receives names runs of the same lengths. Local. */
void messages_add_send(Messages *messages, Comm *comm, size_t rank, int tag, size_t extents, const Extent *extent);
void messages_add_receive(Messages *messages, Comm *comm, size_t rank, int tag, size_t extents, const Extent *extent);

/* Begins them; waits until all are there, or their memory may be written again. Local and collective like MPI_Startall
 * and MPI_Waitall. */
void messages_start(Messages *messages);
void messages_wait(Messages *messages);

#endif
