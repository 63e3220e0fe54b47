/* The only code that calls HDF5. Files are untrusted: no plugins, hard links only, no external or virtual storage,
 * exact type classes, extents checked before anything is allocated. HDF5's own error stack is never printed; each
 * failure becomes one message of ours that names file and dataset. HDF5's exit handler is off: whoever opens closes.
 * Local: nothing here communicates. */
#ifndef LOCKSTEP_HDF5_H5FILE_H
#define LOCKSTEP_HDF5_H5FILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

enum {
    H5FILE_MAX_DIMENSIONS = 8,
    H5FILE_SHAPE_TEXT = 24 * H5FILE_MAX_DIMENSIONS, /* bytes: 20 digits and a separator each */
};

typedef enum {
    ELEMENT_UINT8,   /* exactly unsigned 8-bit */
    ELEMENT_FLOAT32, /* exactly IEEE binary32, either byte order */
    ELEMENT_FLOAT64, /* exactly IEEE binary64, either byte order */
    ELEMENT_INTEGER, /* any other integer type */
    ELEMENT_TEXT,    /* strings of one fixed length */
    ELEMENT_OTHER    /* anything else: compounds, strings of variable length ... */
} ElementKind;

/* What a dataset is. */
typedef struct {
    int dimensions;
    uint64_t extent[H5FILE_MAX_DIMENSIONS]; /* [0]: rows */
    ElementKind kind;
    char type_text[64]; /* for people: "uint8", "float64", "string" ... */
} H5Info;

/* "28x28": the extents from dimension first on, with times ("x", " x ") between them. Returns text. */
const char *h5info_shape(const H5Info *info, int first, const char *times, char text[H5FILE_SHAPE_TEXT]);

typedef struct H5File H5File;

/* STATUS_NO_INPUT: no such file, or not a regular one; STATUS_DATA: empty, not an HDF5 file, truncated or damaged;
 * STATUS_IO: it cannot be opened, or is locked. */
MUST_CHECK Status h5file_open(const char *path, H5File **file);
void h5file_close(H5File *file); /* accepts NULL */

/* STATUS_DATA: no dataset of this path reached by hard links alone (the message lists the datasets that there are), not
 * a dataset, 0 or more than H5FILE_MAX_DIMENSIONS dimensions, external or virtual storage, a filter other than gzip,
 * shuffle and fletcher32 or one of them twice, chunks over 1 GiB, chunks that were never written, or extents that the
 * file has no bytes for. */
MUST_CHECK Status h5file_info(H5File *file, const char *dataset, H5Info *info);

/* The version of the HDF5 library that runs, "1.10.8". */
const char *h5file_library(void);

/* Rows [first, first + count) of a dataset, one hyperslab, row-major, into memory of count * (product of the other
 * extents) elements. The dataset's kind must be the function's (integer: uint8 or any integer, widened;
 * a value that int64 cannot hold is STATUS_DATA; uint64: the same kinds, a signed type is STATUS_DATA).
 * STATUS_DATA: damaged or truncated, a chunk that does not unpack to exactly its size. Beside out it takes the memory
 * of two chunks. */
MUST_CHECK Status h5file_read_uint8(H5File *file, const char *dataset, uint64_t first, uint64_t count, uint8_t *out);
MUST_CHECK Status h5file_read_float32(H5File *file, const char *dataset, uint64_t first, uint64_t count, float *out);
MUST_CHECK Status h5file_read_float64(H5File *file, const char *dataset, uint64_t first, uint64_t count, double *out);
MUST_CHECK Status h5file_read_integer(H5File *file, const char *dataset, uint64_t first, uint64_t count, int64_t *out);
MUST_CHECK Status h5file_read_uint64(H5File *file, const char *dataset, uint64_t first, uint64_t count, uint64_t *out);

/* *text = the string of a dataset that is one string (extent 1) of kind ELEMENT_TEXT, up to its first zero byte; owned
 * by the caller (memory_free). STATUS_DATA: several strings, longer than 2^24 bytes, damaged. */
MUST_CHECK Status h5file_read_text(H5File *file, const char *dataset, char **text);

/* Calls visit for every dataset of the file that hard links reach, in the order of their names (a group's before the
 * next name), with its full path. A dataset that h5file_info refuses is visited too; a failure of visit ends the visit
 * and is returned. */
MUST_CHECK Status h5file_each(H5File *file, Status (*visit)(H5File *file, const char *dataset, void *context),
                              void *context);

/* Writing: contiguous little-endian datasets of 1 to H5FILE_MAX_DIMENSIONS dimensions, missing groups made on the way,
 * into a new file or an image of one in memory. The same calls give the same bytes (no object times). STATUS_IO: disk
 * full. After a failure: h5file_discard, which leaves nothing (accepts NULL). */
typedef struct H5Writer H5Writer;
MUST_CHECK Status h5file_write_uint8(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                                     const uint8_t *values);
MUST_CHECK Status h5file_write_uint64(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                                      const uint64_t *values);
MUST_CHECK Status h5file_write_float32(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                                       const float *values);
MUST_CHECK Status h5file_write_float64(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                                       const double *values);
/* One string of fixed length, extent 1; its closing zero is not stored, but for "". */
MUST_CHECK Status h5file_write_text(H5Writer *writer, const char *dataset, const char *text);
void h5file_discard(H5Writer *writer);

/* A file, under a temporary name beside path; h5file_finish syncs it to disk and renames it to path. A regular file at
 * path is replaced; anything else there is STATUS_CANT_CREATE, as is a directory that cannot be written. */
MUST_CHECK Status h5file_create(const char *path, H5Writer **writer);
MUST_CHECK Status h5file_finish(H5Writer *writer);

/* An image, which as a file is to follow user_block bytes of the caller's (0, or a power of two from 512 on; HDF5 skips
 * such a block when it opens the file). h5image_finish gives both: *bytes (*size) are user_block zero bytes, then the
 * image; owned by the caller (memory_free). name stands in messages. */
MUST_CHECK Status h5image_create(const char *name, size_t user_block, H5Writer **writer);
MUST_CHECK Status h5image_finish(H5Writer *writer, unsigned char **bytes, size_t *size);

/* Opens the bytes of a whole file, user block included, as h5file_open does a file. They are copied. Of such a file
 * datasets in chunks are refused: HDF5 unpacks a whole chunk, for which it takes a thousand times the memory of the
 * file. STATUS_DATA: not HDF5, damaged; STATUS_INTERNAL: out of memory. */
MUST_CHECK Status h5image_open(const char *name, const void *bytes, size_t size, H5File **file);

#endif
