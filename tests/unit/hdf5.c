/* src/hdf5: what is read and what is refused. */
#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "base/memory.h"
#include "hdf5_file.h"

/* A dataset made through HDF5 itself; creation may be H5P_DEFAULT. */
static void put(hid_t file, const char *name, hid_t type, hid_t memory_type, int dimensions, const hsize_t *extent,
                hid_t creation, const void *values)
{
    const hid_t space = H5Screate_simple(dimensions, extent, NULL);
    const hid_t id = H5Dcreate2(file, name, type, space, H5P_DEFAULT, creation, H5P_DEFAULT);
    CU_ASSERT(id >= 0);
    if (values) CU_ASSERT(H5Dwrite(id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0);
    H5Dclose(id);
    H5Sclose(space);
}

static hid_t make(const char *path)
{
    const hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    CU_ASSERT_FATAL(file >= 0);
    return file;
}

static Status add_to_list(H5File *file, const char *dataset, void *list)
{
    (void)file;
    strcat(strcat(list, dataset), " ");
    return strstr(dataset, "stop") ? status_fail(STATUS_DATA, "seen") : STATUS_OK;
}

/* Two hard links that make a circle end, soft and external links are not followed. */
static void each_dataset_is_visited_in_the_order_of_names(void)
{
    const char *path = scratch_path("names.h5");
    const hid_t id = make(path);
    const hid_t group = H5Gcreate2(id, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    put(id, "z", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1}, H5P_DEFAULT, "x");
    put(id, "g/y", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1}, H5P_DEFAULT, "x");
    put(id, "g/b", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1}, H5P_DEFAULT, "x");
    H5Lcreate_hard(id, "/", group, "root", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/g/y", id, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("/etc/passwd", "/x", id, "external", H5P_DEFAULT, H5P_DEFAULT);
    H5Gclose(group);
    H5Fclose(id);
    H5File *file;
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    char list[256] = "";
    CU_ASSERT_EQUAL(h5file_each(file, add_to_list, list), STATUS_OK);
    CU_ASSERT_STRING_EQUAL(list, "/g/b /g/y /z ");
    h5file_close(file);
}

static void a_visitor_s_failure_ends_the_visit(void)
{
    const char *path = scratch_path("stop.h5");
    const hid_t id = make(path);
    put(id, "stop", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1}, H5P_DEFAULT, "x");
    put(id, "z", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1}, H5P_DEFAULT, "x");
    H5Fclose(id);
    H5File *file;
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    char list[256] = "";
    CU_ASSERT_EQUAL(h5file_each(file, add_to_list, list), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("seen");
    CU_ASSERT_STRING_EQUAL(list, "/stop ");
    h5file_close(file);
}

