/* Writing a new file, complete or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "library.h"

struct H5Writer {
    hid_t id;
    int descriptor;         /* of the temporary file, for fsync */
    char *path, *temporary; /* owned */
    bool exists;            /* does the temporary file? */
};

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

Status h5file_create(const char *path, H5Writer **writer)
{
    *writer = NULL;
    library_begin();
    Status st = check_target(path);
    if (st != STATUS_OK) return st;
    H5Writer *made;
    st = memory_new(&made, 1, "a new HDF5 file's handle");
    if (st != STATUS_OK) return st;
    made->id = made->descriptor = -1;
    const size_t size = strlen(path) + 1, room = size + 40;
    st = memory_new(&made->path, size, "a path");
    if (st == STATUS_OK) st = memory_new(&made->temporary, room, "a path");
    if (st == STATUS_OK) {
        strcpy(made->path, path);
        st = make_temporary(made, room);
    }
    if (st == STATUS_OK) st = create_id(made);
    if (st == STATUS_OK)
        *writer = made;
    else
        h5file_discard(made);
    return st;
}

Status h5file_write_uint8(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                          const uint8_t *values)
{
    hsize_t size[H5FILE_MAX_DIMENSIONS];
    for (int i = 0; i < dimensions; i++) size[i] = extent[i];
    const hid_t space = H5Screate_simple(dimensions, size, NULL);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(creation, false);
    const hid_t id = H5Dcreate2(writer->id, dataset, H5T_STD_U8LE, space, links, creation, H5P_DEFAULT);
    Status st = STATUS_OK;
    if (id < 0 || H5Dwrite(id, H5T_NATIVE_UINT8, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        st = status_fail(STATUS_IO, "cannot write dataset \"%s\" of \"%s\" (HDF5: %s)", dataset, writer->path,
                         library_reason());
    if (id >= 0) H5Dclose(id);
    H5Pclose(creation);
    H5Pclose(links);
    H5Sclose(space);
    return st;
}

/* So that the rename outlasts a power failure. Some file systems cannot sync a directory and need not. */
static Status sync_directory(const char *path)
{
    char *copy;
    Status st = memory_new(&copy, strlen(path) + 1, "a path");
    if (st != STATUS_OK) return st;
    strcpy(copy, path);
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0 && fsync(fd) != 0 && errno != EINVAL)
        st = status_fail(STATUS_IO, "cannot write the directory of \"%s\" to disk: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    memory_free(copy);
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
    const herr_t closed = H5Fclose(writer->id);
    writer->id = -1;
    if (closed < 0) return status_fail(STATUS_IO, "cannot write \"%s\" (HDF5: %s)", writer->path, library_reason());
    if (fsync(writer->descriptor) != 0)
        return status_fail(STATUS_IO, "cannot write \"%s\" to disk: %s", writer->path, strerror(errno));
    if (rename(writer->temporary, writer->path) != 0)
        return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", writer->path, strerror(errno));
    writer->exists = false;
    const Status st = sync_directory(writer->path);
    if (st == STATUS_OK) writer_free(writer);
    return st;
}

void h5file_discard(H5Writer *writer)
{
    if (writer) writer_free(writer);
}
