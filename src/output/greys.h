/* Values as greys. */
#ifndef LOCKSTEP_OUTPUT_GREYS_H
#define LOCKSTEP_OUTPUT_GREYS_H

#include <stddef.h>
#include <stdint.h>

/* Black up to `least`, white from `most` on, evenly between; all black if they are equal. */
typedef struct {
    float least, most;
} Greys;

/* Those of an image that reaches from black to white: value (count), count > 0, finite. */
Greys greys_of(size_t count, const float *value);

uint8_t grey_of(const Greys *greys, float value);

#endif
