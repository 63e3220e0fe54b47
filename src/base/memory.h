/* All private memory of the program. Zeroed, aligned to a cache line, overflow-checked; large arrays in huge pages.
 * What is never used of an array takes no memory. */
#ifndef LOCKSTEP_BASE_MEMORY_H
#define LOCKSTEP_BASE_MEMORY_H

#include <stddef.h>

#include "base/status.h"

enum { MEMORY_ALIGNMENT = 64 }; /* bytes: a cache line, an AVX-512 register */

/* *ptr = count zeroed elements of its type, owned by the caller (memory_free); count may be 0. what names it in the
 * message of STATUS_INTERNAL when there is no such amount: "memory_new(&images, rows * width, "training images")". */
#define memory_new(ptr, count, what) \
    ((*(ptr) = memory_get((count), sizeof **(ptr), (what))) ? STATUS_OK : STATUS_INTERNAL)

/* From now on a large array goes back to the system when it is freed, whoever asked for it, HDF5 too. Else glibc keeps
 * what is as large as the largest that was ever freed, and peaks add up. For a whole program to decide, before its
 * first array; no library does. */
void memory_return_large(void);

/* The function behind memory_new: NULL with the message recorded. */
void *memory_get(size_t count, size_t size, const char *what);

/* The next count elements of `size` bytes of a memory aligned as above, of which *used bytes are taken, in whole cache
 * lines; NULL, and only counted, if memory is NULL. */
void *memory_take(void *memory, size_t *used, size_t count, size_t size);

/* Is there so much? For libraries that crash where there is not. STATUS_INTERNAL, with what named. */
MUST_CHECK Status memory_check(size_t bytes, const char *what);

/* Accepts NULL. */
void memory_free(void *ptr);

#endif
