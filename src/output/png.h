/* Small images as PNG (ISO/IEC 15948), by libpng: a file in memory, or within a page. Local. */
#ifndef LOCKSTEP_OUTPUT_PNG_H
#define LOCKSTEP_OUTPUT_PNG_H

#include <stdint.h>
#include <stdio.h>

#include "output/bytes.h"

enum { PNG_MOST_COLOURS = 256 };

typedef struct {
    uint8_t red, green, blue, alpha;
} PngColour;

typedef struct {
    uint32_t width, height;
    int channels;            /* 1: grey, or an index of colour; 3: red, green, blue */
    const uint8_t *pixel;    /* (height, width, channels); borrowed */
    const PngColour *colour; /* (colours), of 1 channel; NULL: grey; borrowed */
    size_t colours;          /* at most PNG_MOST_COLOURS */
} Png;

/* The file, behind what is there. No row has a filter, which such images gain nothing by. */
void png_append(const Png *png, Bytes *out);

/* Writes "data:image/png;base64,...". STATUS_INTERNAL: out of memory. */
MUST_CHECK Status png_write_uri(FILE *out, const Png *png);

#endif
