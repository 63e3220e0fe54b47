#include "data/dataset.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "base/sha256.h"
#include "base/text.h"

enum { LABEL_BLOCK = 1 << 13, FEATURES_LIMIT = 1 << 24, PARTS = 2 };

const char *const dataset_part_name[2] = {"train", "test"};
const char *const dataset_default_images[2] = {"/train/images", "/test/images"};
const char *const dataset_default_labels[2] = {"/train/labels", "/test/labels"};

struct Dataset {
    H5File *file;                        /* owned */
    char *name;                          /* of the file; owned */
    char *images[PARTS], *labels[PARTS]; /* paths in it; owned */
    uint32_t classes;
    uint32_t rows[PARTS];
    size_t features;
    H5Info shape; /* of the training images */
};

/* Looks at a dataset; if it is not there, the message says which setting names it. */
static Status look(Dataset *dataset, const char *path, Part part, const char *what, H5Info *info)
{
    const Status st = h5file_info(dataset->file, path, info);
    if (st != STATUS_DATA) return st;
    return status_fail(st, "%s (data.%s_%s names it)", status_message(), dataset_part_name[part], what);
}

static Status check_images(Dataset *dataset, Part part, H5Info *info)
{
    const char *path = dataset->images[part];
    Status st = look(dataset, path, part, "images", info);
    if (st != STATUS_OK) return st;
    if (info->kind != ELEMENT_UINT8 && info->kind != ELEMENT_FLOAT32)
        return status_fail(STATUS_DATA, "\"%s\": images \"%s\" are %s; they must be uint8 or float32", dataset->name,
                           path, info->type_text);
    if (info->dimensions < 2)
        return status_fail(STATUS_DATA, "\"%s\": images \"%s\" have 1 dimension; at least 2 are needed, (rows, ...)",
                           dataset->name, path);
    if (info->extent[0] < 1 || info->extent[0] > UINT32_MAX)
        return status_fail(STATUS_DATA, "\"%s\": images \"%s\" have %" PRIu64 " rows; 1 to 4294967295 are needed",
                           dataset->name, path, info->extent[0]);
    uint64_t features = 1;
    for (int i = 1; i < info->dimensions; i++)
        if (__builtin_mul_overflow(features, info->extent[i], &features)) features = UINT64_MAX;
    char shape[H5FILE_SHAPE_TEXT];
    if (features < 1 || features > FEATURES_LIMIT)
        return status_fail(STATUS_DATA, "\"%s\": images \"%s\" are of %s; an image needs 1 to %d values", dataset->name,
                           path, h5info_shape(info, 1, "x", shape), FEATURES_LIMIT);
    return STATUS_OK;
}

static Status check_labels(Dataset *dataset, Part part, const H5Info *images)
{
    const char *path = dataset->labels[part];
    H5Info info;
    char shape[H5FILE_SHAPE_TEXT];
    Status st = look(dataset, path, part, "labels", &info);
    if (st != STATUS_OK) return st;
    if (info.kind != ELEMENT_INTEGER && info.kind != ELEMENT_UINT8)
        return status_fail(STATUS_DATA, "\"%s\": labels must be integers; \"%s\" is %s", dataset->name, path,
                           info.type_text);
    if (info.dimensions > 2 || (info.dimensions == 2 && info.extent[1] != 1))
        return status_fail(STATUS_DATA,
                           "\"%s\": labels \"%s\" have the shape %s; one class number a row is needed, not one-hot",
                           dataset->name, path, h5info_shape(&info, 0, "x", shape));
    if (info.extent[0] != images->extent[0])
        return status_fail(STATUS_DATA, "\"%s\": \"%s\" has %" PRIu64 " labels, but \"%s\" has %" PRIu64 " images",
                           dataset->name, path, info.extent[0], dataset->images[part], images->extent[0]);
    return STATUS_OK;
}

