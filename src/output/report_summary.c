/* The head of the page of one run. */
#include <math.h>

#include "output/markup.h"
#include "output/report_facts.h"
#include "output/report_sections.h"

static void tile_begin(FILE *out, const char *name)
{
    fprintf(out, "<div><dt>%s</dt><dd>", name);
}

static void tile_end(FILE *out)
{
    fputs("</dd></div>\n", out);
}

static void write_scores(FILE *out, const History *history)
{
    const Event *evaluation = report_last_evaluation(history), *epoch = report_last(history, EVENT_EPOCH);
    tile_begin(out, "test accuracy");
    markup_percent(out, evaluation ? evaluation->test_accuracy : (double)NAN);
    tile_end(out);
    tile_begin(out, "best so far");
    markup_percent(out, report_best_accuracy(history));
    tile_end(out);
    tile_begin(out, "test loss");
    markup_decimals(out, evaluation ? evaluation->test_loss : (double)NAN, 4);
    tile_end(out);
    tile_begin(out, "training loss");
    markup_decimals(out, epoch ? epoch->loss : (double)NAN, 4);
    tile_end(out);
}

static void write_course(FILE *out, const History *history, const ReportStarts *starts)
{
    const Event *epoch = report_last(history, EVENT_EPOCH);
    const uint64_t steps = starts->count ? starts->start[starts->count - 1].begin->steps : 0;
    uint64_t reached = 0;
    for (size_t i = 0; i < history->count; i++)
        if (history->event[i].kind == EVENT_STEP) reached = history->event[i].step;
    tile_begin(out, "steps");
    markup_count(out, reached);
    if (steps > reached) {
        fputs(" of ", out);
        markup_count(out, steps);
    }
    tile_end(out);
    tile_begin(out, "starts");
    markup_count(out, starts->count);
    tile_end(out);
    tile_begin(out, "seconds, all starts");
    markup_decimals(out, report_seconds(starts), 1);
    tile_end(out);
    tile_begin(out, "samples/s, last epoch");
    if (epoch && epoch->samples_per_second >= 0.0 && epoch->samples_per_second < 1e15)
        markup_count(out, (uint64_t)(epoch->samples_per_second + 0.5));
    else
        markup_digits(out, (double)NAN, 1);
    tile_end(out);
}

void report_summary(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    const History *history = run->history;
    fputs("<header>\n<h1>", out);
    markup_text(out, report_name(run));
    fputs("</h1>\n<p class=\"lead\">", out);
    markup_text(out, run->state);
    fputs(" &#183; ", out);
    markup_text(out, run->directory);
    fputs("</p>\n<dl class=\"tiles\">\n", out);
    write_scores(out, history);
    write_course(out, history, starts);
    fputs("</dl>\n", out);
    if (history->torn)
        fputs(
            "<p class=\"hint\">The last line of metrics.jsonl is incomplete, as a kill leaves it, and left out "
            "here.</p>\n",
            out);
    fputs("</header>\n", out);
}
