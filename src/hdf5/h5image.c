/* HDF5 files in memory: the core driver without a file behind it. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "library.h"

enum { GROWTH = 1 << 20 }; /* bytes by which an image being written grows */

/* The caller closes it (H5Pclose). */
static hid_t memory_access(void)
{
    const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_core(access, GROWTH, false);
    return access;
}

/* HDF5 takes images of one name for one file, and refuses one whose name is a file's: so each gets a name of its own
 * that no file can have. */
static void unique_name(char name[64])
{
    static unsigned long images;
    snprintf(name, 64, "/dev/null/image-%lu", images++);
}

Status h5image_create(const char *name, size_t user_block, H5Writer **writer)
{
    Status st = library_new_writer(name, writer);
    if (st != STATUS_OK) return st;
    (*writer)->user_block = user_block;
    const hid_t access = memory_access(), creation = H5Pcreate(H5P_FILE_CREATE);
    /* The user block is in the addresses' base, not in the image. */
    char own[64];
    unique_name(own);
    if (H5Pset_userblock(creation, user_block) >= 0) (*writer)->id = H5Fcreate(own, H5F_ACC_TRUNC, creation, access);
    if ((*writer)->id < 0) {
        st = status_fail(STATUS_INTERNAL, "cannot make \"%s\" in memory (HDF5: %s)", name, library_reason());
        h5file_discard(*writer);
        *writer = NULL;
    }
    H5Pclose(creation);
    H5Pclose(access);
    return st;
}

static Status copy_image(const H5Writer *writer, unsigned char **bytes, size_t *size)
{
    ssize_t length = -1;
    if (H5Fflush(writer->id, H5F_SCOPE_GLOBAL) >= 0) length = H5Fget_file_image(writer->id, NULL, 0);
    if (length < 0)
        return status_fail(STATUS_INTERNAL, "cannot make \"%s\" in memory (HDF5: %s)", writer->path, library_reason());
    *size = writer->user_block + (size_t)length;
    Status st = memory_new(bytes, *size, "an HDF5 file in memory");
    if (st == STATUS_OK && H5Fget_file_image(writer->id, *bytes + writer->user_block, (size_t)length) != length) {
        st = status_fail(STATUS_INTERNAL, "cannot make \"%s\" in memory (HDF5: %s)", writer->path, library_reason());
        memory_free(*bytes);
        *bytes = NULL;
    }
    return st;
}

Status h5image_finish(H5Writer *writer, unsigned char **bytes, size_t *size)
{
    assert(!writer->file.temporary);
    *bytes = NULL;
    const Status st = copy_image(writer, bytes, size);
    if (st == STATUS_OK) h5file_discard(writer);
    return st;
}

static Status open_bytes(H5File *file, const void *bytes, size_t size)
{
    const hid_t access = memory_access();
    Status st = STATUS_OK;
    /* It takes a pointer to non-const, and copies. */
    if (H5Pset_file_image(access, (void *)bytes, size) < 0)
        st = status_fail(STATUS_INTERNAL, "cannot open \"%s\" in memory (HDF5: %s)", file->path, library_reason());
    else {
        char own[64];
        unique_name(own);
        file->id = H5Fopen(own, H5F_ACC_RDONLY, access);
        if (file->id < 0)
            st = status_fail(STATUS_DATA, "\"%s\" is not an HDF5 file, or a damaged one (HDF5: %s)", file->path,
                             library_reason());
    }
    H5Pclose(access);
    return st;
}

Status h5image_open(const char *name, const void *bytes, size_t size, H5File **file)
{
    Status st = library_new_file(name, file);
    if (st != STATUS_OK) return st;
    (*file)->image = true;
    st = open_bytes(*file, bytes, size);
    if (st != STATUS_OK) {
        h5file_close(*file);
        *file = NULL;
    }
    return st;
}
