/* src/hdf5's own reading of chunks, against what HDF5 itself wrote: every layout, filter and range of rows; and chunks
 * that hold more or less than they should. */
#include <zlib.h>

#include "hdf5_file.h"

enum { A = 7, B = 5, C = 6, ALL = A * B * C };

static const hsize_t extent[] = {A, B, C};
static uint16_t values[ALL];

enum { SHUFFLE = 1, DEFLATE = 2, FLETCHER = 4, CHECK_FIRST = 8, EDGES = 16, KINDS = 32 };

static hid_t creation_of(unsigned kind, const hsize_t *chunk)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 3, chunk);
    if (kind & EDGES) H5Pset_chunk_opts(creation, H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS);
    if (kind & CHECK_FIRST && kind & FLETCHER) H5Pset_fletcher32(creation);
    if (kind & SHUFFLE) H5Pset_shuffle(creation);
    if (kind & DEFLATE) H5Pset_deflate(creation, 6);
    if (!(kind & CHECK_FIRST) && kind & FLETCHER) H5Pset_fletcher32(creation);
    return creation;
}

/* A file with one dataset, "chunks", open; values NULL: not written yet. */
static hid_t make(const char *path, H5F_libver_t version, hid_t type, hid_t creation, const uint16_t *value,
                  hid_t *file)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS), space = H5Screate_simple(3, extent, NULL);
    H5Pset_libver_bounds(access, version, H5F_LIBVER_LATEST);
    *file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    const hid_t id = H5Dcreate2(*file, "chunks", type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    CU_ASSERT_FATAL(id >= 0);
    if (value) CU_ASSERT(H5Dwrite(id, H5T_NATIVE_UINT16, H5S_ALL, H5S_ALL, H5P_DEFAULT, value) >= 0);
    H5Sclose(space);
    H5Pclose(access);
    H5Pclose(creation);
    return id;
}

static void close_file(hid_t id, hid_t file)
{
    H5Dclose(id);
    H5Fclose(file);
}

static void write_file(const char *path, H5F_libver_t version, hid_t type, hid_t creation)
{
    hid_t file;
    const hid_t id = make(path, version, type, creation, values, &file);
    close_file(id, file);
}

static void number_values(void)
{
    for (int i = 0; i < ALL; i++) values[i] = (uint16_t)(i * 257 + i % 3);
}

static bool ranges_agree(const char *path)
{
    H5File *file;
    bool agree = true;
    if (h5file_open(path, &file) != STATUS_OK) return false;
    for (uint64_t first = 0; first <= A; first++)
        for (uint64_t count = 0; count <= A - first; count++) {
            int64_t read[ALL];
            agree = agree && h5file_read_integer(file, "chunks", first, count, read) == STATUS_OK;
            for (size_t i = 0; i < count * B * C; i++) agree = agree && read[i] == values[first * B * C + i];
        }
    h5file_close(file);
    return agree;
}

static void every_layout_gives_the_rows_that_were_written(void)
{
    static const hsize_t shape[][3] = {{1, B, C}, {3, B, C}, {2, 2, 4}, {3, B, 4}, {A, 2, C}, {1, 1, 1}};
    const char *path = scratch_path("layouts.h5");
    number_values();
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (size_t i = 0; i < sizeof shape / sizeof *shape; i++) {
            const H5F_libver_t version = kind & EDGES || i % 2 ? H5F_LIBVER_LATEST : H5F_LIBVER_EARLIEST;
            const hid_t type = i < 3 ? H5T_STD_U16LE : H5T_STD_I32BE;
            write_file(path, version, type, creation_of(kind, shape[i]));
            CU_ASSERT(ranges_agree(path));
        }
}

/* A filter may be told to fail on some chunks: these are stored without it. */
static void a_skipped_filter_is_not_undone(void)
{
    const char *path = scratch_path("skipped.h5");
    hid_t file;
    number_values();
    const hid_t id = make(path, H5F_LIBVER_EARLIEST, H5T_STD_U16LE, creation_of(DEFLATE, extent), NULL, &file);
    CU_ASSERT(H5Dwrite_chunk(id, H5P_DEFAULT, 1, (hsize_t[3]){0}, sizeof values, values) >= 0);
    close_file(id, file);
    CU_ASSERT(ranges_agree(path));
}

/* What reading says of a dataset of one chunk, after HDF5 has written these bytes as that chunk. */
static Status read_one(unsigned kind, uint32_t skipped, const void *bytes, size_t size)
{
    const char *path = scratch_path("one.h5");
    hid_t id;
    H5File *file;
    static uint64_t read[ALL];
    const hid_t made = make(path, H5F_LIBVER_EARLIEST, H5T_STD_U16LE, creation_of(kind, extent), NULL, &id);
    CU_ASSERT(H5Dwrite_chunk(made, H5P_DEFAULT, skipped, (hsize_t[3]){0}, size, bytes) >= 0);
    close_file(made, id);
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    const Status st = h5file_read_uint64(file, "chunks", 0, A, read);
    h5file_close(file);
    return st;
}

static Status read_deflated(unsigned kind, size_t size, size_t kept)
{
    static uint8_t packed[8 * ALL], plain[4 * ALL];
    uLongf made = sizeof packed;
    CU_ASSERT_EQUAL_FATAL(compress(packed, &made, plain, size), Z_OK);
    return read_one(kind, 0, packed, made < kept ? made : kept);
}

