#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *memory_get(size_t count, size_t size, const char *what)
{
    size_t bytes;
    void *ptr = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2) {
        bytes = (bytes / MEMORY_ALIGNMENT + 1) * MEMORY_ALIGNMENT;
        ptr = aligned_alloc(MEMORY_ALIGNMENT, bytes);
    }
    if (!ptr) {
        Status st = status_fail(STATUS_INTERNAL, "out of memory: %zu elements of %zu bytes for %s", count, size, what);
        (void)st;
        return NULL;
    }
    return memset(ptr, 0, bytes);
}

void memory_free(void *ptr)
{
    free(ptr);
}
