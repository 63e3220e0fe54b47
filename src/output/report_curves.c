/* Accuracy, losses and learning rate over the steps, of one run with its starts or of several. */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "output/markup.h"
#include "output/plot.h"
#include "output/report_facts.h"
#include "output/report_sections.h"

typedef struct {
    EventKind kind;
    CurveValue *value;
    const char *name;
} Quantity;

/* One plot: of one run a line a quantity, of several runs the first quantity of each. */
typedef struct {
    const char *title, *unit;
    Quantity quantity[2];
    size_t quantities;
    bool may_be_log; /* logarithmic, where the values span more than a factor of 20 */
    bool is_share;   /* in percent: the axis ends at 100, unless a value lies beyond */
} Figure;

/* What a figure shows. */
typedef struct {
    struct {
        const char *name;
        Curve curve;
    } line[PLOT_COLOURS]; /* (count) */
    size_t count;
    bool with_range; /* around the first of them */
    uint64_t last;   /* step on the axis */
} Lines;

static double accuracy_of(const Event *event)
{
    return 100.0 * event->test_accuracy;
}

static double test_loss_of(const Event *event)
{
    return event->test_loss;
}

static double train_loss_of(const Event *event)
{
    return event->loss;
}

static double learning_rate_of(const Event *event)
{
    return event->learning_rate;
}

static const Figure figures[] = {
    {"Accuracy on the test set", "%", {{EVENT_EPOCH, accuracy_of, "test"}}, 1, false, true},
    {"Loss", "nats", {{EVENT_STEP, train_loss_of, "training"}, {EVENT_EPOCH, test_loss_of, "test"}}, 2, true, false},
    {"Learning rate", "", {{EVENT_STEP, learning_rate_of, ""}}, 1, false, false},
};

static const Figure compared[] = {
    {"Accuracy on the test set", "%", {{EVENT_EPOCH, accuracy_of, NULL}}, 1, false, true},
    {"Loss on the test set", "nats", {{EVENT_EPOCH, test_loss_of, NULL}}, 1, true, false},
    {"Loss in training", "nats", {{EVENT_STEP, train_loss_of, NULL}}, 1, true, false},
    {"Learning rate", "", {{EVENT_STEP, learning_rate_of, NULL}}, 1, false, false},
};

/* So that the curve has room, or also its range. */
static void widen(const Curve *curve, bool with_range, double *low, double *high)
{
    for (size_t i = 0; i < curve->count; i++) {
        const CurvePoint *point = &curve->point[i];
        const double least = with_range ? point->least : point->mean, most = with_range ? point->most : point->mean;
        if (least < *low) *low = least;
        if (most > *high) *high = most;
    }
}

static Axis value_axis(const Figure *figure, double low, double high)
{
    const bool is_log = figure->may_be_log && low > 0.0 && high / low > 20.0;
    if (!is_log && low > 0.0 && low < 0.5 * high) low = 0.0;
    const double pad = is_log ? 0.0 : 0.04 * (high - low);
    Axis axis = axis_of(low == 0.0 ? 0.0 : low - pad, high + pad, is_log, PLOT_BOTTOM, PLOT_TOP);
    if (figure->is_share && high <= 100.0 && axis.high > 100.0) axis.high = 100.0;
    return axis;
}

/* Where a start ended and the next began. */
static void draw_start(Plot *plot, const ReportRun *run, const ReportStart *start, size_t number)
{
    const uint64_t from = start[1].begin->step;
    char end[128], tip[320];
    report_start_end(run, start, end, sizeof end);
    snprintf(tip, sizeof tip, "start %zu %s after step %" PRIu64 ", start %zu went on from step %" PRIu64, number, end,
             start->reached, number + 1, from);
    if (start->again) plot_band(plot, (double)from, (double)start->reached, tip);
    plot_mark(plot, (double)from, tip);
}

