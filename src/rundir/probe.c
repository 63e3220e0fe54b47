#include "rundir/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "base/file.h"

enum { NAME_SIZE = 4096 + 512 };

/* A name that no other process uses. */
static void name_file(const char *directory, const char *ending, char name[NAME_SIZE])
{
    char host[256] = "";
    gethostname(host, sizeof host - 1);
    snprintf(name, NAME_SIZE, "%s/.probe.%s.%ld%s", directory, host, (long)getpid(), ending);
}

static Status failed(Status st, const char *doing, const char *directory)
{
    return status_fail(st, "cannot %s in \"%s\": %s", doing, directory, strerror(errno));
}

/* Until the file is on disk; what a slow disk takes is feigned in tests. */
static Status sync_file(int fd, const char *directory, double *seconds)
{
    const double began = clock_seconds();
    if (FILE_RETRY(fsync(fd)) != 0) return failed(STATUS_IO, "bring a file to disk", directory);
    *seconds = clock_seconds() - began + (fault_at("slow-disk", 0) ? 5.0 : 0.0);
    return STATUS_OK;
}

Status probe_files(const char *directory, double *seconds)
{
    static const char block[4096];
    char first[NAME_SIZE], second[NAME_SIZE];
    name_file(directory, ".tmp", first);
    name_file(directory, "", second);
    const int fd = FILE_RETRY(open(first, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    if (fd < 0) return failed(STATUS_CANT_CREATE, "make a file", directory);
    Status st = STATUS_OK;
    if (file_write(fd, block, sizeof block) != sizeof block) st = failed(STATUS_IO, "write a file", directory);
    if (st == STATUS_OK) st = sync_file(fd, directory, seconds);
    file_close(fd);
    if (st == STATUS_OK && FILE_RETRY(rename(first, second)) != 0)
        st = failed(STATUS_CANT_CREATE, "rename a file", directory);
    const double began = clock_seconds();
    if (st == STATUS_OK) st = file_sync_directory(second);
    *seconds += clock_seconds() - began;
    FILE_RETRY(unlink(first));
    FILE_RETRY(unlink(second));
    return st;
}

static bool lock(int fd)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return FILE_RETRY(fcntl(fd, F_OFD_SETLK, &whole)) == 0;
}

/* first, second: the same file, opened twice. */
static Status lock_twice(int first, int second, const char *directory)
{
    if (fault_at("no-locks", 0)) errno = ENOLCK;
    if (fault_at("no-locks", 0) || !lock(first)) return failed(STATUS_CANT_CREATE, "lock a file", directory);
    if (!lock(second)) return STATUS_OK;
    return status_fail(STATUS_CANT_CREATE, "a lock on a file in \"%s\" keeps nobody out", directory);
}

Status probe_locks(const char *directory)
{
    char name[NAME_SIZE];
    name_file(directory, ".lock", name);
    const int first = FILE_RETRY(open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666));
    if (first < 0) return failed(STATUS_CANT_CREATE, "make a file", directory);
    const int second = FILE_RETRY(open(name, O_RDWR | O_CLOEXEC));
    const Status st =
        second < 0 ? failed(STATUS_CANT_CREATE, "open a file again", directory) : lock_twice(first, second, directory);
    if (second >= 0) file_close(second);
    file_close(first);
    FILE_RETRY(unlink(name));
    return st;
}
