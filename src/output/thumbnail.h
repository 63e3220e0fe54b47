/* What the values of one image of a network's input look like. */
#ifndef LOCKSTEP_OUTPUT_THUMBNAIL_H
#define LOCKSTEP_OUTPUT_THUMBNAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "output/greys.h"
#include "output/png.h"

enum { THUMBNAIL_MOST_SIDE = 112 }; /* pixels; of a larger image every nth is taken */

/* How values lie in rows and columns. */
typedef struct {
    size_t height, width, channels;                  /* of the image */
    size_t row, column, channel;                     /* how far apart neighbours are, in values */
    size_t every, thumbnail_height, thumbnail_width; /* every nth pixel is in the thumbnail */
} ThumbnailShape;

/* The shape of images of these extents: (height, width), with 1 or 3 channels before or behind them too; a single
 * extent is a square where it can be, else one row. false: others. */
bool thumbnail_shape(ThumbnailShape *shape, int dimensions, const uint64_t *extent);

/* Writes value (the image's) as a data URI, grey or in colour. STATUS_INTERNAL: out of memory. */
MUST_CHECK Status thumbnail_write(FILE *out, const ThumbnailShape *shape, const float *value, const Greys *greys);

/* The same of weights: transparent at 0, one colour towards most and another towards -most; of 3 channels the mean. */
MUST_CHECK Status thumbnail_write_signed(FILE *out, const ThumbnailShape *shape, const float *value, float most);

#endif
