/* Small images as PNG (ISO/IEC 15948) within a page. */
#ifndef LOCKSTEP_OUTPUT_PNG_H
#define LOCKSTEP_OUTPUT_PNG_H

#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

enum { PNG_MOST_SIDE = 512, PNG_MOST_COLOURS = 256 };

typedef struct {
    uint8_t red, green, blue, alpha;
} PngColour;

typedef struct {
    uint32_t width, height;  /* in [1, PNG_MOST_SIDE] */
    int channels;            /* 1: grey, or an index of colour; 3: red, green, blue */
    const uint8_t *pixel;    /* (height, width, channels); borrowed */
    const PngColour *colour; /* (colours), of 1 channel; NULL: grey; borrowed */
    size_t colours;
} Png;

/* Writes "data:image/png;base64,...". STATUS_INTERNAL: out of memory. */
MUST_CHECK Status png_write_uri(FILE *out, const Png *png);

#endif
