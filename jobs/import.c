/* lockstep import idx: MNIST's file format to HDF5. */
#include "import.h"

#include <inttypes.h>

#include "base/memory.h"
#include "base/text.h"
#include "commands.h"
#include "data/dataset.h"
#include "data/idx.h"

enum { MOST_CLASSES = 256 }; /* labels are bytes */

static Status see_classes(Dataset *dataset, Part part, bool seen[MOST_CLASSES])
{
    const uint32_t rows = dataset_rows(dataset, part);
    uint32_t *label;
    Status st = memory_new(&label, rows, "labels");
    if (st == STATUS_OK) st = dataset_read_labels(dataset, part, 0, rows, label);
    for (uint32_t i = 0; st == STATUS_OK && i < rows; i++) seen[label[i]] = true;
    memory_free(label);
    return st;
}

static void print_line(const char *path, const Dataset *dataset, const bool seen[MOST_CLASSES])
{
    uint64_t extent[H5FILE_MAX_DIMENSIONS];
    const int dimensions = dataset_shape(dataset, extent);
    int count = 0, lowest = -1, highest = -1;
    for (int c = 0; c < MOST_CLASSES; c++)
        if (seen[c]) {
            count++;
            highest = c;
            if (lowest < 0) lowest = c;
        }
    text_put(path, false, stdout);
    printf(": %" PRIu32 " training and %" PRIu32 " test images of ", dataset_rows(dataset, PART_TRAIN),
           dataset_rows(dataset, PART_TEST));
    for (int i = 0; i < dimensions; i++) printf("%s%" PRIu64, i ? "x" : "", extent[i]);
    printf(" uint8, %d classes seen (labels %d to %d)", count, lowest, highest);
    if (highest >= 10) printf("; train with data.classes = %d", highest + 1);
    printf("\n");
}

Status import_print(const char *path)
{
    const DatasetSource source = {.file = path,
                                  .images = {dataset_default_images[0], dataset_default_images[1]},
                                  .labels = {dataset_default_labels[0], dataset_default_labels[1]},
                                  .classes = MOST_CLASSES};
    bool seen[MOST_CLASSES] = {false};
    Dataset *dataset;
    Status st = dataset_open(&source, &dataset);
    if (st == STATUS_OK) st = see_classes(dataset, PART_TRAIN, seen);
    if (st == STATUS_OK) st = see_classes(dataset, PART_TEST, seen);
    if (st == STATUS_OK) print_line(path, dataset, seen);
    dataset_close(dataset);
    return st;
}

static Status import_idx(const Invocation *invocation)
{
    const IdxFiles files = {.train_images = invocation_value(invocation, "train-images", NULL),
                            .train_labels = invocation_value(invocation, "train-labels", NULL),
                            .test_images = invocation_value(invocation, "test-images", NULL),
                            .test_labels = invocation_value(invocation, "test-labels", NULL)};
    const char *out = invocation_value(invocation, "output", NULL);
    const Status st = idx_import(&files, out);
    return st == STATUS_OK ? import_print(out) : st;
}

static const Option options[] = {
    {"train-images", 0, "FILE", "IDX file of the training images, plain or .gz", true},
    {"train-labels", 0, "FILE", "IDX file of their labels", true},
    {"test-images", 0, "FILE", "IDX file of the test images", true},
    {"test-labels", 0, "FILE", "IDX file of their labels", true},
    {"output", 'o', "OUT.h5", "the HDF5 file to write; one that is there is replaced", true},
};

const Command command_import_idx = {
    .name = "import idx",
    .operands = "",
    .summary = "Writes IDX files (MNIST's format) as an HDF5 dataset.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = import_idx,
};
