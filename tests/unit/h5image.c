/* src/hdf5: images of files in memory. */
#include <sys/wait.h>
#include <time.h>

#include "base/memory.h"
#include "hdf5_file.h"

enum { BLOCK = 512, FLOATS = 24, NUMBERS = 3 };

static const float floats[FLOATS] = {-0.0f, 0x1p-149f, 3.4e38f, -1.5f, 0.1f};
static const double doubles[NUMBERS] = {-0.0, 0x1p-1074, 0.1};
static const uint64_t numbers[NUMBERS] = {0, UINT64_MAX, 1ull << 63};
static const uint8_t bytes_of[NUMBERS] = {0, 255, 7};

static void make_image(size_t block, unsigned char **bytes, size_t *size)
{
    H5Writer *writer;
    CU_ASSERT_EQUAL_FATAL(h5image_create("image", block, &writer), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_float32(writer, "/a/b/floats", 2, (const uint64_t[]){4, 6}, floats), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_float64(writer, "/a/doubles", 1, (const uint64_t[]){NUMBERS}, doubles), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_uint64(writer, "/numbers", 1, (const uint64_t[]){NUMBERS}, numbers), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_uint8(writer, "/bytes", 1, (const uint64_t[]){NUMBERS}, bytes_of), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_text(writer, "/text", "r\xc3\xa9seau\nof lines"), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_text(writer, "/nothing", ""), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(h5image_finish(writer, bytes, size), STATUS_OK);
}

static void check_content(H5File *file)
{
    float single[FLOATS];
    double twice[NUMBERS];
    uint64_t number[NUMBERS];
    uint8_t small[NUMBERS];
    H5Info info;
    CU_ASSERT_EQUAL(h5file_info(file, "/a/b/floats", &info), STATUS_OK);
    CU_ASSERT(info.kind == ELEMENT_FLOAT32 && info.dimensions == 2 && info.extent[0] == 4 && info.extent[1] == 6);
    CU_ASSERT_EQUAL(h5file_read_float32(file, "/a/b/floats", 0, 4, single), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(single, floats, sizeof floats), 0);
    CU_ASSERT_EQUAL(h5file_read_float64(file, "/a/doubles", 0, NUMBERS, twice), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(twice, doubles, sizeof doubles), 0);
    CU_ASSERT_EQUAL(h5file_read_uint64(file, "/numbers", 0, NUMBERS, number), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(number, numbers, sizeof numbers), 0);
    CU_ASSERT_EQUAL(h5file_read_uint8(file, "/bytes", 0, NUMBERS, small), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(small, bytes_of, sizeof small), 0);
    char *text;
    CU_ASSERT_EQUAL_FATAL(h5file_read_text(file, "/text", &text), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(text, "r\xc3\xa9seau\nof lines");
    memory_free(text);
    CU_ASSERT_EQUAL_FATAL(h5file_read_text(file, "/nothing", &text), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(text, "");
    memory_free(text);
}

static void an_image_is_read_back_in_every_bit(void)
{
    const size_t blocks[] = {0, BLOCK, 4096};
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        unsigned char *bytes;
        size_t size;
        make_image(blocks[i], &bytes, &size);
        H5File *file;
        CU_ASSERT_EQUAL_FATAL(h5image_open("image", bytes, size, &file), STATUS_OK);
        memory_free(bytes); /* the file has its own copy */
        check_content(file);
        h5file_close(file);
    }
}

/* The block's content is the caller's, and the addresses count from behind it. */
static void an_image_behind_its_user_block_is_a_file(void)
{
    unsigned char *bytes;
    size_t size;
    make_image(BLOCK, &bytes, &size);
    for (size_t i = 0; i < BLOCK; i++) CU_ASSERT_EQUAL(bytes[i], 0);
    CU_ASSERT_EQUAL(memcmp(bytes + BLOCK, "\x89HDF\r\n\x1a\n", 8), 0);
    uint64_t base = 0;
    memcpy(&base, bytes + BLOCK + 24, sizeof base); /* HDF5 file format 3.0, II.A: superblock version 0, base address */
    CU_ASSERT_EQUAL(base, BLOCK);
    memset(bytes, 'x', BLOCK);
    const char *path = scratch_path("block.h5");
    scratch_write(path, bytes, size);
    memory_free(bytes);
    H5File *file;
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    check_content(file);
    h5file_close(file);
}

static void the_same_calls_give_the_same_bytes(void)
{
    unsigned char *first, *second;
    size_t size, again;
    make_image(BLOCK, &first, &size);
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL); /* HDF5's object times are in seconds */
    make_image(BLOCK, &second, &again);
    CU_ASSERT(size == again && memcmp(first, second, size) == 0);
    memory_free(first);
    memory_free(second);
}

static void no_file_is_made(void)
{
    unsigned char *bytes;
    size_t size;
    scratch_path("x");
    make_image(0, &bytes, &size);
    memory_free(bytes);
    CU_ASSERT_NOT_EQUAL(access("image", F_OK), 0);
    H5Writer *writer;
    CU_ASSERT_EQUAL_FATAL(h5image_create("image", BLOCK, &writer), STATUS_OK);
    h5file_discard(writer);
    CU_ASSERT_NOT_EQUAL(access("image", F_OK), 0);
}

/* HDF5 tells files by their names. */
static void an_image_may_have_any_name(void)
{
    unsigned char *bytes, *other;
    size_t size, other_size;
    const char *name = scratch_path("taken.h5");
    scratch_write(name, "x", 1);
    make_image(BLOCK, &bytes, &size);
    H5Writer *writer, *second;
    CU_ASSERT_EQUAL_FATAL(h5image_create(name, 0, &writer), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(h5image_create(name, 0, &second), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_text(writer, "/other", "one"), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(h5image_finish(writer, &other, &other_size), STATUS_OK);
    H5File *file, *again;
    char *text;
    CU_ASSERT_EQUAL_FATAL(h5image_open(name, bytes, size, &file), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(h5image_open(name, other, other_size, &again), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_read_text(again, "/other", &text), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(text, "one");
    memory_free(text);
    check_content(file);
    h5file_close(file);
    h5file_close(again);
    h5file_discard(second);
    memory_free(bytes);
    memory_free(other);
}

static void what_is_no_image_is_refused(void)
{
    unsigned char *bytes;
    size_t size;
    H5File *file;
    CU_ASSERT_EQUAL(h5image_open("nothing", "x", 1, &file), STATUS_DATA);
    CU_ASSERT_PTR_NULL(file);
    CU_ASSERT_MESSAGE_HAS("\"nothing\" is not an HDF5 file");
    make_image(BLOCK, &bytes, &size);
    CU_ASSERT_EQUAL(h5image_open("short", bytes, size - 1, &file), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"short\"");
    memory_free(bytes);
}

/* 60 kB of a file. */
enum { CHUNK = 64 << 20 };

static void write_chunk(const char *path)
{
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t space = H5Screate_simple(1, (const hsize_t[]){CHUNK}, NULL), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, (const hsize_t[]){CHUNK});
    H5Pset_deflate(creation, 9);
    const hid_t set = H5Dcreate2(file, "chunk", H5T_STD_U8LE, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    uint8_t *zeros = calloc(CHUNK, 1);
    const bool good = zeros && H5Dwrite(set, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, zeros) >= 0;
    free(zeros);
    H5Dclose(set);
    H5Pclose(creation);
    H5Sclose(space);
    if (H5Fclose(file) < 0 || !good) _exit(1);
}

static long peak_kilobytes(void)
{
    struct rusage used;
    return getrusage(RUSAGE_SELF, &used) == 0 ? used.ru_maxrss : -1;
}

/* Another process makes it, so that the memory which that takes is not counted here. */
static void a_chunk_is_refused_before_it_takes_memory(void)
{
    const char *path = scratch_path("chunk.h5");
    int status = -1;
    size_t size;
    H5File *file;
    H5Info info;
    uint8_t byte;
    const pid_t child = fork();
    if (child == 0) {
        write_chunk(path);
        _exit(0);
    }
    CU_ASSERT_FATAL(child > 0 && waitpid(child, &status, 0) == child && status == 0);
    unsigned char *bytes = scratch_read(path, &size);
    const long before = peak_kilobytes();
    CU_ASSERT_EQUAL_FATAL(h5image_open("chunk", bytes, size, &file), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_info(file, "/chunk", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"/chunk\" is stored in chunks");
    CU_ASSERT_EQUAL(h5file_read_uint8(file, "/chunk", 0, 1, &byte), STATUS_DATA);
    h5file_close(file);
    free(bytes);
    const long grown = peak_kilobytes() - before;
    printf("a file of %zu bytes with a chunk of %d: the peak of the memory grew by %ld kB\n", size, CHUNK, grown);
    CU_ASSERT(before > 0 && grown < CHUNK >> 13);
}

static void readers_refuse_what_they_cannot_hold(void)
{
    const hid_t id = H5Fcreate(scratch_path("odd.h5"), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    const hid_t text = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, (const hsize_t[]){2}, NULL);
    H5Tset_size(text, 4);
    hid_t set = H5Dcreate2(id, "texts", text, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, text, H5S_ALL, H5S_ALL, H5P_DEFAULT, "onetwo!");
    H5Dclose(set);
    set = H5Dcreate2(id, "signed", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Dwrite(set, H5T_NATIVE_INT64, H5S_ALL, H5S_ALL, H5P_DEFAULT, (const int64_t[]){-1, 1});
    H5Dclose(set);
    H5Sclose(space);
    H5Tclose(text);
    H5Fclose(id);
    H5File *file;
    char *read;
    uint64_t number[2];
    CU_ASSERT_EQUAL_FATAL(h5file_open(scratch_path("odd.h5"), &file), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_read_text(file, "/texts", &read), STATUS_DATA);
    CU_ASSERT_PTR_NULL(read);
    CU_ASSERT_MESSAGE_HAS("not one string");
    CU_ASSERT_EQUAL(h5file_read_uint64(file, "/signed", 0, 2, number), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("int64; it must be unsigned");
    h5file_close(file);
}

static void no_handle_stays_open(void)
{
    void (*const tests[])(void) = {
        an_image_is_read_back_in_every_bit,
        an_image_behind_its_user_block_is_a_file,
        no_file_is_made,
        an_image_may_have_any_name,
        what_is_no_image_is_refused,
        readers_refuse_what_they_cannot_hold,
    };
    leave_no_handle(tests, sizeof tests / sizeof *tests);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(an_image_is_read_back_in_every_bit),
        UNIT(an_image_behind_its_user_block_is_a_file),
        UNIT(the_same_calls_give_the_same_bytes),
        UNIT(no_file_is_made),
        UNIT(an_image_may_have_any_name),
        UNIT(what_is_no_image_is_refused),
        UNIT(a_chunk_is_refused_before_it_takes_memory),
        UNIT(readers_refuse_what_they_cannot_hold),
        UNIT(no_handle_stays_open),
    };
    return UNIT_RUN("h5image", tests);
}
