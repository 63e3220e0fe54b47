#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"

static Status read_all(int fd, const char *path, const char *what, char *bytes, size_t *size)
{
    size_t done = 0;
    while (done < *size) {
        const ssize_t got = read(fd, bytes + done, *size - done);
        if (got == 0) break;
        if (got < 0 && errno != EINTR)
            return status_fail(STATUS_IO, "cannot read %s \"%s\": %s", what, path, strerror(errno));
        if (got > 0) done += (size_t)got;
    }
    *size = done;
    bytes[done] = '\0';
    return STATUS_OK;
}

Status file_read(const char *path, const char *what, size_t limit, Status too_large, char **bytes, size_t *size)
{
    *bytes = NULL;
    const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return status_fail(errno == ENOENT || errno == ENOTDIR ? STATUS_NO_INPUT : STATUS_IO,
                           "cannot open %s \"%s\": %s", what, path, strerror(errno));
    struct stat about;
    Status st;
    if (fstat(fd, &about) != 0)
        st = status_fail(STATUS_IO, "cannot read %s \"%s\": %s", what, path, strerror(errno));
    else if (!S_ISREG(about.st_mode))
        st = status_fail(STATUS_NO_INPUT, "%s \"%s\" is not a regular file", what, path);
    else if ((size_t)about.st_size > limit)
        st = status_fail(too_large, "%s \"%s\" has %lld bytes, more than the %zu allowed", what, path,
                         (long long)about.st_size, limit);
    else {
        *size = (size_t)about.st_size;
        st = memory_new(bytes, *size + 1, what);
    }
    if (st == STATUS_OK) st = read_all(fd, path, what, *bytes, size);
    if (st != STATUS_OK) {
        memory_free(*bytes);
        *bytes = NULL;
    }
    close(fd);
    return st;
}
