#include "output/histogram.h"

#include <assert.h>
#include <string.h>

/* All that is below these bits of a float is dropped: 20 of its fraction. */
enum { DROPPED_BITS = 20 };

static uint32_t bits_of(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* The bits of floats of one sign are in the order of their magnitude. */
static size_t bucket_of(float value)
{
    const uint32_t bits = bits_of(value), magnitude = (bits & INT32_MAX) >> DROPPED_BITS;
    return bits >> 31 ? HISTOGRAM_SIDE - 1 - magnitude : HISTOGRAM_SIDE + magnitude;
}

void histogram_add(Histogram *h, const float *value, size_t values)
{
    if (values > 0 && h->values == 0) h->least = h->most = *value;
    for (size_t i = 0; i < values; i++) {
        h->count[bucket_of(value[i])]++;
        h->sum += (double)value[i];
        h->squares += (double)value[i] * (double)value[i];
        if (value[i] < h->least) h->least = value[i];
        if (value[i] > h->most) h->most = value[i];
    }
    h->values += values;
}

double histogram_limit(size_t bucket)
{
    assert(bucket < HISTOGRAM_BUCKETS);
    const uint32_t magnitude =
        (uint32_t)(bucket < HISTOGRAM_SIDE ? HISTOGRAM_SIDE - 1 - bucket : bucket - HISTOGRAM_SIDE + 1);
    const uint32_t bits = magnitude << DROPPED_BITS;
    float limit;
    memcpy(&limit, &bits, sizeof limit);
    return bucket < HISTOGRAM_SIDE ? -(double)limit : (double)limit;
}
