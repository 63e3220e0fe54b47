#include "data/picture.h"

#include <ctype.h>
#include <inttypes.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "picture_internal.h"

enum {
    MAGIC = 4,
    PIXEL_BYTES = 8, /* no format takes more for one, uncompressed: four samples of 16 bits */
    HEADER_BYTES = 1 << 20
};

static bool begins_as_png(const uint8_t *bytes, size_t size)
{
    return size >= MAGIC && memcmp(bytes, "\x89PNG", MAGIC) == 0;
}

/* P1 to P7, and white space or a comment. */
static bool begins_as_netpbm(const uint8_t *bytes, size_t size)
{
    return size >= 3 && bytes[0] == 'P' && bytes[1] >= '1' && bytes[1] <= '7' && (isspace(bytes[2]) || bytes[2] == '#');
}

bool picture_is(const char *path)
{
    uint8_t bytes[MAGIC];
    int fd;
    size_t size;
    if (file_open(path, "picture", &fd, &size) != STATUS_OK) {
        status_clear();
        return false;
    }
    size = MAGIC;
    const Status st = file_read_some(fd, path, "picture", bytes, &size);
    file_close(fd);
    if (st != STATUS_OK) status_clear();
    return st == STATUS_OK && (begins_as_png(bytes, size) || begins_as_netpbm(bytes, size));
}

Status picture_new(const char *name, uint64_t width, uint64_t height, Picture *picture)
{
    if (width == 0 || height == 0 || width > PICTURE_MOST_PIXELS || height > PICTURE_MOST_PIXELS / width)
        return status_fail(STATUS_DATA,
                           "\"%s\" is %" PRIu64 "x%" PRIu64 " pixels; from 1 to %d are read: make it smaller", name,
                           width, height, PICTURE_MOST_PIXELS);
    *picture = (Picture){.width = width, .height = height};
    return memory_new(&picture->level, width * height, "a picture");
}

Status picture_decode(const char *name, const void *bytes, size_t size, Picture *picture)
{
    Status st;
    *picture = (Picture){0};
    if (begins_as_png(bytes, size))
        st = picture_decode_png(name, bytes, size, picture);
    else if (begins_as_netpbm(bytes, size))
        st = picture_decode_pgm(name, bytes, size, picture);
    else
        st = status_fail(STATUS_DATA, "\"%s\" is neither a PNG nor a PGM file", name);
    if (st != STATUS_OK) picture_free(picture);
    return st;
}

Status picture_read(const char *path, Picture *picture)
{
    const size_t most = (size_t)PICTURE_MOST_PIXELS * PIXEL_BYTES + HEADER_BYTES;
    char *bytes;
    size_t size;
    *picture = (Picture){0};
    Status st = file_read(path, "picture", most, STATUS_DATA, &bytes, &size);
    if (st == STATUS_OK) st = picture_decode(path, bytes, size, picture);
    memory_free(bytes);
    return st;
}

void picture_free(Picture *picture)
{
    memory_free(picture->level);
    *picture = (Picture){0};
}
