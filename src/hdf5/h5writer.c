/* Writing a new file, complete or not at all. */
#include <assert.h>

#include "base/memory.h"
#include "base/text.h"
#include "library.h"

static Status create_id(H5Writer *writer)
{
    const hid_t access = library_access();
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, false, true); /* nobody else knows the name */
#endif
    writer->id = H5Fcreate(writer->file.temporary, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    Status st = STATUS_OK;
    if (writer->id < 0) {
        const char *reason = library_reason();
        st = status_fail(STATUS_CANT_CREATE, "cannot create \"%s\"%s (HDF5: %s)", writer->path,
                         library_reason_is_lock(reason) ? LIBRARY_LOCK_HELP : "", reason);
    }
    H5Pclose(access);
    return st;
}

Status library_new_writer(const char *path, H5Writer **writer)
{
    *writer = NULL;
    H5Writer *made;
    Status st = library_begin();
    if (st == STATUS_OK) st = memory_new(&made, 1, "a new HDF5 file's handle");
    if (st != STATUS_OK) return st;
    made->id = -1;
    st = text_copy(&made->path, path);
    if (st == STATUS_OK)
        *writer = made;
    else
        h5file_discard(made);
    return st;
}

Status h5file_create(const char *path, H5Writer **writer)
{
    *writer = NULL;
    H5Writer *made;
    Status st = library_new_writer(path, &made);
    if (st != STATUS_OK) return st;
    st = replacement_begin(path, &made->file);
    if (st == STATUS_OK) st = create_id(made);
    if (st == STATUS_OK)
        *writer = made;
    else
        h5file_discard(made);
    return st;
}

static void writer_free(H5Writer *writer)
{
    if (writer->id >= 0) H5Fclose(writer->id);
    replacement_discard(&writer->file);
    memory_free(writer->path);
    memory_free(writer);
}

Status h5file_finish(H5Writer *writer)
{
    assert(writer->file.temporary);
    const herr_t closed = H5Fclose(writer->id);
    writer->id = -1;
    if (closed < 0) return status_fail(STATUS_IO, "cannot write \"%s\" (HDF5: %s)", writer->path, library_reason());
    const Status st = replacement_end(&writer->file);
    if (st == STATUS_OK) writer_free(writer);
    return st;
}

void h5file_discard(H5Writer *writer)
{
    if (writer) writer_free(writer);
}
