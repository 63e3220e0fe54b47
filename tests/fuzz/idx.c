/* Whatever one of the four IDX files is, the import is refused and leaves nothing, or makes a dataset that opens. */
#include <string.h>
#include <sys/mman.h>

#include "data/dataset.h"
#include "data/idx.h"
#include "scratch.h"
#include "target.h"

bool target_accepted;

/* Two images of 2x2, two labels. */
static const uint8_t images[] = {0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4, 5, 6, 7, 8};
static const uint8_t labels[] = {0, 0, 8, 1, 0, 0, 0, 2, 3, 9};

/* In memory: an import opens it by its path. */
typedef struct {
    int fd;
    char path[32];
} MemoryFile;

/* Its content becomes these bytes. */
static void put(MemoryFile *file, const void *bytes, size_t size)
{
    if (!*file->path) {
        file->fd = memfd_create("idx", MFD_CLOEXEC);
        ALWAYS(file->fd >= 0);
        snprintf(file->path, sizeof file->path, "/proc/self/fd/%d", file->fd);
    }
    ALWAYS(ftruncate(file->fd, 0) == 0 && pwrite(file->fd, bytes, size, 0) == (ssize_t)size);
}

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
    static MemoryFile good_images, good_labels, input;
    if (size == 0) return 0;
    if (!*good_images.path) {
        put(&good_images, images, sizeof images);
        put(&good_labels, labels, sizeof labels);
    }
    put(&input, data + 1, size - 1);
    const char *file[] = {good_images.path, good_labels.path, good_images.path, good_labels.path};
    file[data[0] % 4] = input.path;
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
