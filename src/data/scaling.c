#include "data/scaling.h"

#include <assert.h>
#include <float.h>
#include <math.h>
#include <string.h>

ScalingKind scaling_kind(const char *name)
{
    if (strcmp(name, "unit") == 0) return SCALING_UNIT;
    if (strcmp(name, "standard") == 0) return SCALING_STANDARD;
    assert(strcmp(name, "none") == 0);
    return SCALING_NONE;
}

void scaling_add_integers(const Samples *samples, uint64_t sums[2])
{
    const uint8_t *pixels = samples->pixels;
    for (size_t s = 0; s < samples->count; s++, pixels += samples->features) {
        uint64_t sum = 0, squares = 0;
        for (size_t i = 0; i < samples->features; i++) {
            sum += pixels[i];
            squares += (uint32_t)pixels[i] * pixels[i];
        }
        sums[0] += sum;
        sums[1] += squares;
    }
}

void scaling_range(const Samples *samples, float range[2])
{
    const float *pixels = samples->pixels;
    range[0] = INFINITY;
    range[1] = -INFINITY;
    for (size_t i = 0; i < samples->count * samples->features; i++) {
        range[0] = pixels[i] < range[0] ? pixels[i] : range[0];
        range[1] = pixels[i] > range[1] ? pixels[i] : range[1];
    }
}

double scaling_sum(const Samples *samples, size_t first, size_t count)
{
    const float *pixels = (const float *)samples->pixels + first * samples->features;
    double sum = 0.0;
    for (size_t i = 0; i < count * samples->features; i++) sum += (double)pixels[i];
    return sum;
}

double scaling_squares(const Samples *samples, size_t first, size_t count, double mean)
{
    const float *pixels = (const float *)samples->pixels + first * samples->features;
    double sum = 0.0;
    for (size_t i = 0; i < count * samples->features; i++) {
        const double difference = (double)pixels[i] - mean;
        sum += difference * difference;
    }
    return sum;
}

static Status all_equal(void)
{
    return status_fail(STATUS_DATA, "all pixels of the training images are equal: nothing can be learnt from them");
}

Status scaling_init_uint8(Scaling *scaling, ScalingKind kind, const uint64_t sums[2], uint64_t pixels)
{
    *scaling = (Scaling){.kind = kind, .factor = 1.0f};
    if (kind == SCALING_NONE)
        return status_fail(STATUS_CONFIG,
                           "data.scaling = \"none\" is for float images; these are uint8: use \"unit\" "
                           "or \"standard\"");
    double mean = 0.0, deviation = 255.0;
    if (kind == SCALING_STANDARD) {
        /* n sum(x^2) - (sum x)^2, exact. */
        const unsigned __int128 spread = (unsigned __int128)pixels * sums[1] - (unsigned __int128)sums[0] * sums[0];
        if (spread == 0) return all_equal();
        mean = (double)sums[0] / (double)pixels;
        deviation = __builtin_sqrt((double)spread) / (double)pixels;
    }
    for (int v = 0; v < 256; v++)
        scaling->table[v] = kind == SCALING_UNIT ? (float)v / 255.0f : (float)(((double)v - mean) / deviation);
    scaling->shift = (float)mean;
    scaling->factor = (float)(1.0 / deviation);
    return STATUS_OK;
}

Status scaling_init_float(Scaling *scaling, ScalingKind kind, double a, double b)
{
    *scaling = (Scaling){.kind = kind, .factor = 1.0f};
    if (kind == SCALING_NONE) return STATUS_OK;
    const double width = kind == SCALING_UNIT ? b - a : b;
    if (!(width > 0.0)) return all_equal();
    if (!isfinite((float)(1.0 / width)) || width > (double)FLT_MAX)
        return status_fail(STATUS_DATA,
                           "the values of the training images are spread over %g: too little or too much to be scaled "
                           "in single precision",
                           width);
    scaling->shift = (float)a;
    scaling->factor = (float)(1.0 / width);
    return STATUS_OK;
}

void scaling_apply(const Scaling *scaling, const Kernels *kernels, const Samples *samples, size_t sample, size_t width,
                   float *x)
{
    const size_t features = samples->features;
    if (samples->kind == ELEMENT_UINT8) {
        kernels->expand(features, width, scaling->table, (const uint8_t *)samples->pixels + sample * features, x);
        return;
    }
    const float *pixels = (const float *)samples->pixels + sample * features;
    for (size_t j = 0; j < features; j++) x[patches_place(width, j)] = (pixels[j] - scaling->shift) * scaling->factor;
}
