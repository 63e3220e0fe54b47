#include "output/plot.h"

#include <string.h>

#include "base/text.h"
#include "output/markup.h"

enum {
    CHARACTER = 8, /* the width of a letter of a note where it is largest (style.c), about */
    LINE = 14,     /* between the names of lines */
    NAME_HEAD = 5, /* characters of a name that there is no room for, from its begin */
    NAME_TAIL = 5, /* and from its end */
    FEW_POINTS = 40,
    X_TICKS = 8,
    Y_TICKS = 7
};

static void draw_x_axis(const Plot *plot, const char *name)
{
    double tick[AXIS_MOST_TICKS];
    char label[AXIS_LABEL_SIZE];
    const size_t count = axis_ticks(&plot->x, X_TICKS, tick);
    for (size_t i = 0; i < count; i++)
        fprintf(plot->out, "<text class=\"tick\" x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">%s</text>",
                axis_place(&plot->x, tick[i]), PLOT_BOTTOM + 16, axis_label(tick[i], label));
    fprintf(plot->out, "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", PLOT_RIGHT, PLOT_BOTTOM + 34);
    markup_text(plot->out, name);
    fprintf(plot->out, "</text><path class=\"base\" d=\"M%d %dH%d\"/>\n", PLOT_LEFT, PLOT_BOTTOM, PLOT_RIGHT);
}

static void draw_y_axis(const Plot *plot, const char *name)
{
    double tick[AXIS_MOST_TICKS];
    char label[AXIS_LABEL_SIZE];
    const size_t count = axis_ticks(&plot->y, Y_TICKS, tick);
    for (size_t i = 0; i < count; i++) {
        const double y = axis_place(&plot->y, tick[i]);
        fprintf(plot->out, "<path class=\"grid\" d=\"M%d %.1fH%d\"/>", PLOT_LEFT, y, PLOT_RIGHT);
        fprintf(plot->out, "<text class=\"tick\" x=\"%d\" y=\"%.1f\" text-anchor=\"end\">%s</text>", PLOT_LEFT - 8,
                y + 4, axis_label(tick[i], label));
    }
    fprintf(plot->out, "<text class=\"axis\" x=\"%d\" y=\"%d\" text-anchor=\"end\">", PLOT_LEFT - 8, PLOT_TOP - 9);
    markup_text(plot->out, name);
    fputs("</text>\n", plot->out);
}

void plot_begin(Plot *plot, FILE *out, const PlotText *text, Axis x, Axis y)
{
    *plot = (Plot){.out = out, .x = x, .y = y};
    fputs("<figure><figcaption>", out);
    markup_text(out, text->title);
    fprintf(out, "</figcaption><svg viewBox=\"0 0 %d %d\" role=\"img\"><title>", PLOT_WIDTH, PLOT_HEIGHT);
    markup_text(out, text->title);
    fputs("</title>\n", out);
    draw_y_axis(plot, text->y);
    draw_x_axis(plot, text->x);
}

/* Apart from each other, each as near to the end of its line as that allows: sorted by place, then moved down, and up
 * again what has left the plot. */
static void spread_labels(Plot *plot)
{
    for (size_t i = 1; i < plot->labels; i++)
        for (size_t j = i; j > 0 && plot->label[j].place < plot->label[j - 1].place; j--) {
            const PlotLabel higher = plot->label[j];
            plot->label[j] = plot->label[j - 1];
            plot->label[j - 1] = higher;
        }
    for (size_t i = 1; i < plot->labels; i++)
        if (plot->label[i].place < plot->label[i - 1].place + LINE)
            plot->label[i].place = plot->label[i - 1].place + LINE;
    double lowest = PLOT_BOTTOM;
    for (size_t i = plot->labels; i-- > 0; lowest -= LINE)
        if (plot->label[i].place > lowest) plot->label[i].place = lowest;
}

void plot_end(Plot *plot)
{
    spread_labels(plot);
    for (size_t i = 0; i < plot->labels; i++) {
        const PlotLabel *label = &plot->label[i];
        fprintf(plot->out, "<text class=\"name c%d\" x=\"%d\" y=\"%.1f\">", label->colour, PLOT_RIGHT + 10,
                label->place + 4);
        markup_text(plot->out, label->text);
        fputs("</text>", plot->out);
    }
    fputs("</svg></figure>\n", plot->out);
}

/* The text behind so many characters of it, or its end. */
static const char *skip(const char *text, size_t characters)
{
    for (size_t length; *text && characters > 0; characters--, text += length) {
        length = text_utf8(text);
        if (length == 0) length = 1;
    }
    return text;
}

static size_t count_characters(const char *text)
{
    size_t count = 0;
    for (; *text; text = skip(text, 1)) count++;
    return count;
}

