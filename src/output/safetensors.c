/* Writing safetensors files. */
#include "output/safetensors.h"

#include <jansson.h>
#include <string.h>

#include "output/foreign.h"

enum { LENGTH_SIZE = SAFETENSORS_LENGTH_SIZE, ALIGNMENT = 8 };

static Status no_memory(void)
{
    return status_fail(STATUS_INTERNAL, "out of memory for the header of a safetensors file");
}

/* jansson passes a failure on: a member that could not be made fails to be set. */
typedef struct {
    json_t *object;
    bool failed;
} Members;

static void set(Members *members, const char *key, json_t *value)
{
    if (json_object_set_new(members->object, key, value) != 0) members->failed = true;
}

static void set_text(void *members, const char *key, const char *value)
{
    set(members, key, json_string(value));
}

/* An entry of the header; *offset: where the tensor begins, and then where it ends. */
static json_t *describe(const Network *network, size_t tensor, size_t *offset)
{
    uint64_t extent[2];
    const int dimensions = foreign_shape(network, tensor, extent);
    const json_int_t begin = (json_int_t)*offset, rows = (json_int_t)extent[0], columns = (json_int_t)extent[1];
    *offset += network_tensor_size(network, tensor) * sizeof(float);
    json_t *shape = dimensions == 1 ? json_pack("[I]", rows) : json_pack("[I, I]", rows, columns);
    return json_pack("{s:s, s:o, s:[I, I]}", "dtype", "F32", "shape", shape, "data_offsets", begin,
                     (json_int_t)*offset);
}

static Status make_header(const Checkpoint *c, Members *header)
{
    Members metadata = {.object = json_object()};
    size_t offset = 0;
    Status st = foreign_facts(c, set_text, &metadata);
    header->failed = metadata.failed;
    set(header, "__metadata__", metadata.object);
    for (size_t t = 0; t < network_tensors(&c->network); t++) {
        char name[64];
        network_tensor_name(&c->network, t, name);
        set(header, name, describe(&c->network, t, &offset));
    }
    return st;
}

static void put_header(const json_t *header, Bytes *file)
{
    const size_t how = JSON_COMPACT | JSON_PRESERVE_ORDER, length = json_dumpb(header, NULL, 0, how),
                 padded = (length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    unsigned char *bytes = bytes_add(file, LENGTH_SIZE + padded);
    if (!bytes) return;
    for (int i = 0; i < LENGTH_SIZE; i++) bytes[i] = (unsigned char)(padded >> 8 * i);
    memset(bytes + LENGTH_SIZE, ' ', padded);
    if (!length || json_dumpb(header, (char *)bytes + LENGTH_SIZE, padded, how) != length) file->st = no_memory();
}

static void put_tensors(const Checkpoint *c, Bytes *file)
{
    for (size_t t = 0; t < network_tensors(&c->network); t++) {
        unsigned char *bytes = bytes_add(file, network_tensor_size(&c->network, t) * sizeof(float));
        if (bytes) foreign_write(&c->network, c->parameter, t, bytes);
    }
}

Status safetensors_encode(const Checkpoint *c, Bytes *file)
{
    *file = (Bytes){0};
    Members header = {.object = json_object()};
    Status st = make_header(c, &header);
    if (st == STATUS_OK && header.failed) st = no_memory();
    if (st == STATUS_OK) {
        put_header(header.object, file);
        put_tensors(c, file);
        st = file->st;
    }
    if (st != STATUS_OK) bytes_free(file);
    json_decref(header.object);
    return st;
}
