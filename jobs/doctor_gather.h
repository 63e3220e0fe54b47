/* Gets the facts of hosts and ranks (doctor_facts.h). */
#ifndef LOCKSTEP_JOBS_DOCTOR_GATHER_H
#define LOCKSTEP_JOBS_DOCTOR_GATHER_H

#include "comm/comm.h"
#include "doctor.h"
#include "talk.h"

typedef struct {
    Hosts hosts;
    const char **told, **rank; /* (hosts.count), (started); owned, the texts are views into: */
    size_t started;
    Talk *hosts_said, *ranks_said; /* or */
    char *texts;                   /* (started, FACTS_SIZE) */
    int launch_code;
    char not_started[STATUS_MESSAGE_SIZE]; /* why mpirun was not; "": it was */
    size_t ranks;
} Gathered;

/* Asks the hosts, all at the same time, and starts ranks that tell of themselves; ends whatever does not answer in
 * time. wanted: ranks; 0: as many as there are slots, and shards in the settings (which may be NULL). STATUS_INTERNAL:
 * out of memory; else as hosts_open. */
MUST_CHECK Status gather_outside(const Invocation *invocation, const Settings *settings, size_t wanted, double patience,
                                 Gathered *gathered);

/* The same for the ranks of this job, the hosts being theirs. Collective; agreed. asked: for this rank. */
MUST_CHECK Status gather_inside(Comm *comm, const FactsAsked *asked, Gathered *gathered);

void gather_free(Gathered *gathered); /* accepts a zeroed struct */

#endif
