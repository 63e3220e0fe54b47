/* What a dataset is, and its values. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "chunks.h"
#include "library.h"

enum { TEXT_LIMIT = 1 << 24, ROWS_TEXT = 1024 };

static ElementKind describe_integer(hid_t type, char *text, size_t room)
{
    const size_t size = H5Tget_size(type), precision = H5Tget_precision(type);
    const bool is_signed = H5Tget_sign(type) != H5T_SGN_NONE;
    snprintf(text, room, "%sint%zu%s", is_signed ? "" : "u", precision,
             size > 1 && H5Tget_order(type) == H5T_ORDER_BE ? " big-endian" : "");
    if (size == 1 && precision == 8 && !is_signed) return ELEMENT_UINT8;
    return size <= sizeof(int64_t) ? ELEMENT_INTEGER : ELEMENT_OTHER;
}

static ElementKind describe_float(hid_t type, char *text, size_t room)
{
    const bool single = H5Tequal(type, H5T_IEEE_F32LE) > 0 || H5Tequal(type, H5T_IEEE_F32BE) > 0;
    const bool twice = H5Tequal(type, H5T_IEEE_F64LE) > 0 || H5Tequal(type, H5T_IEEE_F64BE) > 0;
    const bool other = !single && !twice && (H5Tget_size(type) == sizeof(float) || H5Tget_size(type) == sizeof(double));
    snprintf(text, room, "%sfloat%zu%s", other ? "non-IEEE " : "", 8 * H5Tget_size(type),
             H5Tget_size(type) > 1 && H5Tget_order(type) == H5T_ORDER_BE ? " big-endian" : "");
    return single ? ELEMENT_FLOAT32 : twice ? ELEMENT_FLOAT64 : ELEMENT_OTHER;
}

static ElementKind describe_string(hid_t type, char *text, size_t room)
{
    snprintf(text, room, "string");
    return H5Tis_variable_str(type) == 0 ? ELEMENT_TEXT : ELEMENT_OTHER;
}

static ElementKind describe_type(hid_t type, char *text, size_t room)
{
    const char *name = "unknown";
    switch (H5Tget_class(type)) {
        case H5T_INTEGER: return describe_integer(type, text, room);
        case H5T_FLOAT: return describe_float(type, text, room);
        case H5T_STRING: return describe_string(type, text, room);
        case H5T_COMPOUND: name = "compound"; break;
        case H5T_ENUM: name = "enumeration"; break;
        case H5T_ARRAY: name = "array"; break;
        case H5T_VLEN: name = "variable-length"; break;
        case H5T_BITFIELD: name = "bitfield"; break;
        case H5T_OPAQUE: name = "opaque"; break;
        case H5T_REFERENCE: name = "reference"; break;
        default: break;
    }
    snprintf(text, room, "%s", name);
    return ELEMENT_OTHER;
}

static Status describe_extents(H5File *file, const char *dataset, hid_t id, H5Info *info)
{
    const hid_t space = H5Dget_space(id);
    if (space < 0) return library_damaged(file, dataset);
    hsize_t extent[H5S_MAX_RANK];
    info->dimensions = H5Sget_simple_extent_type(space) == H5S_SIMPLE ? H5Sget_simple_extent_ndims(space) : 0;
    Status st = STATUS_OK;
    if (info->dimensions < 1 || info->dimensions > H5FILE_MAX_DIMENSIONS)
        st = status_fail(STATUS_DATA, "\"%s\": dataset \"%s\" (%s) has %d dimensions; 1 to %d are needed", file->path,
                         dataset, info->type_text, info->dimensions, H5FILE_MAX_DIMENSIONS);
    else {
        H5Sget_simple_extent_dims(space, extent, NULL);
        for (int i = 0; i < info->dimensions; i++) info->extent[i] = extent[i];
    }
    H5Sclose(space);
    return st;
}

/* The extents are believable: the file has bytes behind them. Else the values were never written, and HDF5 would make
 * them up from the fill value, at any extent. */
static Status check_size(H5File *file, const char *dataset, hid_t id, size_t element, const H5Info *info)
{
    uint64_t bytes = element;
    hsize_t whole;
    for (int i = 0; i < info->dimensions; i++)
        if (__builtin_mul_overflow(bytes, info->extent[i], &bytes))
            return status_fail(STATUS_DATA, "\"%s\": dataset \"%s\" claims more than 2^64 bytes", file->path, dataset);
    if (H5Fget_filesize(file->id, &whole) < 0) return library_damaged(file, dataset);
    const uint64_t stored = H5Dget_storage_size(id);
    if (stored > whole)
        return status_fail(STATUS_DATA,
                           "\"%s\": dataset \"%s\" claims to be stored in %" PRIu64
                           " bytes, but the file has only %" PRIu64 ": it is damaged, copy or make it again",
                           file->path, dataset, stored, (uint64_t)whole);
    Chunks chunks;
    const Status st = chunks_get(file, dataset, id, element, info, &chunks);
    if (st != STATUS_OK) return st;
    if (chunks.bytes) return chunks_check(file, dataset, id, &chunks, stored);
    if (bytes > stored)
        return status_fail(STATUS_DATA,
                           "\"%s\": dataset \"%s\" claims %" PRIu64 " bytes, but the file stores only %" PRIu64
                           ": its values were never written",
                           file->path, dataset, bytes, stored);
    return STATUS_OK;
}

