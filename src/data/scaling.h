/* From stored pixels to the numbers that the network sees.
 *
 *   unit       uint8 v: v / 255 by a table; float x: (x - min) * (1 / (max - min)) over the training images
 *   standard   (x - mean) * (1 / deviation), one mean and deviation over all training pixels
 *   none       float images as they are
 *
 * The statistics are the same on any number of ranks: uint8 sums are exact integers; float sums are taken per shard in
 * double, and the caller adds those by the tree. */
#ifndef LOCKSTEP_DATA_SCALING_H
#define LOCKSTEP_DATA_SCALING_H

#include "data/dataset.h"
#include "kernels/kernels.h"

typedef enum { SCALING_UNIT, SCALING_STANDARD, SCALING_NONE } ScalingKind;

typedef struct {
    ScalingKind kind;
    float shift, factor; /* x becomes (x - shift) * factor */
    float table[256];    /* the same for each uint8 */
} Scaling;

/* The kind of this name ("unit", "standard", "none"), one of them for certain. */
ScalingKind scaling_kind(const char *name);

/* sums[0], sums[1] += the sum and the sum of squares of uint8 pixels. */
void scaling_add_integers(const Samples *samples, uint64_t sums[2]);

/* range = the least and the largest of float pixels, of no samples +-infinity. */
void scaling_range(const Samples *samples, float range[2]);

/* Float pixels of samples [first, first + count): the sum of x, and of (x - mean)^2. */
double scaling_sum(const Samples *samples, size_t first, size_t count);
double scaling_squares(const Samples *samples, size_t first, size_t count, double mean);

/* The scaling of uint8 pixels; sums over all `pixels` training pixels, used by SCALING_STANDARD. STATUS_DATA: deviation
 * 0; STATUS_CONFIG: SCALING_NONE, which is for float images. */
MUST_CHECK Status scaling_init_uint8(Scaling *scaling, ScalingKind kind, const uint64_t sums[2], uint64_t pixels);

/* The scaling of float pixels: a and b are least and largest for SCALING_UNIT, mean and deviation for SCALING_STANDARD.
 * STATUS_DATA: all pixels are equal, or spread over less than 2.9e-39 or more than FLT_MAX. */
MUST_CHECK Status scaling_init_float(Scaling *scaling, ScalingKind kind, double a, double b);

/* x (features) = the scaled pixels of one sample, in the order of memory (width: kernels/patches.h). */
void scaling_apply(const Scaling *scaling, const Kernels *kernels, const Samples *samples, size_t sample, size_t width,
                   float *x);

#endif
