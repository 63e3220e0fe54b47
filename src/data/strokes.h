/* The digits' shapes: several styles of handwriting per digit, each a few pen strokes. A stroke is the Catmull-Rom
 * spline through its points, in the order in which a hand draws them; a point written twice is a corner. Unit: a
 * hundredth of the digit's height, x to the right, y down, the digit's top at y = 0. */
#ifndef LOCKSTEP_DATA_STROKES_H
#define LOCKSTEP_DATA_STROKES_H

#include <stdint.h>

typedef struct {
    int8_t x, y;
} StrokePoint;

typedef struct {
    const StrokePoint *point; /* (count) */
    int count;
} Stroke;

enum { STROKES_PER_STYLE = 3, STROKES_MAX_POINTS = 24 /* of a stroke */ };

typedef struct {
    uint32_t weight;                  /* how often, relative to the digit's other styles */
    Stroke stroke[STROKES_PER_STYLE]; /* unused ones have no points */
} Style;

/* The styles of a digit 0 to 9; *count of them. */
const Style *strokes_of(unsigned digit, int *count);

#endif
