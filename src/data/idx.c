#include "data/idx.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/source.h"
#include "hdf5/h5file.h"

enum { UNSIGNED_BYTE = 0x08, MOST_DIMENSIONS = 3 };

/* One file's content. */
typedef struct {
    int dimensions;
    uint64_t extent[MOST_DIMENSIONS];
    uint8_t *value; /* (extent[0], ...) row-major; owned */
} Idx;

static uint32_t big_endian(const uint8_t byte[4])
{
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* Is the file long enough for so many values behind its header of so many bytes? NULL: 2^64 of them, or more. */
static Status check_room(const Source *source, const char *path, uint64_t header, const uint64_t *count)
{
    bool exact;
    const uint64_t most = source_most(source, &exact), room = most < header ? 0 : most - header;
    if (count && *count <= room) return STATUS_OK;
    char promised[24] = "2^64 or more";
    if (count) snprintf(promised, sizeof promised, "%" PRIu64, *count);
    return status_fail(STATUS_DATA,
                       "\"%s\" is truncated, or its header is wrong: it promises %s values, but %s%" PRIu64
                       " bytes can hold them",
                       path, promised, exact ? "" : "at most ", room);
}

/* The extents, once the first four bytes are known to be right. *count = the number of values, which the file is long
 * enough for. */
static Status read_extents(Source *source, const char *path, Idx *idx, uint64_t *count)
{
    uint8_t bytes[4 * MOST_DIMENSIONS];
    const uint64_t header = 4 + 4 * (uint64_t)idx->dimensions;
    Status st = source_read(source, bytes, header - 4);
    if (st != STATUS_OK) return st;
    *count = 1;
    bool too_many = false;
    for (int i = 0; i < idx->dimensions; i++) {
        idx->extent[i] = big_endian(bytes + 4 * i);
        too_many |= __builtin_mul_overflow(*count, idx->extent[i], count);
    }
    for (int i = 0; i < idx->dimensions; i++)
        if (idx->extent[i] == 0)
            return status_fail(STATUS_DATA, "\"%s\" holds no values: an extent in its header is 0", path);
    return check_room(source, path, header, too_many ? NULL : count);
}

static Status read_header(Source *source, const char *path, const char *what, int dimensions, Idx *idx, uint64_t *count)
{
    uint8_t magic[4];
    Status st = source_read(source, magic, sizeof magic);
    if (st != STATUS_OK) return st;
    if (magic[0] != 0 || magic[1] != 0 || magic[3] == 0)
        return status_fail(STATUS_DATA, "\"%s\" is not an IDX file: it begins with %02x %02x %02x %02x", path, magic[0],
                           magic[1], magic[2], magic[3]);
    if (magic[2] != UNSIGNED_BYTE)
        return status_fail(STATUS_DATA, "\"%s\" has values of IDX type 0x%02x; only unsigned bytes (0x08) are read",
                           path, magic[2]);
    if (magic[3] != dimensions)
        return status_fail(STATUS_DATA, "\"%s\" has %d dimensions, but %s have %d: are the files exchanged?", path,
                           magic[3], what, dimensions);
    idx->dimensions = dimensions;
    return read_extents(source, path, idx, count);
}

/* On failure *idx holds nothing. */
static Status idx_read(const char *path, const char *what, int dimensions, Idx *idx)
{
    assert(dimensions <= MOST_DIMENSIONS);
    *idx = (Idx){0};
    Source *source;
    uint64_t count = 0;
    Status st = source_open(path, "IDX file", &source);
    if (st == STATUS_OK) st = read_header(source, path, what, dimensions, idx, &count);
    if (st == STATUS_OK) st = memory_new(&idx->value, count, what);
    if (st == STATUS_OK) st = source_read(source, idx->value, count);
    if (st == STATUS_OK) st = source_end(source);
    source_close(source);
    if (st != STATUS_OK) {
        memory_free(idx->value);
        *idx = (Idx){0};
    }
    return st;
}

static Status check_counts(const char *images_path, const Idx *images, const char *labels_path, const Idx *labels)
{
    if (images->extent[0] == labels->extent[0]) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" has %" PRIu64 " images, but \"%s\" has %" PRIu64 " labels", images_path,
                       images->extent[0], labels_path, labels->extent[0]);
}

static Status check_sizes(const IdxFiles *files, const Idx *train, const Idx *test)
{
    if (train->extent[1] == test->extent[1] && train->extent[2] == test->extent[2]) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" has images of %" PRIu64 "x%" PRIu64 ", but \"%s\" has %" PRIu64 "x%" PRIu64,
                       files->train_images, train->extent[1], train->extent[2], files->test_images, test->extent[1],
                       test->extent[2]);
}

static Status write_dataset(const char *out, const Idx images[2], const Idx labels[2])
{
    H5Writer *writer;
    Status st = h5file_create(out, &writer);
    for (int part = 0; part < 2 && st == STATUS_OK; part++) {
        st = h5file_write_uint8(writer, dataset_default_images[part], images[part].dimensions, images[part].extent,
                                images[part].value);
        if (st == STATUS_OK)
            st = h5file_write_uint8(writer, dataset_default_labels[part], 1, labels[part].extent, labels[part].value);
    }
    if (st == STATUS_OK) st = h5file_finish(writer);
    if (st != STATUS_OK) h5file_discard(writer);
    return st;
}

Status idx_import(const IdxFiles *files, const char *out)
{
    Idx images[2] = {{0}}, labels[2] = {{0}};
    Status st = idx_read(files->train_images, "images", 3, &images[PART_TRAIN]);
    if (st == STATUS_OK) st = idx_read(files->train_labels, "labels", 1, &labels[PART_TRAIN]);
    if (st == STATUS_OK) st = idx_read(files->test_images, "images", 3, &images[PART_TEST]);
    if (st == STATUS_OK) st = idx_read(files->test_labels, "labels", 1, &labels[PART_TEST]);
    if (st == STATUS_OK)
        st = check_counts(files->train_images, &images[PART_TRAIN], files->train_labels, &labels[PART_TRAIN]);
    if (st == STATUS_OK)
        st = check_counts(files->test_images, &images[PART_TEST], files->test_labels, &labels[PART_TEST]);
    if (st == STATUS_OK) st = check_sizes(files, &images[PART_TRAIN], &images[PART_TEST]);
    if (st == STATUS_OK) st = write_dataset(out, images, labels);
    for (int part = 0; part < 2; part++) {
        memory_free(images[part].value);
        memory_free(labels[part].value);
    }
    return st;
}
