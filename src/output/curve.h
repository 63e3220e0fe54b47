/* What a run's records say of one quantity over its steps, in so few points that a page can hold them. */
#ifndef LOCKSTEP_OUTPUT_CURVE_H
#define LOCKSTEP_OUTPUT_CURVE_H

#include "rundir/history.h"

enum { CURVE_MOST = 320 };

/* Neighbouring records of the same few steps in one. */
typedef struct {
    double step; /* the middle one of these, */
    double mean, least, most;
} CurvePoint;

typedef struct {
    CurvePoint point[CURVE_MOST]; /* (count) by step */
    size_t count;
    uint64_t bin; /* steps that a point stands for at most */
} Curve;

/* The quantity that an event has. */
typedef double CurveValue(const Event *event);

/* The curve of all events of a kind up to step `last`, which no event that counts exceeds. What was recorded twice, by
 * a run that did steps again, is in the mean twice; values that no axis takes (axis.h) are left out. Local, cannot
 * fail.
 */
void curve_of(const History *history, EventKind kind, CurveValue *value, uint64_t last, Curve *curve);

/* The largest step that is recorded. */
uint64_t curve_last_step(const History *history);

#endif
