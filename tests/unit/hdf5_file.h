/* For tests of src/hdf5: a small file of our own writing, and HDF5's open handles. */
#ifndef LOCKSTEP_TESTS_HDF5_FILE_H
#define LOCKSTEP_TESTS_HDF5_FILE_H

#include <hdf5.h>

#include "hdf5/h5file.h"
#include "scratch.h"
#include "unit.h"

enum { ROWS = 6, WIDTH = 4 };

/* Its path; /a/b/images (ROWS, WIDTH) and /labels (ROWS). */
static inline const char *write_small(const char *name)
{
    const char *path = scratch_path(name);
    uint8_t values[ROWS * WIDTH];
    for (unsigned i = 0; i < sizeof values; i++) values[i] = (uint8_t)(i * 7);
    H5Writer *writer;
    CU_ASSERT_EQUAL_FATAL(h5file_create(path, &writer), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_uint8(writer, "/a/b/images", 2, (const uint64_t[]){ROWS, WIDTH}, values), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_write_uint8(writer, "/labels", 1, (const uint64_t[]){ROWS}, values), STATUS_OK);
    CU_ASSERT_EQUAL(h5file_finish(writer), STATUS_OK);
    return path;
}

/* The status of opening a file and looking at one dataset. */
static inline Status look(const char *path, const char *dataset, H5Info *info)
{
    H5File *file;
    Status st = h5file_open(path, &file);
    if (st != STATUS_OK) return st;
    st = h5file_info(file, dataset, info);
    h5file_close(file);
    return st;
}

static inline long open_handles(void)
{
    const H5I_type_t types[] = {H5I_FILE, H5I_GROUP, H5I_DATATYPE, H5I_DATASPACE, H5I_DATASET, H5I_GENPROP_LST};
    long sum = 0;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        hsize_t count = 0;
        H5Inmembers(types[i], &count);
        sum += (long)count;
    }
    return sum;
}

/* Each test leaves as many handles open as there were. */
static inline void leave_no_handle(void (*const *tests)(void), size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const long before = open_handles();
        tests[i]();
        CU_ASSERT_EQUAL(open_handles(), before);
    }
}

#endif
