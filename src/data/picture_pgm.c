/* PGM, after Netpbm's pgm(5):
 *
 *   P2 or P5, width, height and the largest value (1 to 65535), in decimal, with white space between them; a comment
 *   goes from # to the end of its line
 *   P5: one byte of white space, then the values row by row, of one byte, or of two, big-endian, if the largest is over
 * 255 P2: the values in decimal, with white space between them
 */
#include <ctype.h>
#include <inttypes.h>

#include "picture_internal.h"

enum { MOST_VALUE = 65535 };

typedef struct {
    const char *name;
    const uint8_t *bytes;
    size_t size, used;

    uint32_t largest;
} Reader;

static void skip_space(Reader *reader)
{
    bool comment = false;
    for (; reader->used < reader->size; reader->used++) {
        const uint8_t byte = reader->bytes[reader->used];
        if (byte == '#') comment = true;
        if (!comment && !isspace(byte)) return;
        if (byte == '\n') comment = false;
    }
}

static Status truncated(const Reader *reader)
{
    return status_fail(STATUS_DATA, "\"%s\" is truncated after %zu bytes: copy or make it again", reader->name,
                       reader->size);
}

/* The next number, in [least, most]. */
static Status read_number(Reader *reader, const char *what, uint32_t least, uint32_t most, uint32_t *value)
{
    skip_space(reader);
    if (reader->used == reader->size) return truncated(reader);
    const size_t begin = reader->used;
    uint64_t number = 0;
    for (; reader->used < reader->size && isdigit(reader->bytes[reader->used]) && number <= most; reader->used++)
        number = number * 10 + reader->bytes[reader->used] - '0';
    if (reader->used == begin || number < least || number > most)
        return status_fail(STATUS_DATA,
                           "\"%s\" is no PGM file, or a damaged one: at byte %zu a %s is needed, a whole number from "
                           "%" PRIu32 " to %" PRIu32,
                           reader->name, begin, what, least, most);
    *value = (uint32_t)number;
    return STATUS_OK;
}

static uint16_t stretched(uint32_t value, uint32_t largest)
{
    return (uint16_t)((value * MOST_VALUE + largest / 2) / largest);
}

static Status too_long(const Reader *reader)
{
    return status_fail(STATUS_DATA, "\"%s\" has bytes after its last value, at byte %zu: its header is wrong",
                       reader->name, reader->used);
}

static Status read_plain(Reader *reader, size_t count, uint16_t *level)
{
    Status st = STATUS_OK;
    for (size_t i = 0; i < count && st == STATUS_OK; i++) {
        uint32_t value = 0;
        st = read_number(reader, "grey value", 0, reader->largest, &value);
        level[i] = stretched(value, reader->largest);
    }
    skip_space(reader);
    return st == STATUS_OK && reader->used < reader->size ? too_long(reader) : st;
}

static Status read_raw(Reader *reader, size_t count, uint16_t *level)
{
    const size_t bytes = reader->largest > UINT8_MAX ? 2 : 1;
    for (size_t i = 0; i < count; i++) {
        uint32_t value = reader->bytes[reader->used++];
        if (bytes == 2) value = value << 8 | reader->bytes[reader->used++];
        if (value > reader->largest)
            return status_fail(STATUS_DATA,
                               "\"%s\" is damaged: at byte %zu the grey value %" PRIu32
                               " is over the largest that its header names, %" PRIu32,
                               reader->name, reader->used - bytes, value, reader->largest);
        level[i] = stretched(value, reader->largest);
    }
    while (reader->used < reader->size && isspace(reader->bytes[reader->used])) reader->used++;
    return reader->used < reader->size ? too_long(reader) : STATUS_OK;
}

/* So many bytes of values at least, before memory is taken for them. */
static Status check_length(const Reader *reader, bool plain, uint64_t pixels)
{
    const uint64_t least = plain ? 2 * pixels - 1 : pixels * (reader->largest > UINT8_MAX ? 2 : 1);
    return reader->size - reader->used < least ? truncated(reader) : STATUS_OK;
}

static Status end_header(Reader *reader)
{
    if (reader->used == reader->size) return truncated(reader);
    if (isspace(reader->bytes[reader->used++])) return STATUS_OK;
    return status_fail(STATUS_DATA, "\"%s\" is no PGM file, or a damaged one: at byte %zu white space is needed",
                       reader->name, reader->used - 1);
}

Status picture_decode_pgm(const char *name, const uint8_t *bytes, size_t size, Picture *picture)
{
    Reader reader = {.name = name, .bytes = bytes, .size = size, .used = 2};
    const bool plain = bytes[1] == '2';
    uint32_t width, height;
    if (!plain && bytes[1] != '5')
        return status_fail(STATUS_DATA, "\"%s\" is a P%c file; of Netpbm's formats PGM is read (P2, P5): convert it",
                           name, bytes[1]);
    Status st = read_number(&reader, "width", 1, PICTURE_MOST_PIXELS, &width);
    if (st == STATUS_OK) st = read_number(&reader, "height", 1, PICTURE_MOST_PIXELS, &height);
    if (st == STATUS_OK) st = read_number(&reader, "largest value", 1, MOST_VALUE, &reader.largest);
    if (st == STATUS_OK) st = end_header(&reader);
    if (st == STATUS_OK) st = check_length(&reader, plain, (uint64_t)width * height);
    if (st == STATUS_OK) st = picture_new(name, width, height, picture);
    if (st != STATUS_OK) return st;
    return (plain ? read_plain : read_raw)(&reader, picture->width * picture->height, picture->level);
}
