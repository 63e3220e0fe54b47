/* The axes of a plot: from values to places, and the ticks between. Nothing of it calls libm. */
#ifndef LOCKSTEP_OUTPUT_AXIS_H
#define LOCKSTEP_OUTPUT_AXIS_H

#include <stdbool.h>
#include <stddef.h>

enum { AXIS_MOST_TICKS = 16, AXIS_LABEL_SIZE = 32 };

typedef struct {
    double low, high; /* values, low < high; both positive if it is logarithmic */
    bool is_log;
    bool is_whole;   /* ticks at whole numbers alone */
    double from, to; /* their places */
} Axis;

/* May a value stand on an axis? It is finite and so far from overflow that differences and pads are too. */
bool axis_takes(double value);

/* An axis for the values from low to high, which it takes, positive if is_log; widened if they are (almost) one,
 * and a logarithmic one cut at twelve decades. */
Axis axis_of(double low, double high, bool is_log, double from, double to);

/* Where a value stands; outside of [low, high] at the end of the axis. */
double axis_place(const Axis *axis, double value);

/* tick: at most `most` (2 <= most <= AXIS_MOST_TICKS) round values within the axis, ascending: multiples of 1, 2 or 5
 * times a power of ten; on a logarithmic axis 1, 2 and 5 times powers of ten, or the powers alone where there are too
 * many, or every nth of them. Returns how many. */
size_t axis_ticks(const Axis *axis, size_t most, double tick[AXIS_MOST_TICKS]);

/* "0.25", "12k", "3.5M"; of a value that is not one of the ticks six digits of it. */
const char *axis_label(double tick, char label[AXIS_LABEL_SIZE]);

/* The decadic logarithm of a positive finite value, to 1e-9. */
double axis_log10(double value);

#endif
