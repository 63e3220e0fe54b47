/* What a rank tells the others of the dataset that it has opened. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "data/dataset.h"

enum { PLACES = 16, LABELS = 4096 /* read at each place */ };

/* digest = that of its old value, of the labels from row `first` on, and of the image there. */
static Status add_place(Dataset *dataset, Part part, uint32_t first, uint32_t *label, Digest *digest)
{
    const uint32_t rest = dataset_rows(dataset, part) - first, labels = rest < LABELS ? rest : LABELS;
    Samples samples;
    Status st = dataset_read_labels(dataset, part, first, labels, label);
    if (st == STATUS_OK) st = samples_init(&samples, dataset, part, first, 1);
    if (st != STATUS_OK) return st;
    RowSums sums = {{0}};
    samples_add_sums(&samples, part, &sums);
    samples_free(&samples);
    const Digest of_labels = digest_of(label, labels * sizeof *label);
    const uint64_t all[] = {digest->low,  digest->high, sums.word[0],  sums.word[1],
                            sums.word[2], sums.word[3], of_labels.low, of_labels.high};
    *digest = digest_of(all, sizeof all);
    return STATUS_OK;
}

Status dataset_facts(Dataset *dataset, DatasetFacts *facts)
{
    *facts = (DatasetFacts){
        .rows = {dataset_rows(dataset, PART_TRAIN), dataset_rows(dataset, PART_TEST)},
        .is_uint8 = dataset_kind(dataset) == ELEMENT_UINT8,
    };
    facts->dimensions = (uint64_t)dataset_shape(dataset, facts->extent);
    uint32_t *label;
    Status st = memory_new(&label, LABELS, "a block of labels");
    for (int part = PART_TRAIN; part <= PART_TEST; part++)
        for (uint64_t i = 0; i < PLACES && st == STATUS_OK; i++) {
            const uint32_t first = (uint32_t)(i * (facts->rows[part] - 1) / (PLACES - 1));
            st = add_place(dataset, (Part)part, first, label, &facts->sample);
        }
    memory_free(label);
    return st;
}

void dataset_facts_text(const DatasetFacts *facts, char *text, size_t size)
{
    char shape[128] = "", hex[DIGEST_HEX_SIZE];
    size_t used = 0;
    for (uint64_t d = 0; d < facts->dimensions && used < sizeof shape; d++)
        used += (size_t)snprintf(shape + used, sizeof shape - used, "%s%" PRIu64, d ? "x" : "", facts->extent[d]);
    digest_hex(facts->sample, hex);
    snprintf(text, size, "%" PRIu64 " training and %" PRIu64 " test images of %s %s, sampled values %.8s",
             facts->rows[PART_TRAIN], facts->rows[PART_TEST], shape, facts->is_uint8 ? "uint8" : "float32", hex);
}
