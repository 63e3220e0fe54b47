/* The drawn digits as a dataset file. */
#include <assert.h>

#include "base/memory.h"
#include "data/dataset.h"
#include "data/synth.h"

enum { PIXELS = SYNTH_SIDE * SYNTH_SIDE };

static Status write_part(H5Writer *writer, uint64_t seed, Part part, uint32_t count)
{
    const uint64_t extent[] = {count, SYNTH_SIDE, SYNTH_SIDE};
    uint8_t *pixel = NULL, *label = NULL;
    Status st = memory_new(&pixel, (size_t)count * PIXELS, "drawn images");
    if (st == STATUS_OK) st = memory_new(&label, count, "drawn labels");
    if (st != STATUS_OK) goto end;
    for (uint32_t i = 0; i < count; i++) label[i] = synth_draw(seed, part, i, pixel + (size_t)i * PIXELS);
    st = h5file_write_uint8(writer, dataset_default_images[part], 3, extent, pixel);
    if (st == STATUS_OK) st = h5file_write_uint8(writer, dataset_default_labels[part], 1, extent, label);
end:
    memory_free(label);
    memory_free(pixel);
    return st;
}

Status synth_import(uint64_t seed, uint32_t train, uint32_t test, const char *out)
{
    assert(train >= 1 && test >= 1);
    H5Writer *writer = NULL;
    Status st = h5file_create(out, &writer);
    if (st != STATUS_OK) return st;
    st = write_part(writer, seed, PART_TRAIN, train);
    if (st == STATUS_OK) st = write_part(writer, seed, PART_TEST, test);
    if (st == STATUS_OK) st = h5file_finish(writer);
    if (st != STATUS_OK) h5file_discard(writer);
    return st;
}