/* Runs often differ in the ends of their names: what is left out is in the middle. */
static void shorten(const char *name, char *text, size_t size)
{
    const size_t count = count_characters(name);
    if (count <= NAME_HEAD + NAME_TAIL + 1)
        snprintf(text, size, "%s", name);
    else
        snprintf(text, size, "%.*s\xe2\x80\xa6%s", (int)(skip(name, NAME_HEAD) - name), name,
                 skip(name, count - NAME_TAIL));
}

static void add_label(Plot *plot, double value, int colour, const char *name)
{
    if (plot->labels == PLOT_COLOURS) return;
    PlotLabel *label = &plot->label[plot->labels++];
    *label = (PlotLabel){.place = axis_place(&plot->y, value), .colour = colour};
    shorten(name, label->text, sizeof label->text);
}

void plot_line(Plot *plot, const Curve *curve, int colour, const char *name)
{
    if (curve->count == 0) return;
    fprintf(plot->out, "<path class=\"line c%d\" d=\"", colour);
    for (size_t i = 0; i < curve->count; i++)
        fprintf(plot->out, "%c%.1f %.1f", i ? 'L' : 'M', axis_place(&plot->x, curve->point[i].step),
                axis_place(&plot->y, curve->point[i].mean));
    fputs("\"/>\n", plot->out);
    for (size_t i = 0; i < curve->count && curve->count <= FEW_POINTS; i++)
        fprintf(plot->out,
                "<circle class=\"c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"2.5\"><title>step %.0f: %.6g</title></circle>\n",
                colour, axis_place(&plot->x, curve->point[i].step), axis_place(&plot->y, curve->point[i].mean),
                curve->point[i].step, curve->point[i].mean);
    add_label(plot, curve->point[curve->count - 1].mean, colour, name);
}

void plot_range(Plot *plot, const Curve *curve, int colour)
{
    if (curve->count == 0) return;
    fprintf(plot->out, "<path class=\"range c%d\" d=\"", colour);
    for (size_t i = 0; i < curve->count; i++)
        fprintf(plot->out, "%c%.1f %.1f", i ? 'L' : 'M', axis_place(&plot->x, curve->point[i].step),
                axis_place(&plot->y, curve->point[i].most));
    for (size_t i = curve->count; i-- > 0;)
        fprintf(plot->out, "L%.1f %.1f", axis_place(&plot->x, curve->point[i].step),
                axis_place(&plot->y, curve->point[i].least));
    fputs("Z\"/>\n", plot->out);
}

static void put_tip(const Plot *plot, const char *tip)
{
    fputs("<title>", plot->out);
    markup_text(plot->out, tip);
    fputs("</title>", plot->out);
}

void plot_band(Plot *plot, double from, double to, const char *tip)
{
    const double left = axis_place(&plot->x, from), right = axis_place(&plot->x, to);
    fprintf(plot->out, "<rect class=\"band\" x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\">", left, PLOT_TOP,
            right - left, PLOT_BOTTOM - PLOT_TOP);
    put_tip(plot, tip);
    fputs("</rect>\n", plot->out);
}

void plot_bar(Plot *plot, double left, double right, double low, double high, int colour, const char *tip)
{
    const double x = axis_place(&plot->x, left), y = axis_place(&plot->y, high);
    fprintf(plot->out, "<rect class=\"c%d\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">", colour, x, y,
            axis_place(&plot->x, right) - x, axis_place(&plot->y, low) - y);
    put_tip(plot, tip);
    fputs("</rect>\n", plot->out);
}

void plot_mark(Plot *plot, double x, const char *tip)
{
    fprintf(plot->out, "<path class=\"mark\" d=\"M%.1f %dV%d\">", axis_place(&plot->x, x), PLOT_TOP - 4, PLOT_BOTTOM);
    put_tip(plot, tip);
    fputs("</path>\n", plot->out);
}

/* The upper row has room where the lower has not: of three notes the last is 2 * PLOT_NOTE_APART behind the first. */
void plot_note(Plot *plot, double x, const char *text)
{
    const double place = axis_place(&plot->x, x), width = CHARACTER * (double)count_characters(text);
    const double begin = place < PLOT_WIDTH - width ? place : PLOT_WIDTH - width;
    const bool is_upper = begin < plot->note_end;
    if (!is_upper) plot->note_end = begin + width + CHARACTER;
    fprintf(plot->out, "<text class=\"note\" x=\"%.1f\" y=\"%d\">", begin,
            is_upper ? PLOT_TOP - 9 - LINE : PLOT_TOP - 9);
    markup_text(plot->out, text);
    fputs("</text>\n", plot->out);
}
