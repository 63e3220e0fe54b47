#include "output/event_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/crc32c.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

enum { WRITE_SIZE = 1 << 16, ROOM = 1 << 20, PATH_SIZE = 4096 + 512, HOST_SIZE = 256 };

static const char name_begin[] = "events.out.tfevents.";

struct EventFile {
    int fd;
    char *path;    /* owned */
    off_t written; /* bytes of the file: whole records */
    Bytes data;    /* of the record that is being built; owned */
    Bytes waiting; /* records that are not in the file; owned */
    bool failed;   /* it was told that something is missing */
};

static void tell_failure(EventFile *f, const char *why)
{
    if (!f->failed)
        log_warning("cannot write \"%s\": %s; training goes on, TensorBoard will miss something", f->path, why);
    f->failed = true;
}

void event_file_flush(EventFile *f)
{
    const size_t size = f->waiting.size, done = size ? file_write(f->fd, f->waiting.at, size) : 0;
    f->waiting.size = 0;
    if (done == size) {
        f->written += (off_t)size;
        return;
    }
    tell_failure(f, strerror(errno));
    if (FILE_RETRY(ftruncate(f->fd, f->written)) != 0) tell_failure(f, strerror(errno));
}

static uint32_t masked_crc(const void *bytes, size_t size)
{
    const uint32_t crc = crc32c(bytes, size);
    return (crc >> 15 | crc << 17) + 0xa282ead8u;
}

static void put_record(EventFile *f)
{
    const uint64_t size = f->data.size;
    const uint32_t size_crc = masked_crc(&size, sizeof size), crc = masked_crc(f->data.at, f->data.size);
    bytes_append(&f->waiting, &size, sizeof size);
    bytes_append(&f->waiting, &size_crc, sizeof size_crc);
    bytes_append(&f->waiting, f->data.at, f->data.size);
    bytes_append(&f->waiting, &crc, sizeof crc);
}

Bytes *event_file_begin(EventFile *f)
{
    f->data.size = 0;
    return &f->data;
}

/* Without memory what waits goes too: it may end with half a record. */
void event_file_end(EventFile *f)
{
    if (f->data.st == STATUS_OK) put_record(f);
    if (f->data.st != STATUS_OK || f->waiting.st != STATUS_OK) {
        tell_failure(f, status_message());
        status_clear();
        f->data.st = f->waiting.st = STATUS_OK;
        f->waiting.size = 0;
    }
    if (f->waiting.size >= WRITE_SIZE) event_file_flush(f);
}

/* The time in the name of the directory's last event file; -1: there is none. */
static long long newest_file(const char *directory)
{
    long long newest = -1;
    DIR *entries = file_open_directory(directory);
    for (const struct dirent *entry; entries && (entry = file_next_entry(entries));) {
        if (strncmp(entry->d_name, name_begin, sizeof name_begin - 1) != 0) continue;
        const long long time = strtoll(entry->d_name + sizeof name_begin - 1, NULL, 10);
        newest = time > newest ? time : newest;
    }
    if (entries) closedir(entries);
    return newest;
}

static Status create_file(EventFile *f, const char *directory)
{
    char path[PATH_SIZE], host[HOST_SIZE] = "";
    const long long newest = newest_file(directory), now = (long long)time(NULL);
    gethostname(host, sizeof host - 1);
    snprintf(path, sizeof path, "%s/%s%010lld.%s.%ld", directory, name_begin, now > newest ? now : newest + 1, host,
             (long)getpid());
    const Status st = text_copy(&f->path, path);
    if (st != STATUS_OK) return st;
    f->fd = FILE_RETRY(open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0666));
    return f->fd >= 0 ? STATUS_OK : status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
}

/* So that records do not allocate later. */
static Status take_room(Bytes *bytes)
{
    bytes_add(bytes, ROOM);
    bytes->size = 0;
    return bytes->st;
}

Status event_file_open(const char *directory, EventFile **file)
{
    Status st = memory_new(file, 1, "the event file");
    if (st != STATUS_OK) return st;
    EventFile *f = *file;
    f->fd = -1;
    st = take_room(&f->data);
    if (st == STATUS_OK) st = take_room(&f->waiting);
    if (st == STATUS_OK) st = create_file(f, directory);
    if (st == STATUS_OK) return STATUS_OK;
    event_file_close(f);
    *file = NULL;
    return st;
}

void event_file_close(EventFile *f)
{
    if (!f) return;
    if (f->fd >= 0) {
        event_file_flush(f);
        file_close(f->fd);
    }
    bytes_free(&f->data);
    bytes_free(&f->waiting);
    memory_free(f->path);
    memory_free(f);
}
