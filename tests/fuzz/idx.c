/* Whatever one of the four IDX files is, the import is refused and leaves nothing, or makes a dataset that opens. */
#include <string.h>

#include "data/dataset.h"
#include "data/idx.h"
#include "input_file.h"

bool target_accepted;

/* Two images of 2x2, two labels. */
static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 9};

static void opens(const char *path)
{
    const DatasetSource source = {.file = path,
                                  .images = {dataset_default_images[0], dataset_default_images[1]},
                                  .labels = {dataset_default_labels[0], dataset_default_labels[1]},
                                  .classes = 256};
    Dataset *dataset;
    Digest digest;
    ALWAYS(dataset_open(&source, &dataset) == STATUS_OK);
    ALWAYS(dataset_digest(dataset, &digest) == STATUS_OK);
    dataset_close(dataset);
    remove(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) return 0;
    const char *file[4];
    for (size_t i = 0; i < 4; i++)
        if (data[0] % 4 == i)
            file[i] = input_file(i, data + 1, size - 1);
        else
            file[i] = i % 2 ? input_file(i, labels, sizeof labels) : input_file(i, images, sizeof images);
    const IdxFiles files = {file[0], file[1], file[2], file[3]};
    const char *out = scratch_path("fuzz.h5");
    status_clear();
    const Status st = idx_import(&files, out);
    target_accepted = st == STATUS_OK;
    if (st == STATUS_OK)
        opens(out);
    else
        ALWAYS(st == STATUS_DATA && *status_message() && access(out, F_OK) != 0);
    return 0;
}
