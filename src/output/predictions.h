/* What a network says of each test sample, for review. */
#ifndef LOCKSTEP_OUTPUT_PREDICTIONS_H
#define LOCKSTEP_OUTPUT_PREDICTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/status.h"

typedef struct {
    uint32_t index, label;
    uint32_t prediction; /* the class of the largest probability, the lowest of equals */
    float confidence;    /* that probability; NAN if finite weights made none */
} Prediction;

/* CSV with the header index,label,prediction,confidence; prediction (count). The caller sees to the file's errors. */
void predictions_write(FILE *file, size_t count, const Prediction *prediction);

/* Reads such a file. *prediction (*count): its rows, which are numbered from 0 on; owned by the caller (memory_free).
 * STATUS_NO_INPUT: no such file; STATUS_DATA: it has more than `most` rows, or the line that the message names is none;
 * STATUS_IO; STATUS_INTERNAL: out of memory. */
MUST_CHECK Status predictions_read(const char *path, size_t most, Prediction **prediction, size_t *count);

/* worst (most) = the mistakes among prediction (count) that the network is surest of, the surest first, of equals the
 * lower rows. Returns how many these are. */
size_t predictions_worst(size_t count, const Prediction *prediction, size_t most, Prediction *worst);

#endif
