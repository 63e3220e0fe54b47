#include "output/protobuf.h"

#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "floats are written in the order of memory"
#endif

enum { VARINT = 0, DOUBLE = 1, LENGTH_DELIMITED = 2, FLOAT = 5, VARINT_SIZE = 10 };

/* Returns how many bytes it takes. */
static size_t varint(uint64_t value, unsigned char bytes[VARINT_SIZE])
{
    size_t size = 0;
    for (; value > 0x7f; value >>= 7) bytes[size++] = (unsigned char)(value | 0x80);
    bytes[size++] = (unsigned char)value;
    return size;
}

static void put_varint(Bytes *out, uint64_t value)
{
    unsigned char bytes[VARINT_SIZE];
    bytes_append(out, bytes, varint(value, bytes));
}

static void put_tag(Bytes *out, unsigned field, unsigned type)
{
    put_varint(out, (uint64_t)field << 3 | type);
}

void protobuf_integer(Bytes *out, unsigned field, uint64_t value)
{
    put_tag(out, field, VARINT);
    put_varint(out, value);
}

void protobuf_float(Bytes *out, unsigned field, float value)
{
    put_tag(out, field, FLOAT);
    bytes_append(out, &value, sizeof value);
}

void protobuf_double(Bytes *out, unsigned field, double value)
{
    put_tag(out, field, DOUBLE);
    bytes_append(out, &value, sizeof value);
}

void protobuf_doubles(Bytes *out, unsigned field, size_t count, const double *value)
{
    put_tag(out, field, LENGTH_DELIMITED);
    put_varint(out, count * sizeof *value);
    bytes_append(out, value, count * sizeof *value);
}

unsigned char *protobuf_bytes(Bytes *out, unsigned field, size_t size)
{
    put_tag(out, field, LENGTH_DELIMITED);
    put_varint(out, size);
    return bytes_add(out, size);
}

void protobuf_text(Bytes *out, unsigned field, const char *text)
{
    const size_t size = strlen(text);
    put_tag(out, field, LENGTH_DELIMITED);
    put_varint(out, size);
    bytes_append(out, text, size);
}

size_t protobuf_begin(Bytes *out, unsigned field)
{
    put_tag(out, field, LENGTH_DELIMITED);
    return out->size;
}

/* The length is known now, and with it how much room it takes: what follows makes way. */
void protobuf_end(Bytes *out, size_t begin)
{
    unsigned char bytes[VARINT_SIZE];
    if (out->st == STATUS_OK) bytes_insert(out, begin, bytes, varint(out->size - begin, bytes));
}
