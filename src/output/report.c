#include "output/report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "output/page.h"
#include "output/report_internal.h"

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

static Status write_one(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    report_summary(out, run, starts);
    Status st = report_curves(out, run, 1, starts);
    report_starts_table(out, run, starts);
    report_classes(out, run);
    if (st == STATUS_OK) st = report_mistakes(out, run);
    if (st == STATUS_OK) st = report_weights(out, run);
    if (st == STATUS_OK) st = report_times(out, run, starts);
    report_settings(out, run);
    report_machine(out, run, starts);
    return st;
}

Status report_write(FILE *out, const ReportRun *run, size_t count)
{
    ReportStarts starts[REPORT_MOST_RUNS] = {0};
    Status st = STATUS_OK;
    for (size_t r = 0; r < count && st == STATUS_OK; r++) st = report_starts_init(&starts[r], run[r].history);
    char title[256];
    snprintf(title, sizeof title, "%.128s%s", count == 1 ? report_name(run) : "Comparison",
             count == 1 ? "" : " of runs");
    page_begin(out, title);
    if (st == STATUS_OK && count == 1)
        st = write_one(out, run, starts);
    else if (st == STATUS_OK) {
        report_comparison(out, run, count, starts);
        st = report_curves(out, run, count, NULL);
    }
    page_end(out);
    for (size_t r = 0; r < count; r++) report_starts_free(&starts[r]);
    return st;
}
