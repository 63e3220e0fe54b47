/* Where the parts of a Nonzeros stand in its memory. */
#include <string.h>

#include "kernels/kernels.h"

enum { LINE = 64 /* bytes */ };

/* The next `count` elements of `size` bytes of a memory that is used up to *at; memory NULL: only counted. */
static void *take(char *memory, size_t *at, size_t count, size_t size)
{
    void *here = memory ? memory + *at : NULL;
    *at += (count * size + LINE - 1) / LINE * LINE;
    return here;
}

static size_t place(Nonzeros *z, size_t features, size_t capacity, size_t parts, void *memory)
{
    const size_t pairs = nonzeros_pairs(features), all = capacity * features + LINE; /* whole vectors are stored */
    size_t bytes = 0;
    *z = (Nonzeros){.features = features, .capacity = capacity, .parts = parts};
    z->value = take(memory, &bytes, all, sizeof *z->value);
    z->weight = take(memory, &bytes, all, sizeof *z->weight);
    z->block = take(memory, &bytes, capacity * (nonzeros_blocks(features) + 1), sizeof *z->block);
    z->pair_value = take(memory, &bytes, parts ? pairs * nonzeros_stride(capacity) : 0, sizeof *z->pair_value);
    z->pair_sample = take(memory, &bytes, parts ? pairs * nonzeros_stride(capacity) : 0, sizeof *z->pair_sample);
    z->pair_end = take(memory, &bytes, parts ? (parts + 1) * pairs : 0, sizeof *z->pair_end);
    return bytes;
}

size_t nonzeros_bytes(size_t features, size_t capacity, size_t parts)
{
    Nonzeros unused;
    return place(&unused, features, capacity, parts, NULL);
}

void nonzeros_place(Nonzeros *nonzeros, size_t features, size_t capacity, size_t parts, void *memory)
{
    place(nonzeros, features, capacity, parts, memory);
}

void nonzeros_clear(Nonzeros *z)
{
    z->n = z->part = z->entries = 0;
    if (z->parts) memset(z->pair_end, 0, 2 * nonzeros_pairs(z->features) * sizeof *z->pair_end);
}

void nonzeros_end_part(Nonzeros *z)
{
    const size_t pairs = nonzeros_pairs(z->features);
    z->part++;
    if (z->part < z->parts)
        memcpy(z->pair_end + (z->part + 1) * pairs, z->pair_end + z->part * pairs, pairs * sizeof *z->pair_end);
}