static Status check_parts_agree(const Dataset *dataset, const H5Info info[PARTS])
{
    const H5Info *train = &info[PART_TRAIN], *test = &info[PART_TEST];
    const size_t image = sizeof *train->extent * (H5FILE_MAX_DIMENSIONS - 1);
    if (train->kind == test->kind && train->dimensions == test->dimensions &&
        memcmp(train->extent + 1, test->extent + 1, image) == 0)
        return STATUS_OK;
    char a[H5FILE_SHAPE_TEXT], b[H5FILE_SHAPE_TEXT];
    return status_fail(STATUS_DATA, "\"%s\": training images \"%s\" are %s of %s, but test images \"%s\" are %s of %s",
                       dataset->name, dataset->images[PART_TRAIN], train->type_text, h5info_shape(train, 1, "x", a),
                       dataset->images[PART_TEST], test->type_text, h5info_shape(test, 1, "x", b));
}

static Status check(Dataset *dataset)
{
    H5Info images[PARTS];
    for (int part = 0; part < PARTS; part++) {
        Status st = check_images(dataset, (Part)part, &images[part]);
        if (st == STATUS_OK) st = check_labels(dataset, (Part)part, &images[part]);
        if (st != STATUS_OK) return st;
        dataset->rows[part] = (uint32_t)images[part].extent[0];
    }
    dataset->shape = images[PART_TRAIN];
    dataset->features = 1;
    for (int i = 1; i < dataset->shape.dimensions; i++) dataset->features *= dataset->shape.extent[i];
    return check_parts_agree(dataset, images);
}

/* Every rank reads the file that it will open: it may be the node's own. */
static Status check_bytes(const DatasetSource *source)
{
    char hex[SHA256_HEX_SIZE];
    if (!source->sha256 || !*source->sha256) return STATUS_OK;
    const Status st = sha256_of_file(source->file, "HDF5 file", hex);
    if (st != STATUS_OK || strcmp(hex, source->sha256) == 0) return st;
    return status_fail(
        STATUS_DATA,
        "\"%s\" is not the file that data.sha256 asks for: its SHA-256 is %s, not %s; copy it again, or if "
        "it is meant, set data.sha256 to its own (\"lockstep inspect\" prints it)",
        source->file, hex, source->sha256);
}

Status dataset_open(const DatasetSource *source, Dataset **dataset)
{
    *dataset = NULL;
    Dataset *opened;
    Status st = memory_new(&opened, 1, "a dataset's handle");
    if (st != STATUS_OK) return st;
    opened->classes = source->classes;
    st = text_copy(&opened->name, source->file);
    for (int part = 0; part < PARTS && st == STATUS_OK; part++) {
        st = text_copy(&opened->images[part], source->images[part]);
        if (st == STATUS_OK) st = text_copy(&opened->labels[part], source->labels[part]);
    }
    if (st == STATUS_OK) st = check_bytes(source);
    if (st == STATUS_OK)
        st = source->image ? h5image_open(opened->name, source->image, source->image_size, &opened->file)
                           : h5file_open(opened->name, &opened->file);
    if (st == STATUS_OK) st = check(opened);
    if (st == STATUS_OK)
        *dataset = opened;
    else
        dataset_close(opened);
    return st;
}

void dataset_close(Dataset *dataset)
{
    if (!dataset) return;
    h5file_close(dataset->file);
    for (int part = 0; part < PARTS; part++) {
        memory_free(dataset->images[part]);
        memory_free(dataset->labels[part]);
    }
    memory_free(dataset->name);
    memory_free(dataset);
}

uint32_t dataset_rows(const Dataset *dataset, Part part)
{
    return dataset->rows[part];
}

size_t dataset_features(const Dataset *dataset)
{
    return dataset->features;
}

ElementKind dataset_kind(const Dataset *dataset)
{
    return dataset->shape.kind;
}

uint32_t dataset_classes(const Dataset *dataset)
{
    return dataset->classes;
}

