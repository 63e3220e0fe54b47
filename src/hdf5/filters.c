#include "filters.h"

#include <assert.h>
#include <string.h>
#include <zlib.h>

enum { CHECKSUM = 4 /* bytes */ };

bool filters_have(const Filters *filters, H5Z_filter_t kind)
{
    for (int i = 0; i < filters->count; i++)
        if (filters->kind[i] == kind) return true;
    return false;
}

static Status not_read(const H5File *file, const char *dataset, H5Z_filter_t filter, const char *name)
{
    return status_fail(STATUS_DATA,
                       "\"%s\": dataset \"%s\" is stored through filter %d (%s); only gzip (deflate), shuffle "
                       "and fletcher32 are read: write it again with gzip or uncompressed",
                       file->path, dataset, (int)filter, *name ? name : "no name");
}

Status filters_get(const H5File *file, const char *dataset, hid_t creation, Filters *filters)
{
    const int count = H5Pget_nfilters(creation);
    *filters = (Filters){0};
    for (int i = 0; i < count; i++) {
        char name[64] = "";
        unsigned flags, config, value[1] = {0};
        size_t values = 1;
        const H5Z_filter_t filter =
            H5Pget_filter2(creation, (unsigned)i, &flags, &values, value, sizeof name, name, &config);
        if (filter != H5Z_FILTER_SHUFFLE && filter != H5Z_FILTER_DEFLATE && filter != H5Z_FILTER_FLETCHER32)
            return not_read(file, dataset, filter, name);
        if (filters_have(filters, filter))
            return status_fail(STATUS_DATA,
                               "\"%s\": dataset \"%s\" is stored through filter %d (%s) twice, which makes it no "
                               "smaller: write it again with gzip or uncompressed",
                               file->path, dataset, (int)filter, *name ? name : "no name");
        if (filter == H5Z_FILTER_SHUFFLE) filters->element = value[0];
        filters->kind[filters->count++] = filter;
    }
    return STATUS_OK;
}

/* Deflate of what cannot be compressed: 5 bytes a block of at least 4 KiB (zlib's compressBound). */
size_t filters_room(size_t chunk)
{
    return chunk + chunk / 512 + FILTERS_SLACK;
}

/* A sum modulo 65535 as Fletcher's folding leaves it: 65535, and not 0, for what is divisible but not 0. */
static uint64_t fold(uint64_t sum)
{
    return sum ? (sum - 1) % 65535 + 1 : 0;
}

/* Fletcher's check sum over big-endian words of 16 bits, the last one filled with a zero byte; both sums begin at 0
 * (HDF5 File Format Specification, Fletcher32 checksum filter; J. G. Fletcher, IEEE Trans. Comm. 30, 1982). */
static uint32_t fletcher32(const unsigned char *bytes, size_t size)
{
    enum { BLOCK = 1 << 20 }; /* words for which the sums fit 64 bits */
    uint64_t low = 0, high = 0;
    for (size_t i = 0; i < size; i += 2) {
        low += (uint64_t)bytes[i] << 8 | (i + 1 < size ? bytes[i + 1] : 0u);
        high += low;
        if (i / 2 % BLOCK == BLOCK - 1) {
            low = fold(low);
            high = fold(high);
        }
    }
    return (uint32_t)(fold(high) << 16 | fold(low));
}

/* The check sum follows the bytes, little-endian. */
static bool take_checksum(const unsigned char *bytes, size_t *size)
{
    if (*size < CHECKSUM) return false;
    *size -= CHECKSUM;
    const unsigned char *sum = bytes + *size;
    const uint32_t stored = sum[0] | (uint32_t)sum[1] << 8 | (uint32_t)sum[2] << 16 | (uint32_t)sum[3] << 24;
    return stored == fletcher32(bytes, *size);
}

/* What filters before number `end` have made of the chunk, none of them deflate. */
static size_t size_before(const Filters *filters, uint32_t skipped, int end, size_t chunk)
{
    for (int i = 0; i < end; i++)
        if (filters->kind[i] == H5Z_FILTER_FLETCHER32 && !(skipped >> i & 1)) chunk += CHECKSUM;
    return chunk;
}

/* Exactly `whole` bytes, and the stream's end after them. */
static bool unpack(const unsigned char *from, size_t size, unsigned char *to, size_t whole)
{
    uLongf made = whole;
    return uncompress(to, &made, from, size) == Z_OK && made == whole;
}

/* The first bytes of all elements stand first, then all second ones ...; what is left of an element is at the end. */
static void unshuffle(const unsigned char *from, size_t size, size_t element, unsigned char *to)
{
    const size_t count = size / element;
    for (size_t byte = 0; byte < element; byte++)
        for (size_t i = 0; i < count; i++) to[i * element + byte] = from[byte * count + i];
    memcpy(to + count * element, from + count * element, size - count * element);
}

const unsigned char *filters_undo(const Filters *filters, uint32_t skipped, size_t chunk,
                                  unsigned char *const buffer[2], const unsigned char *stored, size_t size)
{
    assert(size <= filters_room(chunk));
    int free_buffer = 1;
    for (int i = filters->count - 1; i >= 0; i--) {
        const H5Z_filter_t kind = filters->kind[i];
        unsigned char *to = buffer[free_buffer];
        if (skipped >> i & 1) continue;
        if (kind == H5Z_FILTER_FLETCHER32) {
            if (!take_checksum(stored, &size)) return NULL;
            continue;
        }
        if (kind == H5Z_FILTER_DEFLATE) {
            const size_t whole = size_before(filters, skipped, i, chunk);
            if (!unpack(stored, size, to, whole)) return NULL;
            size = whole;
        } else {
            if (filters->element <= 1 || filters->element > size) continue;
            unshuffle(stored, size, filters->element, to);
        }
        stored = to;
        free_buffer = 1 - free_buffer;
    }
    return size == chunk ? stored : NULL;
}
