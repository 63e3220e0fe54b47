/* The members of Protocol Buffers messages that have a fixed size, beside those of output/protobuf.h: type 5 is a
 * little-endian float, type 1 a double. A packed array of doubles is a member of bytes. Fields are at most 15, so that
 * field and type fit one byte. Local. */
#ifndef LOCKSTEP_OUTPUT_PROTOBUF_FIXED_H
#define LOCKSTEP_OUTPUT_PROTOBUF_FIXED_H

#include "output/protobuf.h"

void protobuf_float(Bytes *out, unsigned field, float value);
void protobuf_double(Bytes *out, unsigned field, double value);
void protobuf_doubles(Bytes *out, unsigned field, size_t count, const double *value); /* (count), packed */

#endif
