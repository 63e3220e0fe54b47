/* src/data/idx: the real MNIST comes in byte for byte. Its files are in $LOCKSTEP_MNIST_DIR, or else in a folder beside
 * the project; without them there is nothing to test (ctest says so: exit 77). */
#include <zlib.h>

#include "data/dataset.h"
#include "data/idx.h"
#include "scratch.h"
#include "unit.h"

enum { HEADER = 16, SKIPPED = 77 };

static const char *directory;

/* The content of one of MNIST's files, uncompressed, and its digest by sha256sum against the list beside the files. */
static unsigned char *mnist_bytes(const char *name, size_t size)
{
    char path[512], command[1200];
    snprintf(command, sizeof command,
             "cd '%s' && gzip -dc '%s.gz' | sha256sum | cut -d' ' -f1 | grep -qf - SHA256SUMS.uncompressed", directory,
             name);
    CU_ASSERT_EQUAL(system(command), 0);
    snprintf(path, sizeof path, "%s/%s.gz", directory, name);
    unsigned char *bytes = malloc(size + 1);
    gzFile file = gzopen(path, "rb");
    if (!file || !bytes) exit(2);
    CU_ASSERT_EQUAL(gzread(file, bytes, (unsigned)size + 1), (int)size);
    gzclose(file);
    return bytes;
}

static void compare_mnist(Dataset *dataset, Part part, const char *prefix, uint32_t count)
{
    enum { FEATURES = 784 };
    char name[64];
    Samples samples;
    CU_ASSERT_EQUAL(dataset_rows(dataset, part), count);
    CU_ASSERT_EQUAL_FATAL(samples_init(&samples, dataset, part, 0, count), STATUS_OK);
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    unsigned char *bytes = mnist_bytes(name, HEADER + (size_t)count * FEATURES);
    CU_ASSERT_EQUAL(memcmp(bytes + HEADER, samples.pixels, (size_t)count * FEATURES), 0);
    free(bytes);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    bytes = mnist_bytes(name, 8 + count);
    uint32_t different = 0;
    for (uint32_t i = 0; i < count; i++) different += bytes[8 + i] != samples.label[i];
    CU_ASSERT_EQUAL(different, 0);
    free(bytes);
    samples_free(&samples);
}

static void real_mnist_comes_in_byte_for_byte(void)
{
    char path[4][512];
    const char *const names[] = {"train-images-idx3", "train-labels-idx1", "t10k-images-idx3", "t10k-labels-idx1"};
    for (int i = 0; i < 4; i++) snprintf(path[i], sizeof path[i], "%s/%s-ubyte.gz", directory, names[i]);
    const IdxFiles files = {path[0], path[1], path[2], path[3]};
    CU_ASSERT_EQUAL_FATAL(idx_import(&files, scratch_path("out.h5")), STATUS_OK);
    const DatasetSource source = {.file = scratch_path("out.h5"),
                                  .images = {dataset_default_images[0], dataset_default_images[1]},
                                  .labels = {dataset_default_labels[0], dataset_default_labels[1]},
                                  .classes = 10};
    Dataset *dataset;
    CU_ASSERT_EQUAL_FATAL(dataset_open(&source, &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_features(dataset), 784);
    compare_mnist(dataset, PART_TRAIN, "train", 60000);
    compare_mnist(dataset, PART_TEST, "t10k", 10000);
    dataset_close(dataset);
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(real_mnist_comes_in_byte_for_byte),
    };
    directory = getenv("LOCKSTEP_MNIST_DIR") ? getenv("LOCKSTEP_MNIST_DIR") : MNIST_DIRECTORY;
    if (access(directory, R_OK | X_OK) != 0) {
        fprintf(stderr, "skipped: no MNIST in \"%s\" (set LOCKSTEP_MNIST_DIR)\n", directory);
        return SKIPPED;
    }
    return UNIT_RUN("mnist", tests);
}
