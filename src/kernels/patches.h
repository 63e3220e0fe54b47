/* The order of features in memory. Of images with an even number of rows of even width, four features that follow each
 * other are a patch of 2x2 pixels, since neighbours are zero together (Nonzeros in kernels.h). Files and digests know
 * nothing of it; but the chains of the first layer's products go in this order, so it belongs to the result.
 *
 * width: of the images; 0: features are in the order of the sample. */
#ifndef LOCKSTEP_KERNELS_PATCHES_H
#define LOCKSTEP_KERNELS_PATCHES_H

#include <stddef.h>
#include <stdint.h>

/* The width for images of this shape: their rows are the last dimension but one. */
static inline size_t patches_width(int dimensions, const uint64_t *extent)
{
    if (dimensions < 2 || extent[dimensions - 1] % 2 || extent[dimensions - 2] % 2) return 0;
    return (size_t)extent[dimensions - 1];
}

/* Where in memory a sample's feature stands. */
static inline size_t patches_place(size_t width, size_t feature)
{
    if (width == 0) return feature;
    const size_t y = feature / width, x = feature % width;
    return y / 2 * 2 * width + x / 2 * 4 + y % 2 * 2 + x % 2;
}

#endif
