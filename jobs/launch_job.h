/* One mpirun: its command line, and its life. */
#ifndef LOCKSTEP_JOBS_LAUNCH_JOB_H
#define LOCKSTEP_JOBS_LAUNCH_JOB_H

#include "command.h"
#include "launch_hosts.h"

typedef struct {
    const Hosts *hosts; /* borrowed */
    size_t ranks;
    bool talks;                   /* mpirun says what it finds, which after a stop on request is much */
    const char *resume;           /* of train; borrowed */
    const Invocation *invocation; /* launch's own, whose options for mpirun and train are passed on; borrowed */
    const char *run;              /* the run directory; borrowed */
    /* Seconds without a word in the run directory until mpirun is taken for lost, 0: any: before the records tell of a
     * start, and later. */
    double longest_start, longest_silence;
} Job;

/* What became of it. */
typedef struct {
    int code;       /* mpirun's exit code, 128 + the signal that ended it */
    bool signalled; /* a signal has ended it, mpirun itself */
    bool asked;     /* it was asked to stop */
    bool lost;      /* it was killed after the longest silence, or did not end when asked */
} JobEnd;

/* From here on these signals wait for job_run and job_pause: TERM, INT, HUP, QUIT, USR1, USR2, TSTP, CONT. PIPE is
 * ignored. */
void job_take_signals(void);

/* Starts mpirun and waits for its end. TERM, INT, HUP, QUIT and USR2 become USR2 to mpirun, once a second, which passes
 * it on to every rank: they checkpoint and stop. A second one becomes TERM, after which mpirun kills them; a third one,
 * or 10 s, KILL to mpirun, which may wait for a host that is lost. So do 10 minutes after the first in which nothing is
 * written. USR1 is passed on. TSTP stops the ranks, through mpirun, and then this process; CONT continues them; the
 * time between counts for nothing. Should this process be killed, mpirun gets USR2. STATUS_INTERNAL: it cannot be
 * started.
 */
MUST_CHECK Status job_run(const Job *job, JobEnd *end);

/* Waits for so long; true at once if it is asked to stop. */
bool job_pause(double seconds);

#endif
