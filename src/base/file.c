#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/text.h"

Status file_open(const char *path, const char *what, int *fd, size_t *size)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (*fd < 0)
        return status_fail(errno == ENOENT || errno == ENOTDIR ? STATUS_NO_INPUT : STATUS_IO,
                           "cannot open %s \"%s\": %s", what, path, strerror(errno));
    struct stat about;
    Status st = STATUS_OK;
    if (fstat(*fd, &about) != 0)
        st = status_fail(STATUS_IO, "cannot read %s \"%s\": %s", what, path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        st = status_fail(STATUS_NO_INPUT, "%s \"%s\" is %snot a regular file", what, path,
                         S_ISDIR(about.st_mode) ? "a directory, " : "");
    else
        *size = (size_t)about.st_size;
    if (st != STATUS_OK) {
        close(*fd);
        *fd = -1;
    }
    return st;
}

Status file_read_some(int fd, const char *path, const char *what, void *bytes, size_t *size)
{
    size_t done = 0;
    while (done < *size) {
        const ssize_t got = read(fd, (char *)bytes + done, *size - done);
        if (got == 0) break;
        if (got < 0 && errno != EINTR)
            return status_fail(STATUS_IO, "cannot read %s \"%s\": %s", what, path, strerror(errno));
        if (got > 0) done += (size_t)got;
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
    close(fd);
    return st;
}

Status file_sync_directory(const char *path)
{
    char *copy;
    Status st = text_copy(&copy, path);
    if (st != STATUS_OK) return st;
    const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0 ? errno != EACCES : fsync(fd) != 0 && errno != EINVAL)
        st = status_fail(STATUS_IO, "cannot write the directory of \"%s\" to disk: %s", path, strerror(errno));
    if (fd >= 0) close(fd);
    memory_free(copy);
    return st;
}
