/* make_dataset VARIANT FILE: a small dataset for the tests of the whole program, good or wrong in one way.
 *
 *   good          211 training and 97 test images of 8x8 uint8, 10 classes that can be learnt
 *   odd           the same at /images and /held/out/images, with int64 labels at /digits and /held/out/digits
 *   float         the same rows, images of 5x7 float32 between -3 and 5
 *   flat          the rows of good, images of 64 uint8
 *   not-finite    as float, value 4 of training row 30 is not a number
 *   constant      all pixels are 7
 *   constant-float  images of float32, all pixels are 0.1
 *   narrow        images of float32, all pixels are 0 but one, which is the least float there is
 *   counts        one training label too few
 *   label         the label of training row 17 is 10
 *   float-labels  test labels are float64
 *   shape         test images are of 8x7
 *   relabelled    as good, but for the label of training row 100
 *   retouched     as good, but for one pixel of training row 100
 *   empty         no dataset at all
 */
#include <hdf5.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CLASSES = 10, MOST_ROWS = 211, MOST_FEATURES = 64 };

static const struct {
    const char *images, *labels, *odd_images, *odd_labels;
    hsize_t rows;
} parts[2] = {{"/train/images", "/train/labels", "/images", "/digits", MOST_ROWS},
              {"/test/images", "/test/labels", "/held/out/images", "/held/out/digits", 97}};

static const char *variant;

static int is(const char *name)
{
    return strcmp(variant, name) == 0;
}

static void fail(const char *what)
{
    fprintf(stderr, "make_dataset %s: %s\n", variant, what);
    exit(1);
}

static int label_of(int part, hsize_t row)
{
    return (int)((row * 7 + (hsize_t)part * 3) % CLASSES);
}

/* Each class has bright pixels of its own; noise is everywhere but for some pixels that are always 0. */
static uint8_t pixel_of(int part, hsize_t row, unsigned i)
{
    static uint32_t noise = 1;
    noise = noise * 1664525u + 1013904223u;
    if (is("constant")) return 7;
    if (i % 5 == 3) return 0;
    const unsigned c = (unsigned)label_of(part, row);
    return (uint8_t)(1 + (noise >> 25) + ((i * (c + 3) + i / 7) % CLASSES < 3 ? 110 : 0));
}

static void put(hid_t file, const char *name, hid_t type, int dimensions, const hsize_t *extent, hid_t memory,
                const void *values)
{
    const hid_t space = H5Screate_simple(dimensions, extent, NULL), links = H5Pcreate(H5P_LINK_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    const hid_t id = H5Dcreate2(file, name, type, space, links, H5P_DEFAULT, H5P_DEFAULT);
    if (id < 0 || H5Dwrite(id, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0) fail("cannot write");
    H5Dclose(id);
    H5Pclose(links);
    H5Sclose(space);
}

static void put_images(hid_t file, int part)
{
    static uint8_t bytes[MOST_ROWS * MOST_FEATURES];
    static float floats[MOST_ROWS * MOST_FEATURES];
    const int is_float = is("float") || is("not-finite") || is("constant-float") || is("narrow");
    const hsize_t narrow = is_float || (is("shape") && part == 1) ? 7 : 8;
    const hsize_t extent[3] = {parts[part].rows, is_float ? 5 : 8, narrow}, features = extent[1] * extent[2];
    for (hsize_t row = 0; row < extent[0]; row++)
        for (hsize_t i = 0; i < features; i++) {
            bytes[row * features + i] = pixel_of(part, row, (unsigned)i);
            floats[row * features + i] = (float)bytes[row * features + i] / 30.0f - 3.0f;
        }
    for (hsize_t i = 0; i < extent[0] * features; i++) {
        if (is("constant-float")) floats[i] = 0.1f;
        if (is("narrow")) floats[i] = i == 11 ? 0x1p-149f : 0.0f;
    }
    if (is("retouched") && part == 0) bytes[100 * features] ^= 1;
    if (is("not-finite") && part == 0) floats[30 * features + 4] = NAN;
    const hsize_t flat[2] = {extent[0], features};
    const char *name = is("odd") ? parts[part].odd_images : parts[part].images;
    if (is_float)
        put(file, name, H5T_IEEE_F32LE, 3, extent, H5T_NATIVE_FLOAT, floats);
    else if (is("flat"))
        put(file, name, H5T_STD_U8LE, 2, flat, H5T_NATIVE_UINT8, bytes);
    else
        put(file, name, H5T_STD_U8LE, 3, extent, H5T_NATIVE_UINT8, bytes);
}

static void put_labels(hid_t file, int part)
{
    int labels[MOST_ROWS];
    const hsize_t rows = parts[part].rows - (is("counts") && part == 0);
    for (hsize_t row = 0; row < rows; row++) labels[row] = label_of(part, row);
    if (is("label") && part == 0) labels[17] = CLASSES;
    if (is("relabelled") && part == 0) labels[100] = (labels[100] + 1) % CLASSES;
    hid_t type = H5T_STD_U8LE;
    if (is("float-labels") && part == 1) type = H5T_IEEE_F64LE;
    if (is("odd")) type = H5T_STD_I64BE;
    put(file, is("odd") ? parts[part].odd_labels : parts[part].labels, type, 1, &rows, H5T_NATIVE_INT, labels);
}

int main(int argc, char **argv)
{
    static const char *const variants[] = {
        "good",  "odd",        "float", "not-finite",     "constant", "counts",    "label", "float-labels",
        "shape", "relabelled", "empty", "constant-float", "narrow",   "retouched", "flat"};
    if (argc != 3) return 64;
    variant = argv[1];
    size_t known = 0;
    while (known < sizeof variants / sizeof *variants && !is(variants[known])) known++;
    if (known == sizeof variants / sizeof *variants) fail("no such variant");
    const hid_t file = H5Fcreate(argv[2], H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (file < 0) fail("cannot create the file");
    for (int part = 0; part < 2 && !is("empty"); part++) {
        put_images(file, part);
        put_labels(file, part);
    }
    return H5Fclose(file) < 0;
}
