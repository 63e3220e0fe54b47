#include "output/report_facts.h"

#include <inttypes.h>
#include <math.h>

#include "output/markup.h"

const char *report_name(const ReportRun *run)
{
    const char *name = run->directory;
    for (const char *c = run->directory; *c; c++)
        if (*c == '/' && c[1] != '\0' && c[1] != '/') name = c + 1;
    return name;
}

const Event *report_last(const History *history, EventKind kind)
{
    for (size_t i = history->count; i-- > 0;)
        if (history->event[i].kind == kind) return &history->event[i];
    return NULL;
}

static bool has_evaluation(const Event *event)
{
    return (event->kind == EVENT_EPOCH || event->kind == EVENT_END) && isfinite(event->test_accuracy);
}

const Event *report_last_evaluation(const History *history)
{
    for (size_t i = history->count; i-- > 0;)
        if (has_evaluation(&history->event[i])) return &history->event[i];
    return NULL;
}

double report_best_accuracy(const History *history)
{
    double best = (double)NAN;
    for (size_t i = 0; i < history->count; i++)
        if (has_evaluation(&history->event[i]) && !(history->event[i].test_accuracy <= best))
            best = history->event[i].test_accuracy;
    return best;
}

Status report_absent(FILE *out, Status st, const char *what)
{
    if (st == STATUS_OK || st == STATUS_INTERNAL) return st;
    markup_absent(out, what, status_message());
    status_clear();
    return STATUS_OK;
}

void report_evaluated(FILE *out, const History *history, const Event *end)
{
    uint64_t reached = end->step;
    for (const Event *event = end; event < history->event + history->count; event++)
        if (event->kind == EVENT_STEP && event->step > reached) reached = event->step;
    if (reached == end->step) return;
    fprintf(out,
            "<p class=\"lead\">This is of the evaluation after step %" PRIu64
            "; the run has gone on since, to step %" PRIu64 ".</p>\n",
            end->step, reached);
}
