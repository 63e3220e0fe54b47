/* A file becomes durable under its name as a whole, or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/file.h"
#include "checkpoint_internal.h"

typedef struct {
    const char *path; /* the final one; borrowed */
    char temporary[CHECKPOINT_PATH_SIZE];
    int fd; /* of the temporary file */
} Target;

void checkpoint_host(char host[CHECKPOINT_HOST_SIZE])
{
    memset(host, 0, CHECKPOINT_HOST_SIZE);
    if (gethostname(host, CHECKPOINT_HOST_SIZE - 1) != 0 || !*host || strchr(host, '/')) strcpy(host, "unknown");
}

static Status failed(const Target *target, Status st, const char *doing)
{
    return status_fail(st, "cannot %s checkpoint \"%s\": %s", doing, target->path, strerror(errno));
}

static Status create(Target *target, uint64_t step)
{
    char host[CHECKPOINT_HOST_SIZE];
    checkpoint_host(host);
    const char *slash = strrchr(target->path, '/');
    const int directory = slash ? (int)(slash + 1 - target->path) : 0;
    const int length =
        snprintf(target->temporary, sizeof target->temporary, "%.*s" CHECKPOINT_TEMPORARY "%" PRIu64 ".tmp.%s.%ld",
                 directory, target->path, step, host, (long)getpid());
    if ((size_t)length >= sizeof target->temporary) {
        errno = ENAMETOOLONG;
        return failed(target, STATUS_CANT_CREATE, "create");
    }
    target->fd = file_create_new(target->temporary);
    return target->fd >= 0 ? STATUS_OK : failed(target, STATUS_CANT_CREATE, "create");
}

static Status sync_file(const Target *target)
{
    if (FILE_RETRY(fsync(target->fd)) != 0) return failed(target, STATUS_IO, "write to disk");
    /* So that what is read back comes from the disk where the system can do that. */
    posix_fadvise(target->fd, 0, 0, POSIX_FADV_DONTNEED);
    return STATUS_OK;
}

/* What a disk that loses or turns bits would do. */
static void damage(const Target *target, const unsigned char *bytes, size_t size)
{
    const unsigned char wrong = (unsigned char)(bytes[size - 1] ^ 1);
    if (pwrite(target->fd, &wrong, 1, (off_t)(size - 1)) != 1) return;
}

static Status read_back(const Target *target, const unsigned char *bytes, size_t size)
{
    unsigned char block[1 << 16];
    if (FILE_RETRY(lseek(target->fd, 0, SEEK_SET)) != 0) return failed(target, STATUS_IO, "read back");
    for (size_t done = 0;; done += sizeof block) {
        const size_t left = done < size ? size - done : 0, expected = left < sizeof block ? left : sizeof block;
        size_t got = sizeof block;
        const Status st = file_read_some(target->fd, target->path, "back checkpoint", block, &got);
        if (st != STATUS_OK) return st;
        if (got != expected || memcmp(block, bytes + done, expected) != 0)
            return status_fail(STATUS_IO,
                               "checkpoint \"%s\" reads back otherwise than it was written, between bytes %zu and %zu: "
                               "the disk or its connection is failing",
                               target->path, done, done + sizeof block);
        if (expected < sizeof block) return STATUS_OK;
    }
}

Status checkpoint_store(const char *path, uint64_t step, const unsigned char *bytes, size_t size)
{
    Target target = {.path = path};
    Status st = create(&target, step);
    if (st != STATUS_OK) return st;
    if (file_write(target.fd, bytes, size) < size) st = failed(&target, STATUS_IO, "write");
    if (st == STATUS_OK) st = sync_file(&target);
    if (st == STATUS_OK && fault_at("checkpoint-damage", step)) damage(&target, bytes, size);
    if (st == STATUS_OK) st = read_back(&target, bytes, size);
    if (file_close(target.fd) != 0 && st == STATUS_OK) st = failed(&target, STATUS_IO, "write");
    if (st == STATUS_OK && FILE_RETRY(rename(target.temporary, path)) != 0)
        st = failed(&target, STATUS_CANT_CREATE, "create");
    if (st != STATUS_OK) {
        FILE_RETRY(unlink(target.temporary));
        return st;
    }
    return file_sync_directory(path);
}
