/* How many values are how large: buckets of a fixed grid that is finer where values are smaller, 8 to each power of 2,
 * so that one look at each value is enough. Local. */
#ifndef LOCKSTEP_OUTPUT_HISTOGRAM_H
#define LOCKSTEP_OUTPUT_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_SIDE = 1 << 11, /* buckets of one sign: 8 bits of exponent, 3 of fraction */
    HISTOGRAM_BUCKETS = 2 * HISTOGRAM_SIDE
};

/* Begins as {0}. */
typedef struct {
    uint64_t count[HISTOGRAM_BUCKETS]; /* from the lowest values to the highest */
    uint64_t values;
    double sum, squares;
    float least, most; /* of the values, if there are any */
} Histogram;

/* value (values), finite. */
void histogram_add(Histogram *histogram, const float *value, size_t values);

/* The upper end of a bucket, which its values may reach if it is below 0, and stay below if not. */
double histogram_limit(size_t bucket);

#endif
