/* src/output/plot: what is written can be read. */
#include "output/plot.h"

#include "unit.h"

enum { ROOM = 1 << 16 };

static char svg[ROOM];

static void begin(Plot *plot)
{
    const PlotText text = {.title = "t", .x = "x", .y = "y"};
    memset(svg, 0, sizeof svg);
    FILE *out = fmemopen(svg, sizeof svg, "w");
    CU_ASSERT_PTR_NOT_NULL_FATAL(out);
    plot_begin(plot, out, &text, axis_of(0.0, 100.0, false, PLOT_LEFT, PLOT_RIGHT),
               axis_of(0.0, 1.0, false, PLOT_BOTTOM, PLOT_TOP));
}

static void end(Plot *plot)
{
    plot_end(plot);
    fclose(plot->out);
}

/* A line of one point. */
static void draw(Plot *plot, double value, const char *name)
{
    const Curve curve = {.point = {{.step = 50.0, .mean = value, .least = value, .most = value}}, .count = 1};
    plot_line(plot, &curve, 0, name);
}

static void names_keep_apart(void)
{
    static const double values[PLOT_COLOURS] = {0.0, 0.0, 0.01, 1.0, 0.99, 1.0, 0.5, 0.5};
    Plot plot;
    begin(&plot);
    for (size_t i = 0; i < PLOT_COLOURS; i++) draw(&plot, values[i], "n");
    end(&plot);
    CU_ASSERT_EQUAL(plot.labels, PLOT_COLOURS);
    for (size_t i = 1; i < plot.labels; i++) CU_ASSERT(plot.label[i].place >= plot.label[i - 1].place + 12.0);
    CU_ASSERT(plot.label[0].place >= PLOT_TOP && plot.label[PLOT_COLOURS - 1].place <= PLOT_BOTTOM);
}

static void long_names_keep_their_ends(void)
{
    Plot plot;
    begin(&plot);
    draw(&plot, 0.1, "eleven-long");
    draw(&plot, 0.2, "a-long-name-0.05");
    draw(&plot, 0.3, "\xc3\xa4\xc3\xb6\xc3\xbc-abcdef-\xc3\xa4\xc3\xb6\xc3\xbc");
    end(&plot);
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, ">eleven-long<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg, ">a-lon\xe2\x80\xa6-0.05<"));
    CU_ASSERT_PTR_NOT_NULL(strstr(svg,
                                  ">\xc3\xa4\xc3\xb6\xc3\xbc-a\xe2\x80\xa6"
                                  "f-\xc3\xa4\xc3\xb6\xc3\xbc<"));
}

/* Where the next note stands, in the plot's units; behind it; NULL: there is none. */
static const char *next_note(const char *at, double place[2])
{
    at = strstr(at, "<text class=\"note\"");
    if (at) CU_ASSERT_EQUAL_FATAL(sscanf(at, "<text class=\"note\" x=\"%lf\" y=\"%lf\"", &place[0], &place[1]), 2);
    return at ? at + 1 : NULL;
}

/* As long as they may be and as near, all are there, none over another or out of the plot. */
static void notes_do_not_cover_each_other(void)
{
    static const char longest[] = "nineteen characters";
    const double letter = 8.0;
    double place[8][2], at[2];
    Plot plot;
    begin(&plot);
    for (double x = PLOT_LEFT; x <= PLOT_RIGHT; x += PLOT_NOTE_APART)
        plot_note(&plot, 100.0 * (x - PLOT_LEFT) / (PLOT_RIGHT - PLOT_LEFT), longest);
    end(&plot);
    size_t notes = 0;
    for (const char *note = svg; (note = next_note(note, at)); notes++) {
        CU_ASSERT_FATAL(notes < sizeof place / sizeof *place);
        memcpy(place[notes], at, sizeof at);
        CU_ASSERT(at[0] + letter * PLOT_NOTE_MOST <= PLOT_WIDTH);
        for (size_t i = 0; i < notes; i++)
            CU_ASSERT(at[1] != place[i][1] || at[0] >= place[i][0] + letter * PLOT_NOTE_MOST);
    }
    CU_ASSERT_EQUAL(notes, (PLOT_RIGHT - PLOT_LEFT) / PLOT_NOTE_APART + 1);
}

static void an_empty_curve_has_no_line(void)
{
    Plot plot;
    begin(&plot);
    plot_line(&plot, &(Curve){0}, 0, "nothing");
    plot_range(&plot, &(Curve){0}, 0);
    end(&plot);
    CU_ASSERT_PTR_NULL(strstr(svg, "nothing"));
    CU_ASSERT_PTR_NULL(strstr(svg, "class=\"range"));
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(names_keep_apart), UNIT(long_names_keep_their_ends),
                                     UNIT(notes_do_not_cover_each_other), UNIT(an_empty_curve_has_no_line)};
    return UNIT_RUN("plot", tests);
}
