/* Writing a new file, complete or not at all. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "library.h"

/* A new file of a name that nobody has: the process number, and a count where another host has the same. */
static Status make_temporary(H5Writer *writer, size_t room)
{
    for (int i = 0; i < 100; i++) {
        snprintf(writer->temporary, room, "%s.tmp-%ld-%d", writer->path, (long)getpid(), i);
        writer->descriptor = open(writer->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        writer->exists = writer->descriptor >= 0;
        if (writer->exists) return STATUS_OK;
        if (errno != EEXIST) break;
    }
    return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", writer->path, strerror(errno));
}

/* A rename would put a file in the place of a device such as /dev/null. */
static Status check_target(const char *path)
{
    struct stat about;
    if (stat(path, &about) == 0 && !S_ISREG(about.st_mode))
        return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": it is there already, and %s", path,
                           S_ISDIR(about.st_mode) ? "a directory" : "not a regular file");
    return STATUS_OK;
}

static Status create_id(H5Writer *writer)
{
    const hid_t access = library_access();
#if H5_VERSION_GE(1, 10, 7)
    H5Pset_file_locking(access, false, true); /* nobody else knows the name */
#endif
    writer->id = H5Fcreate(writer->temporary, H5F_ACC_TRUNC, H5P_DEFAULT, access);
    Status st = STATUS_OK;
    if (writer->id < 0) {
        const char *reason = library_reason();
        st = status_fail(STATUS_CANT_CREATE, "cannot create \"%s\"%s (HDF5: %s)", writer->path,
                         library_reason_is_lock(reason) ? LIBRARY_LOCK_HELP : "", reason);
    }
    H5Pclose(access);
    return st;
}

Status library_new_writer(const char *path, size_t room, H5Writer **writer)
{
    *writer = NULL;
    H5Writer *made;
    Status st = library_begin();
    if (st == STATUS_OK) st = memory_new(&made, 1, "a new HDF5 file's handle");
    if (st != STATUS_OK) return st;
    made->id = made->descriptor = -1;
    const size_t size = strlen(path) + 1;
    st = memory_new(&made->path, size, "a path");
    if (st == STATUS_OK) st = memory_new(&made->temporary, size + room, "a path");
    if (st == STATUS_OK) {
        memcpy(made->path, path, size);
        *writer = made;
    } else
        h5file_discard(made);
    return st;
}

Status h5file_create(const char *path, H5Writer **writer)
{
    enum { SUFFIX = 40 };
    *writer = NULL;
    Status st = check_target(path);
    if (st != STATUS_OK) return st;
    H5Writer *made;
    st = library_new_writer(path, SUFFIX, &made);
    if (st != STATUS_OK) return st;
    st = make_temporary(made, strlen(path) + 1 + SUFFIX);
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
    if (writer->descriptor >= 0) close(writer->descriptor);
    if (writer->exists) unlink(writer->temporary);
    memory_free(writer->temporary);
    memory_free(writer->path);
    memory_free(writer);
}

Status h5file_finish(H5Writer *writer)
{
    assert(writer->descriptor >= 0);
    const herr_t closed = H5Fclose(writer->id);
    writer->id = -1;
    if (closed < 0) return status_fail(STATUS_IO, "cannot write \"%s\" (HDF5: %s)", writer->path, library_reason());
    if (fsync(writer->descriptor) != 0)
        return status_fail(STATUS_IO, "cannot write \"%s\" to disk: %s", writer->path, strerror(errno));
    if (rename(writer->temporary, writer->path) != 0)
        return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", writer->path, strerror(errno));
    writer->exists = false;
    const Status st = file_sync_directory(writer->path);
    if (st == STATUS_OK) writer_free(writer);
    return st;
}

void h5file_discard(H5Writer *writer)
{
    if (writer) writer_free(writer);
}
