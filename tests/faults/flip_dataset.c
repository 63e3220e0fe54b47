/* A damaged dataset of 20 images is refused with a message, or read as the same data, or as data of another digest:
 * never a crash, a hang or all memory. LOCKSTEP_FLIPS=1 tries all damages instead of every 7th. */
#include "damage.h"
#include "data/dataset.h"
#include "data/synth.h"
#include "scratch.h"
#include "unit.h"

enum { TRAIN = 12, TEST = 8, SEED = 1, USUAL_STRIDE = 7 };

typedef struct {
    Digest digest;
    int dimensions;
    uint64_t extent[H5FILE_MAX_DIMENSIONS];
} Content;

static Content whole;

static Status read_content(const char *path, Content *content)
{
    const DatasetSource source = {.file = path,
                                  .images = {dataset_default_images[0], dataset_default_images[1]},
                                  .labels = {dataset_default_labels[0], dataset_default_labels[1]},
                                  .classes = SYNTH_CLASSES};
    Dataset *dataset;
    *content = (Content){0};
    Status st = dataset_open(&source, &dataset);
    if (st != STATUS_OK) return st;
    content->dimensions = dataset_shape(dataset, content->extent);
    st = dataset_digest(dataset, &content->digest);
    dataset_close(dataset);
    return st;
}

static Outcome read_damaged(const char *path)
{
    Content content;
    const Status st = read_content(path, &content);
    const bool told = *status_message() != '\0';
    status_clear();
    if (st != STATUS_OK) return st == STATUS_DATA && told ? OUTCOME_REFUSED : OUTCOME_WRONG;
    if (!digest_equal(content.digest, whole.digest)) return OUTCOME_OTHER;
    return memcmp(content.extent, whole.extent, sizeof whole.extent) == 0 ? OUTCOME_SAME : OUTCOME_WRONG;
}

static void no_damage_is_read_as_something_else(void)
{
    const char *path = scratch_path("digits.h5");
    CU_ASSERT_EQUAL_FATAL(synth_import(SEED, TRAIN, TEST, path), STATUS_OK);
    CU_ASSERT_EQUAL_FATAL(read_content(path, &whole), STATUS_OK);
    const DamageReport report = damage_each(path, 0, damage_stride(USUAL_STRIDE), read_damaged);
    CU_ASSERT(damage_tell("dataset", &report));
    CU_ASSERT(report.count[OUTCOME_REFUSED] > 0 && report.count[OUTCOME_OTHER] > 0);
}

int main(void)
{
    static const UnitTest tests[] = {UNIT(no_damage_is_read_as_something_else)};
    return UNIT_RUN("flip_dataset", tests);
}
