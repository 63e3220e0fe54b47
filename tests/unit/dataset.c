/* src/data/dataset: which files are taken as they are, and how others are refused. */
#include <math.h>

#include "dataset_file.h"

static const float floats[ROWS * FEATURES] = {0.5f, -1, 2, 3};

/* The status of opening the file with this content in it, and of reading all of that part. */
static Status try(Part part, bool is_images, const Content *content)
{
    Dataset *dataset;
    Samples samples;
    Status st = open_file(make("try.h5", part, is_images, content), &dataset);
    if (st != STATUS_OK) {
        CU_ASSERT_PTR_NULL(dataset);
        return st;
    }
    st = samples_init(&samples, dataset, part, 0, ROWS);
    CU_ASSERT(st == STATUS_OK || (!samples.pixels && !samples.label && !samples.row && samples.count == 0));
    samples_free(&samples);
    dataset_close(dataset);
    return st;
}

static void rows_carry_pixels_labels_and_their_number(void)
{
    Dataset *dataset;
    Samples samples;
    uint64_t extent[H5FILE_MAX_DIMENSIONS];
    CU_ASSERT_EQUAL_FATAL(open_file(make("good.h5", PART_TRAIN, true, NULL), &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_rows(dataset, PART_TRAIN), ROWS);
    CU_ASSERT_EQUAL(dataset_rows(dataset, PART_TEST), ROWS);
    CU_ASSERT_EQUAL(dataset_features(dataset), FEATURES);
    CU_ASSERT_EQUAL(dataset_kind(dataset), ELEMENT_UINT8);
    CU_ASSERT_EQUAL(dataset_classes(dataset), 10);
    CU_ASSERT_EQUAL(dataset_shape(dataset, extent), 2);
    CU_ASSERT(extent[0] == SIDE && extent[1] == SIDE);
    CU_ASSERT_EQUAL_FATAL(samples_init(&samples, dataset, PART_TEST, 1, 3), STATUS_OK);
    CU_ASSERT_EQUAL(samples.count, 3);
    CU_ASSERT_EQUAL(samples.features, FEATURES);
    CU_ASSERT_EQUAL(memcmp(samples.pixels, pixels + FEATURES, (size_t)3 * FEATURES), 0);
    for (uint32_t i = 0; i < 3; i++) {
        CU_ASSERT_EQUAL(samples.label[i], labels[1 + i]);
        CU_ASSERT_EQUAL(samples.row[i], 1 + i);
    }
    samples_free(&samples);
    dataset_close(dataset);
}

static void an_empty_share_is_read(void)
{
    Dataset *dataset;
    Samples samples;
    CU_ASSERT_EQUAL_FATAL(open_file(make("good.h5", PART_TRAIN, true, NULL), &dataset), STATUS_OK);
    for (uint32_t first = 0; first <= ROWS; first += ROWS) {
        CU_ASSERT_EQUAL(samples_init(&samples, dataset, PART_TRAIN, first, 0), STATUS_OK);
        CU_ASSERT_EQUAL(samples.count, 0);
        samples_free(&samples);
    }
    samples_free(&samples);
    dataset_close(dataset);
    dataset_close(NULL);
}

static void other_people_s_files_load_as_they_are(void)
{
    const Content good_labels[] = {
        {NULL, H5T_STD_I64BE, H5T_NATIVE_INT64, 1, {ROWS}, labels, false},
        {NULL, H5T_STD_U64LE, H5T_NATIVE_INT64, 1, {ROWS}, labels, false},
        {NULL, H5T_STD_I8LE, H5T_NATIVE_INT64, 2, {ROWS, 1}, labels, true},
        {NULL, H5T_STD_U16BE, H5T_NATIVE_INT64, 1, {ROWS}, labels, true},
    };
    for (size_t i = 0; i < sizeof good_labels / sizeof *good_labels; i++) {
        Dataset *dataset;
        uint32_t label[ROWS];
        CU_ASSERT_EQUAL_FATAL(open_file(make("good.h5", PART_TEST, false, &good_labels[i]), &dataset), STATUS_OK);
        CU_ASSERT_EQUAL(dataset_read_labels(dataset, PART_TEST, 0, ROWS, label), STATUS_OK);
        for (int j = 0; j < ROWS; j++) CU_ASSERT_EQUAL(label[j], labels[j]);
        dataset_close(dataset);
    }
    const Content images = {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, {ROWS, SIDE, SIDE}, pixels, true};
    CU_ASSERT_EQUAL(try(PART_TRAIN, true, &images), STATUS_OK);
}

/* Flat float images under odd names. */
static void float_images_of_any_shape_and_path_are_read(void)
{
    const char *path = scratch_path("float.h5");
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const Content content[] = {
        {"X train (é)", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, 2, {ROWS, FEATURES}, floats, true},
        {"y", H5T_STD_I32LE, H5T_NATIVE_INT64, 1, {ROWS}, labels, false},
        {"deep/er/X", H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 2, {ROWS, FEATURES}, floats, false},
    };
    for (size_t i = 0; i < sizeof content / sizeof *content; i++) put(file, &content[i]);
    H5Fclose(file);
    const DatasetSource source = {path, {"X train (é)", "/deep/er/X"}, {"/y", "y"}, 10, NULL, NULL, 0};
    Dataset *dataset;
    Samples samples;
    CU_ASSERT_EQUAL_FATAL(dataset_open(&source, &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_kind(dataset), ELEMENT_FLOAT32);
    CU_ASSERT_EQUAL_FATAL(samples_init(&samples, dataset, PART_TRAIN, 0, ROWS), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(samples.pixels, floats, sizeof floats), 0);
    samples_free(&samples);
    dataset_close(dataset);
}

static void labels_out_of_range_are_named_with_their_row(void)
{
    const int64_t bad[][ROWS] = {{0, 1, 2, 10, 4}, {0, 1, 2, -1, 4}, {0, 1, 2, INT64_MIN, 4}, {0, 1, 2, 1ll << 32, 4}};
    const char *const text[] = {"label 10 in row 3 of \"/train/labels\" is outside [0, 10)", "label -1 in row 3",
                                "label -9223372036854775808 in row 3", "label 4294967296 in row 3"};
    for (size_t i = 0; i < 4; i++) {
        const Content content = {NULL, H5T_STD_I64LE, H5T_NATIVE_INT64, 1, {ROWS}, bad[i], false};
        CU_ASSERT_EQUAL(try(PART_TRAIN, false, &content), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(text[i]);
        CU_ASSERT_MESSAGE_HAS("try.h5");
    }
    const uint64_t large[ROWS] = {0, 0, 0, 0, UINT64_MAX};
    const Content content = {NULL, H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, {ROWS}, large, false};
    CU_ASSERT_EQUAL(try(PART_TEST, false, &content), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("row 4 is 18446744073709551615");
}

/* A row number counts from the file's first row, in the second block of a read that starts later too. */
static void a_bad_label_in_a_later_block_is_named_rightly(void)
{
    enum { MANY = 150000, BAD = 140000 };
    static uint8_t many_pixels[MANY], many_labels[MANY];
    memset(many_labels, 1, MANY);
    many_labels[7] = 2;
    many_labels[BAD] = 77;
    const char *path = scratch_path("many.h5");
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    for (int p = 0; p < 2; p++) {
        put(file, &(Content){defaults.images[p], H5T_STD_U8LE, H5T_NATIVE_UINT8, 2, {MANY, 1}, many_pixels, false});
        put(file, &(Content){defaults.labels[p], H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, {MANY}, many_labels, false});
    }
    H5Fclose(file);
    Dataset *dataset;
    static uint32_t label[MANY];
    CU_ASSERT_EQUAL_FATAL(open_file(path, &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_read_labels(dataset, PART_TRAIN, 5, BAD - 5, label), STATUS_OK);
    CU_ASSERT(label[2] == 2 && label[BAD - 6] == 1);
    CU_ASSERT_EQUAL(dataset_read_labels(dataset, PART_TRAIN, 5, BAD - 4, label), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("label 77 in row 140000 ");
    dataset_close(dataset);
}

static void labels_of_other_types_and_shapes_are_refused(void)
{
    const float real[ROWS] = {0};
    const Content content[] = {
        {NULL, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 1, {ROWS}, real, false},
        {NULL, H5T_IEEE_F64LE, H5T_NATIVE_FLOAT, 1, {ROWS}, real, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 2, {ROWS, 2}, pixels, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, {ROWS - 1}, pixels, false},
        {"", 0, 0, 0, {0}, NULL, false},
    };
    const char *const text[] = {"labels must be integers; \"/test/labels\" is float32",
                                "labels must be integers; \"/test/labels\" is float64", "have the shape 5x2",
                                "has 4 labels, but \"/test/images\" has 5 images", "data.test_labels names it"};
    for (size_t i = 0; i < sizeof content / sizeof *content; i++) {
        CU_ASSERT_EQUAL(try(PART_TEST, false, &content[i]), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(text[i]);
    }
}

static void images_of_other_types_and_shapes_are_refused(void)
{
    const Content content[] = {
        {NULL, H5T_IEEE_F64LE, H5T_NATIVE_FLOAT, 3, {ROWS, SIDE, SIDE}, floats, false},
        {NULL, H5T_STD_I16LE, H5T_NATIVE_UINT8, 3, {ROWS, SIDE, SIDE}, pixels, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, {ROWS}, pixels, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 2, {ROWS, FEATURES}, pixels, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, {ROWS, SIDE, 1}, pixels, false},
        {NULL, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 3, {ROWS, SIDE, SIDE}, floats, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, {0, SIDE, SIDE}, pixels, false},
        {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, {ROWS, 0, SIDE}, pixels, false},
        {"", 0, 0, 0, {0}, NULL, false},
    };
    const char *const text[] = {"\"/test/images\" are float64; they must be uint8 or float32",
                                "are int16; they must be",
                                "have 1 dimension",
                                "uint8 of 2x2, but test images \"/test/images\" are uint8 of 4",
                                "are uint8 of 2x1",
                                "are float32 of 2x2",
                                "have 0 rows",
                                "are of 0x2",
                                "data.test_images names it"};
    for (size_t i = 0; i < sizeof content / sizeof *content; i++) {
        CU_ASSERT_EQUAL(try(PART_TEST, true, &content[i]), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(text[i]);
    }
}

static void values_that_are_not_finite_are_named(void)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const char *const text[] = {"is nan", "is inf", "is -inf"};
    for (int i = 0; i < 3; i++) {
        float values[ROWS * FEATURES] = {0};
        values[2 * FEATURES + 3] = bad[i];
        const char *path = scratch_path("finite.h5");
        const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
        for (int p = 0; p < 2; p++) {
            put(file,
                &(Content){defaults.images[p], H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, 2, {ROWS, FEATURES}, values, false});
            put(file, &(Content){defaults.labels[p], H5T_STD_U8LE, H5T_NATIVE_INT64, 1, {ROWS}, labels, false});
        }
        H5Fclose(file);
        Dataset *dataset;
        Samples samples;
        CU_ASSERT_EQUAL_FATAL(open_file(path, &dataset), STATUS_OK);
        CU_ASSERT_EQUAL(samples_init(&samples, dataset, PART_TRAIN, 0, 2), STATUS_OK);
        samples_free(&samples);
        CU_ASSERT_EQUAL(samples_init(&samples, dataset, PART_TRAIN, 1, 2), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("value 3 of the image in row 2 of \"/train/images\"");
        CU_ASSERT_MESSAGE_HAS(text[i]);
        CU_ASSERT_PTR_NULL(samples.pixels);
        dataset_close(dataset);
    }
}

static void a_missing_file_is_no_input(void)
{
    Dataset *dataset;
    CU_ASSERT_EQUAL(open_file(scratch_path("absent.h5"), &dataset), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("absent.h5\": No such file");
    CU_ASSERT_PTR_NULL(dataset);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(rows_carry_pixels_labels_and_their_number),    UNIT(an_empty_share_is_read),
        UNIT(other_people_s_files_load_as_they_are),        UNIT(float_images_of_any_shape_and_path_are_read),
        UNIT(labels_out_of_range_are_named_with_their_row), UNIT(a_bad_label_in_a_later_block_is_named_rightly),
        UNIT(labels_of_other_types_and_shapes_are_refused), UNIT(images_of_other_types_and_shapes_are_refused),
        UNIT(values_that_are_not_finite_are_named),         UNIT(a_missing_file_is_no_input),
    };
    return UNIT_RUN("dataset", tests);
}
