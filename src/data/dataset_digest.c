/* The digest of a dataset's values. Numbers are little-endian in memory on every machine that Lockstep runs on. */
#include "base/memory.h"
#include "data/dataset.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the digest is over little-endian values");

enum { BLOCK_BYTES = 1 << 26 };

static Status add_images(DigestState *state, Dataset *dataset, Part part)
{
    const size_t value = dataset_kind(dataset) == ELEMENT_UINT8 ? sizeof(uint8_t) : sizeof(float);
    const size_t image = value * dataset_features(dataset);
    const uint32_t rows = dataset_rows(dataset, part), block = (uint32_t)(1 + BLOCK_BYTES / image);
    Status st = STATUS_OK;
    for (uint32_t first = 0, count; st == STATUS_OK && first < rows; first += count) {
        Samples samples;
        count = rows - first < block ? rows - first : block;
        st = samples_init(&samples, dataset, part, first, count);
        if (st == STATUS_OK) digest_add(state, samples.pixels, samples.count * image);
        samples_free(&samples);
    }
    return st;
}

static Status add_labels(DigestState *state, Dataset *dataset, Part part)
{
    const uint32_t rows = dataset_rows(dataset, part);
    uint32_t *label;
    Status st = memory_new(&label, rows, "labels");
    if (st == STATUS_OK) st = dataset_read_labels(dataset, part, 0, rows, label);
    if (st == STATUS_OK) digest_add(state, label, rows * sizeof *label);
    memory_free(label);
    return st;
}

Status dataset_digest(Dataset *dataset, Digest *digest)
{
    DigestState *state;
    Status st = digest_open(&state);
    if (st != STATUS_OK) return st;
    digest_begin(state);
    for (int part = PART_TRAIN; part <= PART_TEST && st == STATUS_OK; part++) {
        st = add_images(state, dataset, (Part)part);
        if (st == STATUS_OK) st = add_labels(state, dataset, (Part)part);
    }
    if (st == STATUS_OK) *digest = digest_end(state);
    digest_close(state);
    return st;
}
