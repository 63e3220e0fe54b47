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
#include "base/text.h"
#include "rundir/record_link.h"

/* Stands where records were dropped, with a link behind it. */
static const char gap_record[] = "{\"event\":\"lost\"";

/* A record of many classes has some 1.5 MB; what a full disk holds up may take all of the buffer. Small enough not to
 * lie in huge pages, of which the few records between two writes would take one. */
enum {
    BUFFER_SIZE = 3 << 20,
    WRITE_SIZE = 1 << 16,
    GAP_TEXT = sizeof gap_record - 1,
    GAP_SIZE = GAP_TEXT + RECORD_LINK_SIZE + 1
};

struct RecordFile {
    int fd;       /* -1: to be opened again */
    char *path;   /* owned */
    char *buffer; /* (BUFFER_SIZE + GAP_SIZE) what is not on disk: whole records, then the one that is being built;
                     owned */

    size_t written, whole, used; /* bytes of the buffer that are in the file; in whole records; in all */
    size_t write_at;             /* written without being asked when there are so many */
    off_t synced;          /* bytes of the file that are on disk, or were there at the start; the buffer's follow */
    uint64_t before, last; /* record_link_of the line before the buffer's first, and of the last whole one; 0: none */
    bool torn;             /* there is more behind the written ones, to be cut off */
    bool too_long;         /* the record that is being built does not fit */
    bool gap;              /* records are missing before the buffer's first, and no record says so */
    bool lost;             /* records were dropped since record_file_take_loss was called */
    bool failed;           /* an attempt to write, which was told; until all is on disk again */
    bool loss_told;
};

/* Where the last of the lines that end with the bytes begins. */
static size_t last_line(const char *bytes, size_t count)
{
    while (count > 1 && bytes[count - 2] != '\n') count--;
    return count ? count - 1 : 0;
}

/* The file's last line, to link to. The buffer is still empty, and serves to read it. */
static Status read_last_line(RecordFile *r)
{
    int fd;
    size_t size, bytes = 0, first = 0;
    Status st = file_open(r->path, "the records of a run", &fd, &size);
    if (st != STATUS_OK) return st;
    while (st == STATUS_OK && first == 0 && bytes < size && bytes < BUFFER_SIZE) {
        bytes = 2 * bytes + 4096;
        if (bytes > BUFFER_SIZE) bytes = BUFFER_SIZE;
        if (bytes > size) bytes = size;
        if (FILE_RETRY(lseek(fd, (off_t)(size - bytes), SEEK_SET)) < 0)
            st = status_fail(STATUS_IO, "cannot read \"%s\": %s", r->path, strerror(errno));
        else
            st = file_read_some(fd, r->path, "the records of a run", r->buffer, &bytes);
        if (st == STATUS_OK) first = last_line(r->buffer, bytes);
    }
    file_close(fd);
    if (st == STATUS_OK && bytes > 0) r->before = r->last = record_link_of(r->buffer + first, bytes - 1 - first);
    return st;
}

static Status open_file(RecordFile *r)
{
    struct stat info;
    r->fd = FILE_RETRY(open(r->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666));
    if (r->fd < 0 || FILE_RETRY(fstat(r->fd, &info)) != 0)
        return status_fail(STATUS_CANT_CREATE, "cannot create \"%s\": %s", r->path, strerror(errno));
    r->synced = info.st_size;
    return S_ISREG(info.st_mode) ? read_last_line(r) : STATUS_OK;
}

Status record_file_open(const char *path, RecordFile **file)
{
    Status st = memory_new(file, 1, "the records");
    if (st != STATUS_OK) return st;
    RecordFile *r = *file;
    r->fd = -1;
    r->write_at = WRITE_SIZE;
    st = text_copy(&r->path, path);
    if (st == STATUS_OK) st = memory_new(&r->buffer, BUFFER_SIZE + GAP_SIZE, "the records");
    if (st == STATUS_OK) st = open_file(r);
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

/* The lines of the buffer follow other ones than when they were built. */
static void link_again(RecordFile *r)
{
    r->last = r->before;
    for (char *line = r->buffer, *end; line < r->buffer + r->whole; line = end + 1) {
        end = memchr(line, '\n', r->whole - (size_t)(line - r->buffer));
        record_link_put(r->last, end - RECORD_LINK_SIZE);
        r->last = record_link_of(line, (size_t)(end - line));
    }
}

/* Nothing is written of what comes after a gap. */
static void record_gap(RecordFile *r)
{
    if (!r->gap) return;
    memmove(r->buffer + GAP_SIZE, r->buffer, r->used);
    memcpy(r->buffer, gap_record, GAP_TEXT);
    r->buffer[GAP_SIZE - 1] = '\n';
    r->whole += GAP_SIZE;
    r->used += GAP_SIZE;
    r->gap = false;
    link_again(r);
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

/* The written records are on disk. */
static void keep_written(RecordFile *r)
{
    if (r->written == 0) return;
    const size_t first = last_line(r->buffer, r->written);
    r->before = record_link_of(r->buffer + first, r->written - 1 - first);
    r->synced += (off_t)r->written;
    drop_from_buffer(r, r->written);
}

/* A special file that cannot be synced (EINVAL) has nothing to lose. */
static bool sync_written(RecordFile *r)
{
    const bool good = FILE_RETRY(fsync(r->fd)) == 0 || errno == EINVAL;
    if (good) {
        keep_written(r);
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

/* For so many bytes more, if there is any way. */
static void make_room(RecordFile *r, size_t count)
{
    if (r->used + count > BUFFER_SIZE) sync_whole(r);
    while (r->used + count > BUFFER_SIZE && r->whole > 0) drop_oldest(r);
    r->too_long = r->too_long || r->used + count > BUFFER_SIZE;
}

void record_file_put(RecordFile *r, const char *bytes, size_t count)
{
    make_room(r, count);
    if (r->too_long) return;
    memcpy(r->buffer + r->used, bytes, count);
    r->used += count;
}

/* The link to the line before; it is known when there is room, which may have been made of that line. */
static void put_link(RecordFile *r)
{
    char end[RECORD_LINK_SIZE + 1];
    make_room(r, sizeof end);
    record_link_put(r->last, end);
    end[RECORD_LINK_SIZE] = '\n';
    record_file_put(r, end, sizeof end);
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
    put_link(r);
    if (r->too_long) {
        tell_loss(r);
        r->used = r->whole;
        r->too_long = false;
        return;
    }
    r->last = record_link_of(r->buffer + r->whole, r->used - r->whole - 1);
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
