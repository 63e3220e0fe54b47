#include "model/schedule.h"

#include <assert.h>
#include <string.h>

ScheduleKind schedule_kind(const char *name)
{
    if (strcmp(name, "constant") == 0) return SCHEDULE_CONSTANT;
    if (strcmp(name, "step") == 0) return SCHEDULE_STEP;
    assert(strcmp(name, "cosine") == 0);
    return SCHEDULE_COSINE;
}

/* cos(pi x) = sin(pi (1/2 - x)), by sine's Taylor series up to degree 21: the next term is below 2^-59 at pi/2. */
double schedule_cos_pi(double x)
{
    const double y = 3.14159265358979323846 * (0.5 - x), z = y * y;
    double term = y, sum = y;
    for (int k = 1; k <= 10; k++) {
        term = -term * z / (double)(2 * k * (2 * k + 1));
        sum = sum + term;
    }
    return sum;
}

float schedule_rate(const Schedule *schedule, uint64_t t)
{
    if (t < schedule->warmup) return (float)(schedule->rate * (double)(t + 1) / (double)schedule->warmup);
    double rate = schedule->rate;
    switch (schedule->kind) {
        case SCHEDULE_CONSTANT: break;
        case SCHEDULE_STEP:
            for (uint64_t e = t / schedule->epoch_steps / schedule->step_epochs; e > 0; e--)
                rate = rate * schedule->gamma;
            break;
        case SCHEDULE_COSINE: {
            const double u = (double)(t - schedule->warmup) / (double)(schedule->total - schedule->warmup);
            rate = schedule->min_rate + (rate - schedule->min_rate) * 0.5 * (1.0 + schedule_cos_pi(u));
            break;
        }
    }
    return (float)rate;
}
