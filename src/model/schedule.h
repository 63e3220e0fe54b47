/* The learning rate of each step, from + - * / in double alone, so that every machine gives the same bits.
 *
 *   warm-up    steps t < warmup: rate * (t + 1) / warmup; the schedule proper begins at step `warmup`
 *   constant   rate
 *   step       rate * gamma^(epoch div step_epochs), the epoch counted from 0 at the start of training
 *   cosine     min + (rate - min) (1 + cos(pi u)) / 2, u = (t - warmup) / (total - warmup), total the steps of the
 * training: Loshchilov and Hutter, SGDR, ICLR 2017 */
#ifndef LOCKSTEP_MODEL_SCHEDULE_H
#define LOCKSTEP_MODEL_SCHEDULE_H

#include <stdint.h>

typedef enum { SCHEDULE_CONSTANT, SCHEDULE_STEP, SCHEDULE_COSINE } ScheduleKind;

typedef struct {
    ScheduleKind kind;
    double rate, gamma, min_rate;
    uint64_t warmup;      /* steps */
    uint64_t step_epochs; /* epochs */
    uint64_t epoch_steps; /* steps of an epoch */
    uint64_t total;       /* steps of the training */
} Schedule;

/* The kind of this name ("constant", "step", "cosine"), one of them for certain. */
ScheduleKind schedule_kind(const char *name);

/* The rate of step t, counted from 0. */
float schedule_rate(const Schedule *schedule, uint64_t t);

/* cos(pi x), x in [0, 1]; error below 2^-50. */
double schedule_cos_pi(double x);

#endif
