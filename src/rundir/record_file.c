/* The buffer is ours: stdio's drops what it could not write, and a half line would spoil the next. It keeps what is
 * written until that is on disk: after an fsync that failed the system takes what it could not write for written, and
 * another fsync would say that all is well (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC
 * 2020). So the descriptor is closed, the file cut back to what is on disk, and the rest written again. */
#include "rundir/record_file.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"

/* Stands where records were dropped. */
static const char gap_record[] = "{\"event\":\"lost\"}\n";

/* A record of many classes has some 1.5 MB; what a full disk holds up may take all of the buffer. Small enough not to
 * lie in huge pages, of which the few records between two writes would take one. */
enum { BUFFER_SIZE = 3 << 20, WRITE_SIZE = 1 << 16, GAP_SIZE = sizeof gap_record - 1 };

struct RecordFile {
    int fd;       /* -1: to be opened again */
    char *path;   /* owned */
    char *buffer; /* (BUFFER_SIZE + GAP_SIZE) what is not on disk: whole records, then the one that is being built;
                     owned */

    size_t written, whole, used; /* bytes of the buffer that are in the file; in whole records; in all */
    size_t write_at;             /* written without being asked when there are so many */
    off_t synced;  /* bytes of the file that are on disk, or were there at the start; the buffer's follow */
    bool torn;     /* there is more behind the written ones, to be cut off */
    bool too_long; /* the record that is being built does not fit */
    bool gap;      /* records are missing before the buffer's first, and no record says so */
    bool lost;     /* records were dropped since record_file_take_loss was called */
    bool failed;   /* an attempt to write, which was told; until all is on disk again */
    bool loss_told;
};

Status record_file_open(const char *path, RecordFile **file)
{
    Status st = memory_new(file, 1, "the records");
    if (st != STATUS_OK) return st;
    RecordFile *r = *file;
    r->fd = -1;
    r->write_at = WRITE_SIZE;
    st = memory_new(&r->path, strlen(path) + 1, "the records");
    if (st == STATUS_OK) st = memory_new(&r->buffer, BUFFER_SIZE + GAP_SIZE, "the records");
    if (st == STATUS_OK) {
        struct stat info;
        strcpy(r->path, path);
        r->fd = FILE_RETRY(open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
        if (r->fd < 0 || FILE_RETRY(fstat(r->fd, &info)) != 0)
            st = status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", path, strerror(errno));
        else
            r->synced = info.st_size;
    }
    if (st == STATUS_OK) return st;
    record_file_close(r);
    *file = NULL;
    return st;
}

static bool tell_failure(RecordFile *r)
{
    if (!r->failed)
        log_warning("cannot write \"%s\": %s; training goes on, its records wait in memory", r->path, strerror(errno));
    r->failed = true;
    return false;
}

static void tell_loss(RecordFile *r)
{
    if (!r->loss_told)
        log_warning("\"%s\" could not be written for so long that the oldest records were dropped", r->path);
    r->loss_told = true;
}

/* Opens the file after an fsync that failed: what is not known to be on disk is to be written again. */
static bool reopen(RecordFile *r)
{
    r->fd = FILE_RETRY(open(r->path, O_WRONLY | O_APPEND | O_CLOEXEC));
    r->torn = true;
    return r->fd >= 0;
}

/* The first bytes of what is to be written, up to the end of a record. */
static size_t whole_within(const RecordFile *r, size_t bytes)
{
    while (bytes > 0 && r->buffer[r->written + bytes - 1] != '\n') bytes--;
    return bytes;
}

/* Nothing is written of what comes after a gap. */
static void record_gap(RecordFile *r)
{
    if (!r->gap) return;
    memmove(r->buffer + GAP_SIZE, r->buffer, r->used);
    memcpy(r->buffer, gap_record, GAP_SIZE);
    r->whole += GAP_SIZE;
    r->used += GAP_SIZE;
    r->gap = false;
}

static bool cut_torn(RecordFile *r)
{
    r->torn = r->torn && FILE_RETRY(ftruncate(r->fd, r->synced + (off_t)r->written)) != 0;
    return !r->torn;
}

/* The whole records to the operating system. What fails stays in the buffer, and no part of a record in the file. */
static bool write_whole(RecordFile *r)
{
    if (r->fd < 0 && !reopen(r)) return tell_failure(r);
    if (!cut_torn(r)) return tell_failure(r);
    record_gap(r);
    const size_t done = file_write(r->fd, r->buffer + r->written, r->whole - r->written);
    const int error = errno;
    const size_t keep = whole_within(r, done);
    r->written += keep;
    r->torn = keep < done;
    cut_torn(r);
    r->write_at = r->whole + WRITE_SIZE;
    errno = error;
    return r->written == r->whole || tell_failure(r);
}

static void drop_from_buffer(RecordFile *r, size_t bytes)
{
    memmove(r->buffer, r->buffer + bytes, r->used - bytes);
    r->used -= bytes;
    r->whole -= bytes;
    r->write_at = r->whole + WRITE_SIZE;
}

/* A special file that cannot be synced (EINVAL) has nothing to lose. */
static bool sync_written(RecordFile *r)
{
    const bool good = FILE_RETRY(fsync(r->fd)) == 0 || errno == EINVAL;
    if (good) {
        r->synced += (off_t)r->written;
        drop_from_buffer(r, r->written);
    } else {
        tell_failure(r);
        file_close(r->fd);
        r->fd = -1;
    }
    r->written = 0;
    return good;
}

static bool sync_whole(RecordFile *r)
{
    const bool whole = write_whole(r);
    if (r->fd < 0 || !sync_written(r)) return false;
    r->failed = r->failed && !whole;
    return whole;
}

/* Drops a quarter of the buffer, of which nothing is written, so that it does not move for each record. */
static void drop_oldest(RecordFile *r)
{
    assert(r->written == 0);
    tell_loss(r);
    size_t bytes = r->whole < BUFFER_SIZE / 4 ? r->whole : BUFFER_SIZE / 4;
    while (r->buffer[bytes - 1] != '\n') bytes++; /* at the latest at whole */
    drop_from_buffer(r, bytes);
    r->gap = r->lost = true;
}

void record_file_put(RecordFile *r, const char *bytes, size_t count)
{
    if (r->used + count > BUFFER_SIZE) sync_whole(r);
    while (r->used + count > BUFFER_SIZE && r->whole > 0) drop_oldest(r);
    r->too_long = r->too_long || r->used + count > BUFFER_SIZE;
    if (r->too_long) return;
    memcpy(r->buffer + r->used, bytes, count);
    r->used += count;
}

void record_file_close(RecordFile *r)
{
    if (!r) return;
    if (r->written < r->whole) write_whole(r);
    if (r->written < r->whole)
        log_warning("the last %zu bytes of records are missing in \"%s\"", r->whole - r->written, r->path);
    if (r->fd >= 0) file_close(r->fd);
    memory_free(r->path);
    memory_free(r->buffer);
    memory_free(r);
}

void record_file_end(RecordFile *r)
{
    if (r->too_long) {
        tell_loss(r);
        r->used = r->whole;
        r->too_long = false;
    }
    r->whole = r->used;
    if (r->whole >= r->write_at) write_whole(r);
}

void record_file_flush(RecordFile *r)
{
    write_whole(r);
}

bool record_file_sync(RecordFile *r)
{
    return sync_whole(r);
}

bool record_file_take_loss(RecordFile *r)
{
    const bool lost = r->lost;
    r->lost = false;
    return lost;
}