Status library_describe(H5File *file, const char *dataset, hid_t id, H5Info *info)
{
    *info = (H5Info){0};
    const hid_t type = H5Dget_type(id);
    if (type < 0) return library_damaged(file, dataset);
    info->kind = describe_type(type, info->type_text, sizeof info->type_text);
    const size_t element = H5Tget_size(type);
    H5Tclose(type);
    Status st = describe_extents(file, dataset, id, info);
    if (st == STATUS_OK) st = check_size(file, dataset, id, element, info);
    return st;
}

/* How so many elements are converted: HDF5's own buffer is 1 MiB and zeroed at each read, be it of one label. The
 * caller closes it (H5Pclose). */
static hid_t transfer_of(uint64_t elements)
{
    enum { LEAST = 1 << 12, MOST = 1 << 20 };
    const uint64_t bytes = elements < MOST / sizeof(int64_t) ? elements * sizeof(int64_t) : MOST;
    const hid_t transfer = H5Pcreate(H5P_DATASET_XFER);
    H5Pset_buffer(transfer, (size_t)(bytes < LEAST ? LEAST : bytes), NULL, NULL);
    return transfer;
}

/* Those of a dataset that is not in chunks. */
static Status read_slab(H5File *file, const char *dataset, hid_t id, const H5Info *info, uint64_t first, uint64_t count,
                        hid_t memory_type, void *out)
{
    hsize_t start[H5FILE_MAX_DIMENSIONS] = {first}, extent[H5FILE_MAX_DIMENSIONS], elements = 1;
    for (int i = 0; i < info->dimensions; i++) {
        extent[i] = i == 0 ? count : info->extent[i];
        elements *= extent[i];
    }
    const hid_t transfer = transfer_of(elements);
    const hid_t in_file = H5Dget_space(id), in_memory = H5Screate_simple(info->dimensions, extent, NULL);
    H5Sselect_hyperslab(in_file, H5S_SELECT_SET, start, NULL, extent, NULL);
    Status st = STATUS_OK;
    if (H5Dread(id, memory_type, in_memory, in_file, transfer, out) < 0) {
        char what[ROWS_TEXT];
        snprintf(what, sizeof what, "rows %" PRIu64 " to %" PRIu64 " of %.900s", first, first + count - 1, dataset);
        st = library_damaged(file, what);
    }
    H5Sclose(in_memory);
    H5Sclose(in_file);
    H5Pclose(transfer);
    return st;
}

/* Those of a dataset in chunks: as they are stored, then converted where they are. */
static Status read_chunked(H5File *file, const char *dataset, hid_t id, const H5Info *info, const Chunks *chunks,
                           uint64_t first, uint64_t count, hid_t stored, hid_t memory_type, void *out)
{
    size_t elements = count;
    for (int i = 1; i < info->dimensions; i++) elements *= info->extent[i];
    assert(H5Tget_size(stored) <= H5Tget_size(memory_type));
    const Status st = chunks_read(file, dataset, id, H5Tget_size(stored), info, chunks, first, count, out);
    if (st != STATUS_OK || H5Tequal(stored, memory_type) > 0) return st;
    if (H5Tconvert(stored, memory_type, elements, out, NULL, H5P_DEFAULT) >= 0) return STATUS_OK;
    return library_damaged(file, dataset);
}

static bool is_empty(const H5Info *info, uint64_t count)
{
    for (int i = 1; i < info->dimensions; i++)
        if (info->extent[i] == 0) return true;
    return count == 0;
}

/* Reads rows [first, first + count) as memory_type. */
static Status read_rows(H5File *file, const char *dataset, hid_t id, const H5Info *info, uint64_t first, uint64_t count,
                        hid_t memory_type, void *out)
{
    assert(first <= info->extent[0] && count <= info->extent[0] - first);
    if (is_empty(info, count)) return STATUS_OK;
    const hid_t stored = H5Dget_type(id);
    Chunks chunks;
    Status st = chunks_get(file, dataset, id, H5Tget_size(stored), info, &chunks);
    if (st == STATUS_OK && chunks.bytes)
        st = read_chunked(file, dataset, id, info, &chunks, first, count, stored, memory_type, out);
    else if (st == STATUS_OK)
        st = read_slab(file, dataset, id, info, first, count, memory_type, out);
    H5Tclose(stored);
    return st;
}

/* *id: the dataset, open and described; the caller closes it (H5Dclose). On failure nothing is open. */
static Status open_described(H5File *file, const char *dataset, hid_t *id, H5Info *info)
{
    Status st = library_open_dataset(file, dataset, id);
    if (st != STATUS_OK) return st;
    st = library_describe(file, dataset, *id, info);
    if (st != STATUS_OK) H5Dclose(*id);
    return st;
}

