/* The buffer is ours: stdio's drops what it could not write, and a half line would spoil the next. It keeps what is
 * written until that is on disk: after an fsync that failed the system takes what it could not write for written, and
 * another fsync would say that all is well (Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC
 * 2020). So the descriptor is closed, the file cut back to what is on disk, and the rest written again. */
#include "rundir/record.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/text.h"

/* Stands where records were dropped. */
static const char gap_record[] = "{\"event\":\"lost\"}\n";

/* A record of many classes has some 1.5 MB; what a full disk holds up may take all of the buffer. Small enough not to
 * lie in huge pages, of which the few records between two writes would take one. */
enum { BUFFER_SIZE = 3 << 20, WRITE_SIZE = 1 << 16, GAP_SIZE = sizeof gap_record - 1, MOST_STEPS = 256 };

/* A step that waits to be printed. Many are printed at once: alone, each would find the code for it out of the caches,
 * which a step's products have filled. */
typedef struct {
    ChainLink link;
    uint64_t epoch;
} StepRecord;

struct Records {
    int fd;       /* -1: to be opened again */
    char *path;   /* owned */
    char *buffer; /* (BUFFER_SIZE + GAP_SIZE) what is not on disk: whole records, then the one that is being built;
                     owned */

    StepRecord step[MOST_STEPS]; /* (steps) recorded after what is in the buffer */
    size_t steps;

    size_t written, whole, used; /* bytes of the buffer that are in the file; in whole records; in all */
    size_t write_at;             /* written without being asked when there are so many */
    off_t synced;  /* bytes of the file that are on disk, or were there at the start; the buffer's follow */
    bool torn;     /* there is more behind the written ones, to be cut off */
    bool too_long; /* the record that is being built does not fit */
    bool gap;      /* records are missing before the buffer's first, and no record says so */
    bool lost;     /* records were dropped since records_take_loss was called */
    bool failed;   /* an attempt to write, which was told; until all is on disk again */
    bool loss_told;
};

Status records_open(const char *path, Records **records)
{
    Status st = memory_new(records, 1, "the records");
    if (st != STATUS_OK) return st;
    Records *r = *records;
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
    records_close(r);
    *records = NULL;
    return st;
}

static bool tell_failure(Records *r)
{
    if (!r->failed)
        log_warning("cannot write \"%s\": %s; training goes on, its records wait in memory", r->path, strerror(errno));
    r->failed = true;
    return false;
}

static void tell_loss(Records *r)
{
    if (!r->loss_told)
        log_warning("\"%s\" could not be written for so long that the oldest records were dropped", r->path);
    r->loss_told = true;
}

/* Opens the file after an fsync that failed: what is not known to be on disk is to be written again. */
static bool reopen(Records *r)
{
    r->fd = FILE_RETRY(open(r->path, O_WRONLY | O_APPEND | O_CLOEXEC));
    r->torn = true;
    return r->fd >= 0;
}

/* The first bytes of what is to be written, up to the end of a record. */
static size_t whole_within(const Records *r, size_t bytes)
{
    while (bytes > 0 && r->buffer[r->written + bytes - 1] != '\n') bytes--;
    return bytes;
}

/* Nothing is written of what comes after a gap. */
static void record_gap(Records *r)
{
    if (!r->gap) return;
    memmove(r->buffer + GAP_SIZE, r->buffer, r->used);
    memcpy(r->buffer, gap_record, GAP_SIZE);
    r->whole += GAP_SIZE;
    r->used += GAP_SIZE;
    r->gap = false;
}

static bool cut_torn(Records *r)
{
    r->torn = r->torn && FILE_RETRY(ftruncate(r->fd, r->synced + (off_t)r->written)) != 0;
    return !r->torn;
}

/* The whole records to the operating system. What fails stays in the buffer, and no part of a record in the file. */
static bool write_whole(Records *r)
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

static void drop_from_buffer(Records *r, size_t bytes)
{
    memmove(r->buffer, r->buffer + bytes, r->used - bytes);
    r->used -= bytes;
    r->whole -= bytes;
    r->write_at = r->whole + WRITE_SIZE;
}

/* A special file that cannot be synced (EINVAL) has nothing to lose. */
static bool sync_written(Records *r)
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

static bool sync_whole(Records *r)
{
    const bool whole = write_whole(r);
    if (r->fd < 0 || !sync_written(r)) return false;
    r->failed = r->failed && !whole;
    return whole;
}

/* Drops a quarter of the buffer, of which nothing is written, so that it does not move for each record. */
static void drop_oldest(Records *r)
{
    assert(r->written == 0);
    tell_loss(r);
    size_t bytes = r->whole < BUFFER_SIZE / 4 ? r->whole : BUFFER_SIZE / 4;
    while (r->buffer[bytes - 1] != '\n') bytes++; /* at the latest at whole */
    drop_from_buffer(r, bytes);
    r->gap = r->lost = true;
}

static void put_bytes(Records *r, const char *bytes, size_t count)
{
    if (r->used + count > BUFFER_SIZE) sync_whole(r);
    while (r->used + count > BUFFER_SIZE && r->whole > 0) drop_oldest(r);
    r->too_long = r->too_long || r->used + count > BUFFER_SIZE;
    if (r->too_long) return;
    memcpy(r->buffer + r->used, bytes, count);
    r->used += count;
}

static void put_text(Records *r, const char *text)
{
    put_bytes(r, text, strlen(text));
}

/* ,"key": */
static void put_key(Records *r, const char *key)
{
    put_text(r, ",\"");
    put_text(r, key);
    put_text(r, "\":");
}

