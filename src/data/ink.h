/* What of a picture is ink: pen on paper, light or dark. Pure: no files, no allocation; the same on every machine. */
#ifndef LOCKSTEP_DATA_INK_H
#define LOCKSTEP_DATA_INK_H

#include "data/picture.h"

/* ink (height, width) row-major, out: how much of each pixel is ink, 0 none to 255 all.
 *
 * The background is the median of the border's pixels; b is how far a level lies from it, to the one side, dark or
 * light, on which there is more. What is not farther off than five times the median distance of the border's pixels
 * (3.4 standard deviations of a bell-shaped noise), and at least 1/32 of white, is background. Of the rest the pixel at
 * nine tenths, from the palest on, is full ink of distance f; b becomes a ramp from f/4, or the end of the background
 * if that is farther, up to 3f/4, so that a pixel half covered by an edge is half ink. A pixel of which not two
 * neighbours of eight have ink is dust, and none.
 *
 * Returns whether there is ink: some pixel, and f at least twice as far off as the end of the background. */
bool ink_find(const Picture *picture, uint8_t *ink);

#endif