/* Of the starts that begin there: the number of the one before them, and of the last. */
static void draw_note(Plot *plot, const ReportRun *run, const ReportStarts *starts, size_t before, size_t last)
{
    char end[128], text[160];
    report_start_end(run, &starts->start[before - 1], end, sizeof end);
    if (last == before + 1)
        snprintf(text, sizeof text, "%.*s, start %zu", (int)strcspn(end, " "), end, last);
    else
        snprintf(text, sizeof text, "starts %zu\xe2\x80\x93%zu", before + 1, last);
    plot_note(plot, (double)starts->start[before].begin->step, text);
}

/* Those that are near each other have one note together. */
static void draw_starts(Plot *plot, const ReportRun *run, const ReportStarts *starts)
{
    for (size_t i = 1, first = 1; i < starts->count; i++) {
        draw_start(plot, run, &starts->start[i - 1], i);
        const double place = axis_place(&plot->x, (double)starts->start[first].begin->step);
        const bool is_last = i + 1 == starts->count;
        const double next = is_last ? 0.0 : axis_place(&plot->x, (double)starts->start[i + 1].begin->step);
        if (!is_last && next < place + PLOT_NOTE_APART) continue;
        draw_note(plot, run, starts, first, i + 1);
        first = i + 1;
    }
}

static void add_line(Lines *lines, const ReportRun *run, const Quantity *quantity, const char *name)
{
    curve_of(run->history, quantity->kind, quantity->value, lines->last, &lines->line[lines->count].curve);
    lines->line[lines->count++].name = name;
}

static void take_lines(const Figure *figure, const ReportRun *run, size_t count, Lines *lines)
{
    lines->count = 0;
    lines->with_range = count == 1;
    for (size_t q = 0; count == 1 && q < figure->quantities; q++)
        add_line(lines, run, &figure->quantity[q], figure->quantity[q].name);
    for (size_t r = 0; count > 1 && r < count; r++)
        add_line(lines, &run[r], &figure->quantity[0], report_name(&run[r]));
}

/* starts: to be marked; NULL: none. */
static void draw(FILE *out, const Figure *figure, const Lines *lines, const ReportRun *run, const ReportStarts *starts)
{
    double low = INFINITY, high = -INFINITY;
    for (size_t i = 0; i < lines->count; i++) widen(&lines->line[i].curve, lines->with_range, &low, &high);
    if (low > high) return;
    Plot plot;
    const PlotText text = {.title = figure->title, .x = "steps", .y = figure->unit};
    Axis steps = axis_of(0.0, (double)lines->last, false, PLOT_LEFT, PLOT_RIGHT);
    steps.is_whole = true;
    plot_begin(&plot, out, &text, steps, value_axis(figure, low, high));
    if (starts) draw_starts(&plot, run, starts);
    if (lines->with_range) plot_range(&plot, &lines->line[0].curve, 0);
    for (size_t i = 0; i < lines->count; i++) plot_line(&plot, &lines->line[i].curve, (int)i, lines->line[i].name);
    plot_end(&plot);
}

/* What the points are, where they are not single steps. */
static void explain(FILE *out, const Lines *lines)
{
    if (lines->last < CURVE_MOST) return;
    fprintf(out, "<p class=\"hint\">Of the steps each point is the mean of up to %" PRIu64,
            lines->last / CURVE_MOST + 1);
    if (lines->with_range) fputs("; around it, faintly, from the least of them to the most", out);
    fputs(".</p>\n", out);
}

Status report_curves(FILE *out, const ReportRun *run, size_t count, const ReportStarts *starts)
{
    const Figure *figure = count == 1 ? figures : compared;
    const size_t plots = count == 1 ? sizeof figures / sizeof *figures : sizeof compared / sizeof *compared;
    Lines *lines;
    const Status st = memory_new(&lines, 1, "the curves of a run");
    if (st != STATUS_OK) return st;
    lines->last = 1;
    for (size_t r = 0; r < count; r++)
        if (curve_last_step(run[r].history) > lines->last) lines->last = curve_last_step(run[r].history);
    markup_section_begin(out, "curves", "Curves");
    for (size_t f = 0; f < plots; f++) {
        take_lines(&figure[f], run, count, lines);
        draw(out, &figure[f], lines, run, starts);
    }
    explain(out, lines);
    markup_section_end(out);
    memory_free(lines);
    return STATUS_OK;
}
