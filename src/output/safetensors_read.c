/* Reading safetensors files that anyone may have made. */
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "output/foreign.h"
#include "output/safetensors.h"

enum { LENGTH_SIZE = SAFETENSORS_LENGTH_SIZE, NAME_SIZE = SAFETENSORS_LAYER_NAME + 8 };

typedef struct {
    const char *name; /* of the file, for messages */
    const Network *network;
    const char *const *layer;
    const unsigned char *data; /* (size) what follows the header */
    size_t size;
} Input;

PRINTF_LIKE(3, 4) static Status refuse(const Input *in, const char *tensor, const char *format, ...)
{
    char reason[512];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    return status_fail(STATUS_DATA, "safetensors file \"%s\": tensor \"%.*s\" %s", in->name, SAFETENSORS_LAYER_NAME,
                       tensor, reason);
}

static void tensor_name(const Input *in, size_t tensor, char name[NAME_SIZE])
{
    if (in->layer)
        snprintf(name, NAME_SIZE, "%s.%s", in->layer[tensor / 2], tensor % 2 ? "bias" : "weight");
    else
        network_tensor_name(in->network, tensor, name);
}

static Status check_dtype(const Input *in, const char *name, const json_t *entry)
{
    const char *dtype = json_string_value(json_object_get(entry, "dtype"));
    if (!dtype || json_object_size(entry) != 3)
        return refuse(in, name, "is described otherwise than by dtype, shape and data_offsets");
    if (strcmp(dtype, "F32") == 0) return STATUS_OK;
    return refuse(in, name, "has the dtype %.16s; F32 (float32) is needed: convert it before", dtype);
}

/* "[3, 7]", as far as it fits. */
static void shape_text(const json_t *shape, char text[64])
{
    const size_t written = json_dumpb(shape, text, 63, JSON_ENCODE_ANY);
    text[written < 63 ? written : 63] = '\0';
}

static Status check_shape(const Input *in, const char *name, const json_t *entry, size_t tensor)
{
    const json_t *shape = json_object_get(entry, "shape");
    uint64_t extent[2];
    const size_t dimensions = (size_t)foreign_shape(in->network, tensor, extent);
    bool same = json_is_array(shape) && json_array_size(shape) == dimensions;
    for (size_t d = 0; same && d < dimensions; d++) {
        const json_t *value = json_array_get(shape, d);
        same = json_is_integer(value) && json_integer_value(value) == (json_int_t)extent[d];
    }
    if (same) return STATUS_OK;
    char given[64];
    shape_text(shape, given);
    if (dimensions == 1) return refuse(in, name, "has the shape %s; the network needs [%" PRIu64 "]", given, extent[0]);
    return refuse(in, name, "has the shape %s; the network needs [%" PRIu64 ", %" PRIu64 "]", given, extent[0],
                  extent[1]);
}

/* Where a tensor lies in the data. */
typedef struct {
    uint64_t begin, end;
} Span;

