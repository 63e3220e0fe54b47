/* The records of epochs. */
#include <float.h>
#include <inttypes.h>
#include <math.h>

#include "train/verify_internal.h"

/* A step's record has the mean of its losses, so their sum comes back with two roundings; the sum over the steps was
 * rounded at each, here and in the training, and divided once. Losses are not negative, so each rounding is at most
 * DBL_EPSILON / 2 of the whole. */
bool verify_losses(const Verification *v, uint64_t first, uint64_t last, double sum)
{
    double recorded = 0.0;
    for (uint64_t step = first + 1; step <= last; step++) {
        const Event *event = verify_event(v, v->of_step[step]);
        recorded += event->loss * (double)event->samples;
    }
    return fabs(recorded - sum) <= ((double)(last - first) + 2.0) * DBL_EPSILON * recorded;
}

static Status check_epoch(const Verification *v, const Event *event)
{
    const uint64_t epoch = event->step / v->steps_per_epoch, first = event->step - v->steps_per_epoch;
    if (event->epoch != epoch)
        return status_fail(STATUS_DATA,
                           "line %" PRIu64 " of metrics.jsonl is said to be of epoch %" PRIu64
                           "; it is of epoch %" PRIu64,
                           event->line, event->epoch, epoch);
    if (first < v->first_step || !verify_recorded(v, first, event->step)) return STATUS_OK;
    if (verify_losses(v, first, event->step, event->loss * v->rows)) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "line %" PRIu64 " of metrics.jsonl: the train loss of epoch %" PRIu64
                       " is not the mean of the losses of its steps",
                       event->line, epoch);
}

Status verify_epochs(const Verification *v)
{
    Status st = STATUS_OK;
    for (size_t i = 0; i < v->history.count && st == STATUS_OK; i++)
        if (v->history.event[i].kind == EVENT_EPOCH) st = check_epoch(v, &v->history.event[i]);
    return st;
}
