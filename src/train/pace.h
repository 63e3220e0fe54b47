/* How fast the ranks are. Every few seconds they tell each other how long they have worked on the last steps, not
 * counting what they waited for each other: a rank that needs many times as long as the others holds all of them up,
 * and is named. From the time of a step follows how long a rank may wait before it is sure that something hangs
 * (watchdog.h). */
#ifndef LOCKSTEP_TRAIN_PACE_H
#define LOCKSTEP_TRAIN_PACE_H

#include <stdbool.h>
#include <stdint.h>

struct Trainer;

typedef struct {
    bool asked;         /* it was agreed on to look after this step */
    uint64_t step;      /* when last looked: completed steps, */
    double began, work; /* the time (clock_seconds), and trainer_work_seconds */
    double told;        /* when last a slow rank was named; rank 0 */
} Pace;

/* The watchdog's words. Its deadline is that of the start until set-up is over: a slow file system and a lock that is
 * waited for (rundir/lock.h) are no hang. */
void pace_begin(struct Trainer *trainer);

/* Set-up is over: run.deadline_seconds counts. */
void pace_begin_training(struct Trainer *trainer);

/* Rank 0's clock decides for all; false on the others. */
bool pace_is_due(const struct Trainer *trainer);

/* Names slow ranks, at most once a minute, and sets the deadline anew. Collective. */
void pace_look(struct Trainer *trainer);

#endif
