#include "base/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"

Status replacement_check(const char *path)
{
    struct stat about;
    if (FILE_RETRY(stat(path, &about)) == 0 && !S_ISREG(about.st_mode))
        return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": it is there already, and %s", path,
                           S_ISDIR(about.st_mode) ? "a directory" : "not a regular file");
    return STATUS_OK;
}

static Status cannot_create(const char *path)
{
    return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
}

/* Makes a temporary file and its name (size); its descriptor, or -1 with errno set. */
typedef int Make(const char *path, char *name, size_t size);

/* Of a name that nobody has: the process number, and a count where another host has the same. */
static int make_one_of_many(const char *path, char *name, size_t size)
{
    enum { MOST_HOSTS = 100 };
    int fd = -1;
    for (int i = 0; i < MOST_HOSTS && fd < 0; i++) {
        snprintf(name, size, "%s.tmp-%ld-%d", path, (long)getpid(), i);
        fd = FILE_RETRY(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (fd < 0 && errno != EEXIST) break;
    }
    return fd;
}

static int make_sole(const char *path, char *name, size_t size)
{
    const char *slash = strrchr(path, '/'), *last = slash ? slash + 1 : path;
    snprintf(name, size, "%.*s.%s.tmp", (int)(last - path), path, last);
    return file_create_new(name);
}

static ssize_t stream_write(void *fd, const char *bytes, size_t size)
{
    return (ssize_t)file_write((int)(intptr_t)fd, bytes, size);
}

/* stdio alone would lose what it was writing when a signal came. */
static FILE *open_stream(int fd)
{
    const cookie_io_functions_t calls = {.write = stream_write};
    return fopencookie((void *)(intptr_t)fd, "w", calls); /* glibc's */
}

static Status make_files(Make *make, Replacement *r, size_t size)
{
    r->fd = make(r->path, r->temporary, size);
    if (r->fd < 0) return cannot_create(r->path);
    r->stream = open_stream(r->fd);
    if (r->stream) return STATUS_OK;
    const Status st = cannot_create(r->path);
    file_close(r->fd);
    FILE_RETRY(unlink(r->temporary));
    return st;
}

static Status begin(const char *path, Make *make, Replacement *r)
{
    enum { AFFIXES = 40 };
    *r = (Replacement){0};
    const size_t size = strlen(path) + 1 + AFFIXES;
    Status st = replacement_check(path);
    if (st == STATUS_OK) st = text_copy(&r->path, path);
    if (st == STATUS_OK) st = memory_new(&r->temporary, size, "a path");
    if (st == STATUS_OK) st = make_files(make, r, size);
    if (st != STATUS_OK) replacement_discard(r);
    return st;
}

Status replacement_begin(const char *path, Replacement *r)
{
    return begin(path, make_one_of_many, r);
}

Status replacement_begin_sole(const char *path, Replacement *r)
{
    return begin(path, make_sole, r);
}

static void forget(Replacement *r)
{
    memory_free(r->temporary);
    memory_free(r->path);
    *r = (Replacement){0};
}

/* A network file system may tell only at the close that it has no room. */
static bool put_on_disk(Replacement *r)
{
    const bool synced = fflush(r->stream) == 0 && !ferror(r->stream) && FILE_RETRY(fsync(r->fd)) == 0;
    const int error = errno;
    fclose(r->stream);
    if (file_close(r->fd) != 0) return false;
    errno = error;
    return synced;
}

Status replacement_end(Replacement *r)
{
    Status st;
    if (put_on_disk(r) && FILE_RETRY(rename(r->temporary, r->path)) == 0)
        st = file_sync_directory(r->path);
    else {
        st = status_fail(STATUS_IO, "cannot write \"%s\": %s", r->path, strerror(errno));
        FILE_RETRY(unlink(r->temporary));
    }
    forget(r);
    return st;
}

void replacement_discard(Replacement *r)
{
    if (r->stream) {
        fclose(r->stream);
        file_close(r->fd);
        FILE_RETRY(unlink(r->temporary));
    }
    forget(r);
}

Status replacement_write(const char *path, const void *bytes, size_t size)
{
    Replacement r;
    Status st = replacement_begin(path, &r);
    if (st != STATUS_OK) return st;
    fwrite(bytes, 1, size, r.stream);
    return replacement_end(&r);
}
