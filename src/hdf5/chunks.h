/* Private to src/hdf5: datasets in chunks. Each chunk is read as it is stored, and unpacked by filters.h into a buffer
 * of the chunk's size: whatever a file claims, no byte is taken for a value that it does not hold. */
#ifndef LOCKSTEP_HDF5_CHUNKS_H
#define LOCKSTEP_HDF5_CHUNKS_H

#include "filters.h"

typedef struct {
    hsize_t extent[H5S_MAX_RANK]; /* of one chunk, elements */
    uint64_t bytes;               /* of one chunk, unpacked; 0: the dataset is not chunked */
    uint64_t count;               /* that cover the dataset */
    bool whole_edges;             /* is a chunk that reaches beyond the dataset stored without filters? */
    Filters filters;
} Chunks;

/* How an open dataset of so many bytes an element is chunked. STATUS_DATA as filters_get, a chunk above 1
 * GiB, or of another shape than the dataset's. */
MUST_CHECK Status chunks_get(const H5File *file, const char *dataset, hid_t id, size_t element, const H5Info *info,
                             Chunks *chunks);

/* All chunks are there, and their bytes (stored, in all) can be what they claim. STATUS_DATA. */
MUST_CHECK Status chunks_check(H5File *file, const char *dataset, hid_t id, const Chunks *chunks, uint64_t stored);

/* Rows [first, first + count), count > 0, row-major, elements as they are stored, of a dataset that chunks_check has
 * passed. STATUS_DATA: a chunk is absent or does not unpack to its size. */
MUST_CHECK Status chunks_read(H5File *file, const char *dataset, hid_t id, size_t element, const H5Info *info,
                              const Chunks *chunks, uint64_t first, uint64_t count, unsigned char *out);

#endif
