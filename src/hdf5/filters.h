/* Private to src/hdf5: the filters that a chunk was written through, undone here and not by libhdf5, which (1.10.8)
 * does not compare what a chunk unpacks to with the chunk: it reads beyond the end of a short one, and unpacks a long
 * one whatever memory that takes. */
#ifndef LOCKSTEP_HDF5_FILTERS_H
#define LOCKSTEP_HDF5_FILTERS_H

#include "library.h"

enum {
    FILTERS_MOST = 3,  /* each kind once */
    FILTERS_SLACK = 64 /* bytes: what filters may add to a chunk of any size, beside filters_room's share */
};

/* In the order in which they were applied at writing. */
typedef struct {
    int count;
    H5Z_filter_t kind[FILTERS_MOST]; /* H5Z_FILTER_SHUFFLE, H5Z_FILTER_DEFLATE or H5Z_FILTER_FLETCHER32 */
    size_t element;                  /* bytes, of shuffle */
} Filters;

/* STATUS_DATA: another filter, or one twice. */
MUST_CHECK Status filters_get(const H5File *file, const char *dataset, hid_t creation, Filters *filters);

bool filters_have(const Filters *filters, H5Z_filter_t kind);

/* The most bytes that a chunk of so many takes while it is packed or unpacked. */
size_t filters_room(size_t chunk);

/* Undoes the filters of one chunk. skipped: its filter mask, bit i set if filter i was not applied. stored (size bytes)
 * lies anywhere in buffer[0]; both buffers have filters_room(chunk) bytes and are overwritten. Returns the chunk's
 * bytes, in one of the buffers; NULL if what is stored does not unpack to exactly `chunk` bytes, or has another check
 * sum. */
const unsigned char *filters_undo(const Filters *filters, uint32_t skipped, size_t chunk,
                                  unsigned char *const buffer[2], const unsigned char *stored, size_t size);

#endif
