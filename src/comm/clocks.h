/* The hosts' monotonic clocks, which begin when a host does, against each other. */
#ifndef LOCKSTEP_COMM_CLOCKS_H
#define LOCKSTEP_COMM_CLOCKS_H

#include "comm/comm.h"

typedef struct {
    int host;     /* the lowest rank of this rank's host: its ranks have one clock */
    double ahead; /* seconds by which clock_seconds here is ahead of rank 0's */
    double error; /* it is off by less than that */
} HostClock;

/* By round trips between rank 0 and the first rank of each other host: an answer was given between question and reply,
 * so half the quickest trip bounds the error. Drift since then is not in it (usually some us a minute). Collective. */
HostClock clocks_compare(Comm *comm);

#endif
