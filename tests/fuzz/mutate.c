#include "mutate.h"

#include <stdbool.h>
#include <string.h>

#include "base/philox.h"

typedef struct {
    uint8_t *bytes; /* (room) */
    size_t size, room;
    const Input *inputs;
    size_t count;
    Stream *stream;
} Mutation;

static size_t below(Mutation *m, size_t n)
{
    return stream_below(m->stream, (uint32_t)n);
}

/* Most changes are small. */
static size_t some_length(Mutation *m, size_t most)
{
    const size_t length = 1 + below(m, (size_t)1 << below(m, 10));
    return length < most ? length : most;
}

static void flip_bit(Mutation *m)
{
    m->bytes[below(m, m->size)] ^= (uint8_t)(1u << below(m, 8));
}

static void set_byte(Mutation *m)
{
    m->bytes[below(m, m->size)] = (uint8_t)stream_next(m->stream);
}

/* A little-endian number of 1, 2, 4 or 8 bytes becomes one on which code is often wrong, or is moved a little. */
static void set_number(Mutation *m)
{
    const size_t width = (size_t)1 << below(m, 4);
    if (m->size < width) return;
    const size_t at = below(m, m->size - width + 1);
    uint64_t value = 0;
    memcpy(&value, m->bytes + at, width);
    const uint64_t borderline[] = {0,           1,          UINT64_MAX, UINT64_MAX >> 1, 1ull << 63, 0x7fffffff,
                                   0x80000000u, 0xffffffff, m->size,    m->size - 1,     value + 1,  value - 1,
                                   value * 2,   value / 2,  value + 8,  ~value};
    value = borderline[below(m, sizeof borderline / sizeof *borderline)];
    memcpy(m->bytes + at, &value, width);
}

/* An address or length becomes another one of the same file. */
static void copy_number(Mutation *m)
{
    const size_t width = (size_t)4 << below(m, 2);
    if (m->size < width) return;
    const size_t places = m->size / width;
    memmove(m->bytes + width * below(m, places), m->bytes + width * below(m, places), width);
}

static void copy_range(Mutation *m)
{
    const size_t length = some_length(m, m->size);
    memmove(m->bytes + below(m, m->size - length + 1), m->bytes + below(m, m->size - length + 1), length);
}

static void clear_range(Mutation *m)
{
    const size_t length = some_length(m, m->size);
    memset(m->bytes + below(m, m->size - length + 1), below(m, 2) ? 0xff : 0, length);
}

static void remove_range(Mutation *m)
{
    const size_t length = some_length(m, m->size), at = below(m, m->size - length + 1);
    memmove(m->bytes + at, m->bytes + at + length, m->size - length - at);
    m->size -= length;
}

/* Behind it what was there stays. */
static void insert(Mutation *m, const uint8_t *from, size_t length)
{
    if (length > m->room - m->size) return;
    const size_t at = below(m, m->size + 1);
    memmove(m->bytes + at + length, m->bytes + at, m->size - at);
    memmove(m->bytes + at, from, length);
    m->size += length;
}

static void repeat_range(Mutation *m)
{
    const size_t length = some_length(m, m->size), at = below(m, m->size - length + 1);
    if (length <= m->room - m->size) insert(m, m->bytes + at, length);
}

static void take_range(Mutation *m)
{
    const Input *other = &m->inputs[below(m, m->count)];
    if (other->size == 0) return;
    const size_t length = some_length(m, other->size);
    insert(m, other->bytes + below(m, other->size - length + 1), length);
}

static void cut(Mutation *m)
{
    m->size -= below(m, m->size);
}

size_t mutate(const Input *inputs, size_t count, uint64_t which, uint8_t *out, size_t room)
{
    /* The more often a change is named, the more often it is made. */
    static void (*const changes[])(Mutation *) = {
        flip_bit,    flip_bit,    set_byte,   set_byte,    set_number, set_number,   set_number,   set_number,
        copy_number, copy_number, copy_range, clear_range, take_range, remove_range, repeat_range, cut};
    Stream stream;
    stream_init(&stream, 0, PURPOSE_SYNTHESIS, (uint32_t)(which >> 32), (uint32_t)which);
    const Input *from = &inputs[stream_below(&stream, (uint32_t)count)];
    Mutation m = {.bytes = out,
                  .size = from->size < room ? from->size : room,
                  .room = room,
                  .inputs = inputs,
                  .count = count,
                  .stream = &stream};
    memcpy(out, from->bytes, m.size);
    for (uint32_t i = stream_below(&stream, 8) + 1; i > 0 && m.size > 0; i--)
        changes[below(&m, sizeof changes / sizeof *changes)](&m);
    return m.size;
}
