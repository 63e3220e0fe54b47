#include "output/greys.h"

Greys greys_of(size_t count, const float *value)
{
    Greys greys = {value[0], value[0]};
    for (size_t i = 1; i < count; i++) {
        greys.least = value[i] < greys.least ? value[i] : greys.least;
        greys.most = value[i] > greys.most ? value[i] : greys.most;
    }
    return greys;
}

uint8_t grey_of(const Greys *greys, float value)
{
    /* Halves, for the difference of two floats may be infinite. */
    const float range = greys->most * 0.5f - greys->least * 0.5f;
    const float share = range > 0.0f ? (value * 0.5f - greys->least * 0.5f) / range : 0.0f;
    return (uint8_t)(255.0f * (share < 0.0f ? 0.0f : share > 1.0f ? 1.0f : share) + 0.5f);
}
