#include "output/bytes.h"

#include <string.h>

#include "base/memory.h"

/* To the double at least, so that what is copied in all stays below what is added. */
static void make_room(Bytes *bytes, size_t size)
{
    enum { LEAST_ROOM = 4096 };
    const size_t needed = bytes->size + size;
    if (bytes->st != STATUS_OK || needed <= bytes->room) return;
    size_t room = bytes->room ? 2 * bytes->room : LEAST_ROOM;
    if (room < needed) room = needed;
    unsigned char *at;
    bytes->st = memory_new(&at, room, "a file to write");
    if (bytes->st != STATUS_OK) return;
    if (bytes->size) memcpy(at, bytes->at, bytes->size);
    memory_free(bytes->at);
    bytes->at = at;
    bytes->room = room;
}

unsigned char *bytes_add(Bytes *bytes, size_t size)
{
    make_room(bytes, size);
    if (bytes->st != STATUS_OK) return NULL;
    unsigned char *added = bytes->at + bytes->size;
    bytes->size += size;
    return added;
}

void bytes_append(Bytes *bytes, const void *data, size_t size)
{
    bytes_insert(bytes, bytes->size, data, size);
}

void bytes_insert(Bytes *bytes, size_t place, const void *data, size_t size)
{
    const size_t after = bytes->size - place;
    if (!bytes_add(bytes, size)) return;
    memmove(bytes->at + place + size, bytes->at + place, after);
    memcpy(bytes->at + place, data, size);
}

void bytes_free(Bytes *bytes)
{
    memory_free(bytes->at);
    *bytes = (Bytes){0};
}
