#include "output/report.h"

#include <stdio.h>

#include "output/page.h"
#include "output/report_facts.h"
#include "output/report_sections.h"

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
