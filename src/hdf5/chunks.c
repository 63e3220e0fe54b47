#include "chunks.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

/* A whole chunk is in memory, packed and unpacked. */
static const uint64_t CHUNK_LIMIT = 1u << 30;

/* Has a chunk as many dimensions as the dataset, none of them without extent? libhdf5 does not look. */
static bool get_layout(hid_t creation, size_t element, const H5Info *info, Chunks *chunks)
{
    unsigned options = 0;
    if (H5Pget_chunk(creation, H5S_MAX_RANK, chunks->extent) != info->dimensions) return false;
    H5Pget_chunk_opts(creation, &options);
    chunks->whole_edges = options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS;
    chunks->bytes = element;
    chunks->count = 1;
    for (int i = 0; i < info->dimensions; i++) {
        if (chunks->extent[i] == 0) return false;
        if (__builtin_mul_overflow(chunks->bytes, chunks->extent[i], &chunks->bytes)) chunks->bytes = UINT64_MAX;
        chunks->count *= info->extent[i] / chunks->extent[i] + (info->extent[i] % chunks->extent[i] != 0);
    }
    return true;
}

static Status get_chunks(const H5File *file, const char *dataset, hid_t creation, size_t element, const H5Info *info,
                         Chunks *chunks)
{
    if (!get_layout(creation, element, info, chunks))
        return status_fail(STATUS_DATA,
                           "\"%s\": dataset \"%s\" has chunks of another shape than its own: the file is damaged, copy "
                           "or make it again",
                           file->path, dataset);
    if (chunks->bytes > CHUNK_LIMIT)
        return status_fail(STATUS_DATA,
                           "\"%s\": dataset \"%s\" has chunks of %" PRIu64 " bytes, more than the %" PRIu64
                           " allowed: write it again with smaller ones",
                           file->path, dataset, chunks->bytes, CHUNK_LIMIT);
    return filters_get(file, dataset, creation, &chunks->filters);
}

Status chunks_get(const H5File *file, const char *dataset, hid_t id, size_t element, const H5Info *info, Chunks *chunks)
{
    *chunks = (Chunks){0};
    const hid_t creation = H5Dget_create_plist(id);
    Status st = STATUS_OK;
    if (H5Pget_layout(creation) == H5D_CHUNKED) st = get_chunks(file, dataset, creation, element, info, chunks);
    H5Pclose(creation);
    return st;
}

/* The fewest bytes that the chunks can be stored in. */
static uint64_t least_stored(const Chunks *chunks)
{
    uint64_t all;
    if (__builtin_mul_overflow(chunks->bytes, chunks->count, &all)) all = UINT64_MAX;
    return filters_have(&chunks->filters, H5Z_FILTER_DEFLATE) ? all / FILE_DEFLATE_MOST : all;
}

Status chunks_check(H5File *file, const char *dataset, hid_t id, const Chunks *chunks, uint64_t stored)
{
    hsize_t written;
    const hid_t all = H5Dget_space(id);
    const Status st = H5Dget_num_chunks(id, all, &written) < 0 ? library_damaged(file, dataset) : STATUS_OK;
    H5Sclose(all);
    if (st != STATUS_OK) return st;
    if (written != chunks->count)
        return status_fail(STATUS_DATA,
                           "\"%s\": dataset \"%s\" has %" PRIu64 " of its %" PRIu64
                           " chunks: the others were never written, as by a job that was interrupted; make it again",
                           file->path, dataset, (uint64_t)written, chunks->count);
    const uint64_t least = least_stored(chunks);
    /* So if a chunk without filters is stored short, another one is stored long: whoever reads that one refuses the
     * file (read_stored). */
    if (stored < least)
        return status_fail(STATUS_DATA,
                           "\"%s\": dataset \"%s\" claims %" PRIu64 " chunks of %" PRIu64
                           " bytes, but the file stores only %" PRIu64 " bytes: it is damaged, copy or make it again",
                           file->path, dataset, chunks->count, chunks->bytes, stored);
    return STATUS_OK;
}

/* Two buffers of filters_room bytes. A page that no one may touch follows the first. */
typedef struct {
    unsigned char *buffer[2]; /* owned */
    unsigned char *fence;     /* view into buffer[0]: the page */
    size_t page;
} Room;

static void room_free(Room *room)
{
    if (room->fence) mprotect(room->fence, room->page, PROT_READ | PROT_WRITE);
    memory_free(room->buffer[0]);
    memory_free(room->buffer[1]);
    *room = (Room){0};
}

static Status room_init(Room *room, size_t chunk)
{
    const size_t size = filters_room(chunk), page = (size_t)sysconf(_SC_PAGESIZE);
    *room = (Room){.page = page};
    Status st = memory_new(&room->buffer[0], size + 2 * page, "a chunk as it is stored");
    if (st == STATUS_OK) st = memory_new(&room->buffer[1], size, "a chunk");
    if (st == STATUS_OK) {
        unsigned char *fence = (unsigned char *)(((uintptr_t)room->buffer[0] + size + page - 1) / page * page);
        if (mprotect(fence, page, PROT_NONE) == 0)
            room->fence = fence;
        else
            st = status_fail(STATUS_INTERNAL, "cannot protect the memory behind a chunk: %m");
    }
    if (st != STATUS_OK) room_free(room);
    return st;
}

/* A dataset, and the rows that are wanted of it. */
typedef struct {
    H5File *file;         /* borrowed */
    const char *name;     /* borrowed */
    const H5Info *info;   /* borrowed */
    const Chunks *chunks; /* borrowed */
    hid_t id;
    size_t element;
    uint64_t first, end; /* rows */
    Room room;
} Reader;

