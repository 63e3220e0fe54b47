/* src/data/dataset: what the digest and the facts of a dataset's values depend on. */
#include "dataset_file.h"

static Digest digest_of_file(const char *path)
{
    Dataset *dataset;
    Digest digest = {0};
    CU_ASSERT_EQUAL_FATAL(open_file(path, &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_digest(dataset, &digest), STATUS_OK);
    dataset_close(dataset);
    return digest;
}

/* So ranks take it while they load: the parts' sums add up to the whole's, whatever the parts. */
static void the_digest_is_made_of_sums_over_rows(void)
{
    const char *path = make("sums.h5", PART_TRAIN, true, NULL);
    const Digest whole = digest_of_file(path);
    for (uint32_t split = 0; split <= ROWS; split++) {
        Dataset *dataset;
        RowSums sums = {{0}};
        CU_ASSERT_EQUAL_FATAL(open_file(path, &dataset), STATUS_OK);
        for (int part = PART_TRAIN; part <= PART_TEST; part++)
            for (int half = 0; half < 2; half++) {
                Samples samples;
                const uint32_t first = half ? split : 0, count = half ? ROWS - split : split;
                CU_ASSERT_EQUAL_FATAL(samples_init(&samples, dataset, (Part)part, first, count), STATUS_OK);
                samples_add_sums(&samples, (Part)part, &sums);
                samples_free(&samples);
            }
        const Digest digest = dataset_digest_of(&sums, ROWS, ROWS, dataset_features(dataset), dataset_kind(dataset));
        CU_ASSERT(digest_equal(digest, whole));
        sums.word[3]++;
        CU_ASSERT_FALSE(digest_equal(
            dataset_digest_of(&sums, ROWS, ROWS, dataset_features(dataset), dataset_kind(dataset)), whole));
        dataset_close(dataset);
    }
}

static void the_digest_is_of_the_values_alone(void)
{
    const Digest plain = digest_of_file(make("a.h5", PART_TRAIN, true, NULL));
    const Content wide = {NULL, H5T_STD_I64BE, H5T_NATIVE_INT64, 2, {ROWS, 1}, labels, true};
    CU_ASSERT(digest_equal(plain, digest_of_file(make("b.h5", PART_TRAIN, false, &wide))));
    int64_t changed[ROWS];
    memcpy(changed, labels, sizeof labels);
    changed[4]++;
    const Content other = {NULL, H5T_STD_U8LE, H5T_NATIVE_INT64, 1, {ROWS}, changed, false};
    CU_ASSERT_FALSE(digest_equal(plain, digest_of_file(make("c.h5", PART_TEST, false, &other))));
}

static DatasetFacts facts_of_file(const char *path)
{
    Dataset *dataset;
    DatasetFacts facts = {.is_uint8 = 0};
    CU_ASSERT_EQUAL_FATAL(open_file(path, &dataset), STATUS_OK);
    CU_ASSERT_EQUAL(dataset_facts(dataset, &facts), STATUS_OK);
    dataset_close(dataset);
    return facts;
}

/* So few rows are all sampled. */
static void the_facts_are_shape_and_sampled_values(void)
{
    const DatasetFacts plain = facts_of_file(make("a.h5", PART_TRAIN, true, NULL));
    CU_ASSERT_EQUAL(plain.rows[PART_TRAIN], ROWS);
    CU_ASSERT_EQUAL(plain.rows[PART_TEST], ROWS);
    const Content wide = {NULL, H5T_STD_I64BE, H5T_NATIVE_INT64, 2, {ROWS, 1}, labels, true};
    const DatasetFacts same = facts_of_file(make("b.h5", PART_TRAIN, false, &wide));
    CU_ASSERT_EQUAL(memcmp(&plain, &same, sizeof plain), 0);
    for (int row = 0; row < ROWS; row++) {
        int64_t changed[ROWS];
        memcpy(changed, labels, sizeof labels);
        changed[row] = (changed[row] + 1) % 10;
        const Content label = {NULL, H5T_STD_U8LE, H5T_NATIVE_INT64, 1, {ROWS}, changed, false};
        const DatasetFacts other_label = facts_of_file(make("c.h5", PART_TEST, false, &label));
        CU_ASSERT_FALSE(digest_equal(plain.sample, other_label.sample));
        uint8_t painted[ROWS * FEATURES];
        memcpy(painted, pixels, sizeof pixels);
        painted[row * FEATURES + 3]++;
        const Content image = {NULL, H5T_STD_U8LE, H5T_NATIVE_UINT8, 3, {ROWS, SIDE, SIDE}, painted, false};
        const DatasetFacts other_image = facts_of_file(make("d.h5", PART_TRAIN, true, &image));
        CU_ASSERT_FALSE(digest_equal(plain.sample, other_image.sample));
    }
    char text[256];
    dataset_facts_text(&plain, text, sizeof text);
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "5 training and 5 test images of 2x2 uint8"));
}

int main(void)
{
    static const UnitTest tests[] = {
        UNIT(the_facts_are_shape_and_sampled_values),
        UNIT(the_digest_is_made_of_sums_over_rows),
        UNIT(the_digest_is_of_the_values_alone),
    };
    return UNIT_RUN("dataset_digest", tests);
}
