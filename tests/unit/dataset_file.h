/* For tests of datasets: a small good file, in which one of the four arrays may be another. */
#ifndef LOCKSTEP_TESTS_DATASET_FILE_H
#define LOCKSTEP_TESTS_DATASET_FILE_H

#include <hdf5.h>

#include "data/dataset.h"
#include "scratch.h"
#include "unit.h"

enum { ROWS = 5, SIDE = 2, FEATURES = SIDE * SIDE };

static const DatasetSource defaults = {
    .images = {"/train/images", "/test/images"}, .labels = {"/train/labels", "/test/labels"}, .classes = 10};

/* What one dataset of a file is made of. */
typedef struct {
    const char *name;
    hid_t type, memory_type;
    int dimensions;
    hsize_t extent[4];
    const void *values;
    bool compressed;
} Content;

static const uint8_t pixels[ROWS * FEATURES] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 255};
static const int64_t labels[ROWS] = {0, 9, 3, 3, 1};

static inline void put(hid_t file, const Content *content)
{
    const hid_t space = H5Screate_simple(content->dimensions, content->extent, NULL);
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    if (content->compressed) {
        hsize_t chunk[4] = {2, 1, 1, 1};
        H5Pset_chunk(creation, content->dimensions, chunk);
        H5Pset_deflate(creation, 6);
    }
    const hid_t id = H5Dcreate2(file, content->name, content->type, space, links, creation, H5P_DEFAULT);
    CU_ASSERT(id >= 0);
    CU_ASSERT(H5Dwrite(id, content->memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, content->values) >= 0);
    H5Dclose(id);
    H5Pclose(links);
    H5Pclose(creation);
    H5Sclose(space);
}

/* A good dataset in which one of the four is replaced; NULL for none. An empty name leaves the one away. */
static inline const char *make(const char *name, Part part, bool is_images, const Content *other)
{
    const char *path = scratch_path(name);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (int p = 0; p < 2; p++) {
        Content content[2] = {
            {defaults.images[p], H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, {ROWS, SIDE, SIDE}, pixels, false},
            {defaults.labels[p], H5T_STD_U8LE, H5T_NATIVE_INT64, 1, {ROWS}, labels, false}};
        if (other && p == (int)part) content[is_images ? 0 : 1] = *other;
        for (int i = 0; i < 2; i++) {
            if (!content[i].name) content[i].name = i == 0 ? defaults.images[p] : defaults.labels[p];
            if (*content[i].name) put(file, &content[i]);
        }
    }
    H5Fclose(file);
    return path;
}

static inline Status open_file(const char *path, Dataset **dataset)
{
    DatasetSource source = defaults;
    source.file = path;
    return dataset_open(&source, dataset);
}

#endif
