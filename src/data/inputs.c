#include "data/inputs.h"

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

/* Measured with AVX-512 on zeros anywhere: at this share of elements that are not zero skipping still takes 0.92 of the
 * time, and of images, whose zeros lie together, less. */
static const double dense_enough = 0.5;

size_t inputs_kinds(bool bf16, InputsKind kind[INPUTS_MOST_KINDS])
{
    kind[0] = bf16 ? INPUTS_BF16 : INPUTS_LISTS;
    kind[1] = INPUTS_ROWS;
    return bf16 ? 1 : 2;
}

size_t inputs_bytes(size_t features, size_t capacity, InputsKind kind)
{
    switch (kind) {
        case INPUTS_LISTS: return nonzeros_bytes(features, capacity);
        case INPUTS_BF16: return bf16_rows(capacity, features) * sizeof(Bf16);
        case INPUTS_ROWS: break;
    }
    return capacity * kernel_leading(features) * sizeof(float);
}

/* Of rows that are packed further. */
static size_t waiting_bytes(size_t features, InputsKind kind)
{
    const size_t row = kernel_leading(features) * sizeof(float);
    return kind == INPUTS_LISTS ? NONZEROS_TILE * row : kind == INPUTS_BF16 ? row : 0;
}

size_t inputs_scratch_bytes(size_t features, size_t capacity, InputsKind kind)
{
    return waiting_bytes(features, kind) + (kind == INPUTS_LISTS ? nonzeros_scratch_bytes(features, capacity) : 0);
}

static void place(Inputs *inputs, size_t features, size_t capacity, InputsKind kind, void *memory)
{
    char *scratch = inputs->scratch;
    inputs->x = kind == INPUTS_ROWS ? memory : (float *)(void *)scratch;
    if (kind == INPUTS_ROWS) inputs->input.x = inputs->x;
    if (kind == INPUTS_BF16) inputs->input.rounded = inputs->rounded = memory;
    if (kind != INPUTS_LISTS) return;
    inputs->input.nonzeros = &inputs->nonzeros;
    nonzeros_place(&inputs->nonzeros, features, inputs->width, capacity, memory,
                   scratch ? scratch + waiting_bytes(features, kind) : NULL);
}

Status inputs_init(Inputs *inputs, size_t features, size_t width, size_t capacity, InputsKind kind, bool packs,
                   void *memory)
{
    *inputs = (Inputs){.width = width};
    const size_t scratch = packs ? inputs_scratch_bytes(features, capacity, kind) : 0;
    Status st = STATUS_OK;
    if (!memory) {
        char *bytes;
        st = memory_new(&bytes, inputs_bytes(features, capacity, kind), "a batch of images");
        if (st == STATUS_OK) memory = inputs->memory = bytes;
    }
    if (st == STATUS_OK && scratch) st = memory_new(&inputs->scratch, scratch, "images");
    if (st == STATUS_OK)
        place(inputs, features, capacity, kind, memory);
    else
        inputs_free(inputs);
    return st;
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
        const size_t n = inputs->input.n++;
        float *x = inputs->x + (inputs->rounded ? 0 : n * leading);
        scaling_apply(scaling, kernels, samples, sample, inputs->width, x);
        if (inputs->rounded)
            kernels->round_rows(1, samples->features, x, inputs->rounded + n * bf16_leading(samples->features));
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

Status inputs_choose(const uint64_t count[2], bool bf16, InputsKind *kind)
{
    const char *wanted = getenv("LOCKSTEP_ZEROS");
    bool skip = (double)count[0] < dense_enough * (double)count[1];
    if (wanted && *wanted) {
        skip = strcmp(wanted, "skip") == 0;
        if (!skip && strcmp(wanted, "multiply") != 0)
            return status_fail(STATUS_USAGE, "LOCKSTEP_ZEROS=%s: it must be skip or multiply", wanted);
    }
    *kind = bf16 ? INPUTS_BF16 : skip ? INPUTS_LISTS : INPUTS_ROWS;
    return STATUS_OK;
}
