/* src/hdf5: a file is written whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/memory.h"
#include "hdf5_file.h"

static void what_is_written_is_read_back(void)
{
    const char *path = write_small("small.h5");
    H5File *file;
    H5Info info;
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_info(file, "/a/b/images", &info), STATUS_OK);
    CU_ASSERT_EQUAL(info.dimensions, 2);
    CU_ASSERT_EQUAL(info.extent[0], ROWS);
    CU_ASSERT_EQUAL(info.extent[1], WIDTH);
    CU_ASSERT_EQUAL(info.kind, ELEMENT_UINT8);
    CU_ASSERT_STRING_EQUAL(info.type_text, "uint8");
    uint8_t rows[2 * WIDTH];
    CU_ASSERT_EQUAL(h5file_read_uint8(file, "a//b/images", 3, 2, rows), STATUS_OK);
    for (unsigned i = 0; i < sizeof rows; i++) CU_ASSERT_EQUAL(rows[i], (uint8_t)((3 * WIDTH + i) * 7));
    CU_ASSERT_EQUAL(h5file_read_uint8(file, "/a/b/images", ROWS, 0, rows), STATUS_OK);
    int64_t labels[ROWS];
    CU_ASSERT_EQUAL(h5file_read_integer(file, "/labels", 0, ROWS, labels), STATUS_OK);
    CU_ASSERT_EQUAL(labels[5], 35);
    h5file_close(file);
}

static void the_same_calls_give_the_same_bytes(void)
{
    size_t size, again;
    unsigned char *first = scratch_read(write_small("first.h5"), &size);
    nanosleep(&(struct timespec){.tv_sec = 1, .tv_nsec = 100000000}, NULL); /* HDF5's object times are in seconds */
    unsigned char *second = scratch_read(write_small("second.h5"), &again);
    CU_ASSERT_EQUAL(size, again);
    CU_ASSERT(size == again && memcmp(first, second, size) == 0);
    free(first);
    free(second);
}

static void a_discarded_file_leaves_nothing_and_spares_the_old_one(void)
{
    const char *path = scratch_path("kept.h5");
    scratch_write(path, "old", 3);
    H5Writer *writer;
    CU_ASSERT_EQUAL_FATAL(h5file_create(path, &writer), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_uint8(writer, "/x", 1, (const uint64_t[]){1}, (const uint8_t[]){1}), STATUS_OK);
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 1);
    h5file_discard(writer);
    CU_ASSERT_EQUAL(scratch_count(".tmp-"), 0);
    size_t size;
    unsigned char *bytes = scratch_read(path, &size);
    CU_ASSERT(size == 3 && memcmp(bytes, "old", 3) == 0);
    free(bytes);
    h5file_discard(NULL);
}

/* Another host may have the same process number and a temporary file of ours. */
static void a_taken_temporary_name_is_left_alone(void)
{
    char name[64];
    snprintf(name, sizeof name, "taken.h5.tmp-%ld-0", (long)getpid());
    const char *taken = scratch_path(name);
    scratch_write(taken, "theirs", 6);
    write_small("taken.h5");
    size_t size;
    unsigned char *bytes = scratch_read(taken, &size);
    CU_ASSERT(size == 6 && memcmp(bytes, "theirs", 6) == 0);
    free(bytes);
    unlink(taken);
}

static void output_that_cannot_be_created_is_named(void)
{
    H5Writer *writer;
    CU_ASSERT_EQUAL(h5file_create(scratch_path("no/such/out.h5"), &writer), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("no/such/out.h5\": No such file or directory");
    CU_ASSERT_PTR_NULL(writer);
    CU_ASSERT_EQUAL(h5file_create("/tmp", &writer), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("a directory");
    CU_ASSERT_EQUAL(h5file_create("/dev/null", &writer), STATUS_CANT_CREATE);
    CU_ASSERT_MESSAGE_HAS("not a regular file");
}

/* A file size limit stands for a full disk. */
static void a_full_disk_is_an_error_and_leaves_nothing(void)
{
    enum { SIZE = 1 << 20 };
    uint8_t *values;
    CU_ASSERT_EQUAL_FATAL(memory_new(&values, SIZE, "values"), STATUS_OK);
    struct rlimit limit, old;
    getrlimit(RLIMIT_FSIZE, &old);
    limit = old;
    limit.rlim_cur = SIZE / 2;
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &limit);
    H5Writer *writer;
    CU_ASSERT_EQUAL_FATAL(h5file_create(scratch_path("full.h5"), &writer), STATUS_OK);
    Status st = h5file_write_uint8(writer, "/x", 1, (const uint64_t[]){SIZE}, values);
    if (st == STATUS_OK) st = h5file_finish(writer);
    CU_ASSERT_EQUAL(st, STATUS_IO);
    CU_ASSERT_MESSAGE_HAS("full.h5");
    h5file_discard(writer);
    setrlimit(RLIMIT_FSIZE, &old);
    CU_ASSERT_EQUAL(scratch_count("full.h5"), 0);
    memory_free(values);
}

static void no_handle_stays_open(void)
{
    void (*const tests[])(void) = {
        what_is_written_is_read_back,
        a_discarded_file_leaves_nothing_and_spares_the_old_one,
        output_that_cannot_be_created_is_named,
    };
    leave_no_handle(tests, sizeof tests / sizeof *tests);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(what_is_written_is_read_back),
        UNIT(the_same_calls_give_the_same_bytes),
        UNIT(a_discarded_file_leaves_nothing_and_spares_the_old_one),
        UNIT(a_taken_temporary_name_is_left_alone),
        UNIT(output_that_cannot_be_created_is_named),
        UNIT(a_full_disk_is_an_error_and_leaves_nothing),
        UNIT(no_handle_stays_open),
    };
    return UNIT_RUN("hdf5_write", tests);
}
