/* Where the time went: by epoch, by rank, and who waited for whom. */
#include <stdio.h>

#include "base/memory.h"
#include "output/markup.h"
#include "output/plot.h"
#include "output/report_sections.h"
#include "output/times.h"

enum { ROW = 18, BAR = 13, CHART_TOP = 4, CHART_LEFT = 116 };

/* The colours of the kinds: what waits is grey. */
static const int colour[TIMES_KINDS] = {6, 5, 0, 4, 2, 3, 1, 7};

static void write_legend(FILE *out)
{
    fputs("<ul class=\"legend\">", out);
    for (int kind = 0; kind < TIMES_KINDS; kind++)
        fprintf(out, "<li><i class=\"c%d\"></i>%s</li>", colour[kind], times_title[kind]);
    fputs("</ul>\n", out);
}

static double sum_of(const double seconds[TIMES_KINDS])
{
    double sum = 0.0;
    for (int kind = 0; kind < TIMES_KINDS; kind++) sum += seconds[kind];
    return sum;
}

static double longest(const double (*seconds)[TIMES_KINDS], size_t count)
{
    double most = 0.0;
    for (size_t i = 0; i < count; i++)
        if (sum_of(seconds[i]) > most) most = sum_of(seconds[i]);
    return most;
}

static void draw_parts(FILE *out, const Times *times)
{
    Plot plot;
    char tip[128];
    const PlotText text = {
        .title = "By epoch, mean of the ranks", .x = "epochs, one cut off in its parts", .y = "seconds"};
    const double each = (double)times->parts_each;
    Axis x = axis_of(0.5, (double)times->parts * each + 0.5, false, PLOT_LEFT, PLOT_RIGHT);
    x.is_whole = true;
    plot_begin(&plot, out, &text, x, axis_of(0.0, longest(times->part, times->parts), false, PLOT_BOTTOM, PLOT_TOP));
    for (size_t p = 0; p < times->parts; p++) {
        double low = 0.0;
        const double left = 0.5 + (double)p * each;
        for (int kind = 0; kind < TIMES_KINDS; kind++) {
            const double seconds = times->part[p][kind];
            snprintf(tip, sizeof tip, "%s: %.3f s", times_title[kind], seconds);
            if (seconds > 0.0)
                plot_bar(&plot, left + 0.1 * each, left + 0.9 * each, low, low + seconds, colour[kind], tip);
            low += seconds;
        }
    }
    plot_end(&plot);
}

static void begin_chart(FILE *out, const char *title, size_t rows)
{
    fprintf(out, "<figure><figcaption>%s</figcaption><svg viewBox=\"0 0 %d %zu\" role=\"img\"><title>%s</title>\n",
            title, PLOT_WIDTH, rows * ROW + ROW + CHART_TOP, title);
}

/* "rank 3", or "ranks 32-47". */
static void write_rank(FILE *out, const Times *times, size_t row)
{
    const size_t first = row * times->ranks_each, end = first + times->ranks_each;
    fprintf(out, "<text x=\"%d\" y=\"%zu\" text-anchor=\"end\">rank", CHART_LEFT - 8, CHART_TOP + row * ROW + BAR - 2);
    if (times->ranks_each == 1)
        fprintf(out, " %zu</text>", first);
    else
        fprintf(out, "s %zu&#8211;%zu</text>", first, (end < times->all_ranks ? end : times->all_ranks) - 1);
}

static void write_seconds_axis(FILE *out, const Axis *axis, size_t rows)
{
    double tick[AXIS_MOST_TICKS];
    char label[AXIS_LABEL_SIZE];
    const size_t count = axis_ticks(axis, 8, tick);
    for (size_t i = 0; i < count; i++)
        fprintf(out, "<text class=\"tick\" x=\"%.1f\" y=\"%zu\" text-anchor=\"middle\">%s%s</text>",
                axis_place(axis, tick[i]), CHART_TOP + rows * ROW + BAR, axis_label(tick[i], label),
                i + 1 == count ? " s" : "");
    fputc('\n', out);
}

