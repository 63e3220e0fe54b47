#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

/* Does open fail so because no regular file has the name? ENXIO is of a socket, or of a device without a driver. */
static bool leads_nowhere(int error)
{
    return error == ENOENT || error == ENOTDIR || error == ELOOP || error == ENAMETOOLONG || error == ENXIO;
}

Status file_open(const char *path, const char *what, int *fd, size_t *size)
{
    *fd = FILE_RETRY(open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (*fd < 0)
        return status_fail(leads_nowhere(errno) ? STATUS_NO_INPUT : STATUS_IO, "cannot open %s \"%s\": %s", what, path,
                           strerror(errno));
    struct stat about;
    Status st = STATUS_OK;
    if (FILE_RETRY(fstat(*fd, &about)) != 0)
        st = status_fail(STATUS_IO, "cannot read %s \"%s\": %s", what, path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        st = status_fail(STATUS_NO_INPUT, "%s \"%s\" is %snot a regular file", what, path,
                         S_ISDIR(about.st_mode) ? "a directory, " : "");
    else
        *size = (size_t)about.st_size;
    if (st != STATUS_OK) {
        file_close(*fd);
        *fd = -1;
    }
    return st;
}

Status file_read_some(int fd, const char *path, const char *what, void *bytes, size_t *size)
{
    size_t done = 0;
    while (done < *size) {
        const ssize_t got = FILE_RETRY(read(fd, (char *)bytes + done, *size - done));
        if (got == 0) break;
        if (got < 0) return status_fail(STATUS_IO, "cannot read %s \"%s\": %s", what, path, strerror(errno));
        done += (size_t)got;
    }
    *size = done;
    return STATUS_OK;
}

Status file_read(const char *path, const char *what, size_t limit, Status too_large, char **bytes, size_t *size)
{
    *bytes = NULL;
    int fd;
    Status st = file_open(path, what, &fd, size);
    if (st != STATUS_OK) return st;
    if (*size > limit)
        st = status_fail(too_large, "%s \"%s\" has %zu bytes, more than the %zu allowed", what, path, *size, limit);
    else
        st = memory_new(bytes, *size + 1, what);
    if (st == STATUS_OK) st = file_read_some(fd, path, what, *bytes, size);
    if (st == STATUS_OK)
        (*bytes)[*size] = '\0';
    else {
        memory_free(*bytes);
        *bytes = NULL;
    }
    file_close(fd);
    return st;
}

size_t file_write(int fd, const void *bytes, size_t size)
{
    size_t done = 0;
    while (done < size) {
        const ssize_t wrote = FILE_RETRY(write(fd, (const char *)bytes + done, size - done));
        if (wrote == 0) errno = ENOSPC;
        if (wrote <= 0) break;
        done += (size_t)wrote;
    }
    return done;
}

int file_close(int fd)
{
    return close(fd) == 0 || errno == EINTR ? 0 : -1;
}

int file_create_new(const char *path)
{
    const int flags = O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC;
    int fd = FILE_RETRY(open(path, flags, 0666));
    if (fd < 0 && errno == EEXIST && FILE_RETRY(unlink(path)) == 0) fd = FILE_RETRY(open(path, flags, 0666));
    return fd;
}

DIR *file_open_directory(const char *path)
{
    DIR *directory;
    do directory = opendir(path);
    while (!directory && errno == EINTR);
    return directory;
}

struct dirent *file_next_entry(DIR *directory)
{
    struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(directory);
    } while (!entry && errno == EINTR);
    return entry;
}

Status file_sync_directory(const char *path)
{
    char *copy;
    Status st = text_copy(&copy, path);
    if (st != STATUS_OK) return st;
    const int fd = FILE_RETRY(open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (fd < 0 ? errno != EACCES : FILE_RETRY(fsync(fd)) != 0 && errno != EINVAL)
        st = status_fail(STATUS_IO, "cannot write the directory of \"%s\" to disk: %s", path, strerror(errno));
    if (fd >= 0) file_close(fd);
    memory_free(copy);
    return st;
}
