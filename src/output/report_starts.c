#include "output/report_starts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "output/times.h"

static void follow(ReportStart *start, const Event *event)
{
    if (event->kind == EVENT_STEP && event->step > start->reached) start->reached = event->step;
    if (times_ranks(event)) start->timed = event;
    const double seconds = event->object ? history_float(event, "seconds") : (double)NAN;
    if (isfinite(seconds)) start->seconds = seconds;
    if (event->kind == EVENT_END) start->end = event;
}

Status report_starts_init(ReportStarts *starts, const History *history)
{
    size_t count = 0;
    for (size_t i = 0; i < history->count; i++) count += history_is_start(&history->event[i]);
    *starts = (ReportStarts){0};
    Status st = memory_new(&starts->start, count, "the starts of a run");
    for (size_t i = 0; i < history->count && st == STATUS_OK; i++) {
        const Event *event = &history->event[i];
        ReportStart *last = starts->count ? &starts->start[starts->count - 1] : NULL;
        if (history_is_start(event)) {
            if (last && last->reached > event->step) last->again = last->reached - event->step;
            starts->start[starts->count++] =
                (ReportStart){.begin = event, .seconds = (double)NAN, .reached = event->step};
        } else if (last) {
            follow(last, event);
        }
    }
    if (starts->count) starts->start[starts->count - 1].is_last = true;
    return st;
}

void report_starts_free(ReportStarts *starts)
{
    memory_free(starts->start);
    *starts = (ReportStarts){0};
}

const char *report_start_end(const ReportRun *run, const ReportStart *start, char *text, size_t size)
{
    const bool stopped = start->end && *start->end->stopped_by;
    if (start->is_last && !stopped)
        snprintf(text, size, "%s", run->state);
    else if (!start->end)
        snprintf(text, size, "killed");
    else
        snprintf(text, size, "%s%s%s", start->end->reason, stopped ? " by " : "", start->end->stopped_by);
    return text;
}

double report_seconds(const ReportStarts *starts)
{
    double sum = (double)NAN;
    for (size_t i = 0; i < starts->count; i++) {
        const double seconds = starts->start[i].seconds;
        if (isfinite(seconds)) sum = isfinite(sum) ? sum + seconds : seconds;
    }
    return sum;
}
