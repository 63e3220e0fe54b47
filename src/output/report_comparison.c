/* Several runs beside each other: their last figures, and the settings that differ. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "output/markup.h"
#include "output/report_facts.h"
#include "output/report_sections.h"

/* One figure of a run, as the content of a cell. */
typedef void Cell(FILE *out, const ReportRun *run, const ReportStarts *starts);

static void put_state(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)starts;
    markup_text(out, run->state);
}

static void put_accuracy(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)starts;
    const Event *event = report_last_evaluation(run->history);
    markup_percent(out, event ? event->test_accuracy : (double)NAN);
}

static void put_best(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)starts;
    markup_percent(out, report_best_accuracy(run->history));
}

static void put_test_loss(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)starts;
    const Event *event = report_last_evaluation(run->history);
    markup_decimals(out, event ? event->test_loss : (double)NAN, 4);
}

static void put_train_loss(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)starts;
    const Event *event = report_last(run->history, EVENT_EPOCH);
    markup_decimals(out, event ? event->loss : (double)NAN, 4);
}

static void put_steps(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)run;
    uint64_t reached = 0;
    for (size_t i = 0; i < starts->count; i++)
        if (starts->start[i].reached > reached) reached = starts->start[i].reached;
    markup_count(out, reached);
}

static void put_starts(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)run;
    markup_count(out, starts->count);
}

static void put_ranks(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)run;
    markup_count(out, starts->count ? starts->start[starts->count - 1].begin->ranks : 0);
}

static void put_seconds(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)run;
    markup_decimals(out, report_seconds(starts), 1);
}

static void put_digest(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    (void)starts;
    const Event *end = report_last(run->history, EVENT_END);
    fputs("<code class=\"digest\">", out);
    markup_text(out, end ? end->digest : "");
    fputs("</code>", out);
}

static const struct {
    const char *name;
    Cell *put;
} figures[] = {
    {"state", put_state},
    {"test accuracy", put_accuracy},
    {"best test accuracy", put_best},
    {"test loss", put_test_loss},
    {"training loss, last epoch", put_train_loss},
    {"steps", put_steps},
    {"starts", put_starts},
    {"ranks, last start", put_ranks},
    {"seconds, all starts", put_seconds},
    {"digest of the model", put_digest},
};

static void begin_table(FILE *out, const char *corner, const ReportRun *run, size_t count)
{
    fprintf(out, "<div class=\"wide\"><table><thead><tr><th class=\"left\">%s</th>", corner);
    for (size_t r = 0; r < count; r++) {
        fputs("<th>", out);
        markup_text(out, report_name(&run[r]));
        fputs("</th>", out);
    }
    fputs("</tr></thead><tbody>\n", out);
}

static void begin_row(FILE *out, const char *name)
{
    fputs("<tr><th scope=\"row\" class=\"left\">", out);
    markup_text(out, name);
    fputs("</th>", out);
}

static void write_figures(FILE *out, const ReportRun *run, size_t count, const ReportStarts *starts)
{
    markup_section_begin(out, "figures", "Final figures");
    begin_table(out, "", run, count);
    for (size_t f = 0; f < sizeof figures / sizeof *figures; f++) {
        begin_row(out, figures[f].name);
        for (size_t r = 0; r < count; r++) {
            fputs("<td>", out);
            figures[f].put(out, &run[r], &starts[r]);
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    fputs("</tbody></table></div>\n", out);
    markup_section_end(out);
}

/* NULL: not known. */
static const char *value_of(const ReportRun *run, size_t setting)
{
    return run->setting ? run->setting[setting].value : NULL;
}

/* Have two of the runs that have settings different ones here? */
static bool differs(const ReportRun *run, size_t count, size_t setting)
{
    const char *first = NULL;
    for (size_t r = 0; r < count; r++) {
        const char *value = value_of(&run[r], setting);
        if (value && first && strcmp(value, first) != 0) return true;
        if (value) first = value;
    }
    return false;
}

/* A run whose settings are known, if those of another are too; else NULL. */
static const ReportRun *one_with_settings(const ReportRun *run, size_t count)
{
    const ReportRun *known = NULL;
    for (size_t r = 0; r < count; r++) {
        if (known && run[r].setting) return known;
        if (run[r].setting) known = &run[r];
    }
    return NULL;
}

static void write_differences(FILE *out, const ReportRun *run, size_t count)
{
    const ReportRun *known = one_with_settings(run, count);
    size_t rows = 0;
    markup_section_begin(out, "differences", "Settings that differ");
    for (size_t s = 0; known && s < known->settings; s++) {
        if (!differs(run, count, s)) continue;
        if (rows++ == 0) begin_table(out, "setting", run, count);
        begin_row(out, known->setting[s].path);
        for (size_t r = 0; r < count; r++) {
            fputs("<td>", out);
            markup_text(out, value_of(&run[r], s) ? value_of(&run[r], s) : "");
            fputs("</td>", out);
        }
        fputs("</tr>\n", out);
    }
    if (rows) fputs("</tbody></table></div>\n", out);
    if (known && !rows) fputs("<p>None: all settings are equal.</p>\n", out);
    for (size_t r = 0; r < count; r++)
        if (!run[r].setting) markup_absent(out, "The settings of one run are not known", run[r].settings_missing);
    markup_section_end(out);
}

void report_comparison(FILE *out, const ReportRun *run, size_t count, const ReportStarts *starts)
{
    fprintf(out, "<header>\n<h1>%zu runs compared</h1>\n<p class=\"lead\">", count);
    for (size_t r = 0; r < count; r++) {
        if (r) fputs(" &#183; ", out);
        markup_text(out, run[r].directory);
    }
    fputs("</p>\n</header>\n", out);
    write_figures(out, run, count, starts);
    write_differences(out, run, count);
}