int dataset_shape(const Dataset *dataset, uint64_t extent[H5FILE_MAX_DIMENSIONS])
{
    for (int i = 1; i < dataset->shape.dimensions; i++) extent[i - 1] = dataset->shape.extent[i];
    return dataset->shape.dimensions - 1;
}

/* In blocks, so that the 64-bit values take 64 KiB, and HDF5 as much to convert them. */
Status dataset_read_labels(Dataset *dataset, Part part, uint32_t first, uint32_t count, uint32_t *label)
{
    assert(first <= dataset->rows[part] && count <= dataset->rows[part] - first);
    int64_t *block;
    Status st = memory_new(&block, LABEL_BLOCK, "a block of labels");
    for (uint32_t done = 0, size; st == STATUS_OK && done < count; done += size) {
        size = count - done < LABEL_BLOCK ? count - done : LABEL_BLOCK;
        st = h5file_read_integer(dataset->file, dataset->labels[part], first + done, size, block);
        for (uint32_t i = 0; st == STATUS_OK && i < size; i++) {
            if (block[i] < 0 || block[i] >= dataset->classes)
                st = status_fail(STATUS_DATA,
                                 "\"%s\": label %" PRId64 " in row %" PRIu32 " of \"%s\" is outside [0, %" PRIu32
                                 "), the classes there are (data.classes)",
                                 dataset->name, block[i], first + done + i, dataset->labels[part], dataset->classes);
            else
                label[done + i] = (uint32_t)block[i];
        }
    }
    memory_free(block);
    return st;
}

size_t samples_finite(const Samples *samples)
{
    const float *pixel = samples->pixels;
    size_t i = 0;
    while (i < samples->count * samples->features && isfinite(pixel[i])) i++;
    return i;
}

Status samples_check_finite(const Samples *samples, const char *file, const char *images)
{
    const size_t i = samples_finite(samples);
    if (i == samples->count * samples->features) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "\"%s\": value %zu of the image in row %" PRIu32 " of \"%s\" is %s; values must be finite", file,
                       i % samples->features, samples->row[i / samples->features], images,
                       text_not_finite((double)((const float *)samples->pixels)[i]));
}

static Status read_images(Samples *samples, Dataset *dataset, Part part, uint32_t first)
{
    const char *path = dataset->images[part];
    const size_t size = samples->kind == ELEMENT_UINT8 ? sizeof(uint8_t) : sizeof(float);
    size_t values;
    if (__builtin_mul_overflow(samples->count, samples->features, &values)) values = SIZE_MAX;
    samples->pixels = memory_get(values, size, path);
    if (!samples->pixels) return STATUS_INTERNAL;
    if (samples->kind == ELEMENT_UINT8)
        return h5file_read_uint8(dataset->file, path, first, samples->count, samples->pixels);
    const Status st = h5file_read_float32(dataset->file, path, first, samples->count, samples->pixels);
    return st == STATUS_OK ? samples_check_finite(samples, dataset->name, path) : st;
}

Status samples_init(Samples *samples, Dataset *dataset, Part part, uint32_t first, uint32_t count)
{
    assert(first <= dataset->rows[part] && count <= dataset->rows[part] - first);
    *samples = (Samples){.count = count, .features = dataset->features, .kind = dataset->shape.kind};
    Status st = memory_new(&samples->label, count, "labels");
    if (st == STATUS_OK) st = memory_new(&samples->row, count, "row numbers");
    for (uint32_t i = 0; st == STATUS_OK && i < count; i++) samples->row[i] = first + i;
    if (st == STATUS_OK) st = dataset_read_labels(dataset, part, first, count, samples->label);
    if (st == STATUS_OK) st = read_images(samples, dataset, part, first);
    if (st != STATUS_OK) samples_free(samples);
    return st;
}

void samples_free(Samples *samples)
{
    memory_free(samples->pixels);
    memory_free(samples->label);
    memory_free(samples->row);
    *samples = (Samples){0};
}
