/* What a network says of each test sample, for review. */
#ifndef LOCKSTEP_OUTPUT_PREDICTIONS_H
#define LOCKSTEP_OUTPUT_PREDICTIONS_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

typedef struct {
    uint32_t index, label;
    uint32_t prediction; /* the class of the largest probability, the lowest of equals */
    float confidence;    /* that probability */
} Prediction;

/* CSV with the header index,label,prediction,confidence; prediction (count). The caller sees to the file's errors. */
void predictions_write(FILE *file, size_t count, const Prediction *prediction);

#endif
