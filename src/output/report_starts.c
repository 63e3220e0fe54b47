/* How often a run was started, and what became of each start. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "output/report_internal.h"
#include "output/times.h"

static bool is_start(const Event *event)
{
    return event->kind == EVENT_START || event->kind == EVENT_RESUME;
}

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
    for (size_t i = 0; i < history->count; i++) count += is_start(&history->event[i]);
    *starts = (ReportStarts){0};
    Status st = memory_new(&starts->start, count, "the starts of a run");
    for (size_t i = 0; i < history->count && st == STATUS_OK; i++) {
        const Event *event = &history->event[i];
        ReportStart *last = starts->count ? &starts->start[starts->count - 1] : NULL;
        if (is_start(event)) {
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

static void write_row(FILE *out, const ReportRun *run, const ReportStarts *starts, size_t i)
{
    const ReportStart *start = &starts->start[i];
    char end[128];
    fprintf(out, "<tr><th scope=\"row\">%zu</th><td>", i + 1);
    markup_count(out, start->begin->step);
    fputs("</td><td>", out);
    markup_count(out, start->reached);
    fputs("</td><td class=\"left\">", out);
    markup_text(out, report_start_end(run, start, end, sizeof end));
    fputs("</td><td>", out);
    markup_count(out, start->again);
    fputs("</td><td>", out);
    markup_count(out, start->begin->ranks);
    fputs("</td><td>", out);
    markup_count(out, start->begin->nodes);
    fputs("</td><td class=\"left\">", out);
    markup_text(out, history_text(start->begin, "host"));
    fputs("</td></tr>\n", out);
}

void report_starts_table(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    markup_section_begin(out, "starts", "Starts");
    if (starts->count == 0) {
        markup_absent(out, "No start is recorded.", NULL);
    } else {
        fputs(
            "<div class=\"wide\"><table><thead><tr><th>start</th><th>from step</th><th>to step</th><th "
            "class=\"left\">end</th><th>done again</th><th>ranks</th><th>nodes</th><th class=\"left\">host of rank "
            "0</th></tr></thead><tbody>\n",
            out);
        for (size_t i = 0; i < starts->count; i++) write_row(out, run, starts, i);
        fputs(
            "</tbody></table></div>\n<p class=\"hint\">Done again: of the steps recorded here those behind the "
            "checkpoint that the next start went on from; with the same result.</p>\n",
            out);
    }
    markup_section_end(out);
}