static Status bad_chunk(const Reader *reader, const hsize_t *at, const char *found)
{
    return status_fail(STATUS_DATA,
                       "\"%s\": the chunk at row %" PRIu64
                       " of dataset \"%s\" %s: the file is damaged, copy or make it "
                       "again",
                       reader->file->path, (uint64_t)at[0], reader->name, found);
}

/* The chunk as it is stored ends right before the fence. So if libhdf5 reads more than it has told, which it does where
 * an index says so of a chunk without filters, the system refuses to write there (EFAULT), and the read fails. */
static Status read_stored(Reader *reader, const hsize_t *at, uint32_t *skipped, unsigned char **stored, size_t *size)
{
    hsize_t told = 0;
    if (H5Dget_chunk_storage_size(reader->id, at, &told) < 0) return library_damaged(reader->file, reader->name);
    if (told == 0) return bad_chunk(reader, at, "was never written");
    if (told > filters_room(reader->chunks->bytes))
        return bad_chunk(reader, at, "is stored in more bytes than it needs");
    *size = told;
    *stored = reader->room.fence - told;
    if (H5Dread_chunk(reader->id, H5P_DEFAULT, at, skipped, *stored) >= 0) return STATUS_OK;
    if (strstr(library_reason(), strerror(EFAULT))) return bad_chunk(reader, at, "is stored in more bytes than it has");
    return library_damaged(reader->file, reader->name);
}

static bool reaches_beyond(const Reader *reader, const hsize_t *at)
{
    for (int d = 0; d < reader->info->dimensions; d++)
        if (at[d] + reader->chunks->extent[d] > reader->info->extent[d]) return true;
    return false;
}

static Status read_chunk(Reader *reader, const hsize_t *at, const unsigned char **values)
{
    uint32_t skipped = 0;
    unsigned char *stored = NULL;
    size_t size = 0;
    const Status st = read_stored(reader, at, &skipped, &stored, &size);
    if (st != STATUS_OK) return st;
    if (reader->chunks->whole_edges && reaches_beyond(reader, at)) skipped = UINT32_MAX;
    *values = filters_undo(&reader->chunks->filters, skipped, reader->chunks->bytes, reader->room.buffer, stored, size);
    return *values ? STATUS_OK : bad_chunk(reader, at, "does not unpack to its size, or not to its check sum");
}

/* Do chunks cover all dimensions from d on? */
static bool covers(const Reader *reader, int d)
{
    for (; d < reader->info->dimensions; d++)
        if (reader->chunks->extent[d] != reader->info->extent[d]) return false;
    return true;
}

/* Copies what is wanted of a chunk from dimension d on. values: where it begins in the chunk, out: in the dataset (for
 * d = 0: in the wanted rows); sizes: the bytes of one step along d in each. */
static void place(const Reader *reader, const hsize_t *at, int d, const unsigned char *values, size_t values_size,
                  unsigned char *out, size_t out_size)
{
    const hsize_t chunk = reader->chunks->extent[d], end = d == 0 ? reader->end : reader->info->extent[d],
                  begin = d == 0 && at[0] < reader->first ? reader->first : at[d];
    const hsize_t count = (end - at[d] < chunk ? end : at[d] + chunk) - begin;
    values += (begin - at[d]) * values_size;
    out += (begin - (d == 0 ? reader->first : 0)) * out_size;
    if (covers(reader, d + 1)) {
        memcpy(out, values, count * values_size);
        return;
    }
    for (hsize_t i = 0; i < count; i++)
        place(reader, at, d + 1, values + i * values_size, values_size / reader->chunks->extent[d + 1],
              out + i * out_size, out_size / reader->info->extent[d + 1]);
}

/* The next chunk in which there are wanted rows. */
static bool advance(const Reader *reader, hsize_t *at)
{
    for (int d = reader->info->dimensions - 1; d >= 0; d--) {
        const hsize_t end = d == 0 ? reader->end : reader->info->extent[d], chunk = reader->chunks->extent[d];
        if (end - at[d] > chunk) {
            at[d] += chunk;
            return true;
        }
        at[d] = 0;
    }
    return false;
}

static Status read_all(Reader *reader, unsigned char *out)
{
    const H5Info *info = reader->info;
    size_t row = reader->element;
    for (int d = 1; d < info->dimensions; d++) row *= info->extent[d];
    hsize_t at[H5FILE_MAX_DIMENSIONS] = {reader->first / reader->chunks->extent[0] * reader->chunks->extent[0]};
    Status st;
    do {
        const unsigned char *values;
        st = read_chunk(reader, at, &values);
        if (st == STATUS_OK) place(reader, at, 0, values, reader->chunks->bytes / reader->chunks->extent[0], out, row);
    } while (st == STATUS_OK && advance(reader, at));
    return st;
}

Status chunks_read(H5File *file, const char *dataset, hid_t id, size_t element, const H5Info *info,
                   const Chunks *chunks, uint64_t first, uint64_t count, unsigned char *out)
{
    Reader reader = {
        .file = file,
        .name = dataset,
        .info = info,
        .chunks = chunks,
        .id = id,
        .element = element,
        .first = first,
        .end = first + count,
    };
    Status st = room_init(&reader.room, chunks->bytes);
    if (st == STATUS_OK) st = read_all(&reader, out);
    room_free(&reader.room);
    return st;
}
