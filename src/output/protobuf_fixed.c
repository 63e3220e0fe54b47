#include "output/protobuf_fixed.h"

#include <assert.h>
#include <string.h>

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "floats are written in the order of memory"
#endif

static void put(Bytes *out, unsigned field, unsigned type, const void *value, size_t size)
{
    assert(field < 16);
    const unsigned char tag = (unsigned char)(field << 3 | type);
    bytes_append(out, &tag, 1);
    bytes_append(out, value, size);
}

void protobuf_float(Bytes *out, unsigned field, float value)
{
    put(out, field, 5, &value, sizeof value);
}

void protobuf_double(Bytes *out, unsigned field, double value)
{
    put(out, field, 1, &value, sizeof value);
}

void protobuf_doubles(Bytes *out, unsigned field, size_t count, const double *value)
{
    unsigned char *bytes = protobuf_bytes(out, field, count * sizeof *value);
    if (bytes && count) memcpy(bytes, value, count * sizeof *value);
}
