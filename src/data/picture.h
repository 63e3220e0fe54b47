/* Pictures from files that nobody vouches for, as grey levels: PNG (ISO/IEC 15948, read by libpng) and PGM (the plain
 * P2 and the raw P5 of Netpbm's pgm(5)). Local. */
#ifndef LOCKSTEP_DATA_PICTURE_H
#define LOCKSTEP_DATA_PICTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    PICTURE_MOST_PIXELS = 1 << 26,
    PICTURE_LEAST_CONTRAST = 65536 / 32 /* what differs from its ground by no more is taken for ground */
};

/* Zeroed, it holds nothing. */
typedef struct {
    size_t width, height; /* each at least 1, together at most PICTURE_MOST_PIXELS */
    uint16_t *level;      /* (height, width) row-major, 0 black to 65535 white; owned */
} Picture;

/* Does the file begin as a picture does, of these formats or of another one of Netpbm's, which picture_read refuses by
 * its name? No, if it cannot be read. */
bool picture_is(const char *path);

/* Reads a picture, after which nothing may follow, but white space after a PGM, and what it likes after a PNG's last
 * chunk. Levels of another depth are stretched to 0..65535, which an 8-bit level v maps to 257 v. Colours become 0.299
 * R + 0.587 G + 0.114 B (ITU-R BT.601) of the values as they are stored; what is transparent shows white paper, or
 * black if the picture stands out from that alone, as white ink does. Of a PNG's chunks only IHDR, PLTE, tRNS, IDAT and
 * IEND are looked at. STATUS_NO_INPUT: no such file; STATUS_DATA: another
 * format, truncated or damaged, values over the largest that the header names, or more pixels than PICTURE_MOST_PIXELS,
 * which is known before memory is taken; STATUS_IO; STATUS_INTERNAL: out of memory. On failure *picture is zeroed. */
MUST_CHECK Status picture_read(const char *path, Picture *picture);

/* The same of a file's bytes; name stands in messages. */
MUST_CHECK Status picture_decode(const char *name, const void *bytes, size_t size, Picture *picture);

void picture_free(Picture *picture); /* accepts a zeroed struct */

#endif
