/* src/data/idx: files come in whole, and a damaged or wrong file leaves nothing behind. */
#include <sys/stat.h>
#include <zlib.h>

#include "data/idx.h"
#include "hdf5/h5file.h"
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

/* What follows the gzip stream, of any length up to many of zlib's buffers: text, zeros, or the begin of a member. */
static void bytes_after_a_compressed_file_are_refused(void)
{
    static const unsigned char begin_of_member[] = {0x1f, 0x8b, 8, 0, 0, 0};
    static unsigned char bytes[1 << 20];
    const IdxFiles files = good_files();
    write_gz(files.train_images, image_bytes(20, SIDE));
    size_t size;
    unsigned char *stream = scratch_read(files.train_images, &size);
    memcpy(bytes, stream, size);
    free(stream);
    const size_t lengths[] = {1, 2, 3, 8, 240, (1 << 17) - size, (1 << 17) - size + 1, sizeof bytes - size};
    for (int zeros = 0; zeros < 2; zeros++) {
        memset(bytes + size, zeros ? 0 : 'x', sizeof bytes - size);
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            scratch_write(files.train_images, bytes, size + lengths[i]);
            CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
            CU_ASSERT_MESSAGE_HAS("bytes after the end of its gzip stream");
        }
    }
    memcpy(bytes + size, begin_of_member, sizeof begin_of_member);
    for (size_t length = 1; length <= sizeof begin_of_member; length++) {
        scratch_write(files.train_images, bytes, size + length);
        CU_ASSERT_EQUAL(import(&files), STATUS_DATA);
    }
    CU_ASSERT_MESSAGE_HAS("is truncated");
}

/* RFC 1952, section 2.2: a file is a series of members; gzip makes one of "cat a.gz b.gz". The first ends where the
 * buffer of source.c ends, or a byte before or after: padded by the file name in its header. */
static void members_are_read_one_after_the_other(void)
{
    static unsigned char bytes[1 << 18];
    const IdxFiles files = good_files();
    const Bytes all = image_bytes(20, SIDE);
    for (size_t padding = (1 << 17) - 40; padding < (1 << 17) + 3; padding++) {
        z_stream stream = {0};
        static Bytef name[1 << 18];
        gz_header header = {.name = name};
        memset(name, 'n', padding);
        name[padding] = 0;
        size_t size = 0;
        for (int member = 0; member < 2; member++) {
            deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY);
            if (member == 0) deflateSetHeader(&stream, &header);
            stream.next_in = (Bytef *)all.byte + (member ? 18 : 0);
            stream.avail_in = member ? (uInt)all.size - 18 : 18;
            stream.next_out = bytes + size;
            stream.avail_out = (uInt)(sizeof bytes - size);
            CU_ASSERT_EQUAL(deflate(&stream, Z_FINISH), Z_STREAM_END);
            size = sizeof bytes - stream.avail_out;
            deflateEnd(&stream);
        }
        scratch_write(files.train_images, bytes, size);
        CU_ASSERT_EQUAL(import(&files), STATUS_OK);
    }
    compare_images(scratch_path("out.h5"), "/train/images", "/train/labels", 20);
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
    CU_ASSERT_MESSAGE_HAS("it promises 2^64 or more values, but 180 bytes can hold them");
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

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(plain_files_come_in_as_they_are),
        UNIT(compressed_files_give_the_same_bytes),
        UNIT(a_plain_file_is_refused_at_every_shorter_length),
        UNIT(a_compressed_file_is_refused_at_every_shorter_length),
        UNIT(every_flipped_byte_of_a_compressed_file_is_noticed),
        UNIT(bytes_after_the_end_are_refused),
        UNIT(bytes_after_a_compressed_file_are_refused),
        UNIT(members_are_read_one_after_the_other),
        UNIT(a_wrong_header_is_named),
        UNIT(absurd_extents_are_refused_before_memory_is_taken),
        UNIT(counts_and_sizes_must_agree),
        UNIT(exchanged_files_are_told),
        UNIT(a_missing_file_is_no_input),
        UNIT(a_failed_import_spares_the_file_that_was_there),
    };
    return UNIT_RUN("idx", tests);
}
