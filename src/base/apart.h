/* Work in a process of its own, for what libraries do with files that nobody vouches for: whatever ends that process is
 * a failure of this one, with a message, and no crash of it. Not a sandbox: the process may do all that its user may.
 */
#ifndef LOCKSTEP_BASE_APART_H
#define LOCKSTEP_BASE_APART_H

#include "base/status.h"

enum { APART_SECONDS = 3600 }; /* for what reads all of a file: far more than any takes that is meant to be read */

/* The status and pending message of work(context), run in a child process; what it changes in memory is lost, what it
 * writes to streams and files is not. STATUS_DATA if a crash ends the child, or the signal after so many seconds of
 * processor time; STATUS_INTERNAL if it is killed; any other signal that ends it, as that of a closed
 * pipe does, ends this process too. what: for these messages, where. To be called before MPI_Init or without MPI: a
 * network's registered memory does not outlive a fork everywhere. If there can be no child, the work is done here. The
 * child can take as much memory as the machine has, and no more: it then runs out of it as any process does. */
MUST_CHECK Status apart_run(Status (*work)(void *), void *context, unsigned seconds, const char *what);

#endif
