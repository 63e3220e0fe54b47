/* The digest of a dataset's values. Numbers are little-endian in memory on every machine that Lockstep runs on. */
#include "data/dataset.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the digest is over little-endian values");

enum { BLOCK_BYTES = 1 << 24 };

static size_t image_bytes(ElementKind kind, size_t features)
{
    return features * (kind == ELEMENT_UINT8 ? sizeof(uint8_t) : sizeof(float));
}

void samples_add_sums(const Samples *samples, Part part, RowSums *sums)
{
    const size_t image = image_bytes(samples->kind, samples->features);
    const unsigned char *pixels = samples->pixels;
    for (size_t i = 0; i < samples->count; i++, pixels += image) {
        const Digest of_pixels = digest_of(pixels, image);
        const uint64_t row[4] = {samples->row[i], samples->label[i], of_pixels.low, of_pixels.high};
        const Digest of_row = digest_of(row, sizeof row);
        sums->word[2 * part] += of_row.low;
        sums->word[2 * part + 1] += of_row.high;
    }
}

Digest dataset_digest_of(const RowSums *sums, uint32_t train_rows, uint32_t test_rows, size_t features,
                         ElementKind kind)
{
    const uint64_t all[8] = {sums->word[0], sums->word[1], sums->word[2], sums->word[3],
                             train_rows,    test_rows,     features,      kind == ELEMENT_UINT8};
    return digest_of(all, sizeof all);
}

static Status add_part(RowSums *sums, Dataset *dataset, Part part)
{
    const size_t image = image_bytes(dataset_kind(dataset), dataset_features(dataset));
    const uint32_t rows = dataset_rows(dataset, part), block = (uint32_t)(1 + BLOCK_BYTES / image);
    Status st = STATUS_OK;
    for (uint32_t first = 0, count; st == STATUS_OK && first < rows; first += count) {
        Samples samples;
        count = rows - first < block ? rows - first : block;
        st = samples_init(&samples, dataset, part, first, count);
        if (st == STATUS_OK) samples_add_sums(&samples, part, sums);
        samples_free(&samples);
    }
    return st;
}

Status dataset_digest(Dataset *dataset, Digest *digest)
{
    RowSums sums = {{0}};
    Status st = add_part(&sums, dataset, PART_TRAIN);
    if (st == STATUS_OK) st = add_part(&sums, dataset, PART_TEST);
    if (st == STATUS_OK)
        *digest = dataset_digest_of(&sums, dataset_rows(dataset, PART_TRAIN), dataset_rows(dataset, PART_TEST),
                                    dataset_features(dataset), dataset_kind(dataset));
    return st;
}
