#include "base/replacement.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
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

/* A new file of a name that nobody has: the process number, and a count where another host has the same. */
static Status make_temporary(Replacement *r, char *name, size_t size)
{
    enum { MOST_HOSTS = 100 };
    for (int i = 0; i < MOST_HOSTS; i++) {
        snprintf(name, size, "%s.tmp-%ld-%d", r->path, (long)getpid(), i);
        r->fd = FILE_RETRY(open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
        if (r->fd >= 0) {
            r->temporary = name;
            return STATUS_OK;
        }
        if (errno != EEXIST) break;
    }
    return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", r->path, strerror(errno));
}

Status replacement_begin(const char *path, Replacement *r)
{
    enum { SUFFIX = 40 };
    *r = (Replacement){0};
    const size_t size = strlen(path) + 1 + SUFFIX;
    char *name = NULL;
    Status st = replacement_check(path);
    if (st == STATUS_OK) st = text_copy(&r->path, path);
    if (st == STATUS_OK) st = memory_new(&name, size, "a path");
    if (st == STATUS_OK) st = make_temporary(r, name, size);
    if (st != STATUS_OK) {
        memory_free(name);
        replacement_discard(r);
    }
    return st;
}

Status replacement_end(Replacement *r)
{
    Status st = STATUS_OK;
    if (FILE_RETRY(fsync(r->fd)) != 0)
        st = status_fail(STATUS_IO, "cannot write \"%s\" to disk: %s", r->path, strerror(errno));
    else if (FILE_RETRY(rename(r->temporary, r->path)) != 0)
        st = status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", r->path, strerror(errno));
    else {
        memory_free(r->temporary);
        r->temporary = NULL;
        file_close(r->fd);
        st = file_sync_directory(r->path);
    }
    replacement_discard(r);
    return st;
}

void replacement_discard(Replacement *r)
{
    if (r->temporary) {
        file_close(r->fd);
        FILE_RETRY(unlink(r->temporary));
    }
    memory_free(r->temporary);
    memory_free(r->path);
    *r = (Replacement){0};
}

Status replacement_write(const char *path, const void *bytes, size_t size)
{
    Replacement r;
    Status st = replacement_begin(path, &r);
    if (st != STATUS_OK) return st;
    if (file_write(r.fd, bytes, size) < size) {
        st = status_fail(STATUS_IO, "cannot write \"%s\": %s", path, strerror(errno));
        replacement_discard(&r);
        return st;
    }
    return replacement_end(&r);
}
