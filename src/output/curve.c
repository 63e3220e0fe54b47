#include "output/curve.h"

#include "output/axis.h"

/* The records of one bin so far. */
typedef struct {
    double steps, sum, least, most;
    uint64_t count;
} Bin;

static void add(Bin *bin, double step, double value)
{
    if (bin->count == 0 || value < bin->least) bin->least = value;
    if (bin->count == 0 || value > bin->most) bin->most = value;
    bin->steps += step;
    bin->sum += value;
    bin->count++;
}

static CurvePoint point_of(const Bin *bin)
{
    const double count = (double)bin->count;
    return (CurvePoint){.step = bin->steps / count, .mean = bin->sum / count, .least = bin->least, .most = bin->most};
}

void curve_of(const History *history, EventKind kind, CurveValue *value, uint64_t last, Curve *curve)
{
    Bin bins[CURVE_MOST] = {0};
    *curve = (Curve){.bin = last / CURVE_MOST + 1};
    for (size_t i = 0; i < history->count; i++) {
        const Event *event = &history->event[i];
        if (event->kind != kind || event->step > last || !axis_takes(value(event))) continue;
        add(&bins[event->step / curve->bin], (double)event->step, value(event));
    }
    for (size_t b = 0; b < CURVE_MOST; b++)
        if (bins[b].count) curve->point[curve->count++] = point_of(&bins[b]);
}

uint64_t curve_last_step(const History *history)
{
    uint64_t last = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->event[i].kind != EVENT_OTHER && history->event[i].step > last) last = history->event[i].step;
    return last;
}
