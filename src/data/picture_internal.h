/* What the readers of the picture formats share. */
#ifndef LOCKSTEP_DATA_PICTURE_INTERNAL_H
#define LOCKSTEP_DATA_PICTURE_INTERNAL_H

#include "data/picture.h"

/* *picture = so many pixels, black; owned by the caller. STATUS_DATA: none, or too many; STATUS_INTERNAL. */
MUST_CHECK Status picture_new(const char *name, uint64_t width, uint64_t height, Picture *picture);

/* picture_decode of one format. On failure *picture may hold memory, which the caller frees. */
MUST_CHECK Status picture_decode_png(const char *name, const uint8_t *bytes, size_t size, Picture *picture);
MUST_CHECK Status picture_decode_pgm(const char *name, const uint8_t *bytes, size_t size, Picture *picture);

#endif
