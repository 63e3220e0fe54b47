/* The only code that calls HDF5. Files are untrusted: no plugins, hard links only, no external or virtual storage,
 * exact type classes, extents checked before anything is allocated. HDF5's own error stack is never printed; each
 * failure becomes one message of ours that names file and dataset. HDF5's exit handler is off: whoever opens closes.
 * Local: nothing here communicates. */
#ifndef LOCKSTEP_HDF5_H5FILE_H
#define LOCKSTEP_HDF5_H5FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum { H5FILE_MAX_DIMENSIONS = 8 };

typedef enum {
    ELEMENT_UINT8,   /* exactly unsigned 8-bit */
    ELEMENT_FLOAT32, /* exactly IEEE binary32, either byte order */
    ELEMENT_INTEGER, /* any other integer type */
    ELEMENT_OTHER    /* anything else: float64, strings, compounds ... */
} ElementKind;

/* What a dataset is. */
typedef struct {
    int dimensions;
    uint64_t extent[H5FILE_MAX_DIMENSIONS]; /* [0]: rows */
    ElementKind kind;
    char type_text[64]; /* for people: "uint8", "float64", "string" ... */
} H5Info;

typedef struct H5File H5File;

/* STATUS_NO_INPUT: no such file, or not a regular one; STATUS_DATA: empty, not an HDF5 file, truncated or damaged;
 * STATUS_IO: it cannot be opened, or is locked. */
MUST_CHECK Status h5file_open(const char *path, H5File **file);
void h5file_close(H5File *file); /* accepts NULL */

/* STATUS_DATA: no dataset of this path reached by hard links alone (the message lists the datasets that there are), not
 * a dataset, 0 or more than H5FILE_MAX_DIMENSIONS dimensions, external or virtual storage, a filter other than gzip,
 * shuffle and fletcher32, chunks over 1 GiB, or extents that the file has no bytes for. */
MUST_CHECK Status h5file_info(H5File *file, const char *dataset, H5Info *info);

/* Rows [first, first + count) of a dataset, one hyperslab, row-major, into memory of count * (product of the other
 * extents) elements. The dataset's kind must be the function's (integer: uint8 or any integer, widened;
 * a value that int64 cannot hold is STATUS_DATA). STATUS_DATA: damaged or truncated. */
MUST_CHECK Status h5file_read_uint8(H5File *file, const char *dataset, uint64_t first, uint64_t count, uint8_t *out);
MUST_CHECK Status h5file_read_float32(H5File *file, const char *dataset, uint64_t first, uint64_t count, float *out);
MUST_CHECK Status h5file_read_integer(H5File *file, const char *dataset, uint64_t first, uint64_t count, int64_t *out);

/* Calls visit for every dataset of the file that hard links reach, in the order of their names (a group's before the
 * next name), with its full path. A dataset that h5file_info refuses is visited too; a failure of visit ends the visit
 * and is returned. */
MUST_CHECK Status h5file_each(H5File *file, Status (*visit)(H5File *file, const char *dataset, void *context),
                              void *context);

/* Writing: a new file under a temporary name beside path, contiguous little-endian datasets, missing groups made on the
 * way; h5file_finish syncs it to disk and renames it to path, h5file_discard removes it (accepts NULL). The same
 * calls give the same bytes (no object times). A regular file at path is replaced; anything else there is
 * STATUS_CANT_CREATE, as is a directory that cannot be written. STATUS_IO: disk full. After a failure: discard. */
typedef struct H5Writer H5Writer;
MUST_CHECK Status h5file_create(const char *path, H5Writer **writer);
MUST_CHECK Status h5file_write_uint8(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                                     const uint8_t *values);
MUST_CHECK Status h5file_finish(H5Writer *writer);
void h5file_discard(H5Writer *writer);

#endif
