/* One plot as inline SVG, of width PLOT_WIDTH in its own units: axes with ticks and names, then what is drawn into it,
 * then the names of its lines at their ends. Colours are classes of the page's style (page.h). */
#ifndef LOCKSTEP_OUTPUT_PLOT_H
#define LOCKSTEP_OUTPUT_PLOT_H

#include <stdio.h>

#include "output/axis.h"
#include "output/curve.h"

enum { PLOT_WIDTH = 720, PLOT_HEIGHT = 284, PLOT_COLOURS = 8 };

typedef struct {
    const char *title; /* for readers without sight, and above it */
    const char *x, *y; /* names of the axes, with units */
} PlotText;

/* The name of a line, at its end. */
typedef struct {
    double place; /* of the line's end, vertical */
    char text[64];
    int colour;
} PlotLabel;

typedef struct {
    FILE *out; /* borrowed */
    Axis x, y;
    PlotLabel label[PLOT_COLOURS];
    size_t labels;
    double note_end; /* of the last note in the lower of two rows */
} Plot;

/* The ends of the axes' places for plot_begin. */
enum { PLOT_LEFT = 76, PLOT_RIGHT = 596, PLOT_TOP = 42, PLOT_BOTTOM = 244 };

/* Notes whose steps' places are so far apart do not touch, if none is longer than PLOT_NOTE_MOST characters. */
enum { PLOT_NOTE_APART = 95, PLOT_NOTE_MOST = 19 };

/* x, y: values; their places are those above. y grows upwards. */
void plot_begin(Plot *plot, FILE *out, const PlotText *text, Axis x, Axis y);
void plot_end(Plot *plot);

/* The means of a curve as a line in a colour of [0, PLOT_COLOURS), with a dot at each point if there are few, and its
 * name at its end. Nothing for an empty curve. At most PLOT_COLOURS names. */
void plot_line(Plot *plot, const Curve *curve, int colour, const char *name);

/* From the least to the most of each point, faintly. */
void plot_range(Plot *plot, const Curve *curve, int colour);

/* The steps from `from` to `to`, faintly, from top to bottom; tip: what a pointer over it is told. */
void plot_band(Plot *plot, double from, double to, const char *tip);

/* A bar between these values, and what a pointer over it is told. */
void plot_bar(Plot *plot, double left, double right, double low, double high, int colour, const char *tip);

/* A thin line across at step x, and what a pointer over it is told. */
void plot_mark(Plot *plot, double x, const char *tip);

/* A text above step x. Notes come in the order of their steps. */
void plot_note(Plot *plot, double x, const char *text);

#endif