static void draw_ranks(FILE *out, const Times *times)
{
    const Axis axis = axis_of(0.0, longest(times->rank, times->ranks), false, CHART_LEFT, PLOT_WIDTH - 20);
    begin_chart(out, "By rank", times->ranks);
    for (size_t r = 0; r < times->ranks; r++) {
        double low = 0.0;
        write_rank(out, times, r);
        for (int kind = 0; kind < TIMES_KINDS; kind++) {
            const double seconds = times->rank[r][kind], left = axis_place(&axis, low);
            fprintf(out,
                    "<rect class=\"c%d\" x=\"%.1f\" y=\"%zu\" width=\"%.1f\" height=\"%d\"><title>%s: %.3f "
                    "s</title></rect>",
                    colour[kind], left, CHART_TOP + r * ROW, axis_place(&axis, low + seconds) - left, BAR,
                    times_title[kind], seconds);
            low += seconds;
        }
        fputc('\n', out);
    }
    write_seconds_axis(out, &axis, times->ranks);
    fputs("</svg></figure>\n", out);
}

static void draw_waiting(FILE *out, const Times *times)
{
    const double width = (double)(PLOT_WIDTH - 20 - CHART_LEFT) / (double)times->parts;
    begin_chart(out, "Who waits, and when: share of a rank's time, stronger is more", times->ranks);
    for (size_t r = 0; r < times->ranks; r++) {
        write_rank(out, times, r);
        for (size_t p = 0; p < times->parts; p++) {
            const double *cell = times->cell[r][p];
            if (!(cell[1] > 0.0)) continue;
            const double share = cell[0] / cell[1];
            fprintf(out,
                    "<rect class=\"c0\" opacity=\"%.2f\" x=\"%.1f\" y=\"%zu\" width=\"%.1f\" height=\"%d\"><title>%.1f "
                    "%%</title></rect>",
                    0.04 + 0.96 * share, CHART_LEFT + (double)p * width, CHART_TOP + r * ROW, 0.92 * width, ROW - 2,
                    100.0 * share);
        }
        fputc('\n', out);
    }
    fprintf(out,
            "<text class=\"axis\" x=\"%d\" y=\"%zu\" text-anchor=\"end\">epochs, from the first to the "
            "last</text></svg></figure>\n",
            PLOT_WIDTH - 20, CHART_TOP + times->ranks * ROW + BAR);
    fputs("<p class=\"hint\">The rank that waits least is the one that the others wait for.</p>\n", out);
}

static void write_table(FILE *out, const Times *times)
{
    const double whole = longest(times->rank, times->ranks);
    fputs(
        "<div class=\"wide\"><table><thead><tr><th class=\"left\">seconds of a rank</th><th>mean</th><th>"
        "least</th><th>most</th></tr></thead><tbody>\n",
        out);
    for (int kind = 0; kind < TIMES_KINDS; kind++) {
        double sum = 0.0, least = whole, most = 0.0;
        for (size_t r = 0; r < times->ranks; r++) {
            const double seconds = times->rank[r][kind];
            sum += seconds;
            least = seconds < least ? seconds : least;
            most = seconds > most ? seconds : most;
        }
        fprintf(out, "<tr><th scope=\"row\" class=\"left\">%s</th><td>%.3f</td><td>%.3f</td><td>%.3f</td></tr>\n",
                times_title[kind], sum / (double)times->ranks, least, most);
    }
    fputs("</tbody></table></div>\n", out);
}

/* Which starts did more than the records tell times of, and how much of it they tell otherwise. */
static void write_left_out(FILE *out, const ReportStarts *starts)
{
    uint64_t steps = 0, parts = 0;
    for (size_t i = 0; i < starts->count; i++) {
        const ReportStart *start = &starts->start[i];
        const uint64_t timed = start->timed ? start->timed->step : start->begin->step;
        steps += start->reached > timed ? start->reached - timed : 0;
        parts += !start->end || start->timed != start->end;
    }
    fputs("<p class=\"hint\">Not in it: the checkpoint that a start leaves at its end", out);
    if (parts > 0) {
        fputs(
            "; and what starts did after their last times, because they were cut off, failed, are under way, or ended "
            "under a version that records none then. Such starts: ",
            out);
        markup_count(out, parts);
        fputs("; steps of them that are recorded: ", out);
        markup_count(out, steps);
    }
    fputs(".</p>\n", out);
}

Status report_times(FILE *out, const ReportRun *run, const ReportStarts *starts)
{
    Times *times;
    const Status st = memory_new(&times, 1, "the times of a run");
    if (st != STATUS_OK) return st;
    times_of(run->history, times);
    markup_section_begin(out, "times", "Time");
    if (times->all_parts == 0) {
        markup_absent(out, "No times are recorded yet.", NULL);
    } else {
        write_legend(out);
        draw_parts(out, times);
        draw_ranks(out, times);
        if (times->all_ranks > 1) draw_waiting(out, times);
        write_table(out, times);
        write_left_out(out, starts);
    }
    markup_section_end(out);
    memory_free(times);
    return STATUS_OK;
}
