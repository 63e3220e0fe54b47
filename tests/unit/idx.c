/* src/data/idx: MNIST comes in whole, and a damaged or wrong file leaves nothing behind. */
#include <sys/stat.h>
#include <zlib.h>

#include "data/dataset.h"
#include "data/idx.h"
#include "scratch.h"
#include "unit.h"

enum { SIDE = 3, HEADER = 16 };

/* An IDX file in memory. */
typedef struct {
    unsigned char byte[4096];
    size_t size;
} Bytes;

static void add_number(Bytes *bytes, uint32_t number)
{
    for (int shift = 24; shift >= 0; shift -= 8) bytes->byte[bytes->size++] = (unsigned char)(number >> shift);
}

static Bytes image_bytes(uint32_t count, uint32_t side)
{
    Bytes bytes = {.size = 0};
    add_number(&bytes, 0x0803);
    add_number(&bytes, count);
    add_number(&bytes, side);
    add_number(&bytes, side);
    for (uint32_t i = 0; i < count * side * side; i++) bytes.byte[bytes.size++] = (unsigned char)(i * i);
    return bytes;
}

static Bytes label_bytes(uint32_t count)
{
    Bytes bytes = {.size = 0};
    add_number(&bytes, 0x0801);
    add_number(&bytes, count);
    for (uint32_t i = 0; i < count; i++) bytes.byte[bytes.size++] = (unsigned char)(255 - i);
    return bytes;
}

/* Four good files: 20 training and 5 test images. */
static IdxFiles good_files(void)
{
    const IdxFiles files = {scratch_path("train-images"), scratch_path("train-labels"), scratch_path("test-images"),
                            scratch_path("test-labels")};
    const Bytes bytes[] = {image_bytes(20, SIDE), label_bytes(20), image_bytes(5, SIDE), label_bytes(5)};
    scratch_write(files.train_images, bytes[0].byte, bytes[0].size);
    scratch_write(files.train_labels, bytes[1].byte, bytes[1].size);
    scratch_write(files.test_images, bytes[2].byte, bytes[2].size);
    scratch_write(files.test_labels, bytes[3].byte, bytes[3].size);
    return files;
}

static void write_gz(const char *path, Bytes bytes)
{
    gzFile file = gzopen(path, "wb9");
    if (!file || gzwrite(file, bytes.byte, (unsigned)bytes.size) != (int)bytes.size || gzclose(file) != Z_OK) exit(2);
}

static Status import(const IdxFiles *files)
{
    const char *out = scratch_path("out.h5");
    unlink(out);
    const Status st = idx_import(files, out);
    CU_ASSERT_EQUAL(scratch_count("out.h5"), st == STATUS_OK ? 1 : 0);
    return st;
}

/* Imports the good files with these training images instead. */
static Status import_images(Bytes bytes)
{
    const IdxFiles files = good_files();
    scratch_write(files.train_images, bytes.byte, bytes.size);
    return import(&files);
}

static void compare_images(const char *path, const char *images, const char *labels, uint64_t count)
{
    H5File *file;
    uint8_t pixels[20 * SIDE * SIDE];
    int64_t label[20];
    const Bytes expected = image_bytes((uint32_t)count, SIDE);
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_read_uint8(file, images, 0, count, pixels), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_read_integer(file, labels, 0, count, label), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(pixels, expected.byte + HEADER, count * SIDE * SIDE), 0);
    for (uint64_t i = 0; i < count; i++) CU_ASSERT_EQUAL(label[i], 255 - (int64_t)i);
    h5file_close(file);
}

static void plain_files_come_in_as_they_are(void)
{
    const IdxFiles files = good_files();
    CU_ASSERT_EQUAL_FATAL(import(&files), STATUS_OK);
    compare_images(scratch_path("out.h5"), "/train/images", "/train/labels", 20);
    compare_images(scratch_path("out.h5"), "/test/images", "/test/labels", 5);
}

static void compressed_files_give_the_same_bytes(void)
{
    IdxFiles files = good_files();
    size_t size, again;
    CU_ASSERT_EQUAL_FATAL(import(&files), STATUS_OK);
    unsigned char *plain = scratch_read(scratch_path("out.h5"), &size);
    write_gz(files.train_images, image_bytes(20, SIDE));
    write_gz(files.test_labels, label_bytes(5));
    CU_ASSERT_EQUAL_FATAL(import(&files), STATUS_OK);
    unsigned char *compressed = scratch_read(scratch_path("out.h5"), &again);
    CU_ASSERT(size == again && memcmp(plain, compressed, size) == 0);
    free(plain);
    free(compressed);
}

