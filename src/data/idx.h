/* IDX, the format of MNIST's files (Yann LeCun, "The MNIST database"), plain or compressed by gzip:
 *
 *   byte 0-1  0
 *   byte 2    type: 0x08 unsigned byte, the only one accepted here
 *   byte 3    number of dimensions
 *   byte 4... the extents, big-endian 32-bit each, then the values row-major
 */
#ifndef LOCKSTEP_DATA_IDX_H
#define LOCKSTEP_DATA_IDX_H

#include <stdint.h>

#include "base/status.h"

/* The IDX files of a dataset. */
typedef struct {
    const char *train_images, *train_labels, *test_images, *test_labels;
} IdxFiles;

/* Writes them as a dataset file: /train/images (N, rows, columns) uint8, /train/labels (N), /test/images, /test/labels.
 * Counts of images and labels must agree, and the image sizes of both parts. Local. STATUS_NO_INPUT: a file is missing;
 * STATUS_DATA: wrong magic, type or dimensions, truncated, bytes after the end, damaged gzip, counts that disagree;
 * STATUS_CANT_CREATE, STATUS_IO for out. Nothing is left at out on failure, and a file that was there stays as it was.
 */
MUST_CHECK Status idx_import(const IdxFiles *files, const char *out);

#endif