/* The number in a base up to 16, with leading zeros up to so many digits. Several a step are printed, faster than by
 * printf. */
static void put_digits(Records *r, uint64_t value, unsigned base, size_t digits)
{
    char text[20];
    size_t first = sizeof text;
    do {
        text[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value || sizeof text - first < digits);
    put_bytes(r, text + first, sizeof text - first);
}

/* A short text. */
PRINTF_LIKE(2, 3) static void put(Records *r, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    assert(length >= 0 && (size_t)length < sizeof text);
    put_bytes(r, text, (size_t)length);
}

void records_close(Records *r)
{
    if (!r) return;
    if (r->steps > 0 || r->written < r->whole) records_flush(r);
    if (r->written < r->whole)
        log_warning("the last %zu bytes of records are missing in \"%s\"", r->whole - r->written, r->path);
    if (r->fd >= 0) file_close(r->fd);
    memory_free(r->path);
    memory_free(r->buffer);
    memory_free(r);
}

/* A JSON string: quotes, backslashes and control characters escaped; bytes that are no UTF-8 as \xNN, for people. */
static void put_string(Records *r, const char *text)
{
    put_text(r, "\"");
    for (size_t length; *text; text += length ? length : 1) {
        length = text_utf8(text);
        if (length == 0)
            put(r, "\\\\x%02x", (unsigned char)*text);
        else if (*text == '"' || *text == '\\')
            put(r, "\\%c", *text);
        else if ((unsigned char)*text < 0x20)
            put(r, "\\u%04x", (unsigned char)*text);
        else
            put_bytes(r, text, length);
    }
    put_text(r, "\"");
}

static void begin(Records *r, const char *event)
{
    put_text(r, "{\"event\":");
    put_string(r, event);
}

static void put_step(Records *r, const StepRecord *step)
{
    begin(r, "step");
    record_integer(r, "step", step->link.step);
    record_integer(r, "epoch", step->epoch);
    record_integer(r, "samples", step->link.samples);
    record_hex(r, "rows", step->link.rows);
    record_float(r, "loss", step->link.loss);
    record_float(r, "learning_rate", step->link.learning_rate);
    record_end(r);
}

static void put_steps(Records *r)
{
    for (size_t i = 0; i < r->steps; i++) put_step(r, &r->step[i]);
    r->steps = 0;
}

void record_step(Records *r, const ChainLink *link, uint64_t epoch)
{
    if (!r) return;
    r->step[r->steps++] = (StepRecord){.link = *link, .epoch = epoch};
    if (r->steps == MOST_STEPS) put_steps(r);
}

void record_begin(Records *r, const char *event)
{
    if (!r) return;
    put_steps(r);
    begin(r, event);
}

void record_integer(Records *r, const char *key, uint64_t value)
{
    if (!r) return;
    put_key(r, key);
    put_digits(r, value, 10, 1);
}

void record_hex(Records *r, const char *key, uint64_t value)
{
    if (!r) return;
    put_key(r, key);
    put_text(r, "\"");
    put_digits(r, value, 16, 16);
    put_text(r, "\"");
}

void record_float(Records *r, const char *key, double value)
{
    if (!r) return;
    if (isfinite(value))
        put(r, ",\"%s\":%.17g,\"%s_hex\":\"%a\"", key, value, key, value);
    else
        put(r, ",\"%s\":null,\"%s_hex\":\"%f\"", key, key, value);
}

void record_null(Records *r, const char *key)
{
    if (r) put(r, ",\"%s\":null,\"%s_hex\":null", key, key);
}

void record_text(Records *r, const char *key, const char *value)
{
    if (!r) return;
    put_key(r, key);
    put_string(r, value);
}

void record_counts(Records *r, const char *key, size_t rows, size_t columns, RecordCount *at, const void *context)
{
    if (!r) return;
    put_key(r, key);
    if (rows) put_text(r, "[");
    for (size_t i = 0; i < (rows ? rows : 1); i++) {
        put_text(r, i ? ",[" : "[");
        for (size_t j = 0; j < columns; j++) {
            if (j) put_text(r, ",");
            put_digits(r, at(context, i, j), 10, 1);
        }
        put_text(r, "]");
    }
    if (rows) put_text(r, "]");
}

void record_digest(Records *r, const char *key, Digest digest)
{
    char hex[DIGEST_HEX_SIZE];
    digest_hex(digest, hex);
    record_text(r, key, hex);
}

void record_digests(Records *r, const char *key, size_t count, const Digest *digests)
{
    if (!r) return;
    put_key(r, key);
    put_text(r, "[");
    for (size_t i = 0; i < count; i++) {
        char hex[DIGEST_HEX_SIZE];
        digest_hex(digests[i], hex);
        if (i) put_text(r, ",");
        put_string(r, hex);
    }
    put_text(r, "]");
}

void record_end(Records *r)
{
    if (!r) return;
    put_text(r, "}\n");
    if (r->too_long) {
        tell_loss(r);
        r->used = r->whole;
        r->too_long = false;
    }
    r->whole = r->used;
    if (r->whole >= r->write_at) write_whole(r);
}

void records_flush(Records *r)
{
    if (!r) return;
    put_steps(r);
    write_whole(r);
}

bool records_sync(Records *r)
{
    if (!r) return true;
    put_steps(r);
    return sync_whole(r);
}

bool records_take_loss(Records *r)
{
    const bool lost = r && r->lost;
    if (r) r->lost = false;
    return lost;
}