static void a_plain_file_is_refused_at_every_shorter_length(void)
{
    Bytes bytes = image_bytes(20, SIDE);
    while (bytes.size-- > 0) {
        CU_ASSERT_EQUAL(import_images(bytes), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(bytes.size ? "truncated" : "is empty");
        CU_ASSERT_MESSAGE_HAS("train-images");
    }
}

static void a_compressed_file_is_refused_at_every_shorter_length(void)
{
    const IdxFiles files = good_files();
    size_t size;
    write_gz(files.train_images, image_bytes(20, SIDE));
    unsigned char *bytes = scratch_read(files.train_images, &size);
    while (size-- > 0) {
        scratch_write(files.train_images, bytes, size);
        CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    }
    free(bytes);
}

/* Bytes 4 to 9 of a gzip header are time, flags and system, which change no value. */
static void every_flipped_byte_of_a_compressed_file_is_noticed(void)
{
    const IdxFiles files = good_files();
    size_t size;
    write_gz(files.train_images, image_bytes(20, SIDE));
    unsigned char *bytes = scratch_read(files.train_images, &size);
    for (size_t i = 0; i < size; i++) {
        if (i >= 4 && i < 10) continue;
        bytes[i] ^= 0x10;
        scratch_write(files.train_images, bytes, size);
        CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
        bytes[i] ^= 0x10;
    }
    bytes[size - 8] ^= 1;
    scratch_write(files.train_images, bytes, size);
    CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("damaged gzip file (incorrect data check)");
    free(bytes);
}

static void bytes_after_the_end_are_refused(void)
{
    Bytes bytes = image_bytes(20, SIDE);
    bytes.byte[bytes.size++] = 0;
    CU_ASSERT_EQUAL(import_images(bytes), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("bytes after its last value");
    const IdxFiles files = good_files();
    write_gz(files.train_images, bytes);
    CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("bytes after its last value");
}

static void a_wrong_header_is_named(void)
{
    const struct {
        size_t at;
        unsigned char byte;
        const char *text;
    } cases[] = {
        {0, 'P', "not an IDX file"},
        {1, 1, "not an IDX file"},
        {2, 0x0d, "type 0x0d"},
        {3, 1, "are the files exchanged"},
        {3, 0, "not an IDX file"},
        {3, 200, "200 dimensions"},
        {4, 0xff, "promises 38503710900 values"},
        {7, 21, "is truncated"},
        {7, 19, "bytes after"},
        {7, 0, "an extent in its header is 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Bytes bytes = image_bytes(20, SIDE);
        bytes.byte[cases[i].at] = cases[i].byte;
        CU_ASSERT_EQUAL(import_images(bytes), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(cases[i].text);
    }
}

/* Neither asks for the memory that the header promises: at most 1032 times the file is believed. */
static void absurd_extents_are_refused_before_memory_is_taken(void)
{
    Bytes bytes = image_bytes(20, SIDE);
    memset(bytes.byte + 4, 0xff, 12);
    CU_ASSERT_EQUAL(import_images(bytes), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("more than 2^64");
    const IdxFiles files = good_files();
    for (size_t extents = 4; extents <= 12; extents += 4) {
        bytes = image_bytes(20, SIDE);
        memset(bytes.byte + 4, 0x3f, extents);
        write_gz(files.train_images, bytes);
        CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("its header is wrong");
    }
}

static void counts_and_sizes_must_agree(void)
{
    IdxFiles files = good_files();
    Bytes bytes = label_bytes(19);
    scratch_write(files.train_labels, bytes.byte, bytes.size);
    CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("has 20 images, but");
    CU_ASSERT_MESSAGE_HAS("train-labels\" has 19 labels");
    files = good_files();
    bytes = label_bytes(6);
    scratch_write(files.test_labels, bytes.byte, bytes.size);
    CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("test-labels\" has 6 labels");
    files = good_files();
    bytes = image_bytes(5, SIDE + 1);
    scratch_write(files.test_images, bytes.byte, bytes.size);
    CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("has images of 3x3, but");
    CU_ASSERT_MESSAGE_HAS("4x4");
    files = good_files();
    bytes = image_bytes(2, 6); /* 72 values: as many as 6 images of 3x4 or of 4x3 */
    for (int wide = 0; wide < 2; wide++) {
        bytes.byte[7] = 6;
        bytes.byte[11] = wide ? 3 : 4;
        bytes.byte[15] = wide ? 4 : 3;
        scratch_write(files.test_images, bytes.byte, bytes.size);
        const Bytes six = label_bytes(6);
        scratch_write(files.test_labels, six.byte, six.size);
        CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS(wide ? "has 3x4" : "has 4x3");
    }
}

static void exchanged_files_are_told(void)
{
    const IdxFiles good = good_files();
    const IdxFiles files = {good.train_labels, good.train_images, good.test_images, good.test_labels};
    CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("are the files exchanged?");
}

static void a_missing_file_is_no_input(void)
{
    const IdxFiles files = good_files();
    unlink(files.test_labels);
    CU_ASSERT_EQUAL(import(&files), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("test-labels\": No such file");
    mkdir(files.test_labels, 0700);
    CU_ASSERT_EQUAL(import(&files), STATUS_NO_INPUT);
    rmdir(files.test_labels);
}

static void a_failed_import_spares_the_file_that_was_there(void)
{
    const IdxFiles files = good_files();
    const char *out = scratch_path("old.h5");
    scratch_write(out, "old", 3);
    unlink(files.test_labels);
    CU_ASSERT_EQUAL(idx_import(&files, out), STATUS_NO_INPUT);
    size_t size;
    unsigned char *bytes = scratch_read(out, &size);
    CU_ASSERT(size == 3 && memcmp(bytes, "old", 3) == 0);
    free(bytes);
    const IdxFiles whole = good_files();
    CU_ASSERT_EQUAL(idx_import(&whole, scratch_path("no/out.h5")), STATUS_CANT_CREATE);
}

/* The content of one of MNIST's files, uncompressed, and its digest by sha256sum against the list beside the files. */
static unsigned char *mnist_bytes(const char *directory, const char *name, size_t size)
{
    char path[512], command[1200];
    snprintf(command, sizeof command,
             "cd '%s' && gzip -dc '%s.gz' | sha256sum | cut -d' ' -f1 | grep -qf - SHA256SUMS.uncompressed", directory,
             name);
    CU_ASSERT_EQUAL(system(command), 0);
    snprintf(path, sizeof path, "%s/%s.gz", directory, name);
    unsigned char *bytes = malloc(size + 1);
    gzFile file = gzopen(path, "rb");
    if (!file || !bytes) exit(2);
    CU_ASSERT_EQUAL(gzread(file, bytes, (unsigned)size + 1), (int)size);
    gzclose(file);
    return bytes;
}

static void compare_mnist(const char *directory, Dataset *dataset, Part part, const char *prefix, uint32_t count)
{
    enum { FEATURES = 784 };
    char name[64];
    Samples samples;
    CU_ASSERT_EQUAL(dataset_rows(dataset, part), count);
    CU_ASSERT_EQUAL_FATAL(samples_init(&samples, dataset, part, 0, count), STATUS_OK);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    unsigned char *bytes = mnist_bytes(directory, name, HEADER + (size_t)count * FEATURES);
    CU_ASSERT_EQUAL(memcmp(bytes + HEADER, samples.pixels, (size_t)count * FEATURES), 0);
    free(bytes);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    bytes = mnist_bytes(directory, name, 8 + count);
    uint32_t different = 0;
    for (uint32_t i = 0; i < count; i++) different += bytes[8 + i] != samples.label[i];
    CU_ASSERT_EQUAL(different, 0);
    free(bytes);
    samples_free(&samples);
}

static void real_mnist_comes_in_byte_for_byte(void)
{
    const char *directory = getenv("LOCKSTEP_MNIST_DIR") ? getenv("LOCKSTEP_MNIST_DIR") : MNIST_DIRECTORY;
    char path[4][512];
    const char *const names[] = {"train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"};
    for (int i = 0; i < 4; i++) snprintf(path[i], sizeof path[i], "%s/%s-ubyte.gz", directory, names[i]);
    if (access(path[0], R_OK) != 0) {
        fprintf(stderr, "SKIPPED: no MNIST in \"%s\" (set LOCKSTEP_MNIST_DIR)\n", directory);
        return;
    }
    const IdxFiles files = {path[0], path[1], path[2], path[3]};
    CU_ASSERT_EQUAL_FATAL(import(&files), STATUS_OK);
    const DatasetSource source = {.file = scratch_path("out.h5"),
                                  .images = {dataset_default_images[0], dataset_default_images[1]},
                                  .labels = {dataset_default_labels[0], dataset_default_labels[1]},
                                  .classes = 10};
    Dataset *dataset;
    CU_ASSERT_EQUAL_FATAL(dataset_open(&source, &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_features(dataset), 784);
    compare_mnist(directory, dataset, PART_TRAIN, "train", 60000);
    compare_mnist(directory, dataset, PART_TEST, "t10k", 10000);
    dataset_close(dataset);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(plain_files_come_in_as_they_are),
        UNIT(compressed_files_give_the_same_bytes),
        UNIT(a_plain_file_is_refused_at_every_shorter_length),
        UNIT(a_compressed_file_is_refused_at_every_shorter_length),
        UNIT(every_flipped_byte_of_a_compressed_file_is_noticed),
        UNIT(bytes_after_the_end_are_refused),
        UNIT(a_wrong_header_is_named),
        UNIT(absurd_extents_are_refused_before_memory_is_taken),
        UNIT(counts_and_sizes_must_agree),
        UNIT(exchanged_files_are_told),
        UNIT(a_missing_file_is_no_input),
        UNIT(a_failed_import_spares_the_file_that_was_there),
        UNIT(real_mnist_comes_in_byte_for_byte),
    };
    return UNIT_RUN("idx", tests);
}
