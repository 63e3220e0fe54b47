/* Where the parts of a Nonzeros stand in its memory. */
#include <string.h>

#include "base/memory.h"
#include "kernels/kernels.h"

static size_t place(Nonzeros *z, void *memory)
{
    const size_t quads = nonzeros_quads(z->features), groups = (z->capacity + NONZEROS_GROUP - 1) / NONZEROS_GROUP;
    size_t bytes = 0;
    z->begin = memory_take(memory, &bytes, groups * quads, sizeof *z->begin);
    z->sample = memory_take(memory, &bytes, (z->capacity + groups) * quads, sizeof *z->sample);
    z->value = memory_take(memory, &bytes, (z->capacity + groups) * quads + QUAD, sizeof *z->value); /* whole vectors */
    return bytes;
}

static size_t place_scratch(Nonzeros *z, void *scratch)
{
    const size_t quads = nonzeros_quads(z->features), tiles = (z->capacity + NONZEROS_TILE - 1) / NONZEROS_TILE;
    const size_t most = z->capacity < NONZEROS_GROUP ? tiles * NONZEROS_TILE : NONZEROS_GROUP;
    size_t bytes = 0;
    z->room = most + NONZEROS_TILE;
    z->collected = memory_take(scratch, &bytes, quads * z->room, sizeof *z->collected);
    z->number = memory_take(scratch, &bytes, quads * z->room, sizeof *z->number);
    z->count = memory_take(scratch, &bytes, quads, sizeof *z->count);
    return bytes;
}

size_t nonzeros_bytes(size_t features, size_t capacity)
{
    Nonzeros unused = {.features = features, .capacity = capacity};
    return place(&unused, NULL);
}

size_t nonzeros_scratch_bytes(size_t features, size_t capacity)
{
    Nonzeros unused = {.features = features, .capacity = capacity};
    return place_scratch(&unused, NULL);
}

void nonzeros_place(Nonzeros *nonzeros, size_t features, size_t width, size_t capacity, void *memory, void *scratch)
{
    *nonzeros = (Nonzeros){.features = features, .width = width, .capacity = capacity};
    place(nonzeros, memory);
    if (scratch) place_scratch(nonzeros, scratch);
}

void nonzeros_clear(Nonzeros *z)
{
    z->n = z->entries = 0;
    memset(z->count, 0, nonzeros_quads(z->features) * sizeof *z->count);
}
