#include "base/memory.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "base/fault.h"

/* From this size on an array lies in huge pages where the system has them: fewer misses of the address cache. Whole
 * huge pages alone, so that no more memory becomes resident than was asked for. */
enum { HUGE_FROM = 4 << 20, HUGE_PAGE = 2 << 20, RETURNED_FROM = 128 << 10 };

void memory_return_large(void)
{
#ifdef M_MMAP_THRESHOLD
    mallopt(M_MMAP_THRESHOLD, RETURNED_FROM);
#endif
}

static void use_huge_pages(void *ptr, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const int error = madvise(ptr, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
    (void)error; /* advice */
#else
    (void)ptr, (void)bytes;
#endif
}

/* The first multiple of alignment in a block behind room for the block's own address, which stands right before it. */
static void *place(void *block, size_t alignment)
{
    void **ptr = (void **)(((uintptr_t)block + sizeof block + alignment - 1) / alignment * alignment);
    ptr[-1] = block;
    return ptr;
}

/* The n-th array that this process asks for, n from 1, can be made to fail. */
static bool is_refused(void)
{
    static atomic_uint_fast64_t asked; /* by all threads of a program that uses the library */
    return fault_at("no-memory", atomic_fetch_add(&asked, 1) + 1);
}

/* calloc and not memset: it knows which pages come fresh, and zero, from the system, and does not touch them. What is
 * never used of an array takes no memory then, and a large one no time. */
void *memory_get(size_t count, size_t size, const char *what)
{
    size_t bytes;
    void *block = NULL;
    const bool fits = !__builtin_mul_overflow(count, size, &bytes) && bytes <= SIZE_MAX / 2;
    const size_t alignment = fits && bytes >= HUGE_FROM ? HUGE_PAGE : MEMORY_ALIGNMENT;
    if (fits && !is_refused()) block = calloc(1, bytes + sizeof(void *) + alignment);
    if (!block) {
        Status st = status_fail(STATUS_INTERNAL, "out of memory: %zu elements of %zu bytes for %s", count, size, what);
        (void)st;
        return NULL;
    }
    void *ptr = place(block, alignment);
    if (alignment == HUGE_PAGE) use_huge_pages(ptr, bytes);
    return ptr;
}

void *memory_take(void *memory, size_t *used, size_t count, size_t size)
{
    char *here = memory ? (char *)memory + *used : NULL;
    *used += (count * size + MEMORY_ALIGNMENT - 1) / MEMORY_ALIGNMENT * MEMORY_ALIGNMENT;
    return here;
}

Status memory_check(size_t bytes, const char *what)
{
    char *memory;
    const Status st = memory_new(&memory, bytes, what);
    memory_free(memory);
    return st;
}

void memory_free(void *ptr)
{
    if (ptr) free(((void **)ptr)[-1]);
}