static void files_that_are_no_hdf5_are_told_apart(void)
{
    H5File *file;
    CU_ASSERT_EQUAL(h5file_open(scratch_path("absent.h5"), &file), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("No such file");
    CU_ASSERT_PTR_NULL(file);
    CU_ASSERT_EQUAL(h5file_open("/tmp", &file), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("a directory");
    const char *path = scratch_path("fifo");
    mkfifo(path, 0600);
    CU_ASSERT_EQUAL(h5file_open(path, &file), STATUS_NO_INPUT);
    CU_ASSERT_MESSAGE_HAS("not a regular file");
    scratch_write(path = scratch_path("empty.h5"), "", 0);
    CU_ASSERT_EQUAL(h5file_open(path, &file), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("is empty");
    scratch_write(path = scratch_path("text.h5"), "not data\n", 9);
    CU_ASSERT_EQUAL(h5file_open(path, &file), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("is not an HDF5 file");
}

static void a_locked_file_says_how_to_do_without_locks(void)
{
    const char *path = write_small("locked.h5");
    const int fd = open(path, O_RDWR);
    CU_ASSERT_FATAL(fd >= 0 && flock(fd, LOCK_EX) == 0);
    H5File *file;
    CU_ASSERT_EQUAL(h5file_open(path, &file), STATUS_IO);
    CU_ASSERT_MESSAGE_HAS("HDF5_USE_FILE_LOCKING=FALSE");
    close(fd);
    CU_ASSERT_EQUAL(h5file_open(path, &file), STATUS_OK);
    h5file_close(file);
}

static void a_missing_dataset_is_answered_with_those_there_are(void)
{
    const char *path = write_small("missing.h5");
    H5Info info;
    const char *const wrong[] = {"/train/images", "/a/b/images/deeper", "/a/b/./images", "/", "", "/labels2"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CU_ASSERT_EQUAL(look(path, wrong[i], &info), STATUS_DATA);
        CU_ASSERT_MESSAGE_HAS("/a/b/images, /labels");
    }
    CU_ASSERT_EQUAL(look(path, "/a/b", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("not a dataset");
    char endless[3000];
    memset(endless, 'a', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    CU_ASSERT_EQUAL(look(path, endless, &info), STATUS_DATA);
}

static void only_hard_links_lead_to_a_dataset(void)
{
    write_small("target.h5");
    const char *path = scratch_path("links.h5");
    const hid_t id = make(path);
    H5Gclose(H5Gcreate2(id, "g", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    put(id, "g/x", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1}, H5P_DEFAULT, "x");
    H5Lcreate_hard(id, "g/x", id, "hard", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/g/x", id, "soft", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_soft("/g", id, "softgroup", H5P_DEFAULT, H5P_DEFAULT);
    H5Lcreate_external("target.h5", "/labels", id, "external", H5P_DEFAULT, H5P_DEFAULT);
    H5Fclose(id);
    H5Info info;
    CU_ASSERT_EQUAL(look(path, "/hard", &info), STATUS_OK);
    CU_ASSERT_EQUAL(look(path, "/soft", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"/soft\" is a soft link");
    CU_ASSERT_EQUAL(look(path, "/softgroup/x", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("\"/softgroup\" is a soft link");
    CU_ASSERT_EQUAL(look(path, "/external", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("an external link");
}

static void values_in_other_files_are_refused(void)
{
    write_small("target.h5");
    const char *path = scratch_path("outside.h5");
    const hsize_t extent[] = {ROWS};
    const hid_t id = make(path), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_external(creation, "/etc/passwd", 0, ROWS);
    put(id, "passwd", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, extent, creation, NULL);
    H5Pclose(creation);
    const hid_t virtual_creation = H5Pcreate(H5P_DATASET_CREATE), space = H5Screate_simple(1, extent, NULL);
    H5Pset_virtual(virtual_creation, space, "target.h5", "/labels", space);
    put(id, "virtual", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, extent, virtual_creation, NULL);
    H5Sclose(space);
    H5Pclose(virtual_creation);
    H5Fclose(id);
    H5Info info;
    CU_ASSERT_EQUAL(look(path, "/passwd", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("external storage");
    CU_ASSERT_EQUAL(look(path, "/virtual", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("is virtual");
}

static hid_t chunked(hsize_t rows)
{
    const hid_t creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(creation, 1, &rows);
    return creation;
}

static void known_filters_are_read_and_others_refused(void)
{
    const char *path = scratch_path("filters.h5");
    const uint8_t values[ROWS] = {1, 2, 3, 4, 5, 6};
    const hid_t id = make(path), good = chunked(4), bad = chunked(4);
    H5Pset_shuffle(good);
    H5Pset_deflate(good, 9);
    H5Pset_fletcher32(good);
    put(id, "good", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){ROWS}, good, values);
    H5Pset_nbit(bad);
    put(id, "bad", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){ROWS}, bad, values);
    H5Pclose(good);
    H5Pclose(bad);
    H5Fclose(id);
    H5File *file;
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    uint8_t read[ROWS];
    CU_ASSERT_EQUAL(h5file_read_uint8(file, "/good", 0, ROWS, read), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(values, read, ROWS), 0);
    CU_ASSERT_EQUAL(h5file_read_uint8(file, "/bad", 0, ROWS, read), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("filter 5 (nbit)");
    h5file_close(file);
}

static void claims_without_values_are_refused(void)
{
    const char *path = scratch_path("claims.h5");
    const hid_t id = make(path), small = chunked(1000), large = chunked(1u << 31);
    put(id, "never", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1000}, H5P_DEFAULT, NULL);
    put(id, "empty", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1ull << 40}, small, NULL);
    put(id, "chunk", H5T_STD_U8LE, H5T_NATIVE_UINT8, 1, (hsize_t[]){1ull << 31}, large, NULL);
    put(id, "scalar", H5T_STD_U8LE, H5T_NATIVE_UINT8, 0, NULL, H5P_DEFAULT, "x");
    put(id, "deep", H5T_STD_U8LE, H5T_NATIVE_UINT8, 9, (hsize_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1}, H5P_DEFAULT, "x");
    H5Pclose(small);
    H5Pclose(large);
    H5Fclose(id);
    H5Info info;
    CU_ASSERT_EQUAL(look(path, "/never", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("never written");
    CU_ASSERT_EQUAL(look(path, "/empty", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("never written");
    CU_ASSERT_EQUAL(look(path, "/chunk", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("chunks of 2147483648 bytes");
    CU_ASSERT_EQUAL(look(path, "/scalar", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("0 dimensions");
    CU_ASSERT_EQUAL(look(path, "/deep", &info), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("9 dimensions");
}

static void types_are_told_apart(void)
{
    const char *path = scratch_path("types.h5");
    const hid_t id = make(path), text = H5Tcopy(H5T_C_S1), truth = H5Tenum_create(H5T_STD_I8LE);
    const int8_t no = 0;
    H5Tenum_insert(truth, "NO", &no);
    const struct {
        const char *name;
        hid_t type;
        ElementKind kind;
        const char *text;
    } cases[] = {
        {"u8le", H5T_STD_U8LE, ELEMENT_UINT8, "uint8"},
        {"u8be", H5T_STD_U8BE, ELEMENT_UINT8, "uint8"},
        {"i8", H5T_STD_I8LE, ELEMENT_INTEGER, "int8"},
        {"i64be", H5T_STD_I64BE, ELEMENT_INTEGER, "int64 big-endian"},
        {"f32le", H5T_IEEE_F32LE, ELEMENT_FLOAT32, "float32"},
        {"f32be", H5T_IEEE_F32BE, ELEMENT_FLOAT32, "float32 big-endian"},
        {"f64", H5T_IEEE_F64LE, ELEMENT_FLOAT64, "float64"},
        {"f64be", H5T_IEEE_F64BE, ELEMENT_FLOAT64, "float64 big-endian"},
        {"text", text, ELEMENT_TEXT, "string"},
        {"truth", truth, ELEMENT_OTHER, "enumeration"},
        {"bits", H5T_STD_B8LE, ELEMENT_OTHER, "bitfield"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        put(id, cases[i].name, cases[i].type, cases[i].type, 1, (hsize_t[]){1}, H5P_DEFAULT, &(uint64_t){0});
    H5Tclose(text);
    H5Tclose(truth);
    H5Fclose(id);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        H5Info info;
        CU_ASSERT_EQUAL(look(path, cases[i].name, &info), STATUS_OK);
        CU_ASSERT_EQUAL(info.kind, cases[i].kind);
        CU_ASSERT_STRING_EQUAL(info.type_text, cases[i].text);
    }
}

static void numbers_are_widened_and_never_clipped(void)
{
    const char *path = scratch_path("numbers.h5");
    const hid_t id = make(path);
    const int64_t small[3] = {-3, 0, 100};
    const uint64_t large[3] = {1, INT64_MAX, (uint64_t)INT64_MAX + 1};
    const float floats[3] = {-1.5f, 0x1p-149f, 3e38f};
    put(id, "i8be", H5T_STD_I8BE, H5T_NATIVE_INT64, 1, (hsize_t[]){3}, H5P_DEFAULT, small);
    put(id, "i32be", H5T_STD_I32BE, H5T_NATIVE_INT64, 1, (hsize_t[]){3}, H5P_DEFAULT, small);
    put(id, "u64", H5T_STD_U64LE, H5T_NATIVE_UINT64, 1, (hsize_t[]){3}, H5P_DEFAULT, large);
    put(id, "f32be", H5T_IEEE_F32BE, H5T_NATIVE_FLOAT, 1, (hsize_t[]){3}, H5P_DEFAULT, floats);
    H5Fclose(id);
    H5File *file;
    CU_ASSERT_EQUAL_FATAL(h5file_open(path, &file), STATUS_OK);
    int64_t value[3];
    float real[3];
    CU_ASSERT_EQUAL(h5file_read_integer(file, "/i8be", 0, 3, value), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(value, small, sizeof small), 0);
    CU_ASSERT_EQUAL(h5file_read_integer(file, "/i32be", 0, 3, value), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(value, small, sizeof small), 0);
    CU_ASSERT_EQUAL(h5file_read_integer(file, "/u64", 0, 2, value), STATUS_OK);
    CU_ASSERT_EQUAL(value[1], INT64_MAX);
    CU_ASSERT_EQUAL(h5file_read_integer(file, "/u64", 1, 2, value), STATUS_DATA);
    CU_ASSERT_MESSAGE_HAS("row 2 is 9223372036854775808");
    CU_ASSERT_EQUAL(h5file_read_float32(file, "/f32be", 0, 3, real), STATUS_OK);
    CU_ASSERT_EQUAL(memcmp(real, floats, sizeof floats), 0);
    h5file_close(file);
}

static void no_handle_stays_open(void)
{
    void (*const tests[])(void) = {
        each_dataset_is_visited_in_the_order_of_names,
        a_visitor_s_failure_ends_the_visit,
        files_that_are_no_hdf5_are_told_apart,
        a_locked_file_says_how_to_do_without_locks,
        a_missing_dataset_is_answered_with_those_there_are,
        only_hard_links_lead_to_a_dataset,
        values_in_other_files_are_refused,
        known_filters_are_read_and_others_refused,
        claims_without_values_are_refused,
        types_are_told_apart,
        numbers_are_widened_and_never_clipped,
    };
    leave_no_handle(tests, sizeof tests / sizeof *tests);
}

static void plugins_are_off(void)
{
    unsigned types = ~0u;
    write_small("plugins.h5");
    CU_ASSERT(H5PLget_loading_state(&types) >= 0);
    CU_ASSERT_EQUAL(types, 0);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(each_dataset_is_visited_in_the_order_of_names),
        UNIT(a_visitor_s_failure_ends_the_visit),
        UNIT(files_that_are_no_hdf5_are_told_apart),
        UNIT(a_locked_file_says_how_to_do_without_locks),
        UNIT(a_missing_dataset_is_answered_with_those_there_are),
        UNIT(only_hard_links_lead_to_a_dataset),
        UNIT(values_in_other_files_are_refused),
        UNIT(known_filters_are_read_and_others_refused),
        UNIT(claims_without_values_are_refused),
        UNIT(types_are_told_apart),
        UNIT(numbers_are_widened_and_never_clipped),
        UNIT(no_handle_stays_open),
        UNIT(plugins_are_off),
    };
    return UNIT_RUN("hdf5", tests);
}
