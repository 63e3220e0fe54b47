/* The embedded dataset: handwritten-looking digits drawn from strokes, so that nobody needs a download. Each sample is
 * a function of (seed, part, index) alone, with the same bytes on every machine: Philox numbers, arithmetic of + - * /
 * and square root in IEEE double without contraction, no libm. */
#ifndef LOCKSTEP_DATA_SYNTH_H
#define LOCKSTEP_DATA_SYNTH_H

#include <stdint.h>

#include "base/status.h"

enum { SYNTH_SIDE = 28, SYNTH_CLASSES = 10 };

/* Draws sample index of a part (0 train, 1 test): pixel[y * SYNTH_SIDE + x], 0 background to 255 ink; the outermost
 * pixels are background. Returns its label, uniform over the classes, so that any range of samples is about balanced.
 * Local, cannot fail. */
uint8_t synth_draw(uint64_t seed, uint32_t part, uint32_t index, uint8_t pixel[SYNTH_SIDE * SYNTH_SIDE]);

/* Writes a dataset file of train and test samples in the layout of idx_import. Both parts have at least
 * one sample. Local. STATUS_CANT_CREATE, STATUS_IO, STATUS_INTERNAL (memory). Nothing is left at out on failure. */
MUST_CHECK Status synth_import(uint64_t seed, uint32_t train, uint32_t test, const char *out);

#endif
