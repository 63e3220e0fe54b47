#include "data/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Measured with AVX-512 on zeros anywhere: at this share of elements that are not zero skipping still takes 0.92 of the
 * time, and of images, whose zeros lie together, less. */
static const double dense_enough = 0.5;

size_t inputs_bytes(size_t features, size_t capacity, bool skip_zeros)
{
    if (skip_zeros) return nonzeros_bytes(features, capacity);
    return capacity * kernel_leading(features) * sizeof(float);
}

static size_t tile_bytes(size_t features)
{
    return NONZEROS_TILE * kernel_leading(features) * sizeof(float);
}

size_t inputs_scratch_bytes(size_t features, size_t capacity, bool skip_zeros)
{
    return skip_zeros ? tile_bytes(features) + nonzeros_scratch_bytes(features, capacity) : 0;
}

Status inputs_init(Inputs *inputs, size_t features, size_t width, size_t capacity, bool skip_zeros, bool packs,
                   void *memory)
{
    *inputs = (Inputs){.width = width};
    Status st = STATUS_OK;
    if (!memory) {
        char *bytes;
        st = memory_new(&bytes, inputs_bytes(features, capacity, skip_zeros), "a batch of images");
        if (st == STATUS_OK) memory = inputs->memory = bytes;
    }
    if (st == STATUS_OK && skip_zeros && packs)
        st = memory_new(&inputs->scratch, inputs_scratch_bytes(features, capacity, true), "images");
    if (st != STATUS_OK) {
        inputs_free(inputs);
        return st;
    }
    if (skip_zeros) {
        nonzeros_place(&inputs->nonzeros, features, width, capacity, memory,
                       packs ? inputs->scratch + tile_bytes(features) : NULL);
        inputs->x = (float *)(void *)inputs->scratch;
        inputs->input.nonzeros = &inputs->nonzeros;
    } else
        inputs->input.x = inputs->x = memory;
    return STATUS_OK;
}

void inputs_free(Inputs *inputs)
{
    memory_free(inputs->scratch);
    memory_free(inputs->memory);
    *inputs = (Inputs){0};
}

void inputs_clear(Inputs *inputs)
{
    inputs->input.n = inputs->waiting = 0;
    if (inputs->input.nonzeros) nonzeros_clear(&inputs->nonzeros);
}

/* Are bytes listed as they are? Else their scaled values are. */
static bool lists_bytes(const Scaling *scaling, const Samples *samples)
{
    return samples->kind == ELEMENT_UINT8 && scaling->table[0] == 0.0f;
}

static void list_waiting(Inputs *inputs, const Scaling *scaling, const Kernels *kernels)
{
    if (inputs->waiting == 0) return;
    if (inputs->row[0])
        kernels->nonzeros_add_uint8(&inputs->nonzeros, inputs->waiting, inputs->row, scaling->table);
    else
        kernels->nonzeros_add(&inputs->nonzeros, inputs->waiting, inputs->x);
    inputs->waiting = 0;
}

void inputs_add(Inputs *inputs, const Scaling *scaling, const Kernels *kernels, const Samples *samples, size_t sample)
{
    const size_t leading = kernel_leading(samples->features);
    if (!inputs->input.nonzeros) {
        scaling_apply(scaling, kernels, samples, sample, inputs->width, inputs->x + inputs->input.n++ * leading);
        return;
    }
    const uint8_t **row = &inputs->row[inputs->waiting];
    *row = lists_bytes(scaling, samples) ? (const uint8_t *)samples->pixels + sample * samples->features : NULL;
    if (!*row) scaling_apply(scaling, kernels, samples, sample, inputs->width, inputs->x + inputs->waiting * leading);
    inputs->input.n++;
    if (++inputs->waiting == NONZEROS_TILE) list_waiting(inputs, scaling, kernels);
}

void inputs_end(Inputs *inputs, const Scaling *scaling, const Kernels *kernels)
{
    if (!inputs->input.nonzeros) return;
    const bool bytes = inputs->row[0] != NULL;
    list_waiting(inputs, scaling, kernels);
    kernels->nonzeros_end(&inputs->nonzeros, bytes ? scaling->table : NULL);
}

Status inputs_count(const Scaling *scaling, const Kernels *kernels, const Samples *samples, uint64_t count[2])
{
    enum { ENOUGH = 512 };
    const size_t rows = samples->count < ENOUGH ? samples->count : ENOUGH;
    float *row;
    Status st = memory_new(&row, kernel_leading(samples->features), "an image");
    if (st != STATUS_OK) return st;
    for (size_t i = 0; i < rows; i++) {
        scaling_apply(scaling, kernels, samples, i * samples->count / rows, 0, row);
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