static bool is_offset(const json_t *value)
{
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static Status read_span(const Input *in, const char *name, const json_t *entry, size_t tensor, Span *span)
{
    const json_t *offsets = json_object_get(entry, "data_offsets"), *begin = json_array_get(offsets, 0),
                 *end = json_array_get(offsets, 1);
    if (json_array_size(offsets) != 2 || !is_offset(begin) || !is_offset(end))
        return refuse(in, name, "has data_offsets that are no two whole numbers");
    *span = (Span){(uint64_t)json_integer_value(begin), (uint64_t)json_integer_value(end)};
    const size_t bytes = network_tensor_size(in->network, tensor) * sizeof(float);
    if (span->end > in->size || span->begin > span->end)
        return refuse(in, name, "lies from byte %" PRIu64 " to %" PRIu64 " of data of %zu bytes", span->begin,
                      span->end, in->size);
    if (span->end - span->begin == bytes) return STATUS_OK;
    return refuse(in, name, "has %" PRIu64 " bytes of data; its shape needs %zu", span->end - span->begin, bytes);
}

static Status check_values(const Input *in, const char *name, size_t count, const unsigned char *values)
{
    for (size_t i = 0; i < count; i++) {
        float value;
        memcpy(&value, values + i * sizeof value, sizeof value);
        if (!isfinite(value)) return refuse(in, name, "has a value that is not finite at element %zu", i);
    }
    return STATUS_OK;
}

/* All tensors of the network, with their places, and into parameter. */
static Status read_tensors(const Input *in, const json_t *header, Span *span, float *parameter)
{
    Status st = STATUS_OK;
    for (size_t t = 0; t < network_tensors(in->network) && st == STATUS_OK; t++) {
        char name[NAME_SIZE];
        tensor_name(in, t, name);
        const json_t *entry = json_object_get(header, name);
        if (!entry)
            return refuse(in, name, "is missing (--layers names the layers as the file does, the first one first)");
        st = check_dtype(in, name, entry);
        if (st == STATUS_OK) st = check_shape(in, name, entry, t);
        if (st == STATUS_OK) st = read_span(in, name, entry, t, &span[t]);
        if (st != STATUS_OK) return st;
        st = check_values(in, name, network_tensor_size(in->network, t), in->data + span[t].begin);
        if (st == STATUS_OK) foreign_read(in->network, in->data + span[t].begin, t, parameter);
    }
    return st;
}

static bool is_expected(const Input *in, const char *key)
{
    char name[NAME_SIZE];
    for (size_t t = 0; t < network_tensors(in->network); t++) {
        tensor_name(in, t, name);
        if (strcmp(key, name) == 0) return true;
    }
    return false;
}

static Status check_metadata(const Input *in, json_t *metadata)
{
    const char *key;
    json_t *value;
    bool texts = json_is_object(metadata);
    json_object_foreach(metadata, key, value) texts = texts && json_is_string(value);
    return texts
               ? STATUS_OK
               : status_fail(STATUS_DATA, "safetensors file \"%s\": __metadata__ is not an object of texts", in->name);
}

/* Nothing but the network's tensors and the metadata. */
static Status check_members(const Input *in, json_t *header)
{
    const char *key;
    json_t *value;
    Status st = STATUS_OK;
    json_object_foreach(header, key, value)
    {
        if (st != STATUS_OK) break;
        if (strcmp(key, "__metadata__") == 0)
            st = check_metadata(in, value);
        else if (!is_expected(in, key))
            st = refuse(in, key, "is none of the network's, which has %zu layers (--layers names them)",
                        in->network->layers);
    }
    return st;
}

/* Of `count` spans that each lie in the data: do they fill it, and none overlap another? Each place is followed from
 * end to begin; the network has few tensors. */
static Status check_places(const Input *in, const Span *span, size_t count)
{
    uint64_t place = 0;
    size_t followed = 0;
    for (; followed < count; followed++) {
        size_t next = 0;
        while (next < count && span[next].begin != place) next++;
        if (next == count) break;
        place = span[next].end;
    }
    if (followed == count && place == in->size) return STATUS_OK;
    return status_fail(STATUS_DATA,
                       "safetensors file \"%s\": its tensors overlap, or leave holes in its data: side by side "
                       "lie %zu of %zu, up to byte %" PRIu64 " of %zu",
                       in->name, followed, count, place, in->size);
}

static Status parse_header(const char *name, const unsigned char *text, size_t size, json_t **header)
{
    json_error_t error;
    *header = json_loadb((const char *)text, size, JSON_REJECT_DUPLICATES, &error);
    if (json_is_object(*header) && *text == '{') return STATUS_OK;
    if (!*header && json_error_code(&error) == json_error_out_of_memory)
        return status_fail(STATUS_INTERNAL, "out of memory for the header of \"%s\"", name);
    return status_fail(STATUS_DATA, "safetensors file \"%s\": its header is no JSON object%s%s", name,
                       *header ? "" : ": ", *header ? "" : error.text);
}

/* *length: of the header, which lies in the file as a whole. */
static Status check_length(const char *name, const unsigned char *bytes, size_t size, size_t *length)
{
    uint64_t said = 0;
    if (size < LENGTH_SIZE)
        return status_fail(STATUS_DATA, "\"%s\" is no safetensors file: it has %zu bytes", name, size);
    for (int i = 0; i < LENGTH_SIZE; i++) said |= (uint64_t)bytes[i] << 8 * i;
    if (said > SAFETENSORS_HEADER_LIMIT || said > size - LENGTH_SIZE)
        return status_fail(STATUS_DATA,
                           "\"%s\" is no safetensors file, or truncated: of %zu bytes its header is to be %" PRIu64
                           " (at most %d are read)",
                           name, size, said, SAFETENSORS_HEADER_LIMIT);
    *length = (size_t)said;
    return STATUS_OK;
}

Status safetensors_decode(const char *name, const unsigned char *bytes, size_t size, const Network *network,
                          const char *const *layer, float *parameter)
{
    Span span[2 * NETWORK_MAX_LAYERS] = {{0}};
    size_t length = 0;
    json_t *header = NULL;
    Status st = check_length(name, bytes, size, &length);
    if (st != STATUS_OK) return st;
    const unsigned char *text = bytes + LENGTH_SIZE;
    const Input in = {name, network, layer, text + length, size - LENGTH_SIZE - length};
    st = parse_header(name, text, length, &header);
    if (st == STATUS_OK) st = check_members(&in, header);
    if (st == STATUS_OK) st = read_tensors(&in, header, span, parameter);
    if (st == STATUS_OK) st = check_places(&in, span, network_tensors(network));
    json_decref(header);
    return st;
}

Status safetensors_read(const char *path, const Network *network, const char *const *layer, float *parameter)
{
    const size_t most = LENGTH_SIZE + SAFETENSORS_HEADER_LIMIT + network->parameters * sizeof(float);
    char *bytes = NULL;
    size_t size;
    Status st = file_read(path, "safetensors file", most, STATUS_DATA, &bytes, &size);
    if (st == STATUS_OK) st = safetensors_decode(path, (const unsigned char *)bytes, size, network, layer, parameter);
    memory_free(bytes);
    return st;
}
