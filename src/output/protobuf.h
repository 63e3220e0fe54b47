/* Protocol Buffers messages, as far as ONNX and TensorBoard need them: whole numbers, floats, texts, bytes and messages
 * in messages. The wire format is simple enough that a library and its generated code would be more to carry than these
 * few lines (Protocol Buffers Documentation, "Encoding"): each member is a varint of (field * 8 + type), then by type
 *
 *   0   a varint: 7 bits a byte, the lowest first, bit 7 set in all bytes but the last
 *   1   a little-endian double
 *   2   a varint of the length, and as many bytes: text, bytes, a message or an array of doubles
 *   5   a little-endian float
 *
 * Failures wait in the bytes (output/bytes.h). Local. */
#ifndef LOCKSTEP_OUTPUT_PROTOBUF_H
#define LOCKSTEP_OUTPUT_PROTOBUF_H

#include <stdint.h>

#include "output/bytes.h"

void protobuf_integer(Bytes *out, unsigned field, uint64_t value);
void protobuf_float(Bytes *out, unsigned field, float value);
void protobuf_double(Bytes *out, unsigned field, double value);
void protobuf_doubles(Bytes *out, unsigned field, size_t count, const double *value); /* (count), packed */
void protobuf_text(Bytes *out, unsigned field, const char *text);

/* A member of so many bytes, to be filled before the next call; NULL after a failure. */
unsigned char *protobuf_bytes(Bytes *out, unsigned field, size_t size);

/* What is added between the two makes a message, the member `field` of the one around it. begin returns where it is;
 * they nest. */
size_t protobuf_begin(Bytes *out, unsigned field);
void protobuf_end(Bytes *out, size_t begin);

#endif