static Status read_kind(H5File *file, const char *dataset, uint64_t first, uint64_t count, ElementKind kind,
                        hid_t memory_type, void *out)
{
    hid_t id;
    H5Info info;
    Status st = open_described(file, dataset, &id, &info);
    if (st != STATUS_OK) return st;
    assert(info.kind == kind);
    st = read_rows(file, dataset, id, &info, first, count, memory_type, out);
    H5Dclose(id);
    return st;
}

Status h5file_read_uint8(H5File *file, const char *dataset, uint64_t first, uint64_t count, uint8_t *out)
{
    return read_kind(file, dataset, first, count, ELEMENT_UINT8, H5T_NATIVE_UINT8, out);
}

Status h5file_read_float32(H5File *file, const char *dataset, uint64_t first, uint64_t count, float *out)
{
    return read_kind(file, dataset, first, count, ELEMENT_FLOAT32, H5T_NATIVE_FLOAT, out);
}

Status h5file_read_float64(H5File *file, const char *dataset, uint64_t first, uint64_t count, double *out)
{
    return read_kind(file, dataset, first, count, ELEMENT_FLOAT64, H5T_NATIVE_DOUBLE, out);
}

/* HDF5 would silently clip a large uint64 to int64's range, so unsigned types are read as uint64. */
static Status read_unsigned(H5File *file, const char *dataset, hid_t id, const H5Info *info, uint64_t first,
                            uint64_t count, int64_t *out)
{
    const Status st = read_rows(file, dataset, id, info, first, count, H5T_NATIVE_UINT64, out);
    if (st != STATUS_OK) return st;
    uint64_t row_size = 1;
    for (int i = 1; i < info->dimensions; i++) row_size *= info->extent[i];
    for (uint64_t i = 0; i < count * row_size; i++)
        if (out[i] < 0)
            return status_fail(STATUS_DATA,
                               "\"%s\": dataset \"%s\", row %" PRIu64 " is %" PRIu64
                               ", more than a signed 64-bit integer holds",
                               file->path, dataset, first + i / row_size, (uint64_t)out[i]);
    return STATUS_OK;
}

static bool is_unsigned(hid_t dataset)
{
    const hid_t type = H5Dget_type(dataset);
    const bool without_sign = H5Tget_sign(type) == H5T_SGN_NONE;
    H5Tclose(type);
    return without_sign;
}

Status h5file_read_integer(H5File *file, const char *dataset, uint64_t first, uint64_t count, int64_t *out)
{
    hid_t id;
    H5Info info;
    Status st = open_described(file, dataset, &id, &info);
    if (st != STATUS_OK) return st;
    assert(info.kind == ELEMENT_INTEGER || info.kind == ELEMENT_UINT8);
    if (is_unsigned(id))
        st = read_unsigned(file, dataset, id, &info, first, count, out);
    else
        st = read_rows(file, dataset, id, &info, first, count, H5T_NATIVE_INT64, out);
    H5Dclose(id);
    return st;
}

Status h5file_read_uint64(H5File *file, const char *dataset, uint64_t first, uint64_t count, uint64_t *out)
{
    hid_t id;
    H5Info info;
    Status st = open_described(file, dataset, &id, &info);
    if (st != STATUS_OK) return st;
    assert(info.kind == ELEMENT_INTEGER || info.kind == ELEMENT_UINT8);
    if (is_unsigned(id))
        st = read_rows(file, dataset, id, &info, first, count, H5T_NATIVE_UINT64, out);
    else
        st = status_fail(STATUS_DATA, "\"%s\": dataset \"%s\" is %s; it must be unsigned", file->path, dataset,
                         info.type_text);
    H5Dclose(id);
    return st;
}

/* The one string of an open dataset. */
static Status read_string(H5File *file, const char *dataset, hid_t id, const H5Info *info, char **text)
{
    const hid_t stored = H5Dget_type(id);
    const size_t size = H5Tget_size(stored);
    Status st;
    if (info->dimensions != 1 || info->extent[0] != 1 || size > TEXT_LIMIT)
        st = status_fail(STATUS_DATA,
                         "\"%s\": dataset \"%s\" is not one string of at most %d bytes (%" PRIu64 " of %zu bytes)",
                         file->path, dataset, TEXT_LIMIT, info->extent[0], size);
    else
        st = memory_new(text, size + 1, "a text");
    if (st == STATUS_OK) {
        /* Read as it is stored: no conversion, which would need the same character set. */
        st = read_rows(file, dataset, id, info, 0, 1, stored, *text);
        if (st != STATUS_OK) {
            memory_free(*text);
            *text = NULL;
        }
    }
    H5Tclose(stored);
    return st;
}

Status h5file_read_text(H5File *file, const char *dataset, char **text)
{
    *text = NULL;
    hid_t id;
    H5Info info;
    Status st = open_described(file, dataset, &id, &info);
    if (st != STATUS_OK) return st;
    assert(info.kind == ELEMENT_TEXT);
    st = read_string(file, dataset, id, &info, text);
    H5Dclose(id);
    return st;
}
