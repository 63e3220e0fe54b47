#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/* From this size on an array lies in huge pages where the system has them: fewer misses of the address cache. Whole
 * huge pages alone, so that no more memory becomes resident than was asked for. */
enum { HUGE_FROM = 4 << 20, HUGE_PAGE = 2 << 20 };

static void use_huge_pages(void *ptr, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const int error = madvise(ptr, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    (void)error; /* advice */
#else
    (void)ptr, (void)bytes;
#endif
}

void *memory_get(size_t count, size_t size, const char *what)
{
    size_t bytes;
    void *ptr = NULL;
    if (!__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2) {
        bytes = (bytes / MEMORY_ALIGNMENT + 1) * MEMORY_ALIGNMENT;
        if (posix_memalign(&ptr, bytes >= HUGE_FROM ? HUGE_PAGE : MEMORY_ALIGNMENT, bytes) != 0) ptr = NULL;
    }
    if (!ptr) {
        Status st = status_fail(STATUS_INTERNAL, "out of memory: %zu elements of %zu bytes for %s", count, size, what);
        (void)st;
        return NULL;
    }
    if (bytes >= HUGE_FROM) use_huge_pages(ptr, bytes);
    return memset(ptr, 0, bytes);
}

void memory_free(void *ptr)
{
    free(ptr);
}