static void a_chunk_holds_exactly_its_bytes(void)
{
    enum { WHOLE = sizeof values };
    static const uint8_t zeros[2 * WHOLE];
    CU_ASSERT_EQUAL(read_deflated(DEFLATE, WHOLE, WHOLE), STATUS_OK);
    CU_ASSERT_EQUAL(read_deflated(DEFLATE, WHOLE - 1, WHOLE), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("does not unpack to its size");
    CU_ASSERT_EQUAL(read_deflated(DEFLATE, WHOLE + 1, WHOLE), STATUS_DATA);
    CU_ASSERT_EQUAL(read_deflated(DEFLATE, 2 * WHOLE, WHOLE), STATUS_DATA);
    CU_ASSERT_EQUAL(read_deflated(DEFLATE, WHOLE, 9), STATUS_DATA); /* the stream's end is missing */
    CU_ASSERT_EQUAL(read_deflated(DEFLATE | FLETCHER, WHOLE, WHOLE), STATUS_DATA);
    CU_ASSERT_EQUAL(read_one(DEFLATE, 1, zeros, WHOLE), STATUS_OK);
    CU_ASSERT_EQUAL(read_one(DEFLATE, 1, zeros, WHOLE - 1), STATUS_DATA);
    CU_ASSERT_EQUAL(read_one(DEFLATE, 1, zeros, WHOLE + 1), STATUS_DATA);
    CU_ASSERT_EQUAL(read_one(DEFLATE, 1, zeros, 2 * WHOLE), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("more bytes than it needs");
    CU_ASSERT_EQUAL(read_one(SHUFFLE, 0, zeros, WHOLE), STATUS_OK);
    CU_ASSERT_EQUAL(read_one(SHUFFLE, 0, zeros, WHOLE + 2), STATUS_DATA);
    CU_ASSERT_EQUAL(read_one(FLETCHER, 0, zeros, WHOLE + 4), STATUS_OK); /* the sum of zeros is 0 */
    CU_ASSERT_EQUAL(read_one(FLETCHER, 0, zeros, WHOLE + 5), STATUS_DATA);
    CU_ASSERT_EQUAL(read_one(0, 0, zeros, WHOLE), STATUS_OK);
    CU_ASSERT_EQUAL(read_one(0, 0, zeros, WHOLE - 1), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("the file stores only");
    CU_ASSERT_EQUAL(read_one(0, 0, zeros, WHOLE + 1), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("more bytes than it has");
}

static void a_wrong_check_sum_is_seen(void)
{
    uint8_t bytes[sizeof values + 4] = {0};
    bytes[17] = 1;
    CU_ASSERT_EQUAL(read_one(FLETCHER, 0, bytes, sizeof bytes), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("not to its check sum");
}

/* Without filters, one chunk stored short and one as much too long, so that the sum is right. */
static void stored_sizes_that_only_agree_in_sum_are_refused(void)
{
    static const uint8_t zeros[sizeof values];
    const char *path = scratch_path("sum.h5");
    const hsize_t row[] = {1, B, C};
    const size_t whole = B * C * sizeof *values;
    hid_t id;
    H5File *file;
    uint64_t read[ALL];
    const hid_t made = make(path, H5F_LIBVER_EARLIEST, H5T_STD_U16LE, creation_of(0, row), NULL, &id);
    for (hsize_t i = 0; i < A; i++)
        CU_ASSERT(H5Dwrite_chunk(made, H5P_DEFAULT, 0, (hsize_t[]){i, 0, 0},
                                 i == 2   ? whole - 8
                                 : i == 4 ? whole + 8
                                          : whole,
                                 zeros) >= 0);
    close_file(made, id);
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_read_uint64(file, "chunks", 0, A, read), STATUS_DATA);
    h5file_close(file);
}

static void each_chunk_has_to_be_there(void)
{
    const char *path = scratch_path("absent.h5");
    const uint8_t zeros[sizeof values] = {0};
    const hsize_t row[] = {1, B, C};
    for (unsigned kind = 0; kind <= DEFLATE; kind += DEFLATE) {
        hid_t id;
        H5File *file;
        H5Info info;
        const hid_t made = make(path, H5F_LIBVER_EARLIEST, H5T_STD_U16LE, creation_of(kind, row), NULL, &id);
        for (hsize_t i = 0; i < A; i += 2)
            CU_ASSERT(H5Dwrite_chunk(made, H5P_DEFAULT, 1, (hsize_t[]){i, 0, 0}, B * C * 2, zeros) >= 0);
        close_file(made, id);
        CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
        CU_ASSERT_EQUAL(h5file_info(file, "chunks", &info), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("has 4 of its 7 chunks");
        h5file_close(file);
    }
}

static void a_filter_twice_is_refused(void)
{
    const char *path = scratch_path("twice.h5");
    H5File *opened;
    H5Info info;
    const hid_t creation = creation_of(DEFLATE, extent);
    H5Pset_deflate(creation, 6);
    write_file(path, H5F_LIBVER_EARLIEST, H5T_STD_U16LE, creation);
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &opened), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_info(opened, "chunks", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("filter 1 (deflate) twice");
    h5file_close(opened);
}

static void no_handle_stays_open(void)
{
    static void (*const tests[])(void) = {
        every_layout_gives_the_rows_that_were_written,
        a_chunk_holds_exactly_its_bytes,
        stored_sizes_that_only_agree_in_sum_are_refused,
        each_chunk_has_to_be_there,
    };
    leave_no_handle(tests, sizeof tests / sizeof *tests);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(every_layout_gives_the_rows_that_were_written),
        UNIT(a_skipped_filter_is_not_undone),
        UNIT(a_chunk_holds_exactly_its_bytes),
        UNIT(a_wrong_check_sum_is_seen),
        UNIT(stored_sizes_that_only_agree_in_sum_are_refused),
        UNIT(each_chunk_has_to_be_there),
        UNIT(a_filter_twice_is_refused),
        UNIT(no_handle_stays_open),
    };
    return UNIT_RUN("chunks", tests);
}
