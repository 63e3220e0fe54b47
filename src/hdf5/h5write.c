/* Values of datasets, into a file or an image. */
#include <assert.h>
#include <string.h>

#include "library.h"

static Status write_values(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                           hid_t stored_type, hid_t memory_type, const void *values)
{
    assert(dimensions >= 1 && dimensions <= H5FILE_MAX_DIMENSIONS);
    hsize_t size[H5FILE_MAX_DIMENSIONS];
    for (int i = 0; i < dimensions; i++) size[i] = extent[i];
    const hid_t space = H5Screate_simple(dimensions, size, NULL);
    const hid_t links = H5Pcreate(H5P_LINK_CREATE), creation = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_create_intermediate_group(links, 1);
    H5Pset_obj_track_times(creation, false);
    const hid_t id = H5Dcreate2(writer->id, dataset, stored_type, space, links, creation, H5P_DEFAULT);
    Status st = STATUS_OK;
    if (id < 0 || H5Dwrite(id, memory_type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        st = status_fail(STATUS_IO, "cannot write dataset \"%s\" of \"%s\" (HDF5: %s)", dataset, writer->path,
                         library_reason());
    if (id >= 0) H5Dclose(id);
    H5Pclose(creation);
    H5Pclose(links);
    H5Sclose(space);
    return st;
}

Status h5file_write_uint8(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                          const uint8_t *values)
{
    return write_values(writer, dataset, dimensions, extent, H5T_STD_U8LE, H5T_NATIVE_UINT8, values);
}

Status h5file_write_uint64(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                           const uint64_t *values)
{
    return write_values(writer, dataset, dimensions, extent, H5T_STD_U64LE, H5T_NATIVE_UINT64, values);
}

Status h5file_write_float32(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                            const float *values)
{
    return write_values(writer, dataset, dimensions, extent, H5T_IEEE_F32LE, H5T_NATIVE_FLOAT, values);
}

Status h5file_write_float64(H5Writer *writer, const char *dataset, int dimensions, const uint64_t *extent,
                            const double *values)
{
    return write_values(writer, dataset, dimensions, extent, H5T_IEEE_F64LE, H5T_NATIVE_DOUBLE, values);
}

Status h5file_write_text(H5Writer *writer, const char *dataset, const char *text)
{
    const size_t length = strlen(text);
    const hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, length > 0 ? length : 1);
    H5Tset_strpad(type, H5T_STR_NULLPAD);
    H5Tset_cset(type, H5T_CSET_UTF8);
    const Status st = write_values(writer, dataset, 1, (const uint64_t[]){1}, type, type, text);
    H5Tclose(type);
    return st;
}
