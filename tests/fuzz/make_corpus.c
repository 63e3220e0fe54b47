/* Writes the inputs of the corpus that are made and not kept: small HDF5 datasets, of each way of storing things that
 * HDF5 has and we read, and a checkpoint. usage: make_corpus DIRECTORY; makes dataset/ and checkpoint/ in it. */
#include <hdf5.h>
#include <string.h>
#include <sys/stat.h>

#include "base/memory.h"
#include "rundir/checkpoint.h"
#include "target.h"

enum { ROWS = 12, SIDE = 3, PIXELS = ROWS * SIDE * SIDE, PATH_SIZE = 4096 };

/* How a dataset is stored. */
typedef struct {
    const char *name;
    H5F_libver_t format;
    H5D_layout_t layout;
    bool filters, floats, resizable;
    hid_t labels;
    hsize_t user_block; /* bytes before HDF5's */
} Variant;

static hid_t creation_of(const Variant *variant, int dimensions)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    const hsize_t chunk[] = {5, 2, SIDE};
    H5Pset_layout(creation, variant->layout);
    if (variant->layout == H5D_CHUNKED) H5Pset_chunk(creation, dimensions, chunk);
    if (variant->filters) {
        H5Pset_shuffle(creation);
        H5Pset_deflate(creation, 9);
        H5Pset_fletcher32(creation);
    }
    return creation;
}

static void put(hid_t file, const Variant *variant, const char *name, hid_t type, hid_t memory_type, int dimensions,
                const void *values)
{
    const hsize_t extent[] = {ROWS, SIDE, SIDE}, most[] = {H5S_UNLIMITED, H5S_UNLIMITED, SIDE};
    const hid_t space = H5Screate_simple(dimensions, extent, variant->resizable ? most : NULL);
    const hid_t creation = creation_of(variant, dimensions), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t id = H5Dcreate2(file, name, type, space, links, creation, H5P_DEFAULT);
    ALWAYS(id >= 0 && H5Dwrite(id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    const hid_t one = H5Screate(H5S_SCALAR);
    const hid_t note = H5Acreate2(id, "note", H5T_STD_I32BE, one, H5P_DEFAULT, H5P_DEFAULT);
    ALWAYS(H5Awrite(note, H5T_NATIVE_INT, &(int){dimensions}) >= 0);
    H5Aclose(note);
    H5Sclose(one);
    H5Dclose(id);
    H5Pclose(links);
    H5Pclose(creation);
    H5Sclose(space);
}

static void make_dataset(const char *directory, const Variant *variant)
{
    float pixels[PIXELS];
    int labels[ROWS];
    for (int i = 0; i < PIXELS; i++) pixels[i] = (float)(i % 251);
    for (int i = 0; i < ROWS; i++) labels[i] = i % 10;
    char path[PATH_SIZE];
    snprintf(path, sizeof path, "%.3900s/%s.h5", directory, variant->name);
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_libver_bounds(access, variant->format, H5F_LIBVER_LATEST);
    const hid_t whole = H5Pcreate(H5P_FILE_CREATE);
    H5Pset_userblock(whole, variant->user_block);
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, whole, access);
    const hid_t type = variant->floats ? H5T_IEEE_F32BE : H5T_STD_U8LE;
    for (int part = 0; part < 2; part++) {
        put(file, variant, dataset_default_images[part], type, H5T_NATIVE_FLOAT, 3, pixels);
        put(file, variant, dataset_default_labels[part], variant->labels, H5T_NATIVE_INT, 1, labels);
    }
    ALWAYS(H5Fclose(file) >= 0);
    H5Pclose(access);
    H5Pclose(whole);
}

/* 4-2-3 with momentum; every value but the shapes' is 0. */
static void make_checkpoint(const char *directory)
{
    Checkpoint c = {.image_dimensions = 2,
                    .image_extent = {2, 2},
                    .pixels = ELEMENT_UINT8,
                    .scaling = {.kind = SCALING_UNIT},
                    .step = 3,
                    .steps_per_epoch = 2,
                    .versions = checkpoint_versions(""),
                    .config = "data = { file = \"a.h5\"; };\n"};
    float *values;
    char path[PATH_SIZE];
    ALWAYS(network_init(&c.network, 4, (const size_t[]){2}, 1, 3, ACTIVATION_RELU) == STATUS_OK);
    ALWAYS(memory_new(&values, c.network.floats, "a checkpoint") == STATUS_OK);
    c.parameter = c.velocity = values;
    ALWAYS(network_digest_vector(&c.network, values, &c.model) == STATUS_OK);
    c.optimizer = c.model;
    snprintf(path, sizeof path, "%.3900s/small.h5", directory);
    ALWAYS(checkpoint_write(&c, path) == STATUS_OK);
    memory_free(values);
}

int main(int argc, char **argv)
{
    const Variant variants[] = {
        {"old-contiguous", H5F_LIBVER_EARLIEST, H5D_CONTIGUOUS, false, false, false, H5T_STD_U8LE, 0},
        {"old-user-block", H5F_LIBVER_EARLIEST, H5D_CONTIGUOUS, false, false, false, H5T_STD_U8LE, 512},
        {"old-chunked", H5F_LIBVER_EARLIEST, H5D_CHUNKED, true, false, false, H5T_STD_I64BE, 0},
        {"old-compact-float", H5F_LIBVER_EARLIEST, H5D_COMPACT, false, true, false, H5T_STD_U16LE, 0},
        {"new-contiguous", H5F_LIBVER_LATEST, H5D_CONTIGUOUS, false, false, false, H5T_STD_U8LE, 0},
        {"new-chunked", H5F_LIBVER_LATEST, H5D_CHUNKED, true, false, false, H5T_STD_U8LE, 0},
        {"new-resizable", H5F_LIBVER_LATEST, H5D_CHUNKED, true, true, true, H5T_STD_I32LE, 0},
    };
    if (argc != 2) return 64;
    char directory[PATH_SIZE];
    mkdir(argv[1], 0777);
    snprintf(directory, sizeof directory, "%.4000s/dataset", argv[1]);
    mkdir(directory, 0777);
    for (size_t i = 0; i < sizeof variants / sizeof *variants; i++) make_dataset(directory, &variants[i]);
    snprintf(directory, sizeof directory, "%.4000s/checkpoint", argv[1]);
    mkdir(directory, 0777);
    make_checkpoint(directory);
    return 0;
}
