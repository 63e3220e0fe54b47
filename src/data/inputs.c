#include "data/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Measured with AVX-512: at this share of elements that are not zero, both ways take the same time. */
static const double dense_enough = 0.5;

size_t inputs_bytes(size_t features, size_t capacity, size_t parts, bool skip_zeros)
{
    if (skip_zeros) return nonzeros_bytes(features, capacity, parts);
    return capacity * kernel_leading(features) * sizeof(float);
}

Status inputs_init(Inputs *inputs, size_t features, size_t capacity, size_t parts, bool skip_zeros, void *memory)
{
    *inputs = (Inputs){0};
    Status st = STATUS_OK;
    if (!memory) {
        char *bytes;
        st = memory_new(&bytes, inputs_bytes(features, capacity, parts, skip_zeros), "a batch of images");
        if (st == STATUS_OK) memory = inputs->memory = bytes;
    }
    if (st == STATUS_OK && skip_zeros) st = memory_new(&inputs->x, kernel_leading(features), "an image");
    if (st != STATUS_OK) {
        inputs_free(inputs);
        return st;
    }
    if (skip_zeros) {
        nonzeros_place(&inputs->nonzeros, features, capacity, parts, memory);
        inputs->input.nonzeros = &inputs->nonzeros;
    } else
        inputs->input.x = inputs->x = memory;
    return STATUS_OK;
}

void inputs_free(Inputs *inputs)
{
    if (inputs->nonzeros.value) memory_free(inputs->x);
    memory_free(inputs->memory);
    *inputs = (Inputs){0};
}

void inputs_clear(Inputs *inputs)
{
    inputs->input.n = 0;
    if (inputs->input.nonzeros) nonzeros_clear(&inputs->nonzeros);
}

void inputs_add(Inputs *inputs, const Scaling *scaling, const Kernels *kernels, const Samples *samples, size_t sample)
{
    if (inputs->input.nonzeros) {
        scaling_apply(scaling, kernels, samples, sample, inputs->x);
        kernels->nonzeros_add(&inputs->nonzeros, inputs->x);
    } else
        scaling_apply(scaling, kernels, samples, sample,
                      inputs->x + inputs->input.n * kernel_leading(samples->features));
    inputs->input.n++;
}

void inputs_end_part(Inputs *inputs)
{
    if (inputs->input.nonzeros) nonzeros_end_part(&inputs->nonzeros);
}

Status inputs_count(const Scaling *scaling, const Kernels *kernels, const Samples *samples, uint64_t count[2])
{
    enum { ENOUGH = 512 };
    const size_t rows = samples->count < ENOUGH ? samples->count : ENOUGH;
    float *row;
    Status st = memory_new(&row, kernel_leading(samples->features), "an image");
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < rows; i++) {
        scaling_apply(scaling, kernels, samples, i * samples->count / rows, row);
        for (size_t k = 0; k < samples->features; k++) count[0] += row[k] != 0.0f;
    }
    count[1] += rows * samples->features;
    memory_free(row);
    return STATUS_OK;
}

Status inputs_choose(const uint64_t count[2], bool *skip_zeros)
{
    const char *wanted = getenv("LOCKSTEP_ZEROS");
    *skip_zeros = (double)count[0] < dense_enough * (double)count[1];
    if (!wanted || !*wanted) return STATUS_OK;
    *skip_zeros = strcmp(wanted, "skip") == 0;
    if (*skip_zeros || strcmp(wanted, "multiply") == 0) return STATUS_OK;
    return status_fail(STATUS_USAGE, "LOCKSTEP_ZEROS=%s: it must be skip or multiply", wanted);
}
