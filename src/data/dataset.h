/* A classification dataset: an HDF5 file with training and test images and labels at four paths. Images are uint8 or
 * float32 of any shape (N, ...), labels of any integer type in [0, classes). */
#ifndef LOCKSTEP_DATA_DATASET_H
#define LOCKSTEP_DATA_DATASET_H

#include <stddef.h>
#include <stdint.h>

#include "base/digest.h"
#include "base/status.h"
#include "hdf5/h5file.h"

typedef enum { PART_TRAIN, PART_TEST } Part;

/* By Part: "train", "test"; the paths in files that Lockstep writes, the settings' defaults. */
extern const char *const dataset_part_name[2];
extern const char *const dataset_default_images[2], *const dataset_default_labels[2];

/* What to open; the strings are borrowed for the call. */
typedef struct {
    const char *file;
    const char *images[2], *labels[2]; /* paths in the file, by Part */
    uint32_t classes;
    const char *sha256; /* of the file's bytes, 64 hex digits; NULL or "": any */
    const void *image;  /* (image_size) instead of the file, its bytes, of which sha256 is ""; NULL: none */
    size_t image_size;
} DatasetSource;

typedef struct Dataset Dataset;

/* Opens and checks shapes and types of all four: images uint8 or float32 with at least 2 dimensions and at least one
 * row, both parts of the same kind and the same shape per image; labels integer with one dimension (or (N,1)) and as
 * many rows as images. At most 2^32 - 1 rows a part, 2^24 features. Reads no values. With sha256 the
 * file's bytes are read and compared before HDF5 sees one of them. Local. STATUS_NO_INPUT: no file; STATUS_DATA: the
 * message names file, dataset, what was found and what is needed; for float labels that labels must be integers. */
MUST_CHECK Status dataset_open(const DatasetSource *source, Dataset **dataset);
void dataset_close(Dataset *dataset); /* accepts NULL */

uint32_t dataset_rows(const Dataset *dataset, Part part);
size_t dataset_features(const Dataset *dataset);  /* values of one image */
ElementKind dataset_kind(const Dataset *dataset); /* ELEMENT_UINT8 or ELEMENT_FLOAT32 */
uint32_t dataset_classes(const Dataset *dataset);
/* The shape of one image: number of dimensions (without the rows) and their extents. */
int dataset_shape(const Dataset *dataset, uint64_t extent[H5FILE_MAX_DIMENSIONS]);

/* Labels of rows [first, first + count) of a part. Local. STATUS_DATA as samples_init. */
MUST_CHECK Status dataset_read_labels(Dataset *dataset, Part part, uint32_t first, uint32_t count, uint32_t *label);

/* Consecutive rows of one part, in memory. */
typedef struct {
    size_t count, features;
    ElementKind kind;
    void *pixels;    /* (count, features) row-major, uint8_t or float by kind; owned */
    uint32_t *label; /* (count); owned */
    uint32_t *row;   /* (count) the row of the file that each came from, carried beside it; owned */
} Samples;

/* Reads rows [first, first + count) of a part. count may be 0. Local. STATUS_DATA: a label outside [0, classes), or a
 * value that is not finite in float images; the message names dataset, row and value. On failure *samples is zeroed. */
MUST_CHECK Status samples_init(Samples *samples, Dataset *dataset, Part part, uint32_t first, uint32_t count);
void samples_free(Samples *samples); /* accepts a zeroed struct */

/* How many values of float samples are finite before the first that is not; all of them if none is. */
size_t samples_finite(const Samples *samples);

/* Of float samples, for who reads them in another way; file, images: for the message. Fails as samples_init. */
MUST_CHECK Status samples_check_finite(const Samples *samples, const char *file, const char *images);

/* Asks for a sample's pixels before they are read. */
static inline void samples_prefetch(const Samples *samples, size_t sample)
{
    enum { LINE = 64 };
    const size_t bytes = samples->features * (samples->kind == ELEMENT_UINT8 ? sizeof(uint8_t) : sizeof(float));
    for (size_t i = 0; i < bytes; i += LINE) __builtin_prefetch((const char *)samples->pixels + sample * bytes + i);
}

/* The digest of a dataset's values is made of sums over its rows, so that ranks can take it while they load their
 * parts: of each row, XXH3-128 of (row, label, XXH3-128 of the pixels as stored), the low and the high words added mod
 * 2^64 for each part. It does not depend on layout, paths or the labels' type. */
typedef struct {
    uint64_t word[4]; /* train low, train high, test low, test high */
} RowSums;

void samples_add_sums(const Samples *samples, Part part, RowSums *sums);
Digest dataset_digest_of(const RowSums *sums, uint32_t train_rows, uint32_t test_rows, size_t features,
                         ElementKind kind);

/* The same from the whole dataset, all of which is read and checked. Local. STATUS_DATA as samples_init. */
MUST_CHECK Status dataset_digest(Dataset *dataset, Digest *digest);

/* What ranks compare before the length of any message is derived from their dataset. */
typedef struct {
    uint64_t rows[2]; /* by Part */
    uint64_t is_uint8, dimensions, extent[H5FILE_MAX_DIMENSIONS];
    Digest sample; /* of some of the values */
} DatasetFacts;

/* Reads, of each part, at 16 places from the first row to the last the image there and the labels of up to 4096 rows
 * from there on. So it sees any other shape, other labels and another order of rows if a part has at most 61441 rows,
 * and images that were made or scaled in another way; it cannot see a difference between two files that lies only in
 * images or labels that it does not read. Layout, paths and the labels' type do not count, nor does the file's size.
 * Local. STATUS_DATA as samples_init. */
MUST_CHECK Status dataset_facts(Dataset *dataset, DatasetFacts *facts);

/* "60000 training and 10000 test images of 28x28 uint8, sampled values 1f6a9b02" */
void dataset_facts_text(const DatasetFacts *facts, char *text, size_t size);

#endif
