#include "data/source.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "base/file.h"
#include "base/memory.h"

enum { BUFFER = 1 << 17, GZIP_ONLY = 16 + MAX_WBITS };

struct Source {
    const char *path, *what; /* borrowed */
    int fd;                  /* owned */
    size_t file_size;
    bool compressed;

    uint64_t done;     /* bytes given out */
    z_stream stream;   /* if compressed: of the member that is read */
    uint8_t *buffer;   /* (BUFFER) what stream reads; owned */
    bool member_ended; /* stream's member is over, the next has not begun */
};

static bool begins_as_gzip(const uint8_t *bytes, size_t count)
{
    return count >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

static Status begin(Source *source)
{
    uint8_t magic[2];
    size_t count = sizeof magic;
    Status st = file_read_some(source->fd, source->path, source->what, magic, &count);
    if (st != STATUS_OK) return st;
    if (lseek(source->fd, 0, SEEK_SET) != 0)
        return status_fail(STATUS_IO, "cannot read %s \"%s\" from its begin", source->what, source->path);
    if (!begins_as_gzip(magic, count)) return STATUS_OK;
    st = memory_new(&source->buffer, BUFFER, "a piece of a compressed file");
    if (st != STATUS_OK) return st;
    source->compressed = inflateInit2(&source->stream, GZIP_ONLY) == Z_OK;
    return source->compressed
               ? STATUS_OK
               : status_fail(STATUS_INTERNAL, "out of memory for reading %s \"%s\"", source->what, source->path);
}

Status source_open(const char *path, const char *what, Source **source)
{
    *source = NULL;
    Source *opened;
    Status st = memory_new(&opened, 1, "a file's handle");
    if (st != STATUS_OK) return st;
    opened->path = path;
    opened->what = what;
    st = file_open(path, what, &opened->fd, &opened->file_size);
    if (st == STATUS_OK && opened->file_size == 0)
        st = status_fail(STATUS_DATA, "%s \"%s\" is empty", what, path);
    else if (st == STATUS_OK)
        st = begin(opened);
    if (st == STATUS_OK)
        *source = opened;
    else
        source_close(opened);
    return st;
}

void source_close(Source *source)
{
    if (!source) return;
    if (source->compressed) inflateEnd(&source->stream);
    if (source->fd >= 0) close(source->fd);
    memory_free(source->buffer);
    memory_free(source);
}

uint64_t source_most(const Source *source, bool *exact)
{
    *exact = !source->compressed;
    uint64_t most = source->file_size;
    if (source->compressed && __builtin_mul_overflow(most, FILE_DEFLATE_MOST, &most)) most = UINT64_MAX;
    return most;
}

static Status truncated(const Source *source)
{
    return status_fail(STATUS_DATA, "%s \"%s\" is truncated after %" PRIu64 " bytes%s: download it again", source->what,
                       source->path, source->done, source->compressed ? " of its uncompressed content" : "");
}

static Status inflate_failed(const Source *source, int code)
{
    if (code == Z_MEM_ERROR)
        return status_fail(STATUS_INTERNAL, "out of memory for reading %s \"%s\"", source->what, source->path);
    return status_fail(STATUS_DATA, "%s \"%s\" is a damaged gzip file (%s): download it again", source->what,
                       source->path, source->stream.msg ? source->stream.msg : "no progress");
}

/* Compressed bytes are there; or, at the end of the file, none. */
static Status fill(Source *source)
{
    if (source->stream.avail_in > 0) return STATUS_OK;
    size_t count = BUFFER;
    const Status st = file_read_some(source->fd, source->path, source->what, source->buffer, &count);
    source->stream.next_in = source->buffer;
    source->stream.avail_in = st == STATUS_OK ? (uInt)count : 0;
    return st;
}

/* After a member: the end, another member, or what belongs to neither. */
static Status begin_member(Source *source)
{
    /* Its first bytes side by side, wherever the buffer ended. */
    z_stream *stream = &source->stream;
    if (stream->avail_in == 1) {
        size_t count = BUFFER - 1;
        source->buffer[0] = *stream->next_in;
        const Status st = file_read_some(source->fd, source->path, source->what, source->buffer + 1, &count);
        if (st != STATUS_OK) return st;
        stream->next_in = source->buffer;
        stream->avail_in = 1 + (uInt)count;
    }
    if (!begins_as_gzip(stream->next_in, stream->avail_in))
        return status_fail(
            STATUS_DATA, "%s \"%s\" has bytes after the end of its gzip stream that belong to none: download it again",
            source->what, source->path);
    source->member_ended = false;
    return inflateReset(stream) == Z_OK ? STATUS_OK : inflate_failed(source, Z_STREAM_ERROR);
}

/* As file_read_some, uncompressed: fewer than *size only at the end of the last member. */
static Status inflate_some(Source *source, uint8_t *bytes, size_t *size)
{
    enum { PIECE = 1 << 30 };
    const size_t wanted = *size;
    for (*size = 0; *size < wanted;) {
        Status st = fill(source);
        if (st != STATUS_OK) return st;
        if (source->stream.avail_in == 0) return source->member_ended ? STATUS_OK : truncated(source);
        if (source->member_ended) st = begin_member(source);
        if (st != STATUS_OK) return st;
        const uInt room = wanted - *size < PIECE ? (uInt)(wanted - *size) : PIECE;
        source->stream.next_out = bytes + *size;
        source->stream.avail_out = room;
        const int code = inflate(&source->stream, Z_NO_FLUSH);
        *size += room - source->stream.avail_out;
        source->done += room - source->stream.avail_out;
        source->member_ended = code == Z_STREAM_END;
        if (code != Z_OK && code != Z_STREAM_END) return inflate_failed(source, code);
    }
    return STATUS_OK;
}

static Status read_some(Source *source, void *bytes, size_t *size)
{
    if (source->compressed) return inflate_some(source, bytes, size);
    const Status st = file_read_some(source->fd, source->path, source->what, bytes, size);
    if (st == STATUS_OK) source->done += *size;
    return st;
}

Status source_read(Source *source, void *bytes, uint64_t size)
{
    size_t got = size;
    const Status st = read_some(source, bytes, &got);
    return st == STATUS_OK && got < size ? truncated(source) : st;
}

Status source_end(Source *source)
{
    uint8_t byte;
    size_t got = 1;
    const Status st = read_some(source, &byte, &got);
    if (st != STATUS_OK || got == 0) return st;
    return status_fail(STATUS_DATA,
                       "%s \"%s\" has bytes after its last value: its header is wrong, or it is something else",
                       source->what, source->path);
}
