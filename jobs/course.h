/* What the records of a run come to: how far it is, and how it stands. */
#ifndef LOCKSTEP_JOBS_COURSE_H
#define LOCKSTEP_JOBS_COURSE_H

#include "rundir/history.h"

typedef struct {
    uint64_t starts, step, steps, ranks;
    const Event *epoch, *last; /* the last epoch event; the last event but checkpoints; views into the history */
    double best;               /* test accuracy */
} Course;

/* Local, cannot fail. */
Course course_of(const History *history);

/* Does the end record of a run that nobody holds still count? "finished" and "stopped" promise a checkpoint, which is
 * written after them. newest: the step of the newest checkpoint, 0 if there is none. NULL: the run was killed; else
 * "finished", "stopped" or the status_name of the failure that ended it. */
const char *course_end(const Course *course, uint64_t newest);

#endif
