/* Whatever an HDF5 file is, it is refused as bad data, or every value of it can be read: by the program, which looks
 * first in a process of its own. */
#include "data/dataset.h"
#include "hdf5_target.h"
#include "input_file.h"

bool target_accepted;

static Status look(H5File *file, const char *dataset, void *context)
{
    (void)context;
    H5Info info;
    const Status st = h5file_info(file, dataset, &info);
    ALWAYS(st == STATUS_OK || st == STATUS_DATA);
    return STATUS_OK;
}

/* As "lockstep inspect" does. */
static Status list(void *path)
{
    H5File *file;
    Status st = h5file_open(path, &file);
    if (st == STATUS_OK) st = h5file_each(file, look, NULL);
    h5file_close(file);
    return st;
}

static Status open_dataset(const char *path, Dataset **dataset)
{
    const DatasetSource source = {.file = path,
                                  .images = {dataset_default_images[0], dataset_default_images[1]},
                                  .labels = {dataset_default_labels[0], dataset_default_labels[1]},
                                  .classes = 10};
    return dataset_open(&source, dataset);
}

/* As rank 0 does before there is MPI. */
static Status try(void *path)
{
    Dataset *dataset;
    DatasetFacts facts;
    Status st = open_dataset(path, &dataset);
    if (st == STATUS_OK) st = dataset_facts(dataset, &facts);
    dataset_close(dataset);
    return st;
}

/* As every rank does then. */
static Status load(const char *path)
{
    Dataset *dataset;
    Digest digest;
    Status st = open_dataset(path, &dataset);
    if (st == STATUS_OK) st = dataset_digest(dataset, &digest);
    dataset_close(dataset);
    return st;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    ALWAYS(bytes);
    memcpy(bytes, data, size);
    hdf5_put_checksums(bytes, size);
    const char *path = input_file(0, bytes, size);
    free(bytes);
    target_accepted = false;
    if (hdf5_apart(try, (void *)path) == STATUS_OK) {
        const Status st = load(path);
        ALWAYS(st == STATUS_OK || (st == STATUS_DATA && *status_message()));
        target_accepted = st == STATUS_OK;
    }
    const Status st = hdf5_apart(list, (void *)path);
    (void)st; /* either is right */
    return 0;
}
