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

static size_t place(Nonzeros *z, size_t features, size_t width, size_t capacity, void *memory)
{
    const size_t quads = nonzeros_quads(features), groups = (capacity + NONZEROS_GROUP - 1) / NONZEROS_GROUP;
    size_t bytes = 0;
    const size_t tiles = (capacity + NONZEROS_TILE - 1) / NONZEROS_TILE,
                 most = capacity < NONZEROS_GROUP ? tiles * NONZEROS_TILE : NONZEROS_GROUP;
    *z = (Nonzeros){.features = features, .width = width, .capacity = capacity, .room = most + NONZEROS_TILE};
    z->value = take(memory, &bytes, groups * quads * z->room, sizeof *z->value);
    z->sample = take(memory, &bytes, groups * quads * z->room, sizeof *z->sample);
    z->count = take(memory, &bytes, quads, sizeof *z->count);
    return bytes;
}

size_t nonzeros_bytes(size_t features, size_t capacity)
{
    Nonzeros unused;
    return place(&unused, features, 0, capacity, NULL);
}

void nonzeros_place(Nonzeros *nonzeros, size_t features, size_t width, size_t capacity, void *memory)
{
    place(nonzeros, features, width, capacity, memory);
}

void nonzeros_clear(Nonzeros *z)
{
    z->n = 0;
    memset(z->count, 0, nonzeros_quads(z->features) * sizeof *z->count);
}
